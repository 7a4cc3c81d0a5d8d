/* SPDX-License-Identifier: Apache-2.0 */
/* Domain XML in both directions: a spec becomes XML, and libvirt's XML becomes what we show. Pure. */
#pragma once
#include "model/host_interface.h"
#include "virt/attach.h"

/* Our element in <metadata>: it survives the loss of our database. */
#define FCT_VIRT_NS "urn:facet:vm:1"

typedef struct {
    gboolean kvm;
    gboolean secure_boot; /* there is a firmware with Microsoft's keys */
    const FctAttach *attach;
} FctXmlOptions;

/* Appends @format with every %s escaped and without characters that XML cannot carry; only %s and %d are known. */
void fct_xml(GString *xml, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* An @element with text that people wrote, with its line breaks. */
void fct_xml_words(GString *xml, const char *element, const char *text);

/* Aliases of what can be plugged and unplugged while the VM runs; libvirt keeps those that begin with "ua-". */
#define FCT_DISK_ALIAS "ua-disk-"
#define FCT_NIC_ALIAS "ua-nic-"
char *fct_nic_alias(const char *mac);
/* A <disk> or an <interface>; @boot: its place in the boot order from 1, 0 for none. */
void fct_disk_xml(GString *xml, const FctVmDisk *disk, int boot);
/*
 * <backingStore>, down to the end of the chain, so that neither libvirt nor QEMU looks for more. @below: FctLayer*;
 * NULL
 */
void fct_layers_xml(GString *xml, const GPtrArray *below);
void fct_nic_xml(GString *xml, const FctVmNic *nic, int boot);

/*
 * The domain of @spec. Devices, and the parts in its metadata, are only there when @with_devices: the persistent
 * definition has none, so that a start by another program (virsh) cannot take a part that somebody else holds.
 */
char *fct_domain_xml(const FctVmSpec *spec, const FctXmlOptions *options, gboolean with_devices);

/* The network of @network, with our mark in its metadata. */
char *fct_network_xml(const FctNetwork *network);
/* The parts of it that a redefinition changes, except the bridge's name: interface, tag, subnet. */
void fct_network_write_place(GString *xml, const FctNetwork *network);
/*
 * libvirt's XML of a network of ours, with bridge, interface, tag and subnet of @network; everything else stays, also
 * what other tools have added. FCT_ERROR_LIBVIRT when it cannot be understood.
 */
char *fct_network_edit(const char *xml, const FctNetwork *network, GError **error);
/*
 * The NICs of a running domain that are in the network. @xml: the <interface> without its end tag, its link, and where
 * it was plugged in.
 */
typedef struct {
    char *mac, *bridge; /* the bridge into which libvirt plugged it; "" */
    char *link;         /* "up" or "down" */
    char *xml;
} FctNicXml;
GPtrArray *fct_domain_nics(const char *xml, const char *network, GError **error);
/* For virDomainUpdateDeviceFlags, which plugs it in where the network is now. g_free it. */
char *fct_nic_with_link(const FctNicXml *nic, const char *state);
/* An interface of the host, from libvirt's description; NULL: VMs cannot use it. FCT_ERROR_LIBVIRT. */
FctHostInterface *fct_host_interface_read(const char *xml, GError **error);
/* The same from a node device, which tells less. */
FctHostInterface *fct_host_interface_read_device(const char *xml, GError **error);
/* The <host> element of a static lease. */
char *fct_lease_xml(const FctLease *lease);
/* char*: the <range> elements of the addresses that it hands out in its first subnet. Free with g_ptr_array_unref. */
GPtrArray *fct_network_ranges(const FctNetwork *network);
/* Reads a network's XML; active, autostart and leases keep their initial values. FCT_ERROR_LIBVIRT. */
FctNetwork *fct_network_read(const char *xml, GError **error);

/* The pool of @input. Its UUID follows from its name: by that we recognize our pools, since pools have no metadata. */
char *fct_pool_xml(const FctPoolInput *input);
/* @thin: no room is taken beforehand. @backing may be NULL. */
char *fct_volume_xml(const char *name, const char *format, gint64 bytes, gboolean thin, const FctLayer *backing);
/*
 * Reads XML; state and sizes of a pool keep their initial values. A volume's format is not read, since libvirt takes it
 * from bytes that a guest may have written. FCT_ERROR_LIBVIRT.
 */
FctPool *fct_pool_read(const char *xml, GError **error);
FctVolume *fct_volume_read(const char *xml, GError **error);

/*
 * Reads a domain's XML; state stays FCT_VM_UNKNOWN. `ours` only when the metadata names the domain's own UUID: a copy
 * of one of our VMs that other tools made is not ours. FCT_ERROR_LIBVIRT when it cannot be understood,
 * FCT_ERROR_NOT_FOUND for a domain that only merges files for us.
 */
FctVmInfo *fct_domain_info(const char *xml, GError **error);
/*
 * The same, and adds to the array @volumes what its disks name by pool and volume, whose files only libvirt knows:
 * {"pool","volume","drive"}; drive is the index in info->drives, -1 for what stands below a disk.
 */
FctVmInfo *fct_domain_info_and_volumes(const char *xml, json_t *volumes, GError **error);

/* A drive as libvirt has it now. */
typedef struct {
    char *target;
    GPtrArray *paths;      /* char *: the file to which it writes, then what that stands on; empty without a medium */
    char *mirror;          /* a file to which a block job makes it write as well; "" */
    gboolean mirror_ready; /* the block job is ready: both files are equal */
} FctDrive;
GPtrArray *fct_domain_drives(const char *xml, GError **error); /* FctDrive* */
const FctDrive *fct_drive_find(const GPtrArray *drives, const char *target);
gboolean fct_drive_reads(const FctDrive *drive, const char *path);
/* The same domain with @overlays (FctChainFile*, by target) as its disks. */
char *fct_domain_with_overlays(const char *xml, const GPtrArray *overlays, GError **error);
/*
 * Checks a definition in a file with saved memory: everything in it that touches the host must also be in @ours, which
 * is of the same VM. FCT_ERROR_REFUSED, with @next.
 */
gboolean fct_saved_is_ours(const char *saved, const char *ours, const char *next, GError **error);
/* An external snapshot of the drives that have an overlay, and of no others. @memory may be NULL. */
char *fct_snapshot_xml(const GPtrArray *drives, const GPtrArray *overlays, const char *memory);
/*
 * A domain that never runs a guest, whose QEMU merges @file and files on which it stands; @copies: it only reads them.
 * Free with g_free.
 */
char *fct_merge_xml(const char *id, const char *vm, gboolean kvm, gboolean copies, const FctChainFile *file);
char *fct_merge_name(const char *vm);
