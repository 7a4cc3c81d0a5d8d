/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps facetd's own pool "facet" running whenever libvirt is there, tells the page when pools or volumes changed (also
 * by others, who need not ask us), and tells once when a pool runs full. Nothing about a pool is stored. Thread-safe.
 */
#pragma once
#include "app/app.h"

FctStorage *fct_storage_new(FctApp *app);
void fct_storage_start(FctStorage *storage);
void fct_storage_stop(FctStorage *storage);
void fct_storage_free(FctStorage *storage);
/* Looks again soon: something of ours has changed in @pool. */
void fct_storage_poke(FctStorage *storage, const char *pool);
