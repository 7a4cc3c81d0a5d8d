/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Domain XML against kept files; FACET_GOLDEN_UPDATE=1 rewrites them (look at the difference before committing it).
 * And back: what is written must be read as it was meant, whatever names and labels hold.
 */
#include "virt/xml.h"

#include <string.h>

#define ID "6f1c4d9e-2f0a-4b5e-9a57-0d3c5b1a7e42"

static FctVmDisk *add_disk(FctVmSpec *spec, const char *target, const char *path, const char *format)
{
    FctVmDisk *disk = fct_vm_disk_new();
    g_free(disk->target);
    g_free(disk->path);
    g_free(disk->format);
    g_free(disk->bus);
    disk->target = g_strdup(target);
    disk->path = g_strdup(path);
    disk->format = g_strdup(format);
    disk->bus = g_strdup(*target == 'v' ? "virtio" : "sata");
    g_ptr_array_add(spec->disks, disk);
    return disk;
}

static FctVmSpec *spec_new(const char *name)
{
    FctVmSpec *spec = fct_vm_spec_new();
    g_free(spec->id);
    g_free(spec->name);
    spec->id = g_strdup(ID);
    spec->name = g_strdup(name);
    add_disk(spec, "vda", "/var/lib/facet/disks/" ID ".qcow2", "qcow2");
    spec->vcpus = 2;
    spec->memory_mib = 1024;
    return spec;
}

static void add_device(FctVmSpec *spec, const char *label, const char *address, const char *mdev)
{
    FctVmDevice *device = fct_vm_device_new();
    g_free(device->alias);
    g_free(device->part);
    g_free(device->label);
    g_free(device->address);
    g_free(device->mdev);
    device->alias = g_strdup_printf("ua-facet-gpu%u", spec->devices->len);
    device->part = g_strdup_printf("gpu-0000-41-00-0:%u:9", spec->devices->len * 4);
    device->label = g_strdup(label);
    device->address = g_strdup(address);
    device->mdev = g_strdup(mdev);
    g_ptr_array_add(spec->devices, device);
}

static void check_golden(const char *name, const char *xml)
{
    g_autofree char *path = g_build_filename(g_getenv("FACET_GOLDEN"), name, NULL), *kept = NULL;
    if (g_getenv("FACET_GOLDEN_UPDATE"))
        g_assert_true(g_file_set_contents(path, xml, -1, NULL));
    g_assert_true(g_file_get_contents(path, &kept, NULL, NULL));
    g_assert_cmpstr(xml, ==, kept);
}

static void check(const char *name, FctVmSpec *spec, gboolean kvm, const FctAttach *attach, gboolean with_devices)
{
    FctXmlOptions options = {kvm, kvm, attach};
    g_autofree char *xml = fct_domain_xml(spec, &options, with_devices);
    g_autoptr(GError) error = NULL;
    g_autoptr(FctVmInfo) info = fct_domain_info(xml, &error);
    g_assert_no_error(error);
    g_assert_true(info->ours);
    g_assert_cmpstr(info->id, ==, ID);
    g_assert_cmpstr(info->name, ==, spec->name);
    g_assert_cmpint(info->vcpus, ==, spec->vcpus);
    g_assert_cmpint(info->memory_mib, ==, spec->memory_mib);
    g_assert_true(info->can_serial && info->can_graphics);
    g_assert_cmpuint(json_array_size(info->parts), ==, with_devices ? spec->devices->len : 0);
    for (guint i = 0; i < json_array_size(info->parts); i++)
        g_assert_cmpstr(json_string_value(json_array_get(info->parts, i)), ==,
                        ((FctVmDevice *)g_ptr_array_index(spec->devices, i))->part);
    g_assert_cmpuint(json_array_size(info->nics), ==, spec->nics->len);
    for (guint i = 0; i < spec->nics->len; i++)
        g_assert_cmpstr(fct_json_str(json_array_get(info->nics, i), "network", ""), ==,
                        ((FctVmNic *)g_ptr_array_index(spec->nics, i))->network);
    check_golden(name, xml);
    fct_vm_spec_free(spec);
}

static void test_plain(void)
{
    check("plain.xml", spec_new("db-2"), FALSE, &fct_attach_vfio, TRUE);
}

static void test_uefi(void)
{
    FctVmSpec *spec = spec_new("db-2");
    spec->uefi = TRUE;
    check("uefi.xml", spec, TRUE, &fct_attach_vfio, TRUE);
}

static void test_vfio(void)
{
    FctVmSpec *spec = spec_new("db-2");
    add_device(spec, "NVIDIA L40S", "0000:41:00.0", "");
    add_device(spec, "NVIDIA A40-8Q", "", "0d3c5b1a-2f0a-4b5e-9a57-6f1c4d9e7e42");
    check("vfio.xml", spec, TRUE, &fct_attach_vfio, TRUE);
}

/* Case 10: more than 255 vCPUs. */
static void test_many_vcpus(void)
{
    FctVmSpec *spec = spec_new("db-2");
    spec->vcpus = 256;
    check("many-vcpus.xml", spec, TRUE, &fct_attach_vfio, FALSE);
    FctVmSpec *device = spec_new("db-2");
    device->vcpus = 288;
    add_device(device, "NVIDIA L40S", "0000:41:00.0", "");
    check("many-vcpus-vfio.xml", device, TRUE, &fct_attach_vfio, TRUE);
    FctVmSpec *last = spec_new("db-2"); /* the last that needs nothing */
    last->vcpus = 255;
    FctXmlOptions options = {TRUE, TRUE, &fct_attach_vfio};
    g_autofree char *xml = fct_domain_xml(last, &options, FALSE);
    g_assert_null(strstr(xml, "iommu"));
    g_assert_null(strstr(xml, "ioapic"));
    fct_vm_spec_free(last);
}

static void test_standin(void)
{
    FctVmSpec *spec = spec_new("db-2");
    for (int i = 0; i < 9; i++) /* one more than there are slots: a second function */
        add_device(spec, "NVIDIA A100 80GB PCIe 3g.40gb", "", "");
    check("standin.xml", spec, FALSE, &fct_attach_standin, TRUE);
}

static void test_defined_without_devices(void)
{
    FctVmSpec *spec = spec_new("db-2");
    add_device(spec, "NVIDIA L40S", "0000:41:00.0", "");
    check("defined.xml", spec, TRUE, &fct_attach_vfio, FALSE);
}

static void set_boot(FctVmSpec *spec, const char *words)
{
    g_strfreev(spec->boot);
    spec->boot = g_strsplit(words, " ", -1);
}

/* A disk that stands on others: each is told with its format, down to the end. */
static void test_chain(void)
{
    FctVmSpec *spec = spec_new("db-2");
    FctVmDisk *overlay = spec->disks->pdata[0];
    overlay->below = fct_layers_new();
    g_ptr_array_add(overlay->below, fct_layer_new("/disks/<middle>.qcow2", "qcow2"));
    g_ptr_array_add(overlay->below, fct_layer_new("/dev/vg0/base", "raw"));
    check("chain.xml", spec, FALSE, &fct_attach_vfio, TRUE);
}

/* Two disks, a volume of LVM among them, two CD drives of which one is empty, and first-boot data. */
static void test_drives(void)
{
    FctVmSpec *spec = spec_new("db-2");
    add_disk(spec, "vdb", "/dev/vg0/db-2-data", "raw");
    add_disk(spec, "sda", "/files/install.iso", "raw")->cdrom = TRUE;
    add_disk(spec, "sdb", "", "raw")->cdrom = TRUE;
    FctVmDisk *seed = add_disk(spec, "vdc", "/disks/db-2-seed.iso", "raw");
    seed->read_only = seed->seed = TRUE;
    g_ptr_array_add(spec->nics, fct_vm_nic_new("default", "52:54:00:12:34:56"));
    set_boot(spec, "cdrom network disk");
    check("drives.xml", spec, FALSE, &fct_attach_vfio, TRUE);
}

static void test_windows(void)
{
    FctVmSpec *spec = spec_new("win-1");
    g_free(spec->os);
    spec->os = g_strdup("windows");
    g_ptr_array_set_size(spec->disks, 0);
    add_disk(spec, "sda", "/disks/win-1.qcow2", "qcow2");
    spec->uefi = spec->tpm = spec->agent = TRUE;
    FctVmNic *nic = fct_vm_nic_new("default", "52:54:00:12:34:56");
    g_free(nic->model);
    nic->model = g_strdup("e1000e");
    g_ptr_array_add(spec->nics, nic);
    check("windows.xml", spec, TRUE, &fct_attach_vfio, TRUE);
}

static void test_nics(void)
{
    FctVmSpec *spec = spec_new("db-2");
    g_ptr_array_add(spec->nics, fct_vm_nic_new("default", "52:54:00:12:34:56"));
    g_ptr_array_add(spec->nics, fct_vm_nic_new("x'/><y z='&", "52:54:00:12:34:57"));
    check("nics.xml", spec, FALSE, &fct_attach_vfio, TRUE);
}

static void test_hostile(void)
{
    FctVmSpec *spec = spec_new("</name><memory>1</memory>&amp;'\"]]> ü");
    g_ptr_array_set_size(spec->disks, 0);
    add_disk(spec, "vda", "/disks/'/><x y='&lt;.qcow2", "qcow2");
    /* a label with commas (QEMU's separator), control characters, quotes and bytes that are no UTF-8 */
    add_device(spec, "A,B',pcidev=x\"\n\x01\x1b[31m</facet:part>\xff\xfe", "", "");
    check("hostile.xml", spec, FALSE, &fct_attach_standin, TRUE);
}

static void test_not_ours(void)
{
    static const char other[] = "<domain type='kvm'><name>a</name><uuid>" ID "</uuid><memory unit='GiB'>2</memory>"
                                "<vcpu current='1'>4</vcpu><metadata>%s</metadata><devices><graphics type='spice'/>"
                                "</devices></domain>";
    static const char *const metadata[] = {"", "<x:vm xmlns:x='urn:other' id='" ID "'/>",
                                           /* a copy of ours under another UUID */
                                           "<f:vm xmlns:f='" FCT_VIRT_NS
                                           "' id='00000000-0000-4000-8000-000000000000'><f:part id='p'/></f:vm>"};
    for (guint i = 0; i < G_N_ELEMENTS(metadata); i++) {
        g_auto(GStrv) halves = g_strsplit(other, "%s", 2);
        g_autofree char *xml = g_strconcat(halves[0], metadata[i], halves[1], NULL);
        g_autoptr(FctVmInfo) info = fct_domain_info(xml, NULL);
        g_assert_nonnull(info);
        g_assert_false(info->ours);
        g_assert_cmpuint(json_array_size(info->parts), ==, 0);
        g_assert_cmpint(info->memory_mib, ==, 2048);
        g_assert_cmpint(info->vcpus, ==, 4);
        g_assert_false(info->can_graphics || info->can_serial);
    }
}

#define FOREIGN(os, devices)                                                                                           \
    "<domain type='kvm'><name>a</name><uuid>" ID "</uuid><memory>1</memory><vcpu>1</vcpu><os>" os                      \
    "</os><devices>" devices "</devices></domain>"

static void assert_json(json_t *json, const char *want)
{
    g_autofree char *text = json_dumps(json, JSON_COMPACT);
    g_assert_cmpstr(text, ==, want);
}

/* Every file that a VM has, wherever its definition names it; no terminal, no socket, no network interface. */
static void test_files(void)
{
    static const char xml[] = FOREIGN(
        "<type>hvm</type><loader readonly='yes'>/fw/code.fd</loader><nvram template='/fw/vars.fd'>/n/vars</nvram>"
        "<kernel>/b/kernel</kernel><initrd>/b/initrd</initrd><dtb>/b/dtb</dtb><cmdline>/b/no</cmdline>",
        "<emulator>/usr/bin/qemu</emulator>"
        "<disk type='file'><source file='/d/a'/><backingStore type='block'><source dev='/dev/vg/b'/>"
        "<backingStore/></backingStore><mirror type='file'><source file='/d/copy'/></mirror>"
        "<target dev='vda'/></disk>"
        "<disk type='dir'><source dir='/d/dir'/><target dev='vdb'/></disk>"
        "<disk type='vhostuser'><source type='unix' path='/run/blk.sock'/><target dev='vdc'/></disk>"
        "<filesystem type='mount'><source dir='/srv/share'/><target dir='/t'/></filesystem>"
        "<filesystem type='file'><source file='/srv/fs.img'/><target dir='/f'/></filesystem>"
        "<memory model='nvdimm'><source><path>/m/nvdimm</path></source></memory>"
        "<serial type='file'><source path='/s/serial' append='on'/><log file='/s/log'/></serial>"
        "<serial type='pty'><source path='/dev/pts/3'/></serial>"
        "<channel type='unix'><source mode='bind' path='/run/agent.sock'/></channel>"
        "<interface type='direct'><source dev='eth0' mode='bridge'/></interface>"
        "<tpm><backend type='emulator'><source type='file' path='/t/state'/></backend></tpm>");
    g_autoptr(FctVmInfo) info = fct_domain_info(xml, NULL);
    g_assert_nonnull(info);
    assert_json(info->disks,
                "[\"/fw/code.fd\",\"/n/vars\",\"/b/kernel\",\"/b/initrd\",\"/b/dtb\",\"/d/a\",\"/dev/vg/b\","
                "\"/d/copy\",\"/d/dir\",\"/srv/share\",\"/srv/fs.img\",\"/m/nvdimm\",\"/s/serial\","
                "\"/s/log\",\"/t/state\"]");
}

/* A drive whose source is no file has a text all the same: it is not the same as before, nor empty. */
static void test_sources(void)
{
    static const char xml[] = FOREIGN(
        "<type>hvm</type>",
        "<disk type='network'><source protocol='nbd' name=''><host transport='unix' socket='/s'/></source>"
        "<target dev='vda'/></disk>"
        "<disk type='network'><source protocol='rbd' name='pool/image'/><target dev='vdb'/></disk>"
        "<disk type='nvme'><source type='pci' namespace='1'><address bus='1'/></source><target dev='vdc'/></disk>"
        "<disk type='volume'><source pool='p' volume='v.qcow2'/><backingStore type='volume'><source pool='q' "
        "volume='base'/></backingStore><target dev='vdd'/></disk>"
        "<disk type='file' device='cdrom'><source startupPolicy='optional'/><target dev='sda'/></disk>"
        "<disk type='file' device='cdrom'><target dev='sdb'/></disk>");
    g_autoptr(json_t) volumes = json_array();
    g_autoptr(FctVmInfo) info = fct_domain_info_and_volumes(xml, volumes, NULL);
    static const char *const paths[] = {"nbd:", "rbd:pool/image", "pci", "volume p/v.qcow2", "", ""};
    g_assert_nonnull(info);
    g_assert_cmpuint(json_array_size(info->drives), ==, G_N_ELEMENTS(paths));
    for (guint i = 0; i < G_N_ELEMENTS(paths); i++)
        g_assert_cmpstr(fct_json_str(json_array_get(info->drives, i), "path", NULL), ==, paths[i]);
    assert_json(info->disks, "[]");
    assert_json(volumes, "[{\"pool\":\"p\",\"volume\":\"v.qcow2\",\"drive\":3},"
                         "{\"pool\":\"q\",\"volume\":\"base\",\"drive\":-1}]");
}

static void test_broken(void)
{
    static const char *const texts[] = {"", "<domain>", "<domain><name>x</name></domain>", "not XML",
                                        "<domain><name>x</name><uuid></uuid></domain>"};
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(fct_domain_info(texts[i], &error));
        g_assert_error(error, FCT_ERROR, FCT_ERROR_LIBVIRT);
    }
}

static void test_vfio_check(void)
{
    static const struct {
        const char *address, *mdev;
        gboolean ok;
    } cases[] = {
        {"0000:41:00.0", "", TRUE},
        {"", "0d3c5b1a-2f0a-4b5e-9a57-6f1c4d9e7e42", TRUE},
        {"", "", FALSE},
        {"0000:41:00.0/../x", "", FALSE},
        {"0000:41:20.0", "", FALSE},
        {"0000:41:00.8", "", FALSE},
        {"", "'/><hostdev>", FALSE},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FctVmDevice device = {(char *)"a", (char *)"p", (char *)"label", (char *)cases[i].address,
                              (char *)cases[i].mdev};
        g_autoptr(GError) error = NULL;
        g_assert_cmpint(fct_attach_vfio.check(&device, &error), ==, cases[i].ok);
        if (!cases[i].ok)
            g_assert_error(error, FCT_ERROR, FCT_ERROR_UNSUPPORTED);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/domain-xml/plain", test_plain);
    g_test_add_func("/domain-xml/uefi", test_uefi);
    g_test_add_func("/domain-xml/vfio", test_vfio);
    g_test_add_func("/domain-xml/standin", test_standin);
    g_test_add_func("/domain-xml/many-vcpus", test_many_vcpus);
    g_test_add_func("/domain-xml/defined-without-devices", test_defined_without_devices);
    g_test_add_func("/domain-xml/nics", test_nics);
    g_test_add_func("/domain-xml/drives", test_drives);
    g_test_add_func("/domain-xml/chain", test_chain);
    g_test_add_func("/domain-xml/windows", test_windows);
    g_test_add_func("/domain-xml/hostile", test_hostile);
    g_test_add_func("/domain-xml/not-ours", test_not_ours);
    g_test_add_func("/domain-xml/files", test_files);
    g_test_add_func("/domain-xml/sources", test_sources);
    g_test_add_func("/domain-xml/broken", test_broken);
    g_test_add_func("/domain-xml/vfio-check", test_vfio_check);
    return g_test_run();
}
