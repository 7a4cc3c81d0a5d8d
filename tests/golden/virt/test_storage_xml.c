/* SPDX-License-Identifier: Apache-2.0 */
/* XML of pools and volumes as libvirt gets it, and what is read from libvirt's. */
#include "virt/xml.h"

#include <string.h>

static void check_text(const char *name, const char *xml)
{
    g_autofree char *path = g_build_filename(g_getenv("FACET_GOLDEN"), name, NULL), *kept = NULL;
    if (g_getenv("FACET_GOLDEN_UPDATE"))
        g_assert_true(g_file_set_contents(path, xml, -1, NULL));
    g_assert_true(g_file_get_contents(path, &kept, NULL, NULL));
    g_assert_cmpstr(xml, ==, kept);
}

static void check_pool(const char *name, const char *text, const char *source, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) json = json_loads(text, 0, NULL);
    g_autoptr(FctPoolInput) input = fct_pool_input_read(json, &error);
    g_assert_no_error(error);
    g_autofree char *xml = fct_pool_xml(input);
    check_text(name, xml);
    g_autoptr(FctPool) pool = fct_pool_read(xml, &error);
    g_assert_no_error(error);
    g_assert_true(pool->ours);
    g_assert_cmpstr(pool->name, ==, input->name);
    g_assert_cmpstr(fct_pool_kind_wire(pool), ==, input->kind);
    g_assert_cmpstr(pool->source, ==, source);
    g_assert_cmpstr(pool->path, ==, path);
}

static void test_pools(void)
{
    check_pool("pool-dir.xml", "{\"name\":\"fast\",\"kind\":\"dir\",\"path\":\"/srv/a & b's\"}", "", "/srv/a & b's");
    check_pool(
        "pool-nfs.xml",
        "{\"name\":\"nas\",\"kind\":\"nfs\",\"host\":\"nas.lan\",\"export\":\"/export/vms\",\"path\":\"/mnt/n\"}",
        "nas.lan:/export/vms", "/mnt/n");
    check_pool("pool-lvm.xml", "{\"name\":\"lv\",\"kind\":\"lvm\",\"volume_group\":\"vg0\"}", "vg0", "/dev/vg0");
}

/* The same name with another UUID is another's pool. */
static void test_others(void)
{
    static const char xml[] = "<pool type='iscsi'><name>fast</name><uuid>6f1c4d9e-2f0a-4b5e-9a57-0d3c5b1a7e42</uuid>"
                              "<source><host name='array'/><device path='iqn.2013-06.example:t1'/></source>"
                              "<target><path>/dev/disk/by-path</path></target></pool>";
    g_autoptr(GError) error = NULL;
    g_autoptr(FctPool) pool = fct_pool_read(xml, &error);
    g_assert_no_error(error);
    g_assert_false(pool->ours);
    g_assert_cmpstr(pool->source, ==, "array");
    g_assert_false(fct_pool_has_files(pool));
    g_autoptr(FctPool) none = fct_pool_read("<pool type='dir'><uuid>x</uuid></pool>", &error);
    g_assert_null(none);
    g_assert_error(error, FCT_ERROR, FCT_ERROR_LIBVIRT);
    g_clear_error(&error);
    g_assert_null(fct_pool_read("<pool", &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_LIBVIRT);
}

static void test_volumes(void)
{
    g_autoptr(GError) error = NULL;
    const FctLayer backing = {(char *)"/srv/<base>.qcow2", (char *)"qcow2"};
    g_autofree char *thin = fct_volume_xml("a.qcow2", "qcow2", G_GINT64_CONSTANT(10) << 30, TRUE, &backing);
    g_autofree char *thick = fct_volume_xml("b", "raw", G_GINT64_CONSTANT(1) << 30, FALSE, NULL);
    check_text("volume-thin.xml", thin);
    check_text("volume-thick.xml", thick);
    g_autoptr(FctVolume) read = fct_volume_read(thin, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(read->name, ==, "a.qcow2");
    g_assert_cmpstr(read->claim, ==, "/srv/<base>.qcow2");
    g_assert_cmpstr(read->format, ==, ""); /* libvirt takes it from bytes that a guest may have written */
    g_assert_cmpstr(read->backing, ==, "");
    g_assert_cmpint(read->capacity, ==, G_GINT64_CONSTANT(10) << 30);
    g_assert_cmpint(read->physical, ==, -1); /* unknown is not zero */
    g_assert_false(read->ploop);
    g_autoptr(FctVolume) ploop = fct_volume_read("<volume type='ploop'><name>p.hds</name></volume>", &error);
    g_assert_no_error(error);
    g_assert_true(ploop->ploop);
    /* A guest wrote it into the head of its raw disk: the volume does not vanish for that. */
    g_autoptr(FctVolume) odd = fct_volume_read(
        "<volume><name>r.img</name><backingStore><path>/a\xff\xfe</path></backingStore></volume>", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(odd->name, ==, "r.img");
    g_assert_true(g_utf8_validate(odd->claim, -1, NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/storage-xml/pools", test_pools);
    g_test_add_func("/storage-xml/others", test_others);
    g_test_add_func("/storage-xml/volumes", test_volumes);
    return g_test_run();
}
