/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of another's domain may be missing in ours without anybody being told. Each row says why; what has no row is
 * told. tests/golden/virt/schema walks libvirt's schema and holds the list against the one that was reviewed.
 */
#include "virt/adopt.h"

#include <string.h>

typedef struct {
    const char *path;   /* '*' stands for one name */
    const char *values; /* "a|b": only these; a '*' in one stands for anything; NULL: an element, or any value */
} Row;

static const Row rows[] = {
    /* Whether KVM runs it is the host's ability; the machine that the guest sees is the same. */
    {"@type", "kvm|qemu"},
    /* What is in them counts, and their texts are told of by who reads them. */
    {"currentMemory", NULL},
    {"os/firmware", NULL},
    {"os/loader", NULL},
    {"devices/disk/source", NULL},
    /* libvirt's defaults, which it writes into every definition. */
    {"vcpu/@placement", "static"},
    {"os/loader/@format", "raw"},
    {"os/nvram/@templateFormat", "raw"},
    {"cpu/@check", "none"},
    {"cpu/@migratable", "on"},
    /* The host's own CPU, by the name that it has with and without KVM. */
    {"cpu/@mode", "host-passthrough|maximum"},
    /* x86_64 without PAE is none. */
    {"features/pae", NULL},
    /* Belongs to Secure Boot, which is told of where it is lost. */
    {"features/smm", NULL},
    {"features/smm/@state", NULL},
    /* How a driver of VMware would be spoken to. QEMU turns it on by itself for who asks. */
    {"features/vmport", NULL},
    {"features/vmport/@state", NULL},

    /* libvirt gives every device a place, and virtual devices are found by what they are. The place of a NIC, from
     * which Linux makes its name, is told of. */
    {"devices/*/address", NULL},
    {"devices/*/address/@type", "pci|drive|usb|virtio-serial|isa"},
    {"devices/*/address/@domain", NULL},
    {"devices/*/address/@bus", NULL},
    {"devices/*/address/@slot", NULL},
    {"devices/*/address/@function", NULL},
    {"devices/*/address/@multifunction", NULL},
    {"devices/*/address/@controller", NULL},
    {"devices/*/address/@target", NULL},
    {"devices/*/address/@unit", NULL},
    {"devices/*/address/@port", NULL},
    /* libvirt's own names of devices; those that begin with ua- people chose, or Facet did. */
    {"devices/*/alias", NULL},
    {"devices/*/alias/@name", "!ua-*"},
    {"devices/*/alias/@name", "ua-disk-*|ua-nic-*"},

    /* What devices hang on: libvirt makes what is needed. Kinds and models that mean more are told of. */
    {"devices/controller", NULL},
    {"devices/controller/@type", "pci|sata|ide|fdc|scsi|usb|virtio-serial"},
    {"devices/controller/@index", NULL},
    {"devices/controller/model", NULL},
    {"devices/controller/model/@name", "pcie-root-port|ioh3420|pcie-pci-bridge|i82801b11-bridge|pci-bridge|x3130-*|"
                                       "xio3130-*"},
    {"devices/controller/target", NULL},
    {"devices/controller/target/@chassis", NULL},
    {"devices/controller/target/@chassisNr", NULL},
    {"devices/controller/target/@port", NULL},
    {"devices/controller/master", NULL},
    {"devices/controller/master/@startport", NULL},

    /* Names that libvirt gives the host's end of a NIC; others are told of. */
    {"devices/interface/target", NULL},
    {"devices/interface/target/@dev", "vnet*|macvtap*|macvlan*"},
    /* What it is without being asked. */
    {"devices/interface/link", NULL},
    {"devices/interface/link/@state", "up"},
    {"devices/disk/@model", "virtio"},
    /* The end of the chain below a disk, and libvirt's number of a layer; the layers themselves are compared. */
    {"devices/disk/backingStore", NULL},
    {"devices/disk/backingStore/@index", NULL},
    /* Every PC has them. */
    {"devices/input", NULL},
    {"devices/input/@type", "mouse|keyboard"},
    {"devices/input/@bus", "ps2"},
    /* The only serial port that a PC has. */
    {"devices/serial/target/model", NULL},
    {"devices/serial/target/model/@name", "isa-serial"},
    {"devices/video/model/@heads", "1"},
    {"devices/video/model/@primary", "yes"},
    /* Where a sound card would be heard, without one. */
    {"devices/audio", NULL},
    {"devices/audio/@id", NULL},
    {"devices/audio/@type", "none"},
    /* That one belongs to every Q35, and does that. */
    {"devices/watchdog", NULL},
    {"devices/watchdog/@model", "itco"},
    {"devices/watchdog/@action", "reset"},
};

/* Component by component, each of which @pattern may leave open with a '*'. */
static gboolean harmless_path_matches(const char *pattern, const char *path)
{
    while (*pattern && *path) {
        if (*pattern == '*') {
            pattern++;
            path += strcspn(path, "/");
        } else if (*pattern++ != *path++) {
            return FALSE;
        }
    }
    return !*pattern && !*path;
}

static gboolean value_matches(const char *values, const char *value)
{
    if (!values || !value)
        return !values && !value ? TRUE : !values;
    if (*values == '!')
        return !g_pattern_match_simple(values + 1, value);
    g_auto(GStrv) each = g_strsplit(values, "|", -1);
    for (char **one = each; *one; one++)
        if (g_pattern_match_simple(*one, value))
            return TRUE;
    return FALSE;
}

gboolean fct_adopt_is_harmless(const char *path, const char *value)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        if (harmless_path_matches(rows[i].path, path) && value_matches(rows[i].values, value))
            return TRUE;
    return FALSE;
}
