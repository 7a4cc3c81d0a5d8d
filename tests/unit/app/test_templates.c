/* SPDX-License-Identifier: Apache-2.0 */
/* Templates over the API: revisions, what is refused with which field, and one made from a VM. */
#include "fixture.h"

#include "app/domains/vm_doc.h"
#include "app/vms/make/templates.h"

#include <string.h>

static json_t *parse(const char *text)
{
    json_t *json = fct_json_parse(text, strlen(text), NULL);
    g_assert_nonnull(json);
    return json;
}

static json_t *call(Fixture *f, guint status, const char *method, const char *path, const char *body)
{
    json_t *json = NULL;
    guint has = fixture_call(f, method, path, body ? parse(body) : NULL, &json);
    g_autofree char *answer = json ? fct_json_text(json) : g_strdup("");
    g_test_message("%s", answer);
    g_assert_cmpuint(has, ==, status);
    return json;
}

static void begin(Fixture *f, gconstpointer data)
{
    fixture_set_up(f, data);
    fixture_login(f);
}

static const char web[] = "{\"name\":\"web\",\"description\":\"small ones\",\"input\":{\"vcpus\":2,\"memory_mib\":2048,"
                          "\"nics\":[{\"network\":\"lan\"}],\"cloud_init\":{\"user\":\"ops\"}}}";
/* without what the present host would have to have */
static const char plain[] = "{\"name\":\"plain\",\"input\":{\"vcpus\":2}}";

static void test_life(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) made = call(f, 201, "POST", "/templates", plain);
    g_autofree char *path = g_strdup_printf("/templates/%s", fct_json_str(made, "id", "?"));
    g_assert_cmpstr(fct_json_str(made, "description", "?"), ==, "");
    g_assert_cmpuint(json_array_size(json_object_get(made, "problems")), ==, 0);
    g_assert_cmpint(fct_json_int(json_object_get(made, "input"), "vcpus", 0), ==, 2);
    g_autoptr(json_t) by_name = call(f, 200, "GET", "/templates/plain", NULL),
                      list = call(f, 200, "GET", "/templates", NULL);
    g_assert_true(json_equal(by_name, made));
    g_assert_cmpuint(json_array_size(json_object_get(list, "items")), ==, 1);
    g_autoptr(json_t) unnamed G_GNUC_UNUSED = call(f, 428, "PUT", path, plain);
    f->if_match = g_strdup("\"1\"");
    g_autoptr(json_t) old = call(f, 412, "PUT", path, plain);
    g_assert_cmpstr(error_code(old), ==, "revision-mismatch");
    f->if_match = g_strdup_printf("\"%" G_GINT64_FORMAT "\"", fct_json_int(made, "revision", 0));
    g_autoptr(json_t) changed = call(f, 200, "PUT", path, "{\"name\":\"larger\",\"input\":{\"vcpus\":8}}");
    g_assert_cmpint(fct_json_int(json_object_get(changed, "input"), "vcpus", 0), ==, 8);
    g_assert_cmpint(fct_json_int(changed, "created_ms", 0), ==, fct_json_int(made, "created_ms", 1));
    g_autoptr(json_t) gone = call(f, 204, "DELETE", path, NULL);
    g_autoptr(json_t) missing G_GNUC_UNUSED = call(f, 404, "GET", path, NULL);
    g_assert_null(gone);
}

static void test_names(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) made = call(f, 201, "POST", "/templates", plain),
                      again = call(f, 409, "POST", "/templates", plain);
    g_assert_cmpstr(error_code(again), ==, "exists");
    g_autofree char *path = g_strdup_printf("/templates/%s", fct_json_str(made, "id", "?"));
    f->if_match = g_strdup("*"); /* its own name is no other's */
    g_autoptr(json_t) same G_GNUC_UNUSED = call(f, 200, "PUT", path, plain);
}

static void refused(Fixture *f, const char *body, const char *field)
{
    g_autoptr(json_t) json = call(f, 400, "POST", "/templates", body);
    g_assert_cmpstr(fct_json_str(json_object_get(json_object_get(json, "error"), "details"), "field", ""), ==, field);
}

static void test_refused(Fixture *f, gconstpointer data)
{
    refused(f, "{\"input\":{}}", "name");
    refused(f, "{\"name\":\"\",\"input\":{}}", "name");
    refused(f, "{\"name\":\"a\"}", "input");
    refused(f, "{\"name\":\"a\",\"input\":7}", "input");
    refused(f, "{\"name\":\"a\",\"input\":{},\"colour\":1}", "colour");
    refused(f, "{\"name\":\"a\",\"input\":{\"colour\":1}}", "colour");
    refused(f, "{\"name\":\"a\",\"input\":{\"name\":\"vm\"}}", "name");
    refused(f, "{\"name\":\"a\",\"input\":{\"vcpus\":0}}", "vcpus");
    refused(f, "{\"name\":\"a\",\"input\":{\"image\":\"none\"}}", "image");
    refused(f, "{\"name\":\"a\",\"input\":{\"image\":7}}", "image");
    refused(f, "{\"name\":\"a\",\"input\":{\"nics\":[{\"network\":\"lan\",\"mac\":\"52:54:00:00:00:01\"}]}}", "mac");
    refused(f, "{\"name\":\"a\",\"input\":{\"cloud_init\":{\"user\":\"u\",\"password\":\"p\"}}}",
            "cloud_init.password");
    refused(f, "{\"name\":\"a\",\"from_vm\":\"none\"}", "from_vm");
    g_autoptr(json_t) list = call(f, 200, "GET", "/templates", NULL);
    g_assert_cmpuint(json_array_size(json_object_get(list, "items")), ==, 0);
}

/* First-boot data without a user asks for no password; for Windows the user can be given with it. */
static void test_first_boot(Fixture *f, gconstpointer data)
{
    static const char *const bodies[] = {
        "{\"name\":\"a\",\"input\":{\"cloud_init\":{\"packages\":[\"vim\"]}}}",
        "{\"name\":\"b\",\"input\":{\"cloud_init\":{\"user\":\"ops\"}}}",
        "{\"name\":\"d\",\"input\":{\"os\":\"windows\",\"windows\":{\"language\":\"de-DE\"}}}",
        "{\"name\":\"e\",\"input\":{\"os\":\"windows\",\"windows\":{\"user\":\"Anna\"}}}",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(bodies); i++) {
        g_autoptr(json_t) made = call(f, 201, "POST", "/templates", bodies[i]);
        g_autoptr(json_t) sent = parse(bodies[i]);
        g_assert_true(json_equal(json_object_get(made, "input"), json_object_get(sent, "input")));
    }
    refused(f, "{\"name\":\"f\",\"input\":{\"os\":\"windows\",\"windows\":{\"user\":\"Administrator\"}}}",
            "windows.user");
    refused(f, "{\"name\":\"f\",\"input\":{\"cloud_init\":{\"ssh_keys\":[\"x\"]}}}", "cloud_init.ssh_keys");
}

static void change(Fixture *f, const char *id, const char *cloud_init, gboolean has, const char *kept)
{
    g_autofree char *path = g_strconcat("/templates/", id, NULL);
    g_autofree char *body = g_strdup_printf("{\"name\":\"t\",\"input\":{\"cloud_init\":%s}}", cloud_init);
    g_autofree char *none = NULL;
    f->if_match = g_strdup("*");
    g_autoptr(json_t) changed = call(f, 200, "PUT", path, body), given = json_pack("{s:s}", "template", id);
    g_clear_pointer(&f->if_match, g_free);
    const json_t *shown = json_object_get(json_object_get(changed, "input"), "cloud_init");
    g_assert_null(json_object_get(shown, "user_data"));
    g_assert_true(fct_json_bool(shown, "has_user_data", FALSE) == has);
    g_autoptr(json_t) whole = fct_templates_apply(f->app, given, &none, NULL);
    g_assert_cmpstr(fct_json_str(json_object_get(whole, "cloud_init"), "user_data", NULL), ==, kept);
}

/* It may hold a password: who may look at templates is told that there is some, and a VM gets it all the same. */
static void test_user_data(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) made = call(f, 201, "POST", "/templates",
                                  "{\"name\":\"t\",\"input\":{\"cloud_init\":{\"hostname\":\"h\",\"user_data\":\"#"
                                  "cloud-config\\npassword: 1\"}}}");
    const char *id = fct_json_str(made, "id", "");
    g_autofree char *path = g_strconcat("/templates/", id, NULL);
    g_autoptr(json_t) one = call(f, 200, "GET", path, NULL), list = call(f, 200, "GET", "/templates", NULL);
    const json_t *const shown[] = {made, one, list};
    for (gsize i = 0; i < G_N_ELEMENTS(shown); i++) {
        g_autofree char *text = fct_json_text(shown[i]);
        g_assert_null(strstr(text, "password"));
        g_assert_nonnull(strstr(text, "\"has_user_data\":true"));
    }
    change(f, id, "{\"hostname\":\"i\"}", TRUE, "#cloud-config\npassword: 1");
    change(f, id, "{\"has_user_data\":true}", TRUE, "#cloud-config\npassword: 1");
    change(f, id, "{\"user_data\":\"#cloud-config\"}", TRUE, "#cloud-config");
    change(f, id, "{\"user_data\":null}", FALSE, NULL);
    refused(f, "{\"name\":\"u\",\"input\":{\"cloud_init\":{\"has_user_data\":true}}}", "cloud_init.user_data");
}

static void put_vm(Fixture *f)
{
    static const char doc[] =
        "{\"id\":\"6f1c4d9e-2f0a-4b5e-9a57-0d3c5b1a7e42\",\"name\":\"db-2\",\"description\":\"the old one\","
        "\"image\":\"\",\"os\":\"linux\",\"state\":\"ready\",\"vcpus\":4,\"memory_mib\":8192,\"uefi\":true,\"tpm\":"
        "false,"
        "\"agent\":true,\"boot\":[\"disk\",\"network\"],\"disks\":[{\"target\":\"vda\",\"path\":\"/d/db-2.qcow2\","
        "\"format\":\"qcow2\",\"bus\":\"virtio\",\"size_gib\":40,\"made\":true},{\"target\":\"vdb\",\"path\":\"/d/"
        "db-2-2.qcow2\",\"format\":\"qcow2\",\"bus\":\"virtio\",\"size_gib\":7,\"made\":true}],\"first_boot\":{"
        "\"kind\":\"cloud-init\",\"user\":\"ops\",\"hash\":\"$6$s\",\"hostname\":\"db-2\",\"ssh_keys\":[\"ssh-ed25519 "
        "AAAAC3NzaC1lZDI1NTE5AAAAIHMxbykLXcjF26NEv89mvgx9KgqGWQKmAxJN5I+kH8Ne\"],\"user_data\":\"secret\"},\"nics\":[{"
        "\"network\":\"lan\","
        "\"mac\":\"52:54:00:12:34:56\",\"model\":\"virtio\"}],\"devices\":[{\"group\":\"g1\",\"count\":1,"
        "\"optional\":false}],\"autostart\":{\"enabled\":true,\"order\":20,\"delay_s\":5}}";
    g_autoptr(json_t) value = parse(doc), name = json_pack("{s:s}", "id", "6f1c4d9e-2f0a-4b5e-9a57-0d3c5b1a7e42");
    const FctWrite writes[] = {{"vm/6f1c4d9e-2f0a-4b5e-9a57-0d3c5b1a7e42", value, FCT_REV_NONE},
                               {"vm-name/db-2", name, FCT_REV_NONE}};
    g_assert_true(f->store->ops->commit(f->store, writes, 2, NULL, NULL));
}

static void test_from_vm(Fixture *f, gconstpointer data)
{
    put_vm(f);
    g_autoptr(json_t) made = call(f, 201, "POST", "/templates", "{\"name\":\"db\",\"from_vm\":\"db-2\"}");
    const json_t *input = json_object_get(made, "input"), *nic = json_array_get(json_object_get(input, "nics"), 0);
    g_assert_cmpstr(fct_json_str(nic, "network", ""), ==, "lan");
    g_assert_null(json_object_get(nic, "mac"));
    g_assert_null(json_object_get(input, "name"));
    g_assert_null(json_object_get(input, "image"));
    g_assert_cmpint(fct_json_int(input, "vcpus", 0), ==, 4);
    g_assert_cmpint(fct_json_int(input, "disk_gib", 0), ==, 40);
    g_assert_cmpint(fct_json_int(json_object_get(input, "autostart"), "order", 0), ==, 20);
    g_assert_cmpstr(fct_json_str(json_array_get(json_object_get(input, "devices"), 0), "group", ""), ==, "g1");
    g_assert_cmpuint(json_array_size(json_object_get(input, "boot")), ==, 2);
    g_assert_cmpint(fct_json_int(json_array_get(json_object_get(input, "disks"), 0), "size_gib", 0), ==, 7);
    g_autofree char *first_boot = fct_json_text(json_object_get(input, "cloud_init")); /* no hash, no name, no text */
    g_assert_cmpstr(first_boot, ==,
                    "{\"ssh_keys\":[\"ssh-ed25519 "
                    "AAAAC3NzaC1lZDI1NTE5AAAAIHMxbykLXcjF26NEv89mvgx9KgqGWQKmAxJN5I+kH8Ne\"],\"user\":\"ops\"}");
}

/* What POST /vms goes on with. */
static void test_apply(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) made = call(f, 201, "POST", "/templates", plain);
    g_autoptr(json_t) given = parse("{\"name\":\"a\",\"template\":\"plain\",\"memory_mib\":512}"),
                      none = parse("{\"template\":\"x\"}");
    g_autoptr(json_t) bare = parse("{\"name\":\"a\"}");
    g_autofree char *id = NULL, *no_id = NULL, *bare_id = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) whole = fct_templates_apply(f->app, given, &id, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(id, ==, fct_json_str(made, "id", ""));
    g_assert_cmpint(fct_json_int(whole, "vcpus", 0), ==, 2);
    g_assert_cmpint(fct_json_int(whole, "memory_mib", 0), ==, 512);
    g_assert_null(json_object_get(whole, "template"));
    g_autoptr(json_t) same = fct_templates_apply(f->app, bare, &bare_id, &error);
    g_assert_true(same == bare);
    g_assert_cmpstr(bare_id, ==, "");
    g_assert_null(fct_templates_apply(f->app, none, &no_id, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_BAD_REQUEST);
}

static void blame(Fixture *f, const char *id, const char *field, const char *given, gboolean the_templates)
{
    g_autoptr(json_t) json = parse(given);
    g_autoptr(GError) error = NULL;
    GError *fault = NULL;
    fct_set_error_full(&fault, FCT_ERROR_BAD_REQUEST, NULL, json_pack("{s:s}", "field", field), "It is wrong.");
    fct_templates_blame(f->app, id, json, fault, &error);
    g_assert_error(error, FCT_ERROR, FCT_ERROR_BAD_REQUEST);
    g_assert_cmpint(strstr(error->message, "template “plain”") != NULL, ==, the_templates);
    g_autoptr(json_t) wire = fct_error_to_json(error);
    g_assert_cmpstr(fct_json_str(json_object_get(wire, "details"), "field", ""), ==, field);
}

static void test_blame(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) made = call(f, 201, "POST", "/templates", plain);
    const char *id = fct_json_str(made, "id", "");
    blame(f, id, "image", "{\"name\":\"a\"}", TRUE);
    blame(f, id, "image", "{\"name\":\"a\",\"image\":\"b\"}", FALSE);
    blame(f, id, "name", "{}", FALSE);
    blame(f, "", "image", "{}", FALSE);
}

static void test_roles(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) token = call(f, 201, "POST", "/tokens", "{\"name\":\"eyes\",\"role\":\"viewer\"}");
    f->token = g_strdup(fct_json_str(token, "secret", ""));
    g_clear_pointer(&f->cookie, g_free);
    g_autoptr(json_t) list G_GNUC_UNUSED = call(f, 200, "GET", "/templates", NULL);
    g_autoptr(json_t) no G_GNUC_UNUSED = call(f, 403, "POST", "/templates", web);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    static const struct {
        const char *path;
        void (*test)(Fixture *f, gconstpointer data);
    } tests[] = {{"life", test_life},           {"names", test_names},
                 {"refused", test_refused},     {"first-boot", test_first_boot},
                 {"user-data", test_user_data}, {"from-vm", test_from_vm},
                 {"apply", test_apply},         {"blame", test_blame},
                 {"roles", test_roles}};
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strconcat("/app/templates/", tests[i].path, NULL);
        g_test_add(path, Fixture, NULL, begin, tests[i].test, fixture_tear_down);
    }
    return g_test_run();
}
