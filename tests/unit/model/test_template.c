/* SPDX-License-Identifier: Apache-2.0 */
/* What a template and a request give together, and what no template may hold. */
#include "model/template.h"

#include <string.h>

static json_t *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    json_t *json = fct_json_parse(text, strlen(text), &error);
    g_assert_no_error(error);
    return json;
}

static void check_merge(const char *input, const char *given, const char *wanted)
{
    g_autoptr(json_t) a = parse(input), b = parse(given), w = parse(wanted), kept = json_deep_copy(a);
    g_autoptr(json_t) merged = fct_template_merge(a, b);
    g_autofree char *has = fct_json_text(merged), *text = fct_json_text(w);
    g_assert_cmpstr(has, ==, text);
    g_assert_true(json_equal(a, kept)); /* a template is used many times */
}

static void test_merge(void)
{
    check_merge("{}", "{}", "{}");
    check_merge("{\"vcpus\":2,\"image\":\"demo\"}", "{\"name\":\"a\",\"template\":\"t\"}",
                "{\"vcpus\":2,\"image\":\"demo\",\"name\":\"a\"}");
    check_merge("{\"vcpus\":2}", "{\"vcpus\":8}", "{\"vcpus\":8}");
    check_merge("{\"vcpus\":2,\"uefi\":true}", "{\"vcpus\":null}", "{\"uefi\":true}");
    check_merge("{\"vcpus\":2}", "{\"memory_mib\":null}", "{\"vcpus\":2}");
}

static void test_merge_lists(void)
{
    check_merge("{\"nics\":[{\"network\":\"a\"},{\"network\":\"b\"}]}", "{\"nics\":[{\"network\":\"c\"}]}",
                "{\"nics\":[{\"network\":\"c\"}]}");
    check_merge("{\"devices\":[{\"group\":\"g\"}]}", "{\"devices\":[]}", "{\"devices\":[]}");
}

static void test_merge_objects(void)
{
    check_merge("{\"cloud_init\":{\"user\":\"ops\",\"packages\":[\"htop\"]}}",
                "{\"cloud_init\":{\"password\":\"x\",\"packages\":[]}}",
                "{\"cloud_init\":{\"user\":\"ops\",\"password\":\"x\",\"packages\":[]}}");
    check_merge("{\"cloud_init\":{\"user\":\"ops\",\"packages\":[]}}", "{\"cloud_init\":{\"packages\":null}}",
                "{\"cloud_init\":{\"user\":\"ops\"}}");
    check_merge("{\"cloud_init\":{\"user\":\"ops\"}}", "{\"cloud_init\":null}", "{}");
    check_merge("{\"autostart\":{\"enabled\":true,\"order\":5}}", "{\"autostart\":{\"order\":9}}",
                "{\"autostart\":{\"enabled\":true,\"order\":9}}");
    check_merge("{}", "{\"windows\":{\"user\":\"w\"}}", "{\"windows\":{\"user\":\"w\"}}");
    /* what is no object is for the one who reads the whole to refuse */
    check_merge("{\"cloud_init\":{\"user\":\"ops\"}}", "{\"cloud_init\":7}", "{\"cloud_init\":7}");
}

static void test_merge_source(void)
{
    check_merge("{\"image\":\"a\"}", "{\"iso\":\"b\"}", "{\"iso\":\"b\"}");
    check_merge("{\"iso\":\"a\"}", "{\"volume\":{\"pool\":\"p\",\"name\":\"v\"}}",
                "{\"volume\":{\"pool\":\"p\",\"name\":\"v\"}}");
    check_merge("{\"image\":\"a\"}", "{\"image\":\"b\"}", "{\"image\":\"b\"}");
    check_merge("{\"image\":\"a\"}", "{\"iso\":null}", "{\"image\":\"a\"}"); /* that names none */
}

static void check_refused(const char *input, const char *field)
{
    g_autoptr(json_t) json = parse(input);
    g_autoptr(GError) error = NULL;
    g_assert_false(fct_template_check(json, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_BAD_REQUEST);
    g_autoptr(json_t) wire = fct_error_to_json(error);
    g_assert_cmpstr(fct_json_str(json_object_get(wire, "details"), "field", ""), ==, field);
}

static void test_check(void)
{
    g_autoptr(json_t) good = parse("{\"image\":\"demo\",\"nics\":[{\"network\":\"a\"}],\"devices\":[{\"group\":\"g\"}],"
                                   "\"cloud_init\":{\"user\":\"ops\",\"ssh_keys\":[]}}");
    g_autoptr(GError) error = NULL;
    g_assert_true(fct_template_check(good, &error));
    g_assert_no_error(error);
    check_refused("{\"name\":\"a\"}", "name");
    check_refused("{\"template\":\"t\"}", "template");
    check_refused("{\"start\":true}", "start");
    check_refused("{\"volume\":{\"pool\":\"p\",\"name\":\"v\"}}", "volume");
    check_refused("{\"disks\":[{\"volume\":{\"pool\":\"p\",\"name\":\"v\"}}]}", "volume");
    check_refused("{\"nics\":[{\"network\":\"a\",\"mac\":\"52:54:00:00:00:01\"}]}", "mac");
    check_refused("{\"cloud_init\":{\"user\":\"a\",\"password\":\"x\"}}", "cloud_init.password");
    check_refused("{\"windows\":{\"user\":\"a\",\"product_key\":\"x\"}}", "windows.product_key");
    check_refused("{\"windows\":{\"user\":\"a\",\"password\":\"x\"}}", "windows.password");
}

static void test_check_type(void)
{
    g_autoptr(json_t) list = json_array();
    g_autoptr(GError) error = NULL;
    g_assert_false(fct_template_check(list, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_BAD_REQUEST);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/model/template/merge", test_merge);
    g_test_add_func("/model/template/merge-lists", test_merge_lists);
    g_test_add_func("/model/template/merge-objects", test_merge_objects);
    g_test_add_func("/model/template/merge-source", test_merge_source);
    g_test_add_func("/model/template/check", test_check);
    g_test_add_func("/model/template/check-type", test_check_type);
    return g_test_run();
}
