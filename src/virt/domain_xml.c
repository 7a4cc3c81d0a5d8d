/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vm_preflight.h"
#include "virt/xml.h"

#include <string.h>

#define FIXED_PORTS 3 /* USB, serial, random numbers */
#define SPARE_PORTS 6

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
    } else if (*spec->title) {
        fct_xml_words(xml, "title", spec->title);
    }
    if (*spec->text)
        fct_xml_words(xml, "description", spec->text);
    g_string_append_printf(xml, "  <metadata>\n%s", spec->metadata); /* as libvirt wrote it */
    fct_xml(xml, "    <facet:vm xmlns:facet='" FCT_VIRT_NS "' id='%s'", spec->id);
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

static gboolean is_windows(const FctVmSpec *spec)
{
    return strcmp(spec->os, "windows") == 0;
}

static void write_nvram(GString *xml, const FctVmSpec *spec)
{
    g_autofree char *own = g_strdup_printf(FCT_NVRAM, spec->id);
    if (*spec->nvram_template)
        fct_xml(xml, "    <nvram template='%s'>", spec->nvram_template);
    else
        g_string_append(xml, "    <nvram>");
    fct_xml(xml, "%s</nvram>\n", *spec->nvram ? spec->nvram : own);
}

/* An adopted VM keeps the firmware file that it had. */
static void write_own_firmware(GString *xml, const FctVmSpec *spec)
{
    gboolean flash = strcmp(spec->loader_type, "pflash") == 0;
    g_string_append(xml, "  <os>\n    <type arch='x86_64' machine='q35'>hvm</type>\n");
    g_string_append_printf(xml, "    <loader%s%s", flash ? " readonly='yes'" : "",
                           spec->loader_secure ? " secure='yes'" : "");
    fct_xml(xml, " type='%s'>%s</loader>\n", spec->loader_type, spec->loader);
    if (flash)
        write_nvram(xml, spec);
    g_string_append(xml, "  </os>\n");
}

static void write_firmware(GString *xml, const FctVmSpec *spec, const FctXmlOptions *options)
{
    if (*spec->loader) {
        write_own_firmware(xml, spec);
        return;
    }
    /* Windows 11 asks for Secure Boot; elsewhere people would have to enrol keys for what they build themselves. */
    gboolean secure = is_windows(spec) && options->secure_boot;
    g_string_append(xml, spec->uefi ? "  <os firmware='efi'>\n" : "  <os>\n");
    g_string_append(xml, "    <type arch='x86_64' machine='q35'>hvm</type>\n");
    if (spec->uefi) /* libvirt picks the firmware */
        fct_xml(xml, "    <firmware>\n      <feature enabled='%s' name='secure-boot'/>\n", secure ? "yes" : "no");
    if (spec->uefi && secure)
        g_string_append(xml, "      <feature enabled='yes' name='enrolled-keys'/>\n");
    if (spec->uefi) {
        g_string_append(xml, "    </firmware>\n");
        write_nvram(xml, spec);
    }
    g_string_append(xml, "  </os>\n");
}

/*
 * An interrupt has no room for the numbers of the last processors, except through an IOMMU with extended interrupt
 * mode.
 */
static gboolean has_many_vcpus(const FctVmSpec *spec)
{
    return spec->vcpus > FCT_VM_VCPUS_PLAIN;
}

/* QEMU takes passed-through devices only when the IOMMU reports each mapping that the guest makes. */
static void write_iommu(GString *xml, const FctVmSpec *spec, gboolean with_devices)
{
    if (has_many_vcpus(spec))
        g_string_append_printf(xml,
                               "    <iommu model='intel'>\n      <driver intremap='on'%s eim='on'/>\n    </iommu>\n",
                               with_devices ? " caching_mode='on'" : "");
}

/* Without KVM QEMU does not have Hyper-V's interfaces. */
static void write_features(GString *xml, const FctVmSpec *spec, const FctXmlOptions *options)
{
    static const char *const enlightenments[] = {"relaxed", "vapic",       "vpindex",  "runtime", "synic",
                                                 "reset",   "frequencies", "tlbflush", "ipi"};
    g_string_append(xml, "  <features>\n    <acpi/>\n    <apic/>\n");
    if (is_windows(spec) && options->kvm) {
        g_string_append(xml, "    <hyperv mode='custom'>\n");
        for (guint i = 0; i < G_N_ELEMENTS(enlightenments); i++)
            fct_xml(xml, "      <%s state='on'/>\n", enlightenments[i]);
        g_string_append(xml, "      <spinlocks state='on' retries='8191'/>\n      <stimer state='on'/>\n"
                             "    </hyperv>\n");
    }
    if (has_many_vcpus(spec)) /* a split controller, whose interrupts an IOMMU can remap */
        g_string_append(xml, "    <ioapic driver='qemu'/>\n");
    if (spec->loader_secure) /* what Secure Boot protects is protected by it */
        g_string_append(xml, "    <smm state='on'/>\n");
    g_string_append(xml, "  </features>\n");
}

static void write_clock(GString *xml, const FctVmSpec *spec, const FctXmlOptions *options)
{
    if (!is_windows(spec)) {
        g_string_append(xml, "  <clock offset='utc'/>\n");
        return;
    }
    g_string_append(xml, "  <clock offset='localtime'>\n    <timer name='rtc' tickpolicy='catchup'/>\n"
                         "    <timer name='pit' tickpolicy='delay'/>\n    <timer name='hpet' present='no'/>\n");
    if (options->kvm)
        g_string_append(xml, "    <timer name='hypervclock' present='yes'/>\n");
    g_string_append(xml, "  </clock>\n");
}

static void write_machine(GString *xml, const FctVmSpec *spec, const FctXmlOptions *options, gboolean with_devices)
{
    g_string_append_printf(xml, "  <memory unit='MiB'>%" G_GINT64_FORMAT "</memory>\n", spec->memory_mib);
    fct_xml(xml, "  <vcpu>%d</vcpu>\n", spec->vcpus);
    write_firmware(xml, spec, options);
    write_features(xml, spec, options);
    if (!options->kvm)
        g_string_append(xml, "  <cpu mode='maximum'/>\n");
    else if (with_devices) /* firmware sizes the window for large BARs by the physical address bits (host.md 1.5) */
        g_string_append(xml, "  <cpu mode='host-passthrough'>\n    <maxphysaddr mode='passthrough'/>\n  </cpu>\n");
    else
        g_string_append(xml, "  <cpu mode='host-passthrough'/>\n");
    write_clock(xml, spec, options);
    g_string_append(xml, "  <on_poweroff>destroy</on_poweroff>\n  <on_reboot>restart</on_reboot>\n"
                         "  <on_crash>destroy</on_crash>\n");
}

/*
 * The first number of @class in the boot order, counted over all devices of the classes before it; 0: it does not boot.
 */
static int boot_place(const FctVmSpec *spec, const char *class)
{
    static const char *const only_disk[] = {"disk", NULL};
    const char *const *order = *spec->boot ? (const char *const *)spec->boot : only_disk;
    int place = 1;
    for (; *order; order++) {
        gboolean cdroms = strcmp(*order, "cdrom") == 0;
        if (strcmp(*order, class) == 0)
            return place;
        if (strcmp(*order, "network") == 0)
            place += (int)spec->nics->len;
        for (guint i = 0; strcmp(*order, "network") != 0 && i < spec->disks->len; i++)
            place += ((FctVmDisk *)spec->disks->pdata[i])->cdrom == cdroms;
    }
    return 0;
}

static void write_drives(GString *xml, const FctVmSpec *spec)
{
    int disk_place = boot_place(spec, "disk"), cdrom_place = boot_place(spec, "cdrom");
    for (guint i = 0; i < spec->disks->len; i++) {
        const FctVmDisk *disk = g_ptr_array_index(spec->disks, i);
        int *place = disk->cdrom ? &cdrom_place : &disk_place;
        fct_disk_xml(xml, disk, disk->seed ? 0 : *place);
        *place += *place != 0;
    }
}

static void write_nics(GString *xml, const FctVmSpec *spec)
{
    int place = boot_place(spec, "network");
    for (guint i = 0; i < spec->nics->len; i++) {
        fct_nic_xml(xml, g_ptr_array_index(spec->nics, i), place);
        place += place != 0;
    }
}

/*
 * Ports for all devices, and spare ones for devices that are plugged in later, since libvirt adds none to a running VM.
 * The serial bus is there with and without an agent, so that a guest's NIC keeps its address, and with it its name.
 */
static void write_ports(GString *xml, const FctVmSpec *spec, guint devices)
{
    guint ports = FIXED_PORTS + SPARE_PORTS + spec->nics->len + devices;
    for (guint i = 0; i < spec->disks->len; i++)
        ports += strcmp(((FctVmDisk *)spec->disks->pdata[i])->bus, "virtio") == 0;
    g_string_append(xml, "    <controller type='pci' index='0' model='pcie-root'/>\n");
    for (guint i = 0; i < ports; i++)
        g_string_append(xml, "    <controller type='pci' model='pcie-root-port'/>\n");
    g_string_append(xml, "    <controller type='usb' model='qemu-xhci'/>\n    <controller type='virtio-serial'/>\n");
}

static void write_devices(GString *xml, const FctVmSpec *spec, const FctXmlOptions *options, gboolean with_devices)
{
    g_string_append(xml, "  <devices>\n");
    write_drives(xml, spec);
    write_ports(xml, spec, with_devices ? spec->devices->len : 0);
    write_nics(xml, spec);
    g_string_append(xml, "    <serial type='pty'>\n      <target type='isa-serial' port='0'/>\n    </serial>\n"
                         "    <console type='pty'>\n      <target type='serial' port='0'/>\n    </console>\n");
    if (spec->agent)
        g_string_append(xml, "    <channel type='unix'>\n"
                             "      <target type='virtio' name='org.qemu.guest_agent.0'/>\n    </channel>\n");
    if (spec->tpm && *spec->tpm_secret)
        fct_xml(xml,
                "    <tpm model='tpm-crb'>\n      <backend type='emulator' version='2.0'>\n"
                "        <encryption secret='%s'/>\n      </backend>\n    </tpm>\n",
                spec->tpm_secret);
    else if (spec->tpm)
        g_string_append(xml, "    <tpm model='tpm-crb'>\n      <backend type='emulator' version='2.0'/>\n"
                             "    </tpm>\n");
    /* A tablet reports absolute positions: with a mouse the pointers of guest and browser drift apart. */
    g_string_append(xml, "    <input type='tablet' bus='usb'/>\n"
                         "    <graphics type='vnc'>\n      <listen type='none'/>\n    </graphics>\n"
                         "    <video>\n      <model type='vga' vram='16384'/>\n    </video>\n"
                         "    <rng model='virtio'>\n      <backend model='random'>/dev/urandom</backend>\n    </rng>\n"
                         "    <memballoon model='none'/>\n"); /* VFIO pins all memory: a balloon only lies */
    write_iommu(xml, spec, with_devices);
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
