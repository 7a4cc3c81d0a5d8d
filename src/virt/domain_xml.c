/* SPDX-License-Identifier: Apache-2.0 */
#include "virt/xml.h"

#include <string.h>

/* XML 1.0 has no way to write most control characters, not even escaped; hardware and people may send them. */
static char *xml_text(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *clean = g_string_new(NULL);
    for (const char *c = valid; *c; c = g_utf8_next_char(c)) {
        gunichar ch = g_utf8_get_char(c);
        if (ch >= 0x20 && ch != 0x7f && ch != 0xfffe && ch != 0xffff)
            g_string_append_unichar(clean, ch);
    }
    g_autofree char *kept = g_string_free(clean, FALSE);
    return g_markup_escape_text(kept, -1);
}

void fct_xml(GString *xml, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    for (const char *c = format; *c; c++) {
        if (*c != '%') {
            g_string_append_c(xml, *c);
            continue;
        }
        c++;
        if (*c == 's') {
            g_autofree char *text = xml_text(va_arg(ap, const char *));
            g_string_append(xml, text);
        } else {
            g_assert(*c == 'd');
            g_string_append_printf(xml, "%d", va_arg(ap, int));
        }
    }
    va_end(ap);
}

static void write_identity(GString *xml, const FctVmSpec *spec, const FctXmlOptions *options, gboolean with_devices)
{
    fct_xml(xml, "  <name>%s</name>\n  <uuid>%s</uuid>\n", spec->name, spec->id);
    if (with_devices && *options->attach->title) {
        GString *title = g_string_new(spec->name);
        for (guint i = 0; i < spec->devices->len; i++) {
            const FctVmDevice *device = g_ptr_array_index(spec->devices, i);
            g_string_append_printf(title, "%s%s", i ? ", " : "", i ? "" : " (");
            g_string_append_printf(title, "%s: %s", options->attach->title, device->label);
        }
        g_string_append(title, ")");
        fct_xml(xml, "  <title>%s</title>\n", title->str);
        g_string_free(title, TRUE);
    }
    fct_xml(xml, "  <metadata>\n    <facet:vm xmlns:facet='" FCT_VIRT_NS "' id='%s'", spec->id);
    if (with_devices) {
        fct_xml(xml, " attach='%s'>\n", options->attach->name);
        for (guint i = 0; i < spec->devices->len; i++) {
            const FctVmDevice *device = g_ptr_array_index(spec->devices, i);
            fct_xml(xml, "      <facet:part id='%s' alias='%s' label='%s'/>\n", device->part, device->alias,
                    device->label);
        }
        g_string_append(xml, "    </facet:vm>\n  </metadata>\n");
    } else {
        g_string_append(xml, "/>\n  </metadata>\n");
    }
}

static void write_machine(GString *xml, const FctVmSpec *spec, const FctXmlOptions *options, gboolean with_devices)
{
    g_string_append_printf(xml, "  <memory unit='MiB'>%" G_GINT64_FORMAT "</memory>\n", spec->memory_mib);
    fct_xml(xml, "  <vcpu>%d</vcpu>\n", spec->vcpus);
    g_string_append(xml, spec->uefi ? "  <os firmware='efi'>\n" : "  <os>\n");
    g_string_append(xml, "    <type arch='x86_64' machine='q35'>hvm</type>\n");
    if (spec->uefi) /* libvirt picks the firmware; secure boot would need keys enrolled */
        g_string_append(xml, "    <firmware>\n      <feature enabled='no' name='secure-boot'/>\n    </firmware>\n");
    g_string_append(xml, "    <boot dev='hd'/>\n  </os>\n");
    g_string_append(xml, "  <features>\n    <acpi/>\n    <apic/>\n  </features>\n");
    if (!options->kvm)
        g_string_append(xml, "  <cpu mode='maximum'/>\n");
    else if (with_devices) /* firmware sizes the window for large BARs by the physical address bits (host.md 1.5) */
        g_string_append(xml, "  <cpu mode='host-passthrough'>\n    <maxphysaddr mode='passthrough'/>\n  </cpu>\n");
    else
        g_string_append(xml, "  <cpu mode='host-passthrough'/>\n");
    g_string_append(xml, "  <clock offset='utc'/>\n  <on_poweroff>destroy</on_poweroff>\n"
                         "  <on_reboot>restart</on_reboot>\n  <on_crash>destroy</on_crash>\n");
}

static void write_devices(GString *xml, const FctVmSpec *spec, const FctXmlOptions *options, gboolean with_devices)
{
    g_string_append(xml, "  <devices>\n    <disk type='file' device='disk'>\n");
    fct_xml(xml, "      <driver name='qemu' type='%s' discard='unmap'/>\n      <source file='%s'/>\n",
            spec->disk_format, spec->disk);
    g_string_append(xml, "      <target dev='vda' bus='virtio'/>\n    </disk>\n");
    for (guint i = 0; i < spec->nics->len; i++) {
        const FctVmNic *nic = g_ptr_array_index(spec->nics, i);
        fct_xml(xml, "    <interface type='network'>\n      <mac address='%s'/>\n      <source network='%s'/>\n",
                nic->mac, nic->network);
        g_string_append(xml, "      <model type='virtio'/>\n    </interface>\n");
    }
    g_string_append(xml, "    <controller type='usb' model='none'/>\n"
                         "    <serial type='pty'>\n      <target type='isa-serial' port='0'/>\n    </serial>\n"
                         "    <console type='pty'>\n      <target type='serial' port='0'/>\n    </console>\n"
                         "    <graphics type='vnc'>\n      <listen type='none'/>\n    </graphics>\n"
                         "    <video>\n      <model type='vga' vram='16384'/>\n    </video>\n"
                         "    <rng model='virtio'>\n      <backend model='random'>/dev/urandom</backend>\n    </rng>\n"
                         "    <memballoon model='none'/>\n"); /* VFIO pins all memory: a balloon only lies */
    if (with_devices)
        options->attach->devices(xml, spec->devices);
    g_string_append(xml, "  </devices>\n");
    if (with_devices) {
        g_autoptr(GString) args = g_string_new(NULL);
        options->attach->commandline(args, spec->devices);
        if (args->len)
            g_string_append_printf(xml, "  <qemu:commandline>\n%s  </qemu:commandline>\n", args->str);
    }
}

char *fct_domain_xml(const FctVmSpec *spec, const FctXmlOptions *options, gboolean with_devices)
{
    GString *xml = g_string_new(NULL);
    with_devices = with_devices && spec->devices->len > 0;
    fct_xml(xml, "<domain type='%s' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n",
            options->kvm ? "kvm" : "qemu");
    write_identity(xml, spec, options, with_devices);
    write_machine(xml, spec, options, with_devices);
    write_devices(xml, spec, options, with_devices);
    g_string_append(xml, "</domain>\n");
    return g_string_free(xml, FALSE);
}
