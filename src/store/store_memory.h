/* SPDX-License-Identifier: Apache-2.0 */
/* The store port in memory, for tests. Nothing survives the process; otherwise it obeys the same contract. */
#pragma once
#include "port/store.h"

FctStore *fct_store_memory_new(void);
/* @full TRUE: every commit fails with FCT_ERROR_NO_SPACE, as on a full disk. */
void fct_store_memory_set_full(FctStore *store, gboolean full);
