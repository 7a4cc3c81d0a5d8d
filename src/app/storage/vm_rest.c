/* SPDX-License-Identifier: Apache-2.0 */
#include "app/storage/vm_rest.h"

#include "app/domains/domains.h"
#include "app/library/file_probe.h"
#include "app/storage/volume_open.h"

#include <string.h>

/*
 * libvirtd answers a caller before it sends the events that the call has caused; a loaded host takes some milliseconds
 * in between.
 */
#define SETTLE_US (250 * 1000)
/* A server that was just busy with the copy may answer late. */
#define TRIES 20
#define RETRY_US (500 * 1000)

GHashTable *fct_vm_rest_begin(FctApp *app)
{
    GHashTable *before = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)fct_vm_info_unref);
    g_autoptr(GPtrArray) infos = fct_domains_infos(app->domains);
    for (guint i = 0; i < infos->len; i++) {
        const FctVmInfo *info = g_ptr_array_index(infos, i);
        g_hash_table_insert(before, g_strdup(info->id), fct_vm_info_ref(info));
    }
    return before;
}

void fct_vm_rest_settle(void)
{
    g_usleep(SETTLE_US);
}

static gboolean rest_refuse(const char *name, const char *what, const char *next, GError **error)
{
    return fct_set_error_full(error, FCT_ERROR_CONFLICT, next, NULL, "VM %s %s", name, what);
}

gboolean fct_vm_rest_held(FctApp *app, const GHashTable *before, const char *id, GError **error)
{
    FctVmm *vmm = app->vmm;
    g_autoptr(GError) fault = NULL;
    const FctVmInfo *then = g_hash_table_lookup((GHashTable *)before, id);
    g_autoptr(FctVmInfo) now = vmm->ops->info(vmm, id, &fault);
    if (!now && fault->code != FCT_ERROR_NOT_FOUND)
        return fct_error_pass(error, &fault);
    if (!now && !then)
        return TRUE; /* libvirt never had the VM */
    if (!now)
        return rest_refuse(then->name, "was deleted meanwhile, so nobody can know whether it was started before that.",
                           "Copy it again.", error);
    if (then && then->connection != now->connection)
        return rest_refuse(now->name,
                           "may have been started meanwhile: the connection to libvirt was lost, so nobody can know.",
                           "Copy it again while libvirt is not restarted.", error);
    if (now->starts != (then ? then->starts : 0))
        return rest_refuse(now->name, "was started while its disk was copied, so the copy is torn.",
                           "Leave the VM off until the copy has ended, and copy it again.", error);
    return TRUE;
}

/* ---- the files ---- */

static void rest_note_file(FctApp *app, const GPtrArray *remote, const char *path, GHashTable *stamps)
{
    FctProbed probed = fct_file_probe(app->probe, remote, path, FALSE);
    if (*probed.stamp)
        g_hash_table_insert(stamps, g_strdup(path), g_strdup(probed.stamp));
}

void fct_vm_rest_note(FctApp *app, const FctVolumeRecord *source, GHashTable *stamps)
{
    g_autoptr(GPtrArray) remote = fct_file_probe_remote();
    g_autoptr(GPtrArray) below = fct_record_layers(app, source, FALSE, NULL);
    rest_note_file(app, remote, source->path, stamps);
    for (guint i = 0; below && i < below->len; i++)
        rest_note_file(app, remote, ((FctLayer *)below->pdata[i])->path, stamps);
}

static gboolean is_as_noted(FctApp *app, const GPtrArray *remote, const char *path, const char *stamp)
{
    FctProbed now = {.there = FCT_SEEN_UNKNOWN};
    for (int try = 0; try < TRIES && now.there == FCT_SEEN_UNKNOWN; try++) {
        if (try)
            g_usleep(RETRY_US);
        now = fct_file_probe(app->probe, remote, path, FALSE);
    }
    return now.there == FCT_SEEN_UNKNOWN || strcmp(now.stamp, stamp) == 0;
}

gboolean fct_vm_rest_unwritten(FctApp *app, const GHashTable *stamps, GError **error)
{
    g_autoptr(GPtrArray) remote = fct_file_probe_remote();
    GHashTableIter iter;
    gpointer path, stamp;
    g_hash_table_iter_init(&iter, (GHashTable *)stamps);
    while (g_hash_table_iter_next(&iter, &path, &stamp)) {
        if (is_as_noted(app, remote, path, stamp))
            continue;
        return fct_set_error_full(
            error, FCT_ERROR_CONFLICT, "Leave everything that uses it off until the copy has ended, and copy it again.",
            NULL, "%s was written to while it was copied, so the copy is torn.", (const char *)path);
    }
    return TRUE;
}
