/* SPDX-License-Identifier: Apache-2.0 */
/* What stands against a change of a network, one question each: they append verdicts. For network_plan.c. Pure. */
#pragma once
#include "core/network_plan.h"

/* Of what is alike this many are named; of the rest only how many they are. */
#define FCT_NETWORK_SAID_MAX 5

void fct_network_against_name(const FctNetworkScene *scene, const FctNetwork *wanted, GPtrArray *verdicts);
void fct_network_against_owner(const FctNetwork *present, GPtrArray *verdicts);
void fct_network_against_users(const FctNetworkScene *scene, GPtrArray *verdicts);
void fct_network_against_snapshots(const FctNetworkScene *scene, GPtrArray *verdicts);
/* Its subnet, bridge, interface and tag. @present: what it is now; NULL: it is new. */
void fct_network_against_place(const FctNetworkScene *scene, const FctNetwork *present, const FctNetwork *wanted,
                               GPtrArray *verdicts);
/* @wanted's subnet shares addresses with what the host's routes lead to. @next: what to do then. */
void fct_network_against_routes(const FctNetworkScene *scene, const FctNetwork *wanted, const char *next,
                                GPtrArray *verdicts);
/* The connection that asks goes through @present, whose link is about to go. */
void fct_network_against_cut(const FctNetworkScene *scene, const FctNetwork *present, GPtrArray *verdicts);
/* The connection that asks comes from afar, out of addresses that would be @wanted's. */
void fct_network_against_route(const FctNetworkScene *scene, const FctNetwork *wanted, GPtrArray *verdicts);
