/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of a simulated host: there is no real card to pass, so the guest gets QEMU's PCI test device, and firmware
 * names its slot "SIMULATED …" (SMBIOS type 41; Linux shows it as /sys/bus/pci/devices/ADDRESS/label). It says openly
 * that it is a stand-in.
 *
 * QEMU 7.2 writes that record only for devices on the root bus, so they sit at pcie.0, slots 0x10 and up, where
 * libvirt puts nothing by itself.
 */
#include "virt/attach.h"

#include "virt/xml.h"

#define FIRST_SLOT 0x10
#define SLOTS 8 /* 8 slots × 8 functions: as many as a VM may ask for (openapi: 8 devices × 8) */
#define LABEL_MAX 120

static gboolean standin_check(const FctVmDevice *device, GError **error)
{
    return TRUE;
}

static void standin_devices(GString *xml, const GPtrArray *devices)
{
}

/* QEMU splits option text at commas; a doubled comma is one. SMBIOS strings are short and plain. */
static char *standin_designation(const char *label)
{
    GString *text = g_string_new("SIMULATED ");
    for (const char *c = label; *c && text->len < LABEL_MAX; c++)
        if (*c == ',')
            g_string_append(text, ",,");
        else
            g_string_append_c(text, g_ascii_isprint(*c) ? *c : '?');
    return g_string_free(text, FALSE);
}

static void standin_arg(GString *xml, const char *option, const char *value)
{
    fct_xml(xml, "    <qemu:arg value='%s'/>\n    <qemu:arg value='%s'/>\n", option, value);
}

static void standin_commandline(GString *xml, const GPtrArray *devices)
{
    for (guint i = 0; i < devices->len && i < SLOTS * 8; i++) {
        const FctVmDevice *device = g_ptr_array_index(devices, i);
        guint function = i / SLOTS;
        g_autofree char *name = standin_designation(device->label);
        g_autofree char *qdev =
            g_strdup_printf("pci-testdev,id=%s,bus=pcie.0,addr=0x%x.%u%s", device->alias, FIRST_SLOT + i % SLOTS,
                            function, function == 0 && devices->len > i + SLOTS ? ",multifunction=on" : "");
        g_autofree char *smbios =
            g_strdup_printf("type=41,designation=%s,kind=video,instance=%u,pcidev=%s", name, i + 1, device->alias);
        standin_arg(xml, "-device", qdev);
        standin_arg(xml, "-smbios", smbios);
    }
}

const FctAttach fct_attach_standin = {"standin", standin_check, standin_devices, standin_commandline, "simulated GPU"};
