/* SPDX-License-Identifier: Apache-2.0 */
/* Real parts: a PCI function or a mediated device, bound by facet-helper beforehand and handed to libvirt unmanaged. */
#include "virt/attach.h"

#include "virt/xml.h"

#include <stdio.h>
#include <string.h>

static gboolean vfio_parse_address(const char *text, unsigned pci[4])
{
    char rest;
    return sscanf(text, "%4x:%2x:%2x.%1x%c", &pci[0], &pci[1], &pci[2], &pci[3], &rest) == 4 && pci[2] < 32 &&
           pci[3] < 8;
}

static gboolean vfio_check(const FctVmDevice *device, GError **error)
{
    unsigned pci[4];
    if (*device->mdev) {
        if (g_uuid_string_is_valid(device->mdev))
            return TRUE;
        return fct_set_error(error, FCT_ERROR_UNSUPPORTED, "%s has no valid mediated-device UUID.", device->label);
    }
    if (*device->address) {
        if (vfio_parse_address(device->address, pci))
            return TRUE;
        return fct_set_error(error, FCT_ERROR_UNSUPPORTED, "%s has no valid PCI address.", device->label);
    }
    return fct_set_error_full(
        error, FCT_ERROR_UNSUPPORTED,
        "Install NVIDIA's vGPU host driver and set the card to mig-vgpu, or give the VM the whole card.", NULL,
        "%s is a slice for jobs on the host; a VM can only get it as a MIG-backed vGPU.", device->label);
}

static void vfio_devices(GString *xml, const GPtrArray *devices)
{
    for (guint i = 0; i < devices->len; i++) {
        const FctVmDevice *device = g_ptr_array_index(devices, i);
        unsigned pci[4];
        if (*device->mdev) {
            g_string_append(xml, "    <hostdev mode='subsystem' type='mdev' managed='no' model='vfio-pci'>\n");
            fct_xml(xml, "      <source><address uuid='%s'/></source>\n", device->mdev);
        } else if (vfio_parse_address(device->address, pci)) {
            g_string_append(xml,
                            "    <hostdev mode='subsystem' type='pci' managed='no'>\n      <driver name='vfio'/>\n");
            g_string_append_printf(xml,
                                   "      <source><address domain='0x%04x' bus='0x%02x' slot='0x%02x' "
                                   "function='0x%x'/></source>\n",
                                   pci[0], pci[1], pci[2], pci[3]);
        }
        fct_xml(xml, "      <alias name='%s'/>\n    </hostdev>\n", device->alias);
    }
}

static void vfio_commandline(GString *xml, const GPtrArray *devices)
{
}

const FctAttach fct_attach_vfio = {"vfio", vfio_check, vfio_devices, vfio_commandline, ""};

const FctAttach *fct_attach_by_name(const char *name)
{
    if (g_strcmp0(name, fct_attach_vfio.name) == 0)
        return &fct_attach_vfio;
    return g_strcmp0(name, fct_attach_standin.name) == 0 ? &fct_attach_standin : NULL;
}
