/* SPDX-License-Identifier: Apache-2.0 */
/* What the handlers for VMs share. */
#pragma once
#include "app/api/api.h"
#include "app/shared/context.h"

/* The VM that the request names, to be changed: another's is refused as such. Sets the reply's subject. */
FctVm *fct_api_vm_ours(const FctRequest *request, FctReply *reply, GError **error);

/* As the API gives it, as it is stored now. */
json_t *fct_api_vm_view(FctApp *app, const char *id, GError **error);

/* ---- vms/list.c ---- */
/* GET /vms. */
gboolean fct_vm_list(const FctRequest *request, FctReply *reply, GError **error);
