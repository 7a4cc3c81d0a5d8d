/* SPDX-License-Identifier: Apache-2.0 */
#include "model/storage.h"

#include <string.h>

/* @field NULL: it is taken. */
static void check(const char *text, const char *field)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) json = json_loads(text, 0, NULL);
    g_assert_nonnull(json);
    g_autoptr(FctPoolInput) input = fct_pool_input_read(json, &error);
    if (!field) {
        g_assert_no_error(error);
        return;
    }
    g_assert_null(input);
    g_assert_error(error, FCT_ERROR, FCT_ERROR_BAD_REQUEST);
    g_autoptr(json_t) wire = fct_error_to_json(error);
    g_assert_cmpstr(fct_json_str(json_object_get(wire, "details"), "field", ""), ==, field);
}

static void test_input(void)
{
    check("{\"name\":\"fast\",\"kind\":\"dir\",\"path\":\"/srv/vms\"}", NULL);
    check("{\"name\":\"nas-1\",\"kind\":\"nfs\",\"host\":\"nas.lan\",\"export\":\"/export/vms\"}", NULL);
    check("{\"name\":\"nas-1\",\"kind\":\"nfs\",\"host\":\"10.0.0.1\",\"export\":\"/e\",\"path\":\"/mnt/e\"}", NULL);
    check("{\"name\":\"lv\",\"kind\":\"lvm\",\"volume_group\":\"vg0\"}", NULL);
    check("{\"kind\":\"dir\",\"path\":\"/srv/vms\"}", "name");
    check("{\"name\":\"../x\",\"kind\":\"dir\",\"path\":\"/srv/vms\"}", "name");
    check("{\"name\":\"<x/>\",\"kind\":\"dir\",\"path\":\"/srv/vms\"}", "name");
    check("{\"name\":\"x\",\"path\":\"/srv/vms\"}", "kind");
    check("{\"name\":\"x\",\"kind\":\"zfs\"}", "kind");
    check("{\"name\":\"x\",\"kind\":\"dir\"}", "path");
    static const char *const paths[] = {"srv/vms", "/", "/srv/../etc", "/srv/./x", "/srv//x",
                                        "/srv/",   "",  "/srv/a\\nb"};
    for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autofree char *text = g_strdup_printf("{\"name\":\"x\",\"kind\":\"dir\",\"path\":\"%s\"}", paths[i]);
        check(text, "path");
    }
    check("{\"name\":\"x\",\"kind\":\"nfs\",\"export\":\"/e\"}", "host");
    check("{\"name\":\"x\",\"kind\":\"nfs\",\"host\":\"nas\",\"export\":\"/e\",\"path\":5}", "path");
    check("{\"name\":\"x\",\"kind\":\"dir\",\"path\":\"/srv/x\",\"confirm\":true}", "confirm");
    check("{\"name\":\"x\",\"kind\":\"nfs\",\"host\":\"-o rw\",\"export\":\"/e\"}", "host");
    check("{\"name\":\"x\",\"kind\":\"nfs\",\"host\":\"nas\",\"export\":\"e\"}", "export");
    check("{\"name\":\"x\",\"kind\":\"lvm\"}", "volume_group");
    check("{\"name\":\"x\",\"kind\":\"lvm\",\"volume_group\":\"../../etc\"}", "volume_group");
    check("{\"name\":\"x\",\"kind\":\"lvm\",\"volume_group\":\"vg0\",\"path\":\"/x\"}", "path");
    check("{\"name\":\"x\",\"kind\":\"dir\",\"path\":\"/x\",\"secret\":1}", "secret");
}

static void test_names(void)
{
    static const char *const good[] = {"a", "db-2.qcow2", "A_1+b.raw"};
    static const char *const bad[] = {"", ".hidden", "-rf", "a/b", "a b", "a\nb", "<a>", "ä", ".."};
    g_autofree char *longest = g_strnfill(100, 'x'), *over = g_strnfill(101, 'x');
    for (gsize i = 0; i < G_N_ELEMENTS(good); i++)
        g_assert_true(fct_volume_name_check(good[i], "name", NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(fct_volume_name_check(bad[i], "name", NULL));
    g_assert_true(fct_volume_name_check(longest, "name", NULL));
    g_assert_false(fct_volume_name_check(over, "name", NULL));
}

static void test_json(void)
{
    g_autoptr(FctPool) pool = fct_pool_new();
    g_free(pool->kind);
    pool->kind = g_strdup("netfs");
    g_autoptr(json_t) json = fct_pool_to_json(pool);
    g_assert_cmpstr(fct_json_str(json, "kind", ""), ==, "nfs");
    g_assert_true(json_is_null(json_object_get(json, "free_bytes"))); /* unknown is not zero */
    g_assert_true(fct_pool_has_files(pool));
    g_free(pool->kind);
    pool->kind = g_strdup("vstorage");
    g_assert_cmpstr(fct_pool_kind_wire(pool), ==, "vstorage");
    g_assert_false(fct_pool_has_files(pool));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/storage/input", test_input);
    g_test_add_func("/storage/names", test_names);
    g_test_add_func("/storage/json", test_json);
    return g_test_run();
}
