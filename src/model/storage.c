/* SPDX-License-Identifier: Apache-2.0 */
#include "model/storage.h"

#include "base/read.h"
#include "base/text.h"

#include <string.h>

#define NAME_MAX_BYTES 100
#define PATH_MAX_BYTES 1000

/* ---- making and releasing ---- */

FctLayer *fct_layer_new(const char *path, const char *format)
{
    FctLayer *layer = g_new(FctLayer, 1);
    *layer = (FctLayer){g_strdup(path), g_strdup(format)};
    return layer;
}

void fct_layer_free(FctLayer *layer)
{
    g_free(layer->path);
    g_free(layer->format);
    g_free(layer);
}

GPtrArray *fct_layers_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)fct_layer_free);
}

GPtrArray *fct_layers_copy(const GPtrArray *layers)
{
    GPtrArray *copy = layers ? fct_layers_new() : NULL;
    for (guint i = 0; layers && i < layers->len; i++) {
        const FctLayer *layer = layers->pdata[i];
        g_ptr_array_add(copy, fct_layer_new(layer->path, layer->format));
    }
    return copy;
}

FctPool *fct_pool_new(void)
{
    FctPool *pool = g_new0(FctPool, 1);
    char **texts[] = {&pool->name, &pool->kind, &pool->path, &pool->real, &pool->source};
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        *texts[i] = g_strdup("");
    pool->capacity = pool->allocated = pool->available = -1;
    pool->volumes = -1;
    return pool;
}

void fct_pool_free(FctPool *pool)
{
    if (!pool)
        return;
    g_free(pool->name);
    g_free(pool->kind);
    g_free(pool->path);
    g_free(pool->real);
    g_free(pool->source);
    g_free(pool);
}

FctPoolInput *fct_pool_input_new(void)
{
    FctPoolInput *input = g_new0(FctPoolInput, 1);
    char **texts[] = {&input->name,   &input->kind,         &input->path,   &input->host,
                      &input->export, &input->volume_group, &input->confirm};
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        *texts[i] = g_strdup("");
    return input;
}

void fct_pool_input_free(FctPoolInput *input)
{
    if (!input)
        return;
    g_free(input->name);
    g_free(input->kind);
    g_free(input->path);
    g_free(input->host);
    g_free(input->export);
    g_free(input->volume_group);
    g_free(input->confirm);
    g_free(input);
}

char *fct_volume_id(const char *pool, const char *name)
{
    GString *id = g_string_new(pool);
    g_string_replace(id, "%", "%25", 0);
    g_string_replace(id, ":", "%3A", 0);
    g_string_append_printf(id, ":%s", name);
    return g_string_free(id, FALSE);
}

FctVolume *fct_volume_new(void)
{
    FctVolume *volume = g_new0(FctVolume, 1);
    char **texts[] = {&volume->pool,    &volume->name,  &volume->path,    &volume->format,
                      &volume->backing, &volume->claim, &volume->outside, &volume->inode};
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        *texts[i] = g_strdup("");
    volume->capacity = volume->allocated = volume->physical = -1;
    return volume;
}

void fct_volume_free(FctVolume *volume)
{
    if (!volume)
        return;
    g_free(volume->pool);
    g_free(volume->name);
    g_free(volume->path);
    g_free(volume->format);
    g_free(volume->backing);
    g_free(volume->claim);
    g_free(volume->outside);
    g_free(volume->inode);
    g_free(volume);
}

/* ---- input ---- */

static gboolean storage_is_word(const char *text, gsize max, const char *others)
{
    gsize length = strlen(text);
    if (length < 1 || length > max || !g_ascii_isalnum(*text))
        return FALSE;
    for (const char *c = text; *c; c++)
        if (!g_ascii_isalnum(*c) && !strchr(others, *c))
            return FALSE;
    return TRUE;
}

gboolean fct_volume_name_check(const char *name, const char *field, GError **error)
{
    return storage_is_word(name, NAME_MAX_BYTES, "._-+") ||
           fct_read_refuse(
               error, field,
               "A name has 1 to 100 letters, digits, dots, dashes, underscores or plus signs, and begins with a "
               "letter or digit.");
}

/* Absolute, plain and below the root: "/srv/vms", not "/srv/../etc", "//x" or "/". */
static gboolean is_path(const char *path)
{
    if (*path != '/' || !path[1] || strlen(path) > PATH_MAX_BYTES || !g_utf8_validate(path, -1, NULL))
        return FALSE;
    for (const char *c = path; *c; c++)
        if (g_ascii_iscntrl(*c))
            return FALSE;
    g_auto(GStrv) parts = g_strsplit(path + 1, "/", -1);
    for (char **part = parts; *part; part++)
        if (!**part || strcmp(*part, ".") == 0 || strcmp(*part, "..") == 0)
            return FALSE;
    return TRUE;
}

static gboolean read_path(FctPoolInput *input, const char *path, GError **error)
{
    if (!is_path(path))
        return fct_read_refuse(error, "path",
                               "The folder is a whole path like /srv/vms, without “..” or a slash at its end.");
    fct_text_set(&input->path, path);
    return TRUE;
}

static gboolean read_dir(FctPoolInput *input, const json_t *json, GError **error)
{
    const char *path;
    if (!fct_read_str(json, "path", &path, error))
        return FALSE;
    return read_path(input, path, error);
}

static gboolean read_nfs(FctPoolInput *input, const json_t *json, GError **error)
{
    const char *host, *export, *path = NULL;
    if (!fct_read_opt_str(json, "path", &path, error) || !fct_read_str(json, "host", &host, error) ||
        !fct_read_str(json, "export", &export, error))
        return FALSE;
    if (!storage_is_word(host, 253, ".-:_"))
        return fct_read_refuse(error, "host", "Name the server as a host name or address.");
    if (!is_path(export))
        return fct_read_refuse(error, "export", "The export is a whole path on the server, like /export/vms.");
    fct_text_set(&input->host, host);
    fct_text_set(&input->export, export);
    return !path || read_path(input, path, error);
}

static gboolean read_lvm(FctPoolInput *input, const json_t *json, GError **error)
{
    const char *group;
    if (!fct_read_str(json, "volume_group", &group, error))
        return FALSE;
    if (!storage_is_word(group, 127, "._-+"))
        return fct_read_refuse(error, "volume_group", "Name a volume group as “vgs” lists it.");
    fct_text_set(&input->volume_group, group);
    return TRUE;
}

FctPoolInput *fct_pool_input_read(const json_t *json, GError **error)
{
    static const struct {
        const char *kind;
        gboolean (*read)(FctPoolInput *input, const json_t *json, GError **error);
        const char *known[7];
    } kinds[] = {{"dir", read_dir, {"name", "kind", "path", "confirm"}},
                 {"nfs", read_nfs, {"name", "kind", "path", "host", "export", "confirm"}},
                 {"lvm", read_lvm, {"name", "kind", "volume_group", "confirm"}}};
    const char *name, *kind, *confirm = "";
    g_autoptr(FctPoolInput) input = fct_pool_input_new();
    if (!fct_read_str(json, "name", &name, error) || !fct_read_str(json, "kind", &kind, error) ||
        !fct_read_opt_str(json, "confirm", &confirm, error))
        return NULL;
    fct_text_set(&input->confirm, confirm);
    if (!storage_is_word(name, 50, "._-")) {
        fct_read_refuse(
            error, "name",
            "A name has 1 to 50 letters, digits, dots, dashes or underscores, and begins with a letter or digit.");
        return NULL;
    }
    fct_text_set(&input->name, name);
    fct_text_set(&input->kind, kind);
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (strcmp(kinds[i].kind, kind) == 0)
            return fct_read_only_or(json, kinds[i].known, "A pool of this kind has no such field.", error) &&
                           kinds[i].read(input, json, error)
                       ? g_steal_pointer(&input)
                       : NULL;
    fct_read_refuse(error, "kind", "The kind is dir, nfs or lvm.");
    return NULL;
}

/* ---- kinds ---- */

static const struct {
    const char *type, *wire, *good_for;
    gboolean files;
} kinds[] = {
    {"dir", "dir", "Simple; snapshots and thin disks; one host.", TRUE},
    {"netfs", "nfs", "Shared between hosts; snapshots and thin disks.", TRUE},
    {"logical", "lvm", "Fast raw disks; no thin disks.", FALSE},
    {"fs", "fs", "A file system on a disk of its own; snapshots and thin disks.", TRUE},
    {"disk", "disk", "Partitions of a disk.", FALSE},
    {"iscsi", "iscsi", "Disks of a storage array.", FALSE},
    {"iscsi-direct", "iscsi-direct", "Disks of a storage array.", FALSE},
    {"scsi", "scsi", "Disks of a host adapter.", FALSE},
    {"mpath", "mpath", "Disks that are reached over several paths.", FALSE},
    {"rbd", "rbd", "Ceph: shared between hosts.", FALSE},
    {"gluster", "gluster", "Gluster: shared between hosts.", FALSE},
    {"zfs", "zfs", "ZFS: raw disks that are checked for damage.", FALSE},
};

static int find_kind(const FctPool *pool)
{
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (strcmp(kinds[i].type, pool->kind) == 0)
            return (int)i;
    return -1;
}

const char *fct_pool_kind_wire(const FctPool *pool)
{
    int i = find_kind(pool);
    return i < 0 ? pool->kind : kinds[i].wire;
}

/* One sentence: what such a pool is good for. */
static const char *pool_purpose_of(const FctPool *pool)
{
    int i = find_kind(pool);
    return i < 0 ? "A kind of pool that libvirt offers." : kinds[i].good_for;
}

gboolean fct_path_is_device(const char *path)
{
    return g_str_has_prefix(path, "/dev/");
}

gboolean fct_pool_has_files(const FctPool *pool)
{
    int i = find_kind(pool);
    return i >= 0 && kinds[i].files;
}

/* ---- as JSON ---- */

static json_t *bytes_text(gint64 n)
{
    return n < 0 ? json_null() : json_integer(n);
}

json_t *fct_pool_to_json(const FctPool *pool)
{
    return json_pack("{s:s, s:b, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:b, s:b}", "name", pool->name, "ours",
                     pool->ours, "kind", fct_pool_kind_wire(pool), "good_for", pool_purpose_of(pool), "state",
                     pool->active ? "running" : "stopped", "path", pool->path, "source", pool->source, "capacity_bytes",
                     bytes_text(pool->capacity), "allocated_bytes", bytes_text(pool->allocated), "free_bytes",
                     bytes_text(pool->available), "autostart", pool->autostart, "thin", fct_pool_has_files(pool));
}

json_t *fct_volume_to_json(const FctVolume *volume)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:s}", "pool", volume->pool, "name", volume->name, "path",
                     volume->path, "format", volume->format, "capacity_bytes", bytes_text(volume->capacity),
                     "allocated_bytes", bytes_text(volume->allocated), "length_bytes", bytes_text(volume->physical),
                     "backing", volume->backing);
}
