/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a route accepts, by the members in its table: names with types, as "force:bool name:text". Types are text, int,
 * bool, list and object; a type with "?" also accepts null. The contract says the same (openapi.py compares them). The
 * content of lists and objects is checked by whoever reads it. Pure; any thread.
 */
#pragma once
#include "app/api/api.h"

/*
 * FCT_ERROR_BAD_REQUEST naming the field, for a name that the route does not take and for a bool that is not true,
 * false, 1 or 0; naming "query", for a name that is given twice or without a value. Bounds of an int are checked by
 * fct_request_query_int. @raw: the query as sent, NULL without one; @query: the same, decoded.
 */
gboolean fct_members_check_query(const FctRoute *route, const char *raw, GHashTable *query, GError **error);
/* The same for the members of a JSON body. */
gboolean fct_members_check_body(const FctRoute *route, const json_t *body, GError **error);
