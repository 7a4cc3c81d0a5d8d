/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a route takes, by its line in the table: names with types, as "force:bool name:text". The types are text, int,
 * bool, list and object; null is taken too with "?" behind the type. The contract says the same (openapi.py compares
 * them). What stands inside a list or an object is for whoever reads it. Pure; any thread.
 */
#pragma once
#include "app/api/api.h"

/*
 * FCT_ERROR_BAD_REQUEST with the field for a name that the route does not take, and for a bool that is not true, false,
 * 1 or 0; with the field "query" for a name that is given twice or without a value. Bounds of an int are for its reader
 * (fct_request_query_int). @raw: the query as sent, NULL without one; @query: the same, decoded.
 */
gboolean fct_members_check_query(const FctRoute *route, const char *raw, GHashTable *query, GError **error);
/* The same for the members of a JSON body. */
gboolean fct_members_check_body(const FctRoute *route, const json_t *body, GError **error);
