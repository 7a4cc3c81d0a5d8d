/* SPDX-License-Identifier: Apache-2.0 */
/* Storage pools. libvirt keeps them, and each call asks libvirt: any thread but the one that serves HTTP. */
#pragma once
#include "app/shared/context.h"

/* A pool as in the contract. FCT_ERROR_UNSUPPORTED without libvirt. */
json_t *fct_pools_list(FctApp *app, GError **error);
json_t *fct_pools_get(FctApp *app, const char *name, GError **error);
json_t *fct_pools_create(FctApp *app, const json_t *input, GError **error);
typedef enum { FCT_POOL_START, FCT_POOL_STOP, FCT_POOL_REFRESH } FctPoolVerb;
json_t *fct_pools_do(FctApp *app, const char *name, FctPoolVerb verb, GError **error);
/* Deletes the definition only, not the content. FCT_ERROR_IN_USE names the VMs. */
gboolean fct_pools_delete(FctApp *app, const char *name, GError **error);
