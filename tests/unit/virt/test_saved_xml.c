/* SPDX-License-Identifier: Apache-2.0 */
/* What a definition in a file with saved memory asks of the host, against the VM's own definition. */
#include "virt/xml.h"

#include <string.h>

#define DISK(path, format)                                                                                             \
    "<disk type='file' device='disk'><driver name='qemu' type='" format "'/><source file='" path                       \
    "'/><target dev='vda' bus='virtio'/></disk>"
#define CD "<disk type='file' device='cdrom'><driver name='qemu' type='raw'/><target dev='sda' bus='sata'/></disk>"
#define REST "<emulator>/usr/bin/qemu-system-x86_64</emulator><interface type='network'/><serial type='pty'/>"
#define DOMAIN(devices) "<domain type='kvm'><name>db-2</name><os/><devices>" devices "</devices></domain>"
#define OURS DOMAIN(DISK("/d/db-2.3.qcow2", "qcow2") CD REST)

static void test_ours(void)
{
    static const struct {
        const char *saved;
        gboolean ours;
    } cases[] = {
        {OURS, TRUE},
        {DOMAIN(CD REST DISK("/d/db-2.3.qcow2", "qcow2")), TRUE},
        {DOMAIN(DISK("/d/db-2.3.qcow2", "qcow2") CD REST "<sound model='ich9'/>"), TRUE},
        {DOMAIN(DISK("/d/other.qcow2", "qcow2") CD REST), FALSE},
        {DOMAIN(DISK("/d/db-2.3.qcow2", "raw") CD REST), FALSE},
        {DOMAIN(DISK("/d/db-2.3.qcow2", "qcow2") CD REST
                "<disk type='block' device='disk'><source dev='/dev/sda'/><target dev='vdb'/></disk>"),
         FALSE},
        {DOMAIN(DISK("/d/db-2.3.qcow2", "qcow2") REST
                "<disk type='network' device='cdrom'><source protocol='nbd' name='x'/><target dev='sda'/></disk>"),
         FALSE},
        {DOMAIN(DISK("/d/db-2.3.qcow2", "qcow2") CD REST "<filesystem type='mount'><source dir='/'/></filesystem>"),
         FALSE},
        {DOMAIN(DISK("/d/db-2.3.qcow2", "qcow2") CD REST "<serial type='file'><source path='/etc/x'/></serial>"),
         FALSE},
        {DOMAIN(DISK("/d/db-2.3.qcow2", "qcow2") CD "<emulator>/d/own</emulator>"), FALSE},
        {"<domain><os><kernel>/boot/vmlinuz</kernel></os><devices/></domain>", FALSE},
        {"<domain xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><q:commandline/><devices/></domain>", FALSE},
        {"<domain><devices/>", FALSE},
        {"", FALSE},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_test_message("%s", cases[i].saved);
        g_assert_cmpint(fct_saved_is_ours(cases[i].saved, OURS, "", &error), ==, cases[i].ours);
        g_assert_true(cases[i].ours == !error);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/saved-xml/ours", test_ours);
    return g_test_run();
}
