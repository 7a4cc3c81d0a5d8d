/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps facetd's own pool "facet" running whenever libvirt is there, tells the page when pools or volumes changed (also
 * by others, who need not ask us), and tells once when a pool runs full. Takes away volumes that were left half made,
 * and the records of those that are gone. One thread.
 */
#pragma once
#include "app/shared/context.h"

FctStorageWatch *fct_storage_watch_new(FctApp *app);
void fct_storage_watch_start(FctStorageWatch *watch);
void fct_storage_watch_stop(FctStorageWatch *watch);
void fct_storage_watch_free(FctStorageWatch *watch);
