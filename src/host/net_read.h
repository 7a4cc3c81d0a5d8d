/* SPDX-License-Identifier: Apache-2.0 */
/* The host's network as the kernel tells it (rtnetlink): links with their addresses, and IPv4 routes of all tables. */
#pragma once
#include "model/host_network.h"

/*
 * Routes that share addresses with one of @within (texts like "10.0.0.0/8"), and default routes, whole and in halves.
 * Of each entry a bounded number; `more` says that the first one has more. FCT_ERROR_HW.
 */
FctHostNetwork *fct_net_read(const json_t *within, GError **error);
