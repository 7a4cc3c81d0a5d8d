/* SPDX-License-Identifier: Apache-2.0 */
/* What people are told when libvirt lacks a driver (Debian 13 splits them); libvirt's messages as it gives them. */
#include "virt/virt.h"

#include <string.h>

static void test_sentence(void)
{
    const struct {
        const char *message, *package;
    } cases[] = {
        {"this function is not supported by the connection driver: virConnectListAllStoragePools",
         "libvirt-daemon-driver-storage"},
        {"this function is not supported by the connection driver: virStorageVolLookupByPath",
         "libvirt-daemon-driver-storage"},
        {"this function is not supported by the connection driver: virNetworkDefineXML",
         "libvirt-daemon-driver-network"},
        {"this function is not supported by the connection driver: virConnectListAllInterfaces",
         "libvirt-daemon-driver-interface"},
        {"this function is not supported by the connection driver: virConnectListAllNodeDevices",
         "libvirt-daemon-driver-nodedev"},
        {"this function is not supported by the connection driver: virSecretDefineXML", "libvirt-daemon-driver-secret"},
        {"this function is not supported by the connection driver: virDomainMigrateSetMaxSpeed", NULL},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *sentence = fct_virt_driver_sentence(cases[i].message);
        g_assert_true((sentence != NULL) == (cases[i].package != NULL));
        g_assert_true(!sentence || strstr(sentence, cases[i].package));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virt-drivers/sentence", test_sentence);
    return g_test_run();
}
