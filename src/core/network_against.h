/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What forbids a change of a network: one function for each question, which appends verdicts. For network_plan.c. Pure.
 */
#pragma once
#include "core/network_plan.h"

/* This many of a kind are named; of the rest only the number. */
#define FCT_NETWORK_SAID_MAX 5

void fct_network_against_name(const FctNetworkScene *scene, const FctNetwork *wanted, GPtrArray *verdicts);
void fct_network_against_owner(const FctNetwork *present, GPtrArray *verdicts);
void fct_network_against_users(const FctNetworkScene *scene, GPtrArray *verdicts);
void fct_network_against_snapshots(const FctNetworkScene *scene, GPtrArray *verdicts);
/* Its subnet, bridge, interface and tag. @present: the network as it is now; NULL: it is new. */
void fct_network_against_place(const FctNetworkScene *scene, const FctNetwork *present, const FctNetwork *wanted,
                               GPtrArray *verdicts);
/* @wanted's subnet shares addresses with targets of the host's routes. @next: what to do then. */
void fct_network_against_routes(const FctNetworkScene *scene, const FctNetwork *wanted, const char *next,
                                GPtrArray *verdicts);
/* The client's own connection goes through @present, whose link is about to go. */
void fct_network_against_cut(const FctNetworkScene *scene, const FctNetwork *present, GPtrArray *verdicts);
/* The client's own connection comes from addresses that would become @wanted's. */
void fct_network_against_route(const FctNetworkScene *scene, const FctNetwork *wanted, GPtrArray *verdicts);
