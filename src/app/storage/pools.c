/* SPDX-License-Identifier: Apache-2.0 */
#include "app/storage/pools.h"

#include "app/domains/snapshot_users.h"
#include "app/news/records.h"
#include "app/storage/storage.h"
#include "app/storage/volumes.h"
#include "base/read.h"
#include "base/text.h"
#include "core/storage_rules.h"

#include <gio/gio.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define NFS_PORT 2049
#define NFS_S 8

/*
 * @what: "is in this folder". Refuses a folder or device because of what is there already, not because of what was
 * sent.
 */
static gboolean refuse_twice(GError **error, const char *field, const char *pool, const char *what)
{
    return fct_set_error_full(error, FCT_ERROR_CONFLICT, "Use that pool, or choose another place.",
                              json_pack("{s:s}", "field", field), "Storage pool %s %s already.", pool, what);
}

static GPtrArray *pools_read(FctApp *app, GError **error)
{
    if (app->vmm)
        return app->vmm->ops->pools(app->vmm, error);
    fct_set_error(error, FCT_ERROR_UNSUPPORTED, "This node runs without libvirt.");
    return NULL;
}

static const FctPool *pools_find(const GPtrArray *pools, const char *name, GError **error)
{
    for (guint i = 0; i < pools->len; i++)
        if (strcmp(((FctPool *)pools->pdata[i])->name, name) == 0)
            return pools->pdata[i];
    fct_set_error(error, FCT_ERROR_NOT_FOUND, "There is no storage pool “%s”.", name);
    return NULL;
}

/* ---- views ---- */

static guint64 pool_revision(const FctPool *pool)
{
    g_autofree char *text = g_strjoin("\n", pool->name, pool->kind, pool->path, pool->source, NULL);
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
    sum[12] = '\0';
    return g_ascii_strtoull(sum, NULL, 16) + 1;
}

static json_t *pool_view(FctApp *app, const FctPool *pool)
{
    g_autofree char *why = NULL;
    gint64 promised = fct_storage_promised(app->storage, pool->name);
    FctRoom room = fct_pool_room(pool, promised, &why);
    json_t *json = fct_pool_to_json(pool);
    json_object_set_new(json, "default", json_boolean(strcmp(pool->name, FCT_POOL_OWN) == 0));
    json_object_set_new(json, "volumes", pool->volumes < 0 ? json_null() : json_integer(pool->volumes));
    json_object_set_new(json, "promised_bytes", promised < 0 ? json_null() : json_integer(promised));
    json_object_set_new(json, "warning",
                        why ? json_pack("{s:s, s:s}", "severity", fct_room_name(room), "sentence", why) : json_null());
    fct_app_stamp(app, json, pool->name, pool_revision(pool));
    return json;
}

static int pool_by_name(gconstpointer a, gconstpointer b)
{
    const FctPool *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

json_t *fct_pools_list(FctApp *app, GError **error)
{
    g_autoptr(GPtrArray) pools = pools_read(app, error);
    if (!pools)
        return NULL;
    json_t *items = json_array();
    g_ptr_array_sort(pools, pool_by_name);
    for (guint i = 0; i < pools->len; i++)
        json_array_append_new(items, pool_view(app, pools->pdata[i]));
    return items;
}

json_t *fct_pools_get(FctApp *app, const char *name, GError **error)
{
    g_autoptr(GPtrArray) pools = pools_read(app, error);
    const FctPool *pool = pools ? pools_find(pools, name, error) : NULL;
    return pool ? pool_view(app, pool) : NULL;
}

/* ---- making ---- */

/* Asks whether the NFS server answers at all: libvirt's mount would wait for minutes. */
static gboolean nfs_answers(const char *host, GError **error)
{
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_autoptr(GError) fault = NULL;
    g_socket_client_set_timeout(client, NFS_S);
    g_autoptr(GSocketConnection) connection = g_socket_client_connect_to_host(client, host, NFS_PORT, NULL, &fault);
    if (connection)
        return TRUE;
    /*
     * A name that resolves to nothing and a host that refuses can be corrected by the caller; silence is a fault of the
     * network.
     */
    gboolean silent = g_error_matches(fault, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
    return fct_set_error_full(error, silent ? FCT_ERROR_TIMEOUT : FCT_ERROR_BAD_REQUEST,
                              "Check its name, its network and its firewall.", json_pack("{s:s}", "field", "host"),
                              "%s does not answer as an NFS server (port %d): %s.", host, NFS_PORT, fault->message);
}

/* The path without symbolic links, as far as it exists: two names may lead to one folder. */
static char *folder_real_path(const char *path)
{
    g_autofree char *there = g_strdup(path);
    while (*there && strcmp(there, "/") != 0) {
        char *real = realpath(there, NULL);
        if (real) {
            char *whole = g_strconcat(real, path + strlen(there), NULL);
            free(real);
            return whole;
        }
        fct_text_take(&there, g_path_get_dirname(there));
    }
    return g_strdup(path);
}

/* A file in the way is a mistake in what was sent; libvirt's own words would not say so. */
static gboolean can_be_folder(const char *path, GError **error)
{
    g_autofree char *there = g_strdup(path);
    while (!g_file_test(there, G_FILE_TEST_EXISTS) && strcmp(there, "/") != 0)
        fct_text_take(&there, g_path_get_dirname(there));
    return g_file_test(there, G_FILE_TEST_IS_DIR) || fct_read_refuse(error, "path", "%s is no folder.", there);
}

/* A folder for a new pool must be empty: files in it would be shown as volumes, or be hidden by the mount. */
static gboolean is_apart(const char *own, const char *what, const char *real, GError **error)
{
    g_autofree char *ours = folder_real_path(own);
    return !*own || !*real || (!fct_path_overlaps(own, real) && !fct_path_overlaps(ours, real)) ||
           fct_read_refuse(error, "path", "Facet keeps %s in %s.", what, own);
}

static gboolean is_new(FctApp *app, const GPtrArray *pools, const FctPoolInput *input, GError **error)
{
    g_autofree char *real = folder_real_path(input->path);
    if (pools_find(pools, input->name, NULL))
        return fct_set_error_full(error, FCT_ERROR_EXISTS, NULL, json_pack("{s:s}", "field", "name"),
                                  "There is a storage pool %s already.", input->name);
    for (guint i = 0; i < pools->len; i++) {
        const FctPool *pool = g_ptr_array_index(pools, i);
        g_autofree char *nfs = g_strconcat(input->host, ":", input->export, NULL);
        if (*input->path && (fct_path_overlaps(pool->path, input->path) || fct_path_overlaps(pool->path, real) ||
                             (*pool->real && fct_path_overlaps(pool->real, real))))
            return refuse_twice(error, "path", pool->name, "is in this folder");
        if (*input->volume_group && strcmp(pool->kind, "logical") == 0 &&
            strcmp(pool->source, input->volume_group) == 0)
            return refuse_twice(error, "volume_group", pool->name, "has this volume group");
        if (*input->host && strcmp(pool->source, nfs) == 0)
            return refuse_twice(error, "export", pool->name, "has this export");
    }
    if (strcmp(input->kind, "dir") == 0 && !can_be_folder(input->path, error))
        return FALSE;
    return is_apart(app->config.state_dir, "its own state", real, error) &&
           is_apart(app->config.images_dir, "images and ISO files", real, error);
}

/* ---- the folder of a new pool ---- */

static char *folder_key(const char *path)
{
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, path, -1);
    return g_strconcat("pool-folder/", sum, NULL);
}

/* TRUE when a pool of ours was in the folder before: then its files are its volumes. */
static gboolean was_pool(FctApp *app, const char *path)
{
    g_autofree char *key = folder_key(path);
    g_autoptr(FctDoc) doc = app->store->ops->get(app->store, key, NULL);
    return doc != NULL;
}

static void remember_folder(FctApp *app, const char *path)
{
    g_autofree char *key = folder_key(path);
    g_autoptr(json_t) value = json_pack("{s:s}", "path", path);
    const FctWrite write = {key, value, FCT_REV_ANY};
    g_autoptr(GError) fault = NULL;
    if (!app->store->ops->commit(app->store, &write, 1, NULL, &fault))
        g_warning("That %s was a pool's folder is not kept: %s", path, fault->message);
}

/* The path without symbolic links, as far as it exists already. */
static char *real_folder(const char *path)
{
    char real[PATH_MAX];
    if (realpath(path, real))
        return g_strdup(real);
    g_autofree char *parent = g_path_get_dirname(path), *name = g_path_get_basename(path);
    if (strcmp(parent, path) == 0)
        return g_strdup(path);
    g_autofree char *above = real_folder(parent);
    return g_build_filename(above, name, NULL);
}

/* Why the folder may not be taken without being asked for; NULL: no reason. @what: its entries. */
static char *what_is_in(const char *path, const char *what)
{
    guint n = 0;
    g_autoptr(GError) fault = NULL;
    g_autoptr(GDir) dir = g_dir_open(path, 0, &fault);
    if (!dir && g_error_matches(fault, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return NULL;
    if (!dir)
        return g_strdup("Facet cannot see what is in it.");
    for (const char *name; (name = g_dir_read_name(dir));)
        n += strcmp(name, "lost+found") != 0; /* a file system of its own */
    return n ? g_strdup_printf("There are %u %s.", n, what) : NULL;
}

static gboolean ask_in_words(const FctPoolInput *input, const json_t *reasons, GError **error)
{
    gboolean group = *input->volume_group != '\0';
    const char *place = group ? input->volume_group : input->path;
    g_autofree char *next = g_strdup_printf("%s; or, when this is right, write its %s once more (“confirm”: “%s”).",
                                            group ? "Choose an empty volume group"
                                                  : "Choose an empty folder in /srv, /mnt, /data or /var/lib/libvirt",
                                            group ? "name" : "path", place);
    if (json_array_size(reasons) == 0 || strcmp(input->confirm, place) == 0)
        return TRUE;
    return fct_set_error_full(error, FCT_ERROR_REFUSED, next,
                              json_pack("{s:s, s:s, s:O}", "field",
                                        *input->confirm ? "confirm"
                                        : group         ? "volume_group"
                                                        : "path",
                                        "confirm", place, "reasons", reasons),
                              "%s %s is not taken without a word. %s", group ? "Volume group" : "Folder", place,
                              json_string_value(json_array_get(reasons, 0)));
}

static FctFolder folder_kind(FctApp *app, const FctPoolInput *input)
{
    const char *const *roots = (const char *const *)app->config.pool_roots;
    g_autofree char *real = real_folder(input->path);
    return *input->path ? MAX(fct_pool_folder(input->path, roots), fct_pool_folder(real, roots)) : FCT_FOLDER_GOOD;
}

/* Whether the folder may be a pool's at all. */
static gboolean may_be_in(FctApp *app, const FctPoolInput *input, GError **error)
{
    g_autofree char *real = real_folder(input->path);
    if (folder_kind(app, input) == FCT_FOLDER_NEVER)
        return fct_read_refuse(error, "path",
                               "Folder %s belongs to the system or to a person. Choose one in /srv, /mnt, /data or "
                               "/var/lib/libvirt.",
                               real);
    return TRUE;
}

/* LVM's device nodes of its logical volumes; while it has none there is no such folder. */
static char *what_is_in_group(const char *group)
{
    g_autofree char *nodes = g_build_filename("/dev", group, NULL);
    return what_is_in(nodes,
                      "logical volumes in it already, which may be disks of the host and would be shown as volumes");
}

static char *what_is_there(FctApp *app, const FctPoolInput *input, const char *real)
{
    if (*input->volume_group)
        return what_is_in_group(input->volume_group);
    if (was_pool(app, real))
        return NULL;
    return what_is_in(input->path, strcmp(input->kind, "dir") == 0
                                       ? "files or folders in it already, which would be shown as volumes"
                                       : "files or folders in it already, which the mount would hide");
}

/* QEMU's own users, as distributions name them: they can write to every disk of a pool anyway. */
static gboolean is_qemus(const char *name)
{
    static const char *const names[] = {"libvirt-qemu", "qemu", "kvm", NULL};
    return name && g_strv_contains(names, name);
}

static gboolean may_own(uid_t uid)
{
    char text[1024];
    struct passwd user, *found = NULL;
    return uid == 0 || uid == geteuid() ||
           (getpwuid_r(uid, &user, text, sizeof text, &found) == 0 && found && is_qemus(found->pw_name));
}

static gboolean may_share(gid_t gid)
{
    char text[4096];
    struct group group, *found = NULL;
    return gid == 0 || gid == getegid() ||
           (getgrgid_r(gid, &group, text, sizeof text, &found) == 0 && found && is_qemus(found->gr_name));
}

/* An access list may name anybody; the group's bits of the mode show the most that it allows. */
static gboolean folder_others_write(const char *folder, const struct stat *st)
{
    gboolean list = getxattr(folder, "system.posix_acl_access", NULL, 0) > 0;
    return !may_own(st->st_uid) || st->st_mode & S_IWOTH || (st->st_mode & S_IWGRP && (list || !may_share(st->st_gid)));
}

/*
 * Who besides root can write to the folder, or to one above it, and so put a symbolic link where libvirt, which is
 * root, looks for a disk. A folder like /tmp (sticky) above it is harmless: nobody can exchange what belongs to another
 * there. @real: a path without links. NULL: nobody can. Free it.
 */
static char *who_else_writes(const char *real)
{
    g_autofree char *folder = g_strdup(real);
    for (gboolean itself = TRUE;; itself = FALSE) {
        struct stat st;
        gboolean there = stat(folder, &st) == 0;
        if (there && folder_others_write(folder, &st) &&
            (itself || !(st.st_mode & S_ISVTX) || !may_own(st.st_uid))) /* the owner may exchange what is in it */
            return g_strdup_printf("Not only root and QEMU may write to %s: whoever may can put a link in the place of "
                                   "a disk, and libvirt follows it as root.",
                                   folder);
        if (strcmp(folder, "/") == 0)
            return NULL;
        fct_text_take(&folder, g_path_get_dirname(folder));
    }
}

/*
 * Whether the folder may become a pool now: it is empty and in a usual place, or the caller has said that they want it.
 */
static gboolean may_take(FctApp *app, const FctPoolInput *input, GError **error)
{
    g_autofree char *real = real_folder(input->path), *content = NULL, *writers = NULL;
    g_autoptr(json_t) reasons = json_array();
    if (strcmp(input->kind, "dir") == 0 && folder_kind(app, input) == FCT_FOLDER_ASK)
        json_array_append_new(reasons, json_string("It lies in none of the folders that are there for such things."));
    if (strcmp(input->kind, "dir") == 0 && (writers = who_else_writes(real)))
        json_array_append_new(reasons, json_string(writers));
    content = what_is_there(app, input, real);
    if (content)
        json_array_append_new(reasons, json_string(content));
    return ask_in_words(input, reasons, error);
}

/* libvirt passes LVM's words on; since 11.0 it calls a volume group that does not exist "unsupported". */
static gboolean is_of_volume_group(const FctPoolInput *input, const GError *fault)
{
    return strcmp(input->kind, "lvm") == 0 &&
           (fault->code == FCT_ERROR_LIBVIRT ||
            (fault->code == FCT_ERROR_UNSUPPORTED && strstr(fault->message, "volume group")));
}

static gboolean pool_make(FctApp *app, const FctPoolInput *input, GError **error)
{
    g_autoptr(GError) fault = NULL;
    if (app->vmm->ops->pool_create(app->vmm, input, &fault))
        return TRUE;
    if (fault->code == FCT_ERROR_LIBVIRT && strstr(fault->message, "conflict with pool"))
        return fct_set_error_full(error, FCT_ERROR_CONFLICT, "Use that pool, or choose another place.",
                                  json_pack("{s:s}", "field", *input->volume_group ? "volume_group" : "path"), "%s",
                                  fault->message);
    if (!is_of_volume_group(input, fault))
        return fct_error_pass(error, &fault);
    return fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, "“vgs” lists the volume groups; LVM must be installed.",
                              json_pack("{s:s}", "field", "volume_group"), "Volume group %s cannot be used. %s",
                              input->volume_group, fault->message);
}

json_t *fct_pools_create(FctApp *app, const json_t *json, GError **error)
{
    g_autoptr(GPtrArray) pools = pools_read(app, error);
    g_autoptr(FctPoolInput) input = pools ? fct_pool_input_read(json, error) : NULL;
    if (!input)
        return NULL;
    gboolean nfs = strcmp(input->kind, "nfs") == 0;
    if (nfs && !*input->path)
        fct_text_take(&input->path, g_strdup_printf("/var/lib/libvirt/mounts/%s", input->name));
    if (!may_be_in(app, input, error) || !is_new(app, pools, input, error) || !may_take(app, input, error) ||
        (nfs && !nfs_answers(input->host, error)))
        return NULL;
    if (*input->path) /* use the path that was judged: a link on the way could lead elsewhere tomorrow */
        fct_text_take(&input->path, real_folder(input->path));
    if (!pool_make(app, input, error))
        return NULL;
    if (*input->path)
        remember_folder(app, input->path);
    fct_storage_poke(app->storage, input->name);
    return fct_pools_get(app, input->name, error);
}

/* ---- changing ---- */

/* Names of the VMs that have a volume of the pool; @running: only those that run. */
static json_t *pool_holders(const FctVolumeSurvey *survey, const char *pool)
{
    json_t *names = json_array();
    g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < survey->volumes->len; i++) {
        const FctVolume *volume = g_ptr_array_index(survey->volumes, i);
        const GPtrArray *users = strcmp(volume->pool, pool) == 0 ? fct_volume_survey_users(survey, volume->path) : NULL;
        for (guint k = 0; users && k < users->len; k++) {
            const FctVolumeUser *user = g_ptr_array_index(users, k);
            if (*user->vm && strcmp(user->how, "snapshot") != 0 && g_hash_table_add(known, user->vm))
                json_array_append_new(names, json_string(user->name));
        }
    }
    return names;
}

/* libvirt does not list the volumes of a stopped pool, but the documents of our VMs name it. */
static gboolean pool_add_documents(FctApp *app, const char *pool, json_t *names, GError **error)
{
    g_autoptr(GPtrArray) docs = app->store->ops->list(app->store, "vm/", error);
    for (guint i = 0; docs && i < docs->len; i++) {
        const FctDoc *doc = g_ptr_array_index(docs, i);
        const json_t *disks = json_object_get(doc->value, "disks");
        size_t k;
        json_t *disk;
        json_array_foreach ((json_t *)disks, k, disk)
            if (strcmp(fct_json_str(disk, "pool", ""), pool) == 0) {
                json_array_append_new(names, json_string(fct_json_str(doc->value, "name", "")));
                break;
            }
    }
    return docs != NULL;
}

static gboolean no_snapshot_has(FctApp *app, const char *name, const char *what, GError **error)
{
    g_autoptr(GPtrArray) snapshots = fct_snapshot_users(app, "disks", "pool", name, error);
    if (!snapshots)
        return FALSE;
    if (!snapshots->len)
        return TRUE;
    return fct_set_error_full(error, FCT_ERROR_IN_USE, "Delete the snapshot first.",
                              json_pack("{s:[s]}", "holders", (char *)snapshots->pdata[0]),
                              "Storage pool %s cannot be %s: it is needed by %s.", name, what,
                              (char *)snapshots->pdata[0]);
}

static gboolean folder_is_free(FctApp *app, const char *name, const char *what, GError **error)
{
    g_autoptr(FctVolumeSurvey) survey = fct_volume_survey_new(app, error);
    if (!survey || !fct_volume_survey_pool(survey, name, error))
        return FALSE;
    g_autoptr(json_t) names = pool_holders(survey, name);
    if (json_array_size(names) == 0 && !pool_add_documents(app, name, names, error))
        return FALSE;
    if (json_array_size(names) == 0)
        return no_snapshot_has(app, name, what, error);
    return fct_set_error_full(error, FCT_ERROR_IN_USE, "Move or delete their disks first.",
                              json_pack("{s:O}", "holders", names),
                              "Storage pool %s cannot be %s: VM %s has a disk in it.", name, what,
                              json_string_value(json_array_get(names, 0)));
}

static gboolean is_others(const char *name, const char *what, GError **error)
{
    if (strcmp(name, FCT_POOL_OWN) != 0)
        return TRUE;
    return fct_set_error_full(error, FCT_ERROR_CONFLICT, "Use another pool beside it.", NULL,
                              "Facet makes disks in this pool and keeps it; it cannot be %s.", what);
}

json_t *fct_pools_do(FctApp *app, const char *name, FctPoolVerb verb, GError **error)
{
    g_autoptr(GPtrArray) pools = pools_read(app, error);
    if (!pools || !pools_find(pools, name, error))
        return NULL;
    const FctVmmOps *ops = app->vmm->ops;
    gboolean ok = FALSE;
    if (verb == FCT_POOL_START)
        ok = ops->pool_start(app->vmm, name, error);
    else if (verb == FCT_POOL_REFRESH)
        ok = ops->pool_refresh(app->vmm, name, error);
    else
        ok = is_others(name, "stopped", error) && folder_is_free(app, name, "stopped", error) &&
             ops->pool_stop(app->vmm, name, error);
    if (!ok)
        return NULL;
    fct_storage_poke(app->storage, name);
    return fct_pools_get(app, name, error);
}

gboolean fct_pools_delete(FctApp *app, const char *name, GError **error)
{
    g_autoptr(GPtrArray) pools = pools_read(app, error);
    if (!pools || !pools_find(pools, name, error) || !is_others(name, "deleted", error) ||
        !folder_is_free(app, name, "deleted", error) || !app->vmm->ops->pool_delete(app->vmm, name, error))
        return FALSE;
    fct_storage_poke(app->storage, name);
    fct_event(app, "pool.deleted", "info", "pool", name, name,
              "Storage pool %s was taken out of Facet; its data is untouched.", name);
    return TRUE;
}
