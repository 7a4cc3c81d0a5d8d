/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/vm_boot.h"

#include <stdio.h>
#include <string.h>

static void boot_put(json_t *json, const char *key, const char *text)
{
    if (text)
        json_object_set_new(json, key, json_string(text));
}

static gboolean read_file(const char *path, char **ret, int *ret_status)
{
    g_autoptr(GError) error = NULL;
    if (g_file_get_contents(path, ret, NULL, &error))
        return TRUE;
    *ret_status = fct_cli_usage("%s", error->message);
    return FALSE;
}

/* Lines of .pub files; those of authorized_keys may be empty or comments. */
static gboolean put_keys(json_t *cloud, char **files, int *ret_status)
{
    json_t *keys = json_array();
    json_object_set_new(cloud, "ssh_keys", keys);
    for (; *files; files++) {
        g_autofree char *text = NULL;
        if (!read_file(*files, &text, ret_status))
            return FALSE;
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        for (char **line = lines; *line; line++)
            if (*g_strstrip(*line) && **line != '#')
                json_array_append_new(keys, json_string(*line));
    }
    return TRUE;
}

static gboolean put_password(json_t *cloud, int *ret_status)
{
    char line[256];
    if (!fgets(line, sizeof line, stdin)) {
        *ret_status = fct_cli_usage("There is no password on the standard input.");
        return FALSE;
    }
    line[strcspn(line, "\r\n")] = '\0';
    boot_put(cloud, "password", line);
    explicit_bzero(line, sizeof line);
    return TRUE;
}

static json_t *texts_of(char **words)
{
    json_t *list = json_array();
    for (; *words; words++)
        json_array_append_new(list, json_string(*words));
    return list;
}

gboolean fct_boot_options_put(const FctArgs *args, json_t *body, int *ret_status)
{
    const char *file = fct_args_text(args, "user-data");
    char **keys = fct_args_list(args, "ssh-key"), **packages = fct_args_list(args, "package");
    g_autoptr(json_t) cloud = json_object();
    g_autofree char *user_data = NULL;
    fct_args_put_text(args, "user", cloud, "user");
    fct_args_put_text(args, "hostname", cloud, "hostname");
    if (file && !read_file(file, &user_data, ret_status))
        return FALSE;
    boot_put(cloud, "user_data", user_data);
    if ((keys && !put_keys(cloud, keys, ret_status)) ||
        (fct_args_flag(args, "password-stdin") && !put_password(cloud, ret_status)))
        return FALSE;
    if (packages)
        json_object_set_new(cloud, "packages", texts_of(packages));
    if (fct_args_said(args, "address") || fct_args_said(args, "gateway")) {
        json_t *network = json_object();
        fct_args_put_text(args, "address", network, "address");
        fct_args_put_text(args, "gateway", network, "gateway");
        json_object_set_new(cloud, "network", network);
    }
    if (json_object_size(cloud))
        json_object_set(body, "cloud_init", cloud);
    return TRUE;
}
