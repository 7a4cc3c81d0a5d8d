/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may do what: the one place. The API asks it for every request, the session answer lists it, the page offers
 * accordingly. Actions are the x-action names of api/openapi.yaml.
 */
#pragma once
#include <glib.h>

typedef enum { FCT_ROLE_VIEWER, FCT_ROLE_OPERATOR, FCT_ROLE_ADMIN, FCT_N_ROLES } FctRole;

gboolean fct_role_from_name(const char *name, FctRole *ret_role);

/* FALSE for an action that does not exist: what is not in the table is allowed to nobody. */
gboolean fct_policy_allows(FctRole role, const char *action);
/* The actions, NULL at the end; in the order of the table. */
const char *const *fct_policy_actions(void);
/* What a token may be: a role never gives away more than it has. */
gboolean fct_policy_may_grant(FctRole giver, FctRole given);
