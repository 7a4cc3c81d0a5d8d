/* SPDX-License-Identifier: Apache-2.0 */
#include "vmm_play.h"

#include <glib/gstdio.h>
#include <string.h>

static gboolean has_file(const FctVmInfo *info, const char *path)
{
    size_t i;
    json_t *file;
    json_array_foreach (info->disks, i, file)
        if (strcmp(json_string_value(file), path) == 0)
            return TRUE;
    return FALSE;
}

/* A disk that is named by pool and volume is a file all the same; without that pool nobody knows which. */
void test_foreign_volume(void)
{
    static const char id[] = "3d8c3f0e-7a51-4c1c-8f0d-000000000002";
    g_autofree char *path = g_build_filename(folder, "named.xml", NULL),
                    *pool = g_build_filename(folder, "named", NULL);
    g_autofree char *file = g_build_filename(pool, "v.raw", NULL), *define = g_strdup_printf("define %s", path);
    g_autofree char *create = g_strdup_printf("pool-create-as named dir --target %s", pool);
    g_autofree char *define_pool = g_strdup_printf("pool-define-as named dir --target %s", pool);
    g_autofree char *xml = g_strdup_printf(
        "<domain type='qemu'><name>named</name><uuid>%s</uuid><memory unit='MiB'>64</memory><os><type>hvm</type></os>"
        "<devices><disk type='volume'><source pool='named' volume='v.raw'/><target "
        "dev='vda'/></disk></devices></domain>",
        id);
    if (!qemu) {
        g_test_skip("the test driver is private to this process: virsh would see another");
        return;
    }
    g_assert_true(g_file_set_contents(path, xml, -1, NULL));
    g_assert_cmpint(g_mkdir(pool, 0700), ==, 0);
    g_free(virsh(define));
    await_state(id, FCT_VM_OFF);
    g_autoptr(FctVmInfo) lost = find(id);
    g_assert_true(lost->unseen);
    g_assert_cmpstr(fct_json_str(json_array_get(lost->drives, 0), "path", ""), ==, "volume named/v.raw");
    g_free(virsh(create));
    g_free(virsh("vol-create-as named v.raw 1M"));
    g_autoptr(FctVmInfo) found = find(id);
    g_assert_false(found->unseen);
    g_assert_true(has_file(found, file));
    g_assert_cmpstr(fct_json_str(json_array_get(found->drives, 0), "path", ""), ==, file);
    g_free(virsh("vol-delete v.raw named"));
    g_free(virsh("pool-destroy named"));
    g_free(virsh(define_pool));
    g_autoptr(FctVmInfo) stopped = find(id);
    g_assert_false(stopped->unseen);
    g_assert_true(has_file(stopped, file));
    g_free(virsh("pool-undefine named"));
    g_free(virsh("undefine named"));
    await_state(id, -1);
    g_rmdir(pool);
}
