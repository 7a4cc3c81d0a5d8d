/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may do what; this is the only place that decides it. The API asks it for every request, the answer to a session
 * lists it, and the page offers actions accordingly. Actions are the x-action names of api/openapi.yaml. Pure.
 */
#pragma once
#include <glib.h>

typedef enum { FCT_ROLE_VIEWER, FCT_ROLE_OPERATOR, FCT_ROLE_ADMIN, FCT_N_ROLES } FctRole;

gboolean fct_role_from_name(const char *name, FctRole *ret_role);

/* FALSE also for an unknown action: nobody may do what is not in the table. */
gboolean fct_policy_allows(FctRole role, const char *action);
/* The actions in the order of the table; ends with NULL. */
const char *const *fct_policy_actions(void);
/* Whether a caller of one role may make a token of another: never one of higher role. */
gboolean fct_policy_may_grant(FctRole giver, FctRole given);
