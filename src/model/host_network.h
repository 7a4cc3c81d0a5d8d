/* SPDX-License-Identifier: Apache-2.0 */
/* The host's network as the kernel reports it: addresses of its links, and IPv4 routes of all its tables. Pure. */
#pragma once
#include "model/host_interface.h"

typedef enum {
    FCT_HOST_ROUTE_UNICAST,
    FCT_HOST_ROUTE_LOCAL,  /* addresses of the host itself */
    FCT_HOST_ROUTE_REFUSED /* blackhole, unreachable, prohibit: packets to there are refused on purpose */
} FctHostRouteKind;

typedef struct {
    FctHostRouteKind kind;
    guint32 address;
    int prefix;         /* 0: the default route */
    char *interface;    /* "eno1"; several, as "eno1, eno2"; "" without */
    char *gateway;      /* "192.168.1.1"; "" without */
    char *table;        /* "main", "local", a name that the host gives the table, or its number */
    gboolean main;      /* that is the main table */
    gboolean connected; /* the kernel made it, for an address of the interface */
} FctHostRoute;

typedef struct {
    char *name, *mac; /* lower case; "" */
    gboolean up;
    GPtrArray *addresses; /* char*: "192.168.1.7/24", IPv6 too */
} FctHostLink;

typedef struct {
    GPtrArray *links;  /* FctHostLink* */
    GPtrArray *routes; /* FctHostRoute* */
    gboolean more;     /* there are more routes than were read */
} FctHostNetwork;

FctHostRoute *fct_host_route_new(FctHostRouteKind kind, guint32 address, int prefix);
void fct_host_route_free(FctHostRoute *route);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctHostRoute, fct_host_route_free)
FctHostLink *fct_host_link_new(const char *name, const char *mac);
void fct_host_link_free(FctHostLink *link);

FctHostNetwork *fct_host_network_new(void);
void fct_host_network_free(FctHostNetwork *network);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctHostNetwork, fct_host_network_free)
json_t *fct_host_network_to_json(const FctHostNetwork *network);
FctHostNetwork *fct_host_network_from_json(const json_t *json, GError **error);

/*
 * Adds the kernel's addresses, link and way out to those of FctHostInterface* whose name and MAC the kernel knows too.
 */
void fct_host_network_tell(const FctHostNetwork *network, GPtrArray *interfaces);
