/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the operation of the API that a request is for. Any thread. */
#pragma once
#include "app/api/api.h"

/*
 * Searches @routes (ends with NULL: app->routes). *ret_id and *ret_sub get {id} and {sub} of the path (free them). NULL
 * with FCT_ERROR_NOT_FOUND or, when the path exists with other methods, FCT_ERROR_METHOD; *ret_allow then lists them
 * ("GET, POST"; free it).
 */
const FctRoute *fct_route_find(const FctRoute *const *routes, const char *method, const char *path, char **ret_id,
                               char **ret_sub, char **ret_allow, GError **error);
