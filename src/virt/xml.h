/* SPDX-License-Identifier: Apache-2.0 */
/* Domain XML, both ways: a spec becomes XML, and libvirt's XML becomes what we show. Pure functions. */
#pragma once
#include "virt/attach.h"

/* Ours, in <metadata>: survives the loss of our database. */
#define FCT_VIRT_NS "urn:facet:vm:1"

typedef struct {
    gboolean kvm;
    gboolean secure_boot; /* there is a firmware with Microsoft's keys */
    const FctAttach *attach;
} FctXmlOptions;

/* Appends @format with every %s escaped (characters that XML cannot carry are left out); only %s and %d are known. */
void fct_xml(GString *xml, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Aliases of what can be plugged and unplugged while the VM runs; libvirt keeps those that begin with "ua-". */
#define FCT_DISK_ALIAS "ua-disk-"
#define FCT_NIC_ALIAS "ua-nic-"
char *fct_nic_alias(const char *mac);
/* A <disk>, an <interface>; @boot: its place in the boot order from 1, 0 for none. */
void fct_disk_xml(GString *xml, const FctVmDisk *disk, int boot);
void fct_nic_xml(GString *xml, const FctVmNic *nic, int boot);

/*
 * The domain of @spec. Devices, and the parts in its metadata, are there only when @with_devices: the persistent
 * definition has none, so that a start behind our back (virsh) cannot take a part that others hold.
 */
char *fct_domain_xml(const FctVmSpec *spec, const FctXmlOptions *options, gboolean with_devices);

/* The network of @network, with our mark in its metadata. */
char *fct_network_xml(const FctNetwork *network);
/* The <host> element of a static lease. */
char *fct_lease_xml(const FctLease *lease);
/* What a network's XML tells; active, autostart and leases are left as they are new. FCT_ERROR_LIBVIRT. */
FctNetwork *fct_network_read(const char *xml, GError **error);

/*
 * What a domain's XML tells; state is left FCT_VM_UNKNOWN. `ours` only when the metadata bears the domain's own UUID: a
 * copy of one of our VMs made with other tools is not ours. FCT_ERROR_LIBVIRT when it cannot be understood.
 */
FctVmInfo *fct_domain_info(const char *xml, GError **error);
