/* SPDX-License-Identifier: Apache-2.0 */
/* Networks that VMs attach to: what is asked for, checked, and what libvirt has. IPv4. Pure. */
#pragma once
#include "base/json.h"

typedef enum {
    FCT_NETWORK_NAT,      /* guests reach out through the host's addresses */
    FCT_NETWORK_ISOLATED, /* guests and host only */
    FCT_NETWORK_BRIDGE,   /* guests are neighbours of the host, on a bridge that the host has already */
    FCT_NETWORK_OTHER     /* made by others in another way: routed, open, SR-IOV… */
} FctNetworkKind;

/* A fixed address (expires_ms 0), or one that was handed out. */
typedef struct {
    char *mac;     /* lower case */
    char *address; /* "192.168.122.7" */
    char *name;    /* host name; "" */
    gint64 expires_ms;
} FctLease;

typedef struct {
    char *name; /* its id too: libvirt's network names are unique and never change */
    gboolean ours, active, autostart;
    FctNetworkKind kind;
    char *bridge;       /* device on the host; "" until libvirt has chosen one */
    char *gateway;      /* the host's address in it; "" without a subnet */
    int prefix;         /* bits of the subnet; 0 without */
    char *first, *last; /* DHCP range; "" without DHCP */
    GPtrArray *fixed;   /* FctLease* */
    GPtrArray *leases;  /* FctLease*, running now */
    guint64 revision;   /* of its definition */
} FctNetwork;

FctNetwork *fct_network_new(void);
void fct_network_free(FctNetwork *network);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctNetwork, fct_network_free)
FctLease *fct_lease_new(const char *mac, const char *address, const char *name);
void fct_lease_free(FctLease *lease);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctLease, fct_lease_free)

/* From a NetworkInput of the contract; FCT_ERROR_BAD_REQUEST names the field. The host gets the subnet's first address;
 * without "dhcp" all others are handed out. */
FctNetwork *fct_network_from_input(const json_t *input, GError **error);
/* FctLease* from the contract's list: within the subnet, no MAC, address or name twice. Free with g_ptr_array_unref. */
GPtrArray *fct_network_read_fixed(const FctNetwork *network, const json_t *list, GError **error);
/* Both have a subnet, and they share addresses. */
gboolean fct_network_overlaps(const FctNetwork *a, const FctNetwork *b);
/* As in the contract, without what the application adds (node, project, revision, VMs). */
json_t *fct_network_to_json(const FctNetwork *network);

/* Lower case; NULL when it is not the MAC address of one station. Free with g_free. */
char *fct_mac_parse(const char *text);
