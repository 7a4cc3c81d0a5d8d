/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/vm_device.h"

/* GROUP[:COUNT][:optional] */
static json_t *parse_device(const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, ":", -1);
    json_t *device = json_pack("{s:s, s:i, s:b}", "group", words[0] ? words[0] : "", "count", 1, "optional", 0);
    for (guint i = 1; i < g_strv_length(words); i++) {
        guint64 count;
        if (g_str_equal(words[i], "optional"))
            json_object_set_new(device, "optional", json_true());
        else if (g_ascii_string_to_unsigned(words[i], 10, 1, 8, &count, NULL))
            json_object_set_new(device, "count", json_integer((json_int_t)count));
        else
            g_clear_pointer(&device, json_decref);
        if (!device)
            break;
    }
    return device;
}

/* An id goes before a name, and a name that two groups have stands for none. FALSE: *ret_status is the exit status. */
static gboolean name_group(json_t *device, const json_t *groups, int *ret_status)
{
    const char *said = fct_json_str(device, "group", ""), *found = NULL;
    guint named = 0;
    size_t i;
    json_t *group;
    json_array_foreach ((json_t *)groups, i, group) {
        const char *id = fct_json_str(group, "id", "");
        if (g_str_equal(id, said))
            return TRUE;
        if (!g_str_equal(fct_json_str(group, "name", ""), said))
            continue;
        found = id;
        named++;
    }
    if (named > 1) {
        *ret_status = fct_cli_usage("%u resource groups are called “%s”; name one by its id (see “facet group list”).",
                                    named, said);
        return FALSE;
    }
    if (found)
        json_object_set_new(device, "group", json_string(found));
    return TRUE; /* the API says what is wrong with a group that is not there */
}

json_t *fct_vm_parse_devices(FctCli *cli, char **texts, int *ret_status)
{
    g_autoptr(json_t) list = json_array();
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    if (texts && *texts && !fct_client_call(cli->client, "GET", "/resource-groups", NULL, 0, &answer, &error)) {
        *ret_status = fct_cli_fail(cli, error);
        return NULL;
    }
    for (; texts && *texts; texts++) {
        json_t *made = parse_device(*texts);
        if (!made) {
            *ret_status = fct_cli_usage("“%s” is not GROUP[:COUNT][:optional].", *texts);
            return NULL;
        }
        json_array_append_new(list, made);
        if (!name_group(made, json_object_get(answer, "items"), ret_status))
            return NULL;
    }
    return g_steal_pointer(&list);
}
