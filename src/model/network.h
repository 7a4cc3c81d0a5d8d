/* SPDX-License-Identifier: Apache-2.0 */
/* Networks to which VMs attach: what is asked for, checked, and what libvirt has. IPv4. Pure. */
#pragma once
#include "base/json.h"

typedef enum {
    FCT_NETWORK_NAT,      /* guests reach out through the host's addresses */
    FCT_NETWORK_ROUTED,   /* guests reach out with their own addresses; the routers around must know the way back */
    FCT_NETWORK_ISOLATED, /* guests and host only */
    FCT_NETWORK_BRIDGE,   /* guests are neighbours of the host, on a bridge that exists on the host */
    FCT_NETWORK_DIRECT, /* guests are neighbours of the host, on one of its interfaces (macvtap), apart from the host */
    FCT_NETWORK_OTHER   /* made by other programs in another way: open, SR-IOV… */
} FctNetworkKind;

/* A fixed address (expires_ms 0), or one that was handed out. */
typedef struct {
    char *mac;     /* lower case */
    char *address; /* "192.168.122.7" */
    char *name;    /* host name; "" */
    gint64 expires_ms;
} FctLease;

#define FCT_DEVICE_SIZE 16 /* the kernel's, of an interface's name with its end */
/* libvirt hands out a range only if its ends agree in this many leading bits (virSocketAddrGetRange). */
#define FCT_DHCP_BITS 16

typedef struct {
    char *first, *last;
} FctRange;

/* A subnet of a network that has several; IPv6 too. */
typedef struct {
    char *subnet, *gateway; /* "fd00:1::/64", "fd00:1::1" */
    GPtrArray *ranges;      /* FctRange*: what DHCP hands out */
    GPtrArray *fixed;       /* FctLease*; an IPv6 one may have no MAC */
} FctSubnet;

typedef struct {
    char *name; /* its id too: libvirt's network names are unique and never change */
    gboolean ours, active, autostart;
    FctNetworkKind kind;
    char *bridge;            /* device on the host; "" until libvirt has chosen one */
    char *interface;         /* direct: the host's interface; "" */
    char *device;            /* direct with a tag: the VLAN's interface that Facet makes on it; "" */
    int vlan;                /* tag that guests' frames get on the bridge or interface; 0: none */
    gboolean open_vswitch;   /* the bridge is one of Open vSwitch */
    char *gateway;           /* the host's address in it; "" without a subnet */
    int prefix;              /* bits of the subnet; 0 without */
    char *first, *last;      /* DHCP range; "" without DHCP */
    GPtrArray *more_ranges;  /* FctRange*: further ones of that subnet, which only other tools make */
    GPtrArray *fixed;        /* FctLease* */
    GPtrArray *more_subnets; /* FctSubnet*: further ones, which only other tools make */
    GPtrArray *leases;       /* FctLease*, running now */
    char *uuid, *bridge_mac; /* libvirt's; "" while it is not defined */
    guint64 revision;        /* of its definition */
} FctNetwork;

FctNetwork *fct_network_new(void);
void fct_network_free(FctNetwork *network);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctNetwork, fct_network_free)
FctLease *fct_lease_new(const char *mac, const char *address, const char *name);
void fct_lease_free(FctLease *lease);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctLease, fct_lease_free)
FctRange *fct_range_new(const char *first, const char *last);
void fct_range_free(FctRange *range);
FctSubnet *fct_subnet_new(const char *subnet, const char *gateway);
void fct_subnet_free(FctSubnet *subnet);

/* From a NetworkInput of the contract; FCT_ERROR_BAD_REQUEST names the field. The host gets the subnet's first address;
 * without "dhcp" the others are handed out, as many of them as libvirt takes. */
FctNetwork *fct_network_from_input(const json_t *input, GError **error);
/*
 * @present changed by a NetworkChange of the contract; members that are left out stay. A new subnet without "dhcp"
 * hands out all of its addresses, if the old one handed out any. FCT_ERROR_BAD_REQUEST when static leases would lie
 * outside.
 */
FctNetwork *fct_network_changed(const FctNetwork *present, const json_t *input, GError **error);
FctNetwork *fct_network_copy(const FctNetwork *network);
/* FctLease* from the contract's list: within the subnet, no MAC, address or name twice. Free with g_ptr_array_unref. */
GPtrArray *fct_network_read_fixed(const FctNetwork *network, const json_t *list, GError **error);
/* Whether it has a subnet of its own in which the host has an address: nat, routed, isolated. */
gboolean fct_network_has_subnet(FctNetworkKind kind);
/* Whether it shares addresses with that range. */
gboolean fct_network_shares(const FctNetwork *network, guint32 address, int prefix);
/* Whether the two share IPv4 addresses. */
gboolean fct_network_overlaps(const FctNetwork *a, const FctNetwork *b);
/* "192.168.122.0/24"; "" without. Free with g_free. */
char *fct_network_subnet(const FctNetwork *network);
/* Whether the address lies in one of its subnets. */
gboolean fct_network_contains(const FctNetwork *network, guint32 address);
/* The name of the interface for VLAN @tag of @parent: "eno1.30", or "vlan30" where that is too long. g_free it. */
char *fct_network_vlan_device(const char *parent, int tag);
/* The host's device that guests are plugged into: the bridge, or the interface that libvirt is given; "". */
const char *fct_network_link(const FctNetwork *network);
/* One of @networks (FctNetwork*), except the one named @except, whose guests are on @device; NULL: none. */
const FctNetwork *fct_network_on_device(const GPtrArray *networks, const char *device, const char *except);
const char *fct_network_kind_name(FctNetworkKind kind);
/* As in the contract, without what the application adds (node, project, revision, VMs). */
json_t *fct_network_to_json(const FctNetwork *network);

/* Lower case; NULL when it is not the MAC address of one station. Free with g_free. */
char *fct_mac_parse(const char *text);
