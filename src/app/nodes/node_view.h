/* SPDX-License-Identifier: Apache-2.0 */
/* A node as the API gives it. Any thread. */
#pragma once
#include "app/shared/context.h"

/* New reference. */
json_t *fct_node_view(FctApp *app, GError **error);
/* To the page. */
void fct_node_publish(FctApp *app);
