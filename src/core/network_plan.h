/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a change of a network does and what forbids it: the same for the preview and for the change. Pure.
 *
 * Codes: name-taken not-ours in-use subnet-taken bridge-missing bridge-of-network interface-missing interface-is-bridge
 * interface-in-bridge interface-is-vlan vlan-taken vlan-unsupported own-connection public-subnet route-crossed
 * snapshot-needs; only warnings: link-down host-apart needs-route no-way-out next-start routes-unknown.
 */
#pragma once
#include "model/host_network.h"
#include "model/network.h"
#include "model/plan.h"

/* The first libvirt that tags frames on a Linux bridge. */
#define FCT_LIBVIRT_BRIDGE_VLAN 11000000

/* A NIC of a VM in the network. */
typedef struct {
    const char *vm; /* name */
    gboolean runs;
    GPtrArray *addresses; /* char* that it is known to have; NULL: none */
} FctNetworkUser;

typedef struct {
    const GPtrArray *networks;   /* FctNetwork*: all networks */
    const GPtrArray *interfaces; /* FctHostInterface*; NULL: unknown */
    const GPtrArray *routes;     /* FctHostRoute*: those that share addresses with the wanted subnet; NULL: unknown */
    gboolean more_routes;        /* there are more routes than these */
    const GArray *users;         /* FctNetworkUser of the network in question; NULL: none */
    const GPtrArray *snapshots;  /* char*: "snapshot s1 of VM db-2": its revert brings a NIC in it back; NULL: none */
    const char *local, *remote;  /* addresses of the client's own connection; "" unknown */
    guint libvirt;               /* 9000000 is 9.0.0; 0 unknown */
} FctNetworkScene;

typedef struct {
    GPtrArray *changes;    /* char*: sentences */
    GPtrArray *interrupts; /* char*: VMs that lose their link for some seconds, by name, each once */
    GPtrArray *verdicts;   /* FctVerdict* */
    gboolean redefine;     /* the network must be stopped and started for it */
    gboolean replug;       /* NICs of VMs that run are moved to the new bridge */
} FctNetworkPlan;
void fct_network_plan_free(FctNetworkPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctNetworkPlan, fct_network_plan_free)

FctNetworkPlan *fct_network_plan_create(const FctNetworkScene *scene, const FctNetwork *wanted);
FctNetworkPlan *fct_network_plan_update(const FctNetworkScene *scene, const FctNetwork *present,
                                        const FctNetwork *wanted);
FctNetworkPlan *fct_network_plan_delete(const FctNetworkScene *scene, const FctNetwork *present);

/* The member of the input that a verdict is about; NULL: none in particular. */
const char *fct_network_plan_field(const FctVerdict *verdict);
/*
 * The first private subnet (192.168.N.0/24, or else 10.N.0.0/24) that no network, interface or route of the scene uses;
 * NULL: none. g_free it.
 */
char *fct_network_free_subnet(const FctNetworkScene *scene);
/* The addresses from which proposals are made: the scene needs the routes to them, too. */
#define FCT_NETWORK_PROPOSED "192.168.0.0/16", "10.0.0.0/8"
