/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans as resources: "plan/<id>", and beside it "before/<id>", the gpu as it was when the plan was made. Making a plan
 * writes only these documents. Any thread; waits for disk and helper.
 */
#pragma once
#include "app/shared/context.h"
#include "model/plan.h"

#define FCT_PLAN_LIFE_MS (3600 * 1000LL) /* a preview older than this is stale, whatever the card says */

/* Checks the request (PlanInput), plans on a new observation and stores the plan. Returns it as in the contract. */
json_t *fct_plans_make(FctApp *app, const json_t *request, GError **error);
/* Stores a plan that reconcile made: fills in id, node, project, request and time. */
gboolean fct_plans_store(FctApp *app, FctPlan *plan, const FctInventory *seen, const json_t *request, GError **error);
/* *ret_doc (may be NULL) gets the stored document, whose revision is needed to write it again. */
FctPlan *fct_plans_get(FctApp *app, const char *id, FctDoc **ret_doc, GError **error);
/* The gpu as it was when the plan was made, as the only card of an inventory. */
FctInventory *fct_plans_before(FctApp *app, const char *id, GError **error);
json_t *fct_plans_present(const FctApp *app, const FctPlan *plan, guint64 revision);
json_t *fct_plans_list(FctApp *app, GError **error); /* newest first */
