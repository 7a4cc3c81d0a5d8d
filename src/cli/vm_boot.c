/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/vm_boot.h"

#include <stdio.h>
#include <string.h>

void fct_boot_options_clear(FctBootOptions *options)
{
    g_free(options->user);
    g_free(options->hostname);
    g_free(options->address);
    g_free(options->gateway);
    g_free(options->user_data);
    g_strfreev(options->keys);
    g_strfreev(options->packages);
}

static void put(json_t *json, const char *key, const char *text)
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
    put(cloud, "password", line);
    explicit_bzero(line, sizeof line);
    return TRUE;
}

gboolean fct_boot_options_put(const FctBootOptions *options, json_t *body, int *ret_status)
{
    g_autoptr(json_t) cloud = json_object();
    g_autofree char *user_data = NULL;
    put(cloud, "user", options->user);
    put(cloud, "hostname", options->hostname);
    if (options->user_data && !read_file(options->user_data, &user_data, ret_status))
        return FALSE;
    put(cloud, "user_data", user_data);
    if ((options->keys && !put_keys(cloud, options->keys, ret_status)) ||
        (options->password && !put_password(cloud, ret_status)))
        return FALSE;
    if (options->packages) {
        json_t *packages = json_array();
        for (char **name = options->packages; *name; name++)
            json_array_append_new(packages, json_string(*name));
        json_object_set_new(cloud, "packages", packages);
    }
    if (options->address || options->gateway) {
        json_t *network = json_object();
        put(network, "address", options->address);
        put(network, "gateway", options->gateway);
        json_object_set_new(cloud, "network", network);
    }
    if (json_object_size(cloud))
        json_object_set(body, "cloud_init", cloud);
    return TRUE;
}

static void print_list(const json_t *list, const char *title, void (*line)(const json_t *item))
{
    size_t i;
    json_t *item;
    if (!json_array_size(list))
        return;
    printf("\n%s\n", title);
    json_array_foreach ((json_t *)list, i, item)
        line(item);
}

static void print_interface(const json_t *item)
{
    const json_t *addresses = json_object_get(item, "addresses");
    printf("  %-12s %-17s", fct_json_str(item, "name", ""), fct_json_str(item, "mac", "—"));
    for (size_t i = 0; i < json_array_size(addresses); i++)
        printf(" %s", json_string_value(json_array_get(addresses, i)));
    printf("\n");
}

static void print_filesystem(const json_t *item)
{
    const double gib = 1024.0 * 1024 * 1024;
    const json_t *used = json_object_get(item, "used_bytes"), *total = json_object_get(item, "total_bytes");
    printf("  %-20s %-8s", fct_json_str(item, "mountpoint", ""), fct_json_str(item, "type", "—"));
    if (json_is_integer(used) && json_is_integer(total))
        printf(" %.1f of %.1f GiB", (double)json_integer_value(used) / gib, (double)json_integer_value(total) / gib);
    printf("\n");
}

int fct_verb_vm_guest(FctCli *cli, int argc, char **argv)
{
    g_autoptr(json_t) guest = NULL;
    g_autoptr(GError) error = NULL;
    if (argc != 2)
        return fct_cli_usage("vm guest takes the name of one VM.");
    g_autofree char *segment = fct_client_segment(argv[1]);
    g_autofree char *path = g_strconcat("/vms/", segment, "/guest", NULL);
    if (!fct_client_call(cli->client, "GET", path, NULL, 0, &guest, &error))
        return fct_cli_fail(cli, error);
    if (cli->json) {
        fct_print_json(guest);
        return 0;
    }
    printf("Agent      %s\n", fct_json_str(guest, "agent", ""));
    if (*fct_json_str(guest, "why_not", ""))
        printf("           %s\n", fct_json_str(guest, "why_not", ""));
    printf("Host name  %s\nSystem     %s\nKernel     %s\n", fct_json_str(guest, "hostname", "—"),
           fct_json_str(guest, "os", "—"), fct_json_str(guest, "kernel", "—"));
    print_list(json_object_get(guest, "interfaces"), "Interfaces", print_interface);
    print_list(json_object_get(guest, "filesystems"), "File systems", print_filesystem);
    return 0;
}
