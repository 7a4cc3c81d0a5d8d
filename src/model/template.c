/* SPDX-License-Identifier: Apache-2.0 */
#include "model/template.h"

#include "base/read.h"

#include <string.h>

static const char *const sources[] = {"image", "iso", "volume", NULL};
static const char *const objects[] = {"cloud_init", "windows", "autostart", NULL};

static gboolean names_source(const json_t *input)
{
    for (guint i = 0; sources[i]; i++) {
        const json_t *value = json_object_get(input, sources[i]);
        if (value && !json_is_null(value))
            return TRUE;
    }
    return FALSE;
}

static void template_put(json_t *into, const char *key, json_t *value)
{
    if (json_is_null(value))
        json_object_del(into, key);
    else
        json_object_set_new(into, key, json_deep_copy(value));
}

json_t *fct_template_merge(const json_t *input, const json_t *given)
{
    json_t *merged = json_deep_copy(input), *value;
    const char *key, *member;
    json_t *of_member;
    for (guint i = 0; names_source(given) && sources[i]; i++)
        json_object_del(merged, sources[i]);
    json_object_foreach ((json_t *)given, key, value) {
        json_t *present = json_object_get(merged, key);
        if (strcmp(key, "template") == 0)
            continue;
        if (!g_strv_contains(objects, key) || !json_is_object(present) || !json_is_object(value)) {
            template_put(merged, key, value);
            continue;
        }
        json_object_foreach (value, member, of_member)
            template_put(present, member, of_member);
    }
    return merged;
}

gboolean fct_template_keep_user_data(json_t *input, const json_t *old, GError **error)
{
    static const char *const instead[] = {"user", "ssh_keys", "packages"};
    json_t *boot = json_object_get(input, "cloud_init"), *given = json_object_get(boot, "user_data");
    json_t *kept = json_object_get(json_object_get(old, "cloud_init"), "user_data");
    const json_t *has = json_object_get(boot, "has_user_data");
    if (has && !json_is_boolean(has))
        return fct_read_refuse(error, "cloud_init.has_user_data", "This must be true or false.");
    gboolean wanted = json_is_true(has);
    for (guint i = 0; i < G_N_ELEMENTS(instead); i++)
        if (!wanted && json_object_get(boot, instead[i])) /* what the user data stood for is given itself */
            kept = NULL;
    json_object_del(boot, "has_user_data");
    if (json_is_null(given))
        json_object_del(boot, "user_data");
    else if (!given && json_is_object(boot) && kept)
        json_object_set(boot, "user_data", kept);
    else if (!given && wanted)
        return fct_read_refuse(error, "cloud_init.user_data", "Give the text of the user data: it is shown to nobody.");
    return TRUE;
}

static gboolean check_password(const json_t *input, const char *key, GError **error)
{
    g_autofree char *field = g_strdup_printf("%s.password", key);
    return !json_object_get(json_object_get(input, key), "password") ||
           fct_read_refuse(error, field, "A template stores no password; it is asked for when a VM is made from it.");
}

gboolean fct_template_check(const json_t *input, GError **error)
{
    static const struct {
        const char *key, *sentence;
    } never[] = {{"name", "A template's VMs get their names when they are made."},
                 {"template", "A template cannot stand on another template."},
                 {"start", "Whether a VM starts at once is asked for when it is made."},
                 {"volume", "A volume belongs to one VM; a template takes an image or an ISO."}};
    size_t i;
    json_t *nic, *disk;
    if (!json_is_object(input))
        return fct_read_refuse(error, "input", "The field “input” must be an object.");
    for (gsize k = 0; k < G_N_ELEMENTS(never); k++)
        if (json_object_get(input, never[k].key))
            return fct_read_refuse(error, never[k].key, "%s", never[k].sentence);
    json_array_foreach (json_object_get(input, "nics"), i, nic)
        if (json_object_get(nic, "mac"))
            return fct_read_refuse(error, "mac", "Each VM gets MAC addresses of its own; a template has none.");
    json_array_foreach (json_object_get(input, "disks"), i, disk)
        if (json_object_get(disk, "volume"))
            return fct_read_refuse(error, "volume", "%s", never[3].sentence);
    if (json_object_get(json_object_get(input, "windows"), "product_key"))
        return fct_read_refuse(error, "windows.product_key",
                               "A template stores no product key; it is asked for when a VM is made.");
    return check_password(input, "cloud_init", error) && check_password(input, "windows", error);
}
