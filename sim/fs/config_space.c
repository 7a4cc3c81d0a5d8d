/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration space of a simulated function: header, power management, MSI and PCI Express capabilities, and the
 * extended capabilities ACS (bridges), ARI and SR-IOV (cards with VFs). Register layout: PCI Express Base
 * Specification.
 */
#include "fs/world.h"

#include <string.h>

enum { CAP_PM = 0x40, CAP_MSI = 0x50, CAP_EXPRESS = 0x78, EXT_FIRST = 0x100, EXT_ARI = 0x150, EXT_SRIOV = 0x160 };

static void put16(guint8 *at, guint value)
{
    at[0] = (guint8)value;
    at[1] = (guint8)(value >> 8);
}

static void put32(guint8 *at, guint32 value)
{
    put16(at, value & 0xffff);
    put16(at + 2, value >> 16);
}

gsize fsim_config_size(const FsimFunction *fn)
{
    return fn->pci->pcie_gen > 0 ? 4096 : 256;
}

static guint32 bar_low(const FsimBar *bar, guint64 address)
{
    if (bar->io)
        return (guint32)address | 1;
    return (guint32)address | (bar->is64 ? 4u : 0) | (bar->prefetch ? 8u : 0);
}

static void put_bars(guint8 *base, const FsimPciDevice *pci, const guint64 *addresses)
{
    for (guint i = 0; i < pci->n_bars; i++) {
        const FsimBar *bar = &pci->bars[i];
        put32(base + 4 * bar->index, bar_low(bar, addresses[i]));
        if (bar->is64 && bar->index < 5)
            put32(base + 4 * bar->index + 4, (guint32)(addresses[i] >> 32));
    }
}

static void put_bridge(FsimFunction *fn)
{
    guint8 *c = fn->config;
    c[0x0e] = 1;
    c[0x18] = (guint8)fn->bus;
    c[0x19] = (guint8)fn->pci->secondary_bus;
    guint last = fn->pci->secondary_bus;
    /* The last bus below: bridges are listed by address, so that a fixed point is reached by looking once more. */
    for (guint round = 0; round < 4; round++)
        for (guint i = 0; i < fn->world->host->devices->len; i++) {
            const FsimPciDevice *d = &g_array_index(fn->world->host->devices, FsimPciDevice, i);
            if (d->domain == fn->domain && d->role == FSIM_ROLE_BRIDGE && d->bus >= fn->pci->secondary_bus &&
                d->bus <= last)
                last = MAX(last, d->secondary_bus);
        }
    c[0x1a] = (guint8)last;
    c[0x1c] = 0xf1; /* no I/O window: base above limit */
    put16(c + 0x20, 0xfff0);
    put16(c + 0x24, 0xfff1);
    put16(c + 0x26, 0x0001);
}

/* Speed code of the link registers, 1 for 2.5 GT/s. */
static void put_express(FsimFunction *fn, guint next)
{
    guint8 *cap = fn->config + CAP_EXPRESS;
    /* type: 4 root port, 0 endpoint, 5 and 6 the ports of a switch */
    guint type = 0;
    if (fsim_pci_is_bridge(fn)) {
        const FsimFunction *up = fsim_pci_parent(fn);
        type = up == NULL ? 4 : up->config[CAP_EXPRESS + 2] >> 4 == 5 ? 6 : 5;
    }
    cap[0] = 0x10;
    cap[1] = (guint8)next;
    put16(cap + 2, 2 | type << 4);
    put32(cap + 4, 0x8000 | (strstr(fn->pci->reset_methods, "flr") != NULL ? 1u << 28 : 0) | 1);
    guint speed = MIN(fn->pci->pcie_gen, 6), width = MAX(fn->pci->pcie_width, 1);
    put32(cap + 0x0c, speed | width << 4);
    put16(cap + 0x12, speed | width << 4);
    put32(cap + 0x24, 0x1f | (type == 4 || type == 6 ? 1u << 5 : 0));
    put32(cap + 0x2c, ((1u << speed) - 1) << 1);
    put16(cap + 0x30, speed);
}

static void put_extended(FsimFunction *fn)
{
    guint8 *c = fn->config;
    gboolean sriov = fn->pci->vfs > 0 && fn->pf == NULL;
    put32(c + EXT_FIRST, 0x00010001 | (guint32)(fsim_pci_is_bridge(fn) ? 0x148 : sriov ? EXT_ARI : 0) << 20); /* AER */
    if (fsim_pci_is_bridge(fn)) {
        put32(c + 0x148, 0x0001000d); /* ACS: source validation, request and completion redirection, upstream */
        put16(c + 0x14c, 0x1d);
        put16(c + 0x14e, 0x1d);
    }
    if (!sriov)
        return;
    put32(c + EXT_ARI, 0x0001000e | EXT_SRIOV << 20);
    guint8 *cap = c + EXT_SRIOV;
    put32(cap, 0x00010010);
    put32(cap + 4, 2); /* ARI capable hierarchy preserved */
    put16(cap + 8, fn->vfs > 0 ? 0x19 : 0x10);
    put16(cap + 0x0c, fn->pci->vfs);
    put16(cap + 0x0e, fn->pci->vfs);
    put16(cap + 0x10, fn->vfs);
    put16(cap + 0x14, fn->pci->vf_offset);
    put16(cap + 0x16, fn->pci->vf_stride);
    put16(cap + 0x1a, fn->pci->vf_device);
    put32(cap + 0x1c, 0x553);
    put32(cap + 0x20, 1);
    put_bars(cap + 0x24, fn->pci, fn->vf_bar);
}

void fsim_config_build(FsimFunction *fn)
{
    const FsimPciDevice *pci = fn->pci;
    guint8 *c = fn->config;
    memset(c, 0, sizeof fn->config);
    /* A VF reads all ones for its ids; the kernel takes them from its PF. */
    put16(c, fn->pf != NULL ? 0xffff : pci->vendor);
    put16(c + 2, fn->pf != NULL ? 0xffff : pci->device);
    put16(c + 4, fn->driver != NULL ? 0x0406 : 0x0002);
    put16(c + 6, 0x0010);
    c[8] = (guint8)pci->revision;
    put32(c + 8, pci->revision | pci->pci_class << 8);
    c[0x0c] = 0x10;
    gboolean multi = FALSE;
    for (guint i = 0; i < fn->world->host->devices->len; i++) {
        const FsimPciDevice *d = &g_array_index(fn->world->host->devices, FsimPciDevice, i);
        multi |= d->domain == fn->domain && d->bus == fn->bus && d->slot == fn->slot && d->function > 0;
    }
    if (fsim_pci_is_bridge(fn))
        put_bridge(fn);
    else if (fn->pf == NULL)
        put_bars(c + 0x10, pci, fn->bar);
    if (!fsim_pci_is_bridge(fn)) {
        put16(c + 0x2c, pci->subvendor);
        put16(c + 0x2e, pci->subdevice);
    }
    if (multi && fn->pf == NULL)
        c[0x0e] |= 0x80;
    c[0x34] = CAP_PM;
    c[0x3c] = (guint8)fn->irq;
    c[0x3d] = fn->pf != NULL ? 0 : 1;
    c[CAP_PM] = 0x01;
    c[CAP_PM + 1] = CAP_MSI;
    put16(c + CAP_PM + 2, 0x0003);
    put16(c + CAP_PM + 4, 0x0008); /* no soft reset */
    c[CAP_MSI] = 0x05;
    put16(c + CAP_MSI + 2, 0x0080 | (fn->driver != NULL ? 1 : 0));
    if (pci->pcie_gen > 0) {
        c[CAP_MSI + 1] = CAP_EXPRESS;
        put_express(fn, 0);
        put_extended(fn);
    }
}

void fsim_config_write(FsimFunction *fn, const guint8 *bytes, gsize length, goffset offset)
{
    for (gsize i = 0; i < length; i++) {
        goffset at = offset + (goffset)i;
        if (at == 0x04 || at == 0x05 || at == 0x0c || at == 0x0d || at == 0x3c || at == 0x3e || at == 0x3f)
            fn->config[at] = bytes[i];
    }
}

void fsim_pci_config(FsimFunction *fn, GString *out)
{
    gsize size = fsim_config_size(fn);
    if (!fn->lost) {
        g_string_append_len(out, (const char *)fn->config, (gssize)size);
        return;
    }
    gsize from = out->len;
    g_string_set_size(out, from + size);
    memset(out->str + from, 0xff, size);
}
