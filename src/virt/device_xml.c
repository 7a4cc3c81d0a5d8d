/* SPDX-License-Identifier: Apache-2.0 */
/* One drive or network interface as XML: the same for a definition and for hot-plug. */
#include "virt/xml.h"

#include "model/storage.h"

#include <string.h>

static void write_source(GString *xml, const FctVmDisk *disk)
{
    if (!*disk->path)
        return;
    if (fct_path_is_device(disk->path))
        fct_xml(xml, "      <source dev='%s'/>\n", disk->path);
    else
        fct_xml(xml, "      <source file='%s'/>\n", disk->path);
}

static void write_layer(GString *xml, const GPtrArray *below, guint i)
{
    if (!below || i == below->len) {
        g_string_append(xml, "<backingStore/>");
        return;
    }
    const FctLayer *layer = below->pdata[i];
    fct_xml(xml,
            fct_path_is_device(layer->path) ? "<backingStore type='block'><format type='%s'/><source dev='%s'/>"
                                            : "<backingStore type='file'><format type='%s'/><source file='%s'/>",
            layer->format, layer->path);
    write_layer(xml, below, i + 1);
    g_string_append(xml, "</backingStore>");
}

void fct_layers_xml(GString *xml, const GPtrArray *below)
{
    write_layer(xml, below, 0);
}

void fct_disk_xml(GString *xml, const FctVmDisk *disk, int boot)
{
    fct_xml(xml, "    <disk type='%s' device='%s'>\n", fct_path_is_device(disk->path) ? "block" : "file",
            disk->cdrom ? "cdrom" : "disk");
    fct_xml(xml, "      <driver name='qemu' type='%s'", disk->format);
    /* A write error stops the VM, which can go on later; a guest that sees the error takes its disk for broken. */
    g_string_append(xml, disk->cdrom || disk->read_only
                             ? "/>\n"
                             : " error_policy='stop' rerror_policy='report' discard='unmap'/>\n");
    write_source(xml, disk);
    if (*disk->path) {
        g_string_append(xml, "      ");
        fct_layers_xml(xml, disk->below);
        g_string_append_c(xml, '\n');
    }
    fct_xml(xml, "      <target dev='%s' bus='%s'/>\n", disk->target, disk->bus);
    if (disk->cdrom || disk->read_only)
        g_string_append(xml, "      <readonly/>\n");
    if (boot)
        fct_xml(xml, "      <boot order='%d'/>\n", boot);
    fct_xml(xml, "      <alias name='" FCT_DISK_ALIAS "%s'/>\n    </disk>\n", disk->target);
}

char *fct_nic_alias(const char *mac)
{
    GString *alias = g_string_new(FCT_NIC_ALIAS);
    for (const char *c = mac; *c; c++)
        if (g_ascii_isxdigit(*c))
            g_string_append_c(alias, *c);
    return g_string_free(alias, FALSE);
}

void fct_nic_xml(GString *xml, const FctVmNic *nic, int boot)
{
    g_autofree char *alias = fct_nic_alias(nic->mac);
    fct_xml(xml, "    <interface type='network'>\n      <mac address='%s'/>\n      <source network='%s'/>\n", nic->mac,
            nic->network);
    fct_xml(xml, "      <model type='%s'/>\n", nic->model);
    if (boot)
        fct_xml(xml, "      <boot order='%d'/>\n", boot);
    fct_xml(xml, "      <alias name='%s'/>\n    </interface>\n", alias);
}
