/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A network interface of the host, on which networks of VMs can be put. Facet reads interfaces and never changes one
 * (net_vlan.h adds some). Pure.
 */
#pragma once
#include "base/json.h"

typedef enum {
    FCT_INTERFACE_ETHERNET, /* a card, or what looks like one */
    FCT_INTERFACE_BRIDGE,
    FCT_INTERFACE_VLAN,
    FCT_INTERFACE_BOND
} FctInterfaceKind;
typedef enum { FCT_LINK_UNKNOWN, FCT_LINK_UP, FCT_LINK_DOWN } FctLinkState;

typedef struct {
    char *name;
    char *mac; /* lower case; "" */
    FctInterfaceKind kind;
    FctLinkState link;
    GPtrArray *members;   /* char*: members of a bridge or bond */
    char *parent;         /* of a VLAN; "" */
    int vlan;             /* its tag; 0: none */
    char *master;         /* the bridge or bond that it is in; "" */
    gboolean addressed;   /* the addresses below are known; FALSE: this process cannot see the interface */
    GPtrArray *addresses; /* char*: "192.168.1.7/24", IPv6 too */
    gboolean default_route;
    char *network; /* the libvirt network that made this bridge; "" */
} FctHostInterface;

FctHostInterface *fct_host_interface_new(const char *name);
void fct_host_interface_free(FctHostInterface *interface);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctHostInterface, fct_host_interface_free)
const FctHostInterface *fct_host_interface_find(const GPtrArray *interfaces, const char *name);
/* As in the contract. */
json_t *fct_host_interface_to_json(const FctHostInterface *interface);
