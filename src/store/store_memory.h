/* SPDX-License-Identifier: Apache-2.0 */
/* The store port in memory. Nothing survives the process; everything else obeys the same contract. */
#pragma once
#include "port/store.h"

FctStore *fct_store_memory_new(void);
/* From now on every commit fails with FCT_ERROR_NO_SPACE, as on a full disk, until it is switched off again. */
void fct_store_memory_set_full(FctStore *store, gboolean full);
