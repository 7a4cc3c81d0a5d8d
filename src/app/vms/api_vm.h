/* SPDX-License-Identifier: Apache-2.0 */
/* Helpers that the handlers for VMs share. On the request pool. */
#pragma once
#include "app/api/api.h"
#include "app/shared/context.h"

/*
 * The VM that the request names, to be changed: another's is refused as such, and one that is no longer as If-Match of
 * a PATCH or DELETE says with FCT_ERROR_REVISION. Sets the reply's subject.
 */
FctVm *fct_api_vm_ours(const FctRequest *request, FctReply *reply, GError **error);

/* The VM as the API gives it, from the store. */
json_t *fct_api_vm_view(FctApp *app, const char *id, GError **error);

/* ---- vms/list.c ---- */
/* GET /vms. */
gboolean fct_vm_list(const FctRequest *request, FctReply *reply, GError **error);
