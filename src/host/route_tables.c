/* SPDX-License-Identifier: Apache-2.0 */
#include "host/route_tables.h"

#include <linux/rtnetlink.h>

#define FILE_MAX (256 * 1024)
#define NAME_MAX_LENGTH 64

/*
 * Reads "NUMBER NAME", the number perhaps in hexadecimal. The rest of the line is ignored, and so is a line that begins
 * with #.
 */
static void take_line(GHashTable *names, const char *line)
{
    g_auto(GStrv) words = g_strsplit_set(line, " \t\r", 3);
    char *end;
    guint64 number = words[0] && words[1] ? g_ascii_strtoull(words[0], &end, 0) : 0;
    if (words[0] && words[1] && *words[0] && !*end && *words[1] && number <= G_MAXUINT32 &&
        g_utf8_validate(words[1], -1, NULL) && g_utf8_strlen(words[1], -1) <= NAME_MAX_LENGTH)
        g_hash_table_replace(names, GUINT_TO_POINTER((guint)number), g_strdup(words[1]));
}

static void take_file(GHashTable *names, const char *path)
{
    g_autofree char *text = NULL;
    gsize length = 0;
    if (!g_file_get_contents(path, &text, &length, NULL) || length > FILE_MAX)
        return;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++)
        take_line(names, g_strchug(*line));
}

static void take_folder(GHashTable *names, const char *path)
{
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    const char *name;
    while (folder && (name = g_dir_read_name(folder))) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        if (g_str_has_suffix(name, ".conf"))
            take_file(names, file);
    }
}

GHashTable *fct_route_tables_read(const char *root)
{
    static const char *const folders[] = {"/usr/share/iproute2", "/etc/iproute2"};
    GHashTable *names = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    g_hash_table_insert(names, GUINT_TO_POINTER(RT_TABLE_DEFAULT), g_strdup("default"));
    g_hash_table_insert(names, GUINT_TO_POINTER(RT_TABLE_MAIN), g_strdup("main"));
    g_hash_table_insert(names, GUINT_TO_POINTER(RT_TABLE_LOCAL), g_strdup("local"));
    for (gsize i = 0; i < G_N_ELEMENTS(folders); i++) {
        g_autofree char *file = g_strconcat(root, folders[i], "/rt_tables", NULL);
        g_autofree char *more = g_strconcat(root, folders[i], "/rt_tables.d", NULL);
        take_file(names, file);
        take_folder(names, more);
    }
    return names;
}

char *fct_route_tables_name(GHashTable *names, guint32 table)
{
    const char *name = g_hash_table_lookup(names, GUINT_TO_POINTER(table));
    return name ? g_strdup(name) : g_strdup_printf("%u", table);
}
