/* SPDX-License-Identifier: Apache-2.0 */
#include "core/storage_rules.h"

#include <string.h>

#define WARN_PERCENT 85
#define ERROR_PERCENT 95
#define GIB (G_GINT64_CONSTANT(1) << 30)

const char *fct_room_name(FctRoom room)
{
    static const char *const names[] = {"good", "warning", "error"};
    return names[room];
}

/* "3.2 GiB", "310 MiB" */
static char *size_text(gint64 bytes)
{
    if (bytes >= 10 * GIB)
        return g_strdup_printf("%" G_GINT64_FORMAT " GiB", bytes / GIB);
    if (bytes >= GIB)
        return g_strdup_printf("%" G_GINT64_FORMAT ".%d GiB", bytes / GIB, (int)(bytes % GIB * 10 / GIB));
    return g_strdup_printf("%" G_GINT64_FORMAT " MiB", bytes >> 20);
}

char *fct_progress_text(const char *what, gint64 done, gint64 total)
{
    gboolean small = total < GIB;
    double unit = (double)(small ? GIB >> 10 : GIB);
    return g_strdup_printf("%s: %.1f of %.1f %s.", what, (double)done / unit, (double)total / unit,
                           small ? "MiB" : "GiB");
}

FctRoom fct_pool_room(const FctPool *pool, gint64 promised, char **ret_sentence)
{
    *ret_sentence = NULL;
    if (!pool->active || pool->capacity <= 0 || pool->available < 0)
        return FCT_ROOM_GOOD; /* unknown */
    gint64 used = pool->capacity - MIN(pool->available, pool->capacity);
    /* Hundredths of the capacity, rounded down, without an overflow for sizes near 2^63. */
    int percent = (int)((double)used * 100.0 / (double)pool->capacity);
    g_autofree char *left = size_text(pool->available);
    if (percent >= WARN_PERCENT) {
        *ret_sentence = g_strdup_printf("%d %% is used; %s are free.", percent, left);
        return percent >= ERROR_PERCENT ? FCT_ROOM_ERROR : FCT_ROOM_WARNING;
    }
    if (promised > pool->available) {
        g_autofree char *more = size_text(promised);
        *ret_sentence = g_strdup_printf("Its thin volumes may grow by %s, and %s are free.", more, left);
        return FCT_ROOM_WARNING;
    }
    return FCT_ROOM_GOOD;
}

gint64 fct_volume_promise(const FctVolume *volume)
{
    return volume->capacity > 0 && volume->allocated >= 0 ? MAX(volume->capacity - volume->allocated, 0) : 0;
}

static gboolean storage_refuse(GError **error, FctErrorCode code, const char *next, const char *what, gint64 bytes)
{
    g_autofree char *size = size_text(bytes);
    return fct_set_error_full(error, code, next, json_pack("{s:s}", "field", "size_gib"), "%s %s.", what, size);
}

gboolean fct_volume_fits(const FctPool *pool, const char *format, gint64 bytes, gint64 content, GError **error)
{
    gboolean files = fct_pool_has_files(pool);
    if (!pool->active)
        return fct_set_error_full(error, FCT_ERROR_CONFLICT, "Start the pool first.",
                                  json_pack("{s:s}", "field", "pool"), "Storage pool %s is stopped.", pool->name);
    if (!files && strcmp(format, "raw") != 0)
        return fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, "Choose raw.", json_pack("{s:s}", "field", "format"),
                                  "Storage pool %s has no files, only raw disks.", pool->name);
    if (pool->capacity >= 0 && bytes > pool->capacity)
        return storage_refuse(error, FCT_ERROR_BAD_REQUEST, "Choose a smaller size or another pool.",
                              "The volume would be larger than the whole pool, which has", pool->capacity);
    if (pool->available >= 0 && (files ? content : bytes) > pool->available)
        return storage_refuse(error, FCT_ERROR_NO_SPACE, "Free some space, or choose another pool.",
                              "The volume does not fit: free in the pool are", pool->available);
    return TRUE;
}

gboolean fct_disk_fits(const FctPool *pool, gint64 bytes, gint64 beside, const char *field, GError **error)
{
    gboolean ever = pool->capacity < 0 || bytes <= pool->capacity - beside;
    gboolean now = fct_pool_has_files(pool) || pool->available < 0 || bytes <= pool->available - beside;
    if (ever && now)
        return TRUE;
    g_autofree char *size = size_text(ever ? pool->available : pool->capacity);
    return fct_set_error_full(
        error, ever ? FCT_ERROR_NO_SPACE : FCT_ERROR_BAD_REQUEST, NULL, json_pack("{s:s}", "field", field),
        "The pool %s %s %s%s; %s.", pool->name, ever ? "has" : "holds", size, ever ? " left" : " in all",
        beside > 0 ? "the VM's disks in it would be larger together" : "the disk would be larger");
}

gboolean fct_thin_fits(const FctPool *pool, gint64 bytes, const char *field, GError **error)
{
    if (pool->capacity < 0 || bytes <= pool->capacity)
        return TRUE;
    g_autofree char *size = size_text(bytes), *all = size_text(pool->capacity);
    return fct_set_error_full(
        error, FCT_ERROR_REFUSED, "Choose a larger pool, or make the disk smaller with “qemu-img resize”.",
        json_pack("{s:s}", "field", field),
        "The disk may grow to %s, and the whole pool %s has %s: one thin disk is never larger than its "
        "pool.",
        size, pool->name, all);
}

static gboolean lies_in(const char *outer, const char *inner)
{
    gsize length = strlen(outer);
    return length && strncmp(outer, inner, length) == 0 && (inner[length] == '/' || !inner[length]);
}

char *fct_device_use_text(FctDeviceUse use, const char *where)
{
    switch (use) {
    case FCT_DEVICE_FREE:
        break;
    case FCT_DEVICE_MOUNTED:
        return g_strdup_printf("This host has it mounted at %s.", where);
    case FCT_DEVICE_SWAP:
        return g_strdup("This host swaps to it.");
    case FCT_DEVICE_HELD:
        return g_strdup_printf("This host's device %s is built on it.", where);
    }
    return NULL;
}

gboolean fct_device_is_free(const char *name, FctDeviceUse use, const char *where, GError **error)
{
    g_autofree char *text = fct_device_use_text(use, where);
    if (!text)
        return TRUE;
    return fct_set_error_full(error, FCT_ERROR_IN_USE, FCT_DEVICE_USE_NEXT,
                              json_pack("{s:s, s:[s]}", "field", "volume", "reasons", text), "Volume %s is in use. %s",
                              name, text);
}

gboolean fct_room_to_go_on(gint64 capacity, gint64 available)
{
    const gint64 mib = 1024 * 1024;
    return available >= CLAMP(capacity / 20, 8 * mib, 1024 * mib);
}

static gboolean in_one_of(const char *path, const char *const *folders)
{
    for (; folders && *folders; folders++)
        if (lies_in(*folders, path) && strcmp(*folders, path) != 0)
            return TRUE;
    return FALSE;
}

FctFolder fct_pool_folder(const char *path, const char *const *roots)
{
    static const char *const good[] = {"/srv",           "/mnt", "/media", "/data", "/opt", "/var/lib/libvirt",
                                       "/var/lib/facet", NULL};
    static const char *const never[] = {"/bin",  "/boot", "/dev", "/etc",        "/lib", "/lib32", "/lib64",
                                        "/proc", "/root", "/run", "/sbin",       "/sys", "/usr",   "/var",
                                        "/efi",  "/snap", "/nix", "/lost+found", NULL};
    static const char *const itself[] = {"/", "/home", "/tmp", "/srv", "/mnt", "/media", "/opt", "/data", NULL};
    static const char *const kept[] = {"/var/lib/libvirt/qemu", "/var/lib/libvirt/dnsmasq", "/var/lib/libvirt/swtpm",
                                       "/var/lib/libvirt/secrets", NULL};
    if (in_one_of(path, roots))
        return FCT_FOLDER_GOOD;
    if (g_strv_contains(itself, path) || g_strv_contains(kept, path) || in_one_of(path, kept))
        return FCT_FOLDER_NEVER;
    if (in_one_of(path, good))
        return FCT_FOLDER_GOOD;
    if (in_one_of(path, never) || g_strv_contains(never, path))
        return FCT_FOLDER_NEVER;
    /* A person's home is not a pool; a folder in it may be one. */
    gboolean home = g_str_has_prefix(path, "/home/") && !strchr(path + strlen("/home/"), '/');
    return home ? FCT_FOLDER_NEVER : FCT_FOLDER_ASK;
}

gboolean fct_path_overlaps(const char *a, const char *b)
{
    return lies_in(a, b) || lies_in(b, a);
}

static gboolean text_take_number(const char **text, gint64 *ret)
{
    char *end;
    if (!g_ascii_isdigit(**text))
        return FALSE;
    guint64 n = g_ascii_strtoull(*text, &end, 10);
    *ret = n > G_MAXINT64 ? G_MAXINT64 : (gint64)n;
    *text = end;
    return TRUE;
}

FctRangeKind fct_http_range(const char *header, gint64 total, gint64 *ret_first, gint64 *ret_length)
{
    gint64 first = 0, last = G_MAXINT64, suffix;
    *ret_first = 0;
    *ret_length = total;
    if (!header || g_ascii_strncasecmp(header, "bytes=", 6) != 0)
        return FCT_RANGE_WHOLE;
    const char *text = header + 6;
    if (*text == '-') {
        text++;
        if (!text_take_number(&text, &suffix) || *text)
            return FCT_RANGE_WHOLE;
        if (suffix == 0)
            return FCT_RANGE_NONE;
        first = MAX(total - suffix, 0);
    } else {
        if (!text_take_number(&text, &first) || *text++ != '-' ||
            (*text && (!text_take_number(&text, &last) || *text)) || last < first)
            return FCT_RANGE_WHOLE;
    }
    if (first >= total)
        return FCT_RANGE_NONE;
    *ret_first = first;
    *ret_length = MIN(last, total - 1) - first + 1;
    return FCT_RANGE_PART;
}
