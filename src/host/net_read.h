/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's network as the kernel reports it (rtnetlink): links with their addresses, and IPv4 routes of all tables.
 * In a child of the helper; blocks.
 */
#pragma once
#include "model/host_network.h"

/*
 * Routes that share addresses with one of @within (texts like "10.0.0.0/8"), and default routes, whole and in halves.
 * For each of @within the number of routes is bounded; `more` says that the first of them has more. FCT_ERROR_HW.
 */
FctHostNetwork *fct_net_read(const json_t *within, GError **error);
