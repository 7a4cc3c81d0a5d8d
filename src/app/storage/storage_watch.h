/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps facetd's own pool "facet" running whenever libvirt answers, publishes changes of pools and volumes (also those
 * that other programs make), and tells once when a pool runs full. Deletes volumes that were left half made, and
 * records of volumes that are gone. One thread.
 */
#pragma once
#include "app/shared/context.h"

FctStorageWatch *fct_storage_watch_new(FctApp *app);
void fct_storage_watch_start(FctStorageWatch *watch);
void fct_storage_watch_stop(FctStorageWatch *watch);
void fct_storage_watch_free(FctStorageWatch *watch);
