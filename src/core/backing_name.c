/* SPDX-License-Identifier: Apache-2.0 */
#include "core/backing_name.h"

#include <string.h>

/* Drivers of QEMU whose name is followed by a path, and those that ask a server. */
static const char *const local[] = {"file", "host_device", "host_cdrom", NULL};
static const char *const servers[] = {"ftp",     "ftps", "gluster", "gluster+tcp", "http", "https",    "iscsi", "nbd",
                                      "nbd+tcp", "nfs",  "rbd",     "sftp",        "ssh",  "sheepdog", NULL};

/* "json:{…}" or "nbd://…": the part before a colon that comes before any slash; NULL: it is a path. */
static char *protocol_of(const char *name)
{
    gsize length = strcspn(name, ":/");
    return name[length] == ':' ? g_strndup(name, length) : NULL;
}

static gboolean add_path(const char *path, const char *folder, GPtrArray *paths)
{
    while (path[0] == '/' && path[1] == '/') /* GLib would keep two leading slashes */
        path++;
    g_ptr_array_add(paths, g_canonicalize_filename(path, folder));
    return TRUE;
}

static gboolean is_key(const char *key, const char *name)
{
    const char *dot = strrchr(key, '.'); /* "file.filename" is the short form of one object in another */
    return strcmp(dot ? dot + 1 : key, name) == 0;
}

/* Every file name in the JSON, whatever driver has it. *ret_any: something in it says where the bytes are. */
static gboolean backing_collect(const json_t *json, const char *folder, GPtrArray *paths, gboolean *ret_any)
{
    const char *key;
    json_t *value;
    size_t i;
    gboolean ok = TRUE;
    json_object_foreach ((json_t *)json, key, value) {
        const char *text = json_string_value(value);
        if (text && is_key(key, "filename")) {
            *ret_any = TRUE;
            ok = fct_backing_files(text, folder, paths) && ok;
        } else if (text && is_key(key, "driver"))
            *ret_any |= g_strv_contains(servers, text);
        else if (text && is_key(key, "type") && strcmp(text, "unix") == 0)
            ok = FALSE; /* a server on this host may export any file */
        else
            ok = backing_collect(value, folder, paths, ret_any) && ok;
    }
    if (json_is_array(json))
        json_array_foreach ((json_t *)json, i, value)
            ok = backing_collect(value, folder, paths, ret_any) && ok;
    return ok;
}

gboolean fct_backing_files(const char *name, const char *folder, GPtrArray *paths)
{
    gboolean any = FALSE;
    g_autofree char *protocol = protocol_of(name);
    if (!protocol)
        return add_path(name, folder, paths);
    const char *rest = name + strlen(protocol) + 1;
    if (g_strv_contains(local, protocol))
        return add_path(rest, folder, paths);
    if (strcmp(protocol, "json") != 0)
        return g_strv_contains(servers, protocol);
    g_autoptr(json_t) json = fct_json_parse(rest, strlen(rest), NULL);
    return backing_collect(json, folder, paths, &any) && any;
}
