/* SPDX-License-Identifier: Apache-2.0 */
#include "app/vms/state/facts.h"
#include "app/domains/domains.h"
#include "app/domains/vm_docs.h"

#include "app/library/file_probe.h"
#include "app/networks/cache.h"
#include "app/storage/storage.h"
#include "app/storage/volume_record.h"
#include "app/storage/volumes.h"
#include "app/vms/act/refused.h"
#include "app/vms/state/tree.h"
#include "core/vm_preflight.h"

#include <string.h>

#define FRESH_US (500 * 1000) /* a cheap reading of the host is shared for so long */

/* Facts from libvirt and the kernel. Shared by reference count, and not changed once shared. */
typedef struct {
    gint refs;
    gint64 seen_us;
    GPtrArray *networks; /* NULL: unknown */
    GPtrArray *pools;    /* NULL: unknown */
    GPtrArray *remote;
    GHashTable *links; /* NULL: unknown */
    GHashTable *names;
    /* fct_file_key → GPtrArray of FctVmInfo*: VMs that run, or are saved, with that file or device */
    GHashTable *running;
    GHashTable *secrets; /* NULL: unknown */
    json_t *virt;        /* the port's facts; NULL: not known yet */
    gint64 memory_free_mib, memory_promised_mib;
} Host;

struct FctVmFactsKeeper {
    FctApp *app;
    FctFileProbe *probe;
    GMutex lock; /* guards the rest */
    Host *host;
};

static void host_unref(Host *host)
{
    if (!host || !g_atomic_int_dec_and_test(&host->refs))
        return;
    g_clear_pointer(&host->networks, g_ptr_array_unref);
    g_clear_pointer(&host->pools, g_ptr_array_unref);
    g_clear_pointer(&host->remote, g_ptr_array_unref);
    g_clear_pointer(&host->links, g_hash_table_unref);
    g_clear_pointer(&host->names, g_hash_table_unref);
    g_clear_pointer(&host->running, g_hash_table_unref);
    g_clear_pointer(&host->secrets, g_hash_table_unref);
    json_decref(host->virt);
    g_free(host);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Host, host_unref)

static Host *host_ref(Host *host)
{
    g_atomic_int_inc(&host->refs);
    return host;
}

/* ---- looking at the host ---- */

static gint64 read_available_mib(void)
{
    g_autofree char *text = NULL;
    const char *line = g_file_get_contents("/proc/meminfo", &text, NULL, NULL) ? strstr(text, "MemAvailable:") : NULL;
    return line ? g_ascii_strtoll(line + strlen("MemAvailable:"), NULL, 10) / 1024 : -1;
}

/* By IFF_UP: a bridge without any port has no carrier, but works. */
static gboolean is_set_down(const char *device)
{
    g_autofree char *path = g_build_filename("/sys/class/net", device, "flags", NULL), *text = NULL;
    return g_file_get_contents(path, &text, NULL, NULL) && !(g_ascii_strtoll(text, NULL, 16) & 1);
}

static void facts_read_link(const GPtrArray *interfaces, const char *device, GHashTable *links)
{
    FctLinkSeen link = !fct_host_interface_find(interfaces, device) ? FCT_LINK_SEEN_GONE
                       : is_set_down(device)                        ? FCT_LINK_SEEN_SET_DOWN
                                                                    : FCT_LINK_SEEN_THERE;
    if (*device)
        g_hash_table_insert(links, g_strdup(device), GINT_TO_POINTER(link));
}

/* Links of running networks count as up by libvirt's word, whose network namespace may differ from ours. */
static GHashTable *facts_read_links(FctApp *app, const GPtrArray *networks)
{
    g_autofree char *why = NULL;
    g_autoptr(GPtrArray) interfaces = networks ? app->vmm->ops->interfaces(app->vmm, &why, NULL) : NULL;
    if (!interfaces || why)
        return NULL;
    GHashTable *links = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < networks->len; i++) {
        const FctNetwork *network = networks->pdata[i];
        if (!network->active || network->open_vswitch) /* its bridges need not be devices */
            continue;
        facts_read_link(interfaces, fct_network_link(network), links);
        facts_read_link(interfaces, network->interface, links); /* the link below a VLAN's interface */
    }
    return links;
}

static void facts_note_running(const FctVmFactsKeeper *keeper, const Host *host, const FctVmInfo *info)
{
    size_t i;
    json_t *path;
    json_array_foreach (info->disks, i, path) {
        g_autofree char *key = fct_file_key(keeper->probe, host->remote, json_string_value(path));
        GPtrArray *users = g_hash_table_lookup(host->running, key);
        if (!users) {
            users = g_ptr_array_new_with_free_func((GDestroyNotify)fct_vm_info_unref);
            g_hash_table_insert(host->running, g_steal_pointer(&key), users);
        }
        g_ptr_array_add(users, fct_vm_info_ref(info));
    }
}

/* Asks libvirt about saved VMs, since it sends no event when somebody drops what was saved. */
static void facts_refresh_saved(FctDomains *domains)
{
    g_autoptr(GPtrArray) infos = fct_domains_infos(domains);
    for (guint i = 0; i < infos->len; i++) {
        const FctVmInfo *info = g_ptr_array_index(infos, i);
        if (info->saved && !fct_vm_info_active(info))
            fct_domains_refresh(domains, info->id);
    }
}

static void read_domains(const FctVmFactsKeeper *keeper, Host *host)
{
    g_autoptr(GPtrArray) infos = fct_domains_infos(keeper->app->domains);
    host->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    host->running = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    for (guint i = 0; i < infos->len; i++) {
        const FctVmInfo *info = g_ptr_array_index(infos, i);
        g_hash_table_replace(host->names, g_strdup(info->name), g_strdup(info->id));
        if (fct_vm_info_active(info))
            host->memory_promised_mib += info->memory_mib;
        if (fct_vm_info_active(info) || info->saved)
            facts_note_running(keeper, host, info);
    }
}

/* libvirt's test driver, which contract tests use, reports files and devices that do not exist. */
static gboolean is_of_this_host(const Host *host)
{
    return json_is_integer(json_object_get(host->virt, "memory_mib"));
}

/* UUIDs, as a set; NULL: libvirt does not answer. */
static GHashTable *read_secrets(FctApp *app)
{
    g_autoptr(GPtrArray) list = app->vmm->ops->secrets(app->vmm, NULL);
    GHashTable *secrets = list ? g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL) : NULL;
    for (guint i = 0; list && i < list->len; i++)
        g_hash_table_add(secrets, g_strdup(list->pdata[i]));
    return secrets;
}

/* @asking: waits for libvirt's answers. */
static Host *facts_read_host(FctVmFactsKeeper *keeper, gboolean asking)
{
    FctApp *app = keeper->app;
    Host *host = g_new0(Host, 1);
    host->refs = 1;
    host->virt = asking ? app->vmm->ops->facts(app->vmm, NULL) : NULL;
    host->seen_us = g_get_monotonic_time();
    host->memory_free_mib = read_available_mib();
    host->remote = fct_file_probe_remote();
    if (asking)
        facts_refresh_saved(keeper->app->domains);
    read_domains(keeper, host);
    if (app->networks)
        host->networks =
            asking ? fct_network_cache_read(app->networks, 0, NULL) : fct_network_cache_seen(app->networks);
    host->links = asking && is_of_this_host(host) ? facts_read_links(app, host->networks) : NULL;
    host->secrets = asking && is_of_this_host(host) ? read_secrets(app) : NULL;
    host->pools = asking ? app->vmm->ops->pools(app->vmm, NULL) : fct_storage_pools(app->storage);
    return host;
}

/* Keeps @host (taken over). What only an answer of libvirt tells is copied from the last reading that asked. */
static void facts_keep_host(FctVmFactsKeeper *keeper, Host *host)
{
    g_mutex_lock(&keeper->lock);
    Host *old = keeper->host;
    if (old && !host->virt)
        host->virt = json_incref(old->virt);
    if (old && !host->links && old->links)
        host->links = g_hash_table_ref(old->links);
    if (old && !host->secrets && old->secrets)
        host->secrets = g_hash_table_ref(old->secrets);
    keeper->host = host;
    g_mutex_unlock(&keeper->lock);
    host_unref(old);
}

static Host *facts_newest_host(FctVmFactsKeeper *keeper)
{
    gint64 now = g_get_monotonic_time();
    g_mutex_lock(&keeper->lock);
    Host *host = keeper->host && now - keeper->host->seen_us < FRESH_US ? host_ref(keeper->host) : NULL;
    g_mutex_unlock(&keeper->lock);
    if (host)
        return host;
    host = facts_read_host(keeper, FALSE);
    facts_keep_host(keeper, host_ref(host));
    return host;
}

void fct_vm_facts_refresh(FctApp *app)
{
    facts_keep_host(app->vm_facts, facts_read_host(app->vm_facts, fct_domains_is_up(app->domains)));
}

FctVmFactsKeeper *fct_vm_facts_new(FctApp *app)
{
    FctVmFactsKeeper *keeper = g_new0(FctVmFactsKeeper, 1);
    keeper->app = app;
    keeper->probe = app->probe;
    g_mutex_init(&keeper->lock);
    return keeper;
}

void fct_vm_facts_free(FctVmFactsKeeper *keeper)
{
    if (!keeper)
        return;
    host_unref(keeper->host);
    g_mutex_clear(&keeper->lock);
    g_free(keeper);
}

/* ---- as core/vm_preflight takes it ---- */

static FctSeen virt_lists(const json_t *virt, const char *key)
{
    const json_t *value = json_object_get(virt, key);
    return !json_is_boolean(value) ? FCT_SEEN_UNKNOWN : json_is_true(value) ? FCT_SEEN_YES : FCT_SEEN_NO;
}

static FctVmFacts facts_of(FctApp *app, const Host *host)
{
    const json_t *virt = host->virt;
    const char *accel = fct_json_str(virt, "accel", "");
    return (FctVmFacts){.up = fct_domains_is_up(app->domains),
                        .networks = host->networks,
                        .links = host->links,
                        .pools = host->pools,
                        .names = host->names,
                        .secrets = host->secrets,
                        .memory_mib = fct_json_int(virt, "memory_mib", -1),
                        .memory_free_mib = host->memory_free_mib,
                        .memory_promised_mib = host->memory_promised_mib,
                        .threads = (int)fct_json_int(virt, "threads", -1),
                        .vcpus_max = (int)fct_json_int(virt, "vcpus_max", -1),
                        .kvm = !*accel                     ? FCT_SEEN_UNKNOWN
                               : strcmp(accel, "kvm") == 0 ? FCT_SEEN_YES
                                                           : FCT_SEEN_NO,
                        .machine = virt_lists(virt, "machine"),
                        .uefi = virt_lists(virt, "uefi"),
                        .secure_boot = virt_lists(virt, "secure_boot"),
                        .tpm = virt_lists(virt, "tpm")};
}

static FctProbed facts_probe_image(const FctVmFactsKeeper *keeper, const Host *host, const char *path, gboolean qcow2)
{
    const FctProbed unknown = {.there = FCT_SEEN_UNKNOWN};
    return is_of_this_host(host) ? fct_file_probe(keeper->probe, host->remote, path, qcow2) : unknown;
}

/* Adds the files that a disk stands on, by the records from which its definition is made. Layers are not written to. */
static void facts_inspect_layers(const FctVmFactsKeeper *keeper, const Host *host, const GPtrArray *below,
                                 FctVmNeedDrive *drive)
{
    for (guint i = 0; below && i < below->len && !*drive->missing; i++) {
        const FctLayer *layer = below->pdata[i];
        FctProbed probed = facts_probe_image(keeper, host, layer->path, strcmp(layer->format, "qcow2") == 0);
        if (probed.there == FCT_SEEN_NO)
            drive->missing = layer->path;
        if (drive->fault != FCT_FILE_SOUND || probed.fault == FCT_FILE_CORRUPT)
            continue;
        drive->fault = probed.fault;
        drive->faulty = layer->path;
    }
}

static FctSeen facts_complete(FctApp *app, const FctVmDisk *disk)
{
    g_autoptr(GError) fault = NULL;
    if (!*disk->pool || !*disk->volume || fct_volume_ready(app, disk->pool, disk->volume, &fault))
        return FCT_SEEN_YES;
    return fault->code == FCT_ERROR_CONFLICT ? FCT_SEEN_NO : FCT_SEEN_UNKNOWN;
}

/*
 * What the start would be told of its records (fct_record_spec); "" when they are in order, and @trial, a copy of the
 * disk, has its layers. @texts owns it.
 */
static const char *facts_refused(FctApp *app, FctVmDisk *trial, const char **ret_next, GPtrArray *texts)
{
    g_autoptr(GError) fault = NULL;
    *ret_next = "";
    if (fct_record_judge_disk(app, trial, &fault))
        return "";
    g_autoptr(json_t) json = fct_error_to_json(fault);
    char *next = g_strdup(fct_json_str(json, "next", "")), *sentence = g_strdup(fault->message);
    g_ptr_array_add(texts, next);
    g_ptr_array_add(texts, sentence);
    *ret_next = next;
    return sentence;
}

/* Whether a VM has the file as a disk, and not only as a layer below one, which it only reads. */
static gboolean writes_to(const FctVmFactsKeeper *keeper, const Host *host, const FctVmInfo *info, const char *key)
{
    size_t i;
    json_t *drive;
    json_array_foreach (info->drives, i, drive) {
        const char *path = fct_json_str(drive, "path", "");
        g_autofree char *other = *path ? fct_file_key(keeper->probe, host->remote, path) : NULL;
        if (g_strcmp0(key, other) == 0)
            return TRUE;
    }
    return FALSE;
}

/*
 * Another VM, Facet's or not, that runs or is saved with @path; NULL. @layer: VMs that only read the file do not count.
 */
static const FctVmInfo *facts_file_user(const FctVmFactsKeeper *keeper, const Host *host, const char *id,
                                        const char *path, gboolean layer)
{
    g_autofree char *key = fct_file_key(keeper->probe, host->remote, path);
    const GPtrArray *users = g_hash_table_lookup(host->running, key);
    for (guint i = 0; users && i < users->len; i++) {
        const FctVmInfo *info = users->pdata[i];
        if (strcmp(info->id, id) != 0 && (!layer || writes_to(keeper, host, info, key)))
            return info;
    }
    return NULL;
}

/* @disk has its layers filled in, and owns what @drive borrows. */
static void facts_inspect_users(const FctVmFactsKeeper *keeper, const Host *host, const char *id, const FctVmDisk *disk,
                                FctVmNeedDrive *drive)
{
    drive->user = drive->user_below = "";
    const FctVmInfo *user = disk->read_only ? NULL : facts_file_user(keeper, host, id, disk->path, FALSE);
    for (guint i = 0; disk->below && i < disk->below->len && !user; i++) {
        const FctLayer *layer = disk->below->pdata[i];
        if ((user = facts_file_user(keeper, host, id, layer->path, TRUE)))
            drive->user_below = layer->path;
    }
    if (user)
        drive->user = user->name;
    drive->user_saved = user && user->saved;
}

/* A disk that is only read cannot be damaged. @texts owns what is found. */
static void facts_inspect_use(FctApp *app, const Host *host, const FctVmDisk *disk, FctVmNeedDrive *drive,
                              GPtrArray *texts)
{
    char *where = NULL;
    drive->use_where = "";
    if (disk->read_only || !is_of_this_host(host) || fct_file_is_remote(host->remote, disk->path))
        return;
    drive->use = app->vmm->ops->device_use(app->vmm, disk->path, &where);
    if (where) {
        g_ptr_array_add(texts, where);
        drive->use_where = where;
    }
}

/* @kept owns what the drive's texts point into. */
static void facts_add_drive(FctApp *app, const Host *host, const FctVm *vm, const FctVmDisk *disk, GPtrArray *texts,
                            GPtrArray *kept, GArray *drives)
{
    gboolean qcow2 = !disk->cdrom && strcmp(disk->format, "qcow2") == 0;
    if (!*disk->path || disk->leaving) /* without a medium, not made yet, or not in the next run */
        return;
    FctProbed probed = facts_probe_image(app->vm_facts, host, disk->path, qcow2);
    FctVmNeedDrive drive = {.target = disk->target,
                            .pool = disk->pool,
                            .volume = disk->volume,
                            .path = disk->path,
                            .format = disk->format,
                            .file = disk->file,
                            .cdrom = disk->cdrom,
                            .seed = disk->seed,
                            .there = probed.there,
                            .encrypted = probed.encrypted,
                            .fault = probed.fault,
                            .faulty = disk->path,
                            .link = probed.link,
                            .complete = disk->cdrom ? FCT_SEEN_UNKNOWN : facts_complete(app, disk),
                            .missing = ""};
    FctVmDisk *trial = fct_vm_disk_copy(disk);
    g_ptr_array_add(kept, trial);
    if (disk->read_only && drive.fault == FCT_FILE_CORRUPT)
        drive.fault = FCT_FILE_SOUND;
    drive.busy = drive.complete == FCT_SEEN_NO && fct_volume_at_work(app, disk->pool, disk->volume);
    facts_inspect_use(app, host, disk, &drive, texts);
    drive.refused = facts_refused(app, trial, &drive.refused_next, texts);
    facts_inspect_users(app->vm_facts, host, vm->id, trial, &drive);
    facts_inspect_layers(app->vm_facts, host, trial->below, &drive);
    g_array_append_val(drives, drive);
}

/* Adds what an adopted VM brought along (vm_origin.c). */
static void facts_inspect_firmware(const FctVmFactsKeeper *keeper, const Host *host, const FctVm *vm, FctVmNeeds *needs)
{
    needs->loader = fct_json_str(vm->origin, "loader", "");
    needs->nvram_template = fct_json_str(vm->origin, "nvram_template", "");
    needs->secret = fct_json_str(vm->origin, "tpm_secret", "");
    if (*needs->loader)
        needs->loader_there = facts_probe_image(keeper, host, needs->loader, FALSE).there;
    if (!*needs->loader || !*needs->nvram_template)
        return;
    g_autofree char *own = g_strdup_printf(FCT_NVRAM, vm->id);
    if (facts_probe_image(keeper, host, *vm->nvram ? vm->nvram : own, FALSE).there ==
        FCT_SEEN_NO) /* else nobody copies it */
        needs->nvram_template_there = facts_probe_image(keeper, host, needs->nvram_template, FALSE).there;
}

/* When libvirt itself keeps the variables it makes their folder, too. @texts owns it. */
static const char *missing_folder(const FctVmFactsKeeper *keeper, const Host *host, const FctVm *vm, GPtrArray *texts)
{
    g_autofree char *folder = g_path_get_dirname(vm->nvram);
    if (!*vm->nvram || facts_probe_image(keeper, host, vm->nvram, FALSE).there != FCT_SEEN_NO ||
        facts_probe_image(keeper, host, folder, FALSE).there != FCT_SEEN_NO)
        return "";
    g_ptr_array_add(texts, folder);
    return g_steal_pointer(&folder);
}

/* ---- what others did to it ---- */

/* Whether both name one file, by the present reading of the host; @path need not be a path ("nbd:NAME"). */
static gboolean is_same_file(const FctVmFactsKeeper *keeper, const Host *host, const char *path, const char *other)
{
    g_autoptr(GPtrArray) unknown = g_ptr_array_new();
    g_autoptr(GHashTable) keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    const FctVolumeSurvey places = {
        .pools = host->pools ? host->pools : unknown, .probe = keeper->probe, .remote = host->remote, .keys = keys};
    return strcmp(path, other) == 0 || (*path == '/' && fct_volume_survey_same(&places, path, other));
}

/* The file of a drive by libvirt; "": no file, or no such drive. */
static const char *file_by_libvirt(const FctVmInfo *info, const char *target)
{
    size_t i;
    json_t *drive;
    json_array_foreach (info->drives, i, drive)
        if (strcmp(fct_json_str(drive, "target", ""), target) == 0)
            return fct_json_str(drive, "path", "");
    return "";
}

/* A file that Facet has left behind, and that a definition which could not be brought along still names. */
static gboolean is_left_behind(const FctVm *vm, const char *path)
{
    size_t i;
    json_t *file;
    json_array_foreach (json_object_get(vm->chain, "garbage"), i, file)
        if (strcmp(fct_json_str(file, "path", ""), path) == 0)
            return TRUE;
    return FALSE;
}

static gboolean is_frozen(FctApp *app, const FctVm *vm, const char *path)
{
    g_autoptr(FctVmTree) tree = json_is_object(vm->chain) ? fct_vm_tree_load(app->store, vm->id, NULL) : NULL;
    return tree && fct_chain_find(tree->chain, path);
}

/* FctVmMoved, borrowed from @vm and @info. A disk that libvirt does not have comes with the next start. */
static GArray *find_moved(FctApp *app, const Host *host, const FctVm *vm, const FctVmInfo *info)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(FctVmMoved));
    for (guint i = 0; info && i < vm->disks->len; i++) {
        const FctVmDisk *disk = g_ptr_array_index(vm->disks, i);
        const char *path = file_by_libvirt(info, disk->target);
        if (disk->cdrom || disk->seed || disk->leaving || !*disk->path || !*path)
            continue;
        if (is_same_file(app->vm_facts, host, path, disk->path) || is_left_behind(vm, path))
            continue;
        const FctVmMoved moved = {disk->target, disk->path, path, is_frozen(app, vm, path)};
        g_array_append_val(list, moved);
    }
    return list;
}

void fct_vm_facts_judge_outside(FctApp *app, const FctVm *vm, GPtrArray *verdicts)
{
    fct_domains_refresh(app->domains, vm->id);
    g_autoptr(FctVmInfo) info = fct_domains_info(app->domains, vm->id);
    g_autoptr(FctVmKnown) known = fct_vm_docs_one(app->vm_docs, vm->id);
    g_autoptr(Host) host = facts_newest_host(app->vm_facts);
    g_autoptr(GArray) moved = find_moved(app, host, known ? known->vm : vm, info);
    const FctVmNeeds needs = {.id = vm->id,
                              .name = info ? info->name : vm->name,
                              .saved = info && info->saved,
                              .mark_lost = known && info && !info->ours,
                              .moved = moved};
    fct_vm_judge_outside(&needs, verdicts);
}

void fct_vm_facts_pass(GPtrArray *verdicts, const char *code)
{
    for (guint i = verdicts->len; i-- > 0;)
        if (strcmp(((FctVerdict *)verdicts->pdata[i])->code, code) == 0)
            g_ptr_array_remove_index(verdicts, i);
}

gboolean fct_vm_facts_check_outside(FctApp *app, const FctVm *vm, const char *what, GError **error)
{
    g_autoptr(GPtrArray) verdicts = g_ptr_array_new_with_free_func((GDestroyNotify)fct_verdict_free);
    fct_vm_facts_judge_outside(app, vm, verdicts);
    if (verdicts->len)
        fct_vm_set_refused(error, vm, verdicts, what, NULL);
    return !verdicts->len;
}

/* Reads the host anew. A running VM has its files for itself, since its QEMU locks them. */
static void judge_users(FctApp *app, const FctVm *vm, GPtrArray *verdicts)
{
    g_autoptr(FctVmInfo) info = fct_domains_info(app->domains, vm->id);
    if (fct_vm_info_active(info))
        return;
    facts_refresh_saved(app->domains);
    g_autoptr(Host) host = facts_read_host(app->vm_facts, FALSE);
    g_autoptr(GArray) drives = g_array_new(FALSE, TRUE, sizeof(FctVmNeedDrive));
    g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func((GDestroyNotify)fct_vm_disk_free);
    for (guint i = 0; i < vm->disks->len; i++) {
        FctVmDisk *disk = fct_vm_disk_copy(vm->disks->pdata[i]);
        g_ptr_array_add(kept, disk);
        if (disk->cdrom || disk->seed || disk->leaving || !*disk->path)
            continue;
        FctVmNeedDrive drive = {.target = disk->target, .volume = disk->volume, .path = disk->path};
        fct_record_judge_disk(app, disk, NULL); /* other faults of the disk do not matter here */
        facts_inspect_users(app->vm_facts, host, vm->id, disk, &drive);
        g_array_append_val(drives, drive);
    }
    const FctVmNeeds needs = {.drives = drives};
    fct_vm_judge_users(&needs, verdicts);
}

gboolean fct_vm_facts_check_alone(FctApp *app, const FctVm *vm, const char *what, GError **error)
{
    g_autoptr(GPtrArray) verdicts = g_ptr_array_new_with_free_func((GDestroyNotify)fct_verdict_free);
    fct_vm_facts_judge_outside(app, vm, verdicts);
    judge_users(app, vm, verdicts);
    if (verdicts->len)
        fct_vm_set_refused(error, vm, verdicts, what, NULL);
    return !verdicts->len;
}

static void facts_judge(FctApp *app, const FctVm *vm, const char *state, gboolean active, GPtrArray *verdicts)
{
    g_autoptr(Host) host = facts_newest_host(app->vm_facts);
    g_autoptr(GArray) drives = g_array_new(FALSE, TRUE, sizeof(FctVmNeedDrive));
    g_autoptr(GPtrArray) networks = g_ptr_array_new();
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func((GDestroyNotify)fct_vm_disk_free);
    for (guint i = 0; i < vm->disks->len; i++)
        facts_add_drive(app, host, vm, g_ptr_array_index(vm->disks, i), texts, kept, drives);
    for (guint i = 0; i < vm->nics->len; i++)
        g_ptr_array_add(networks, ((FctVmNic *)vm->nics->pdata[i])->network);
    FctVmNeeds needs = {.id = vm->id,
                        .name = vm->name,
                        .state = state,
                        .active = active,
                        .vcpus = vm->vcpus,
                        .memory_mib = vm->memory_mib,
                        .uefi = vm->uefi,
                        .tpm = vm->tpm,
                        .windows = strcmp(vm->os, "windows") == 0,
                        .pinned = vm->devices->len && strcmp(app->config.part_device, "vfio") == 0,
                        .drives = drives,
                        .networks = networks};
    facts_inspect_firmware(app->vm_facts, host, vm, &needs);
    needs.nvram_folder = missing_folder(app->vm_facts, host, vm, texts);
    /* By @vm: it may be the VM as a snapshot has it, or as it is to become. */
    g_autoptr(FctVmKnown) known = fct_vm_docs_one(app->vm_docs, vm->id);
    g_autoptr(FctVmInfo) info = fct_domains_info(app->domains, vm->id);
    g_autoptr(GArray) moved = known ? find_moved(app, host, known->vm, info) : NULL;
    needs.moved = moved;
    needs.saved = known && info && info->saved;
    needs.mark_lost = known && info && !info->ours;
    const FctVmFacts facts = facts_of(app, host);
    fct_vm_judge(&needs, &facts, verdicts);
}

void fct_vm_facts_judge(FctApp *app, const FctVm *vm, gboolean active, GPtrArray *verdicts)
{
    facts_judge(app, vm, vm->state, active, verdicts);
}

void fct_vm_facts_judge_memory_file(FctApp *app, const char *path, GPtrArray *verdicts)
{
    g_autoptr(Host) host = facts_newest_host(app->vm_facts);
    fct_vm_judge_memory_file(path, facts_probe_image(app->vm_facts, host, path, FALSE).there, verdicts);
}

/* ---- at the field ---- */

static gboolean set_from_verdict(const FctVerdict *verdict, GError **error)
{
    const char *field = fct_vm_verdict_field(verdict);
    FctErrorCode code = strcmp(verdict->code, "name-taken") == 0     ? FCT_ERROR_EXISTS
                        : fct_vm_verdict_is_lasting(verdict)         ? FCT_ERROR_BAD_REQUEST
                        : strcmp(verdict->code, "libvirt-down") == 0 ? FCT_ERROR_LIBVIRT_DOWN
                                                                     : FCT_ERROR_CONFLICT;
    g_autoptr(GPtrArray) only = g_ptr_array_new();
    g_ptr_array_add(only, (gpointer)verdict);
    json_t *details = json_pack("{s:o}", "verdicts", fct_verdicts_to_json(only));
    if (field)
        json_object_set_new(details, "field", json_string(field));
    return fct_set_error_full(error, code, *verdict->next ? verdict->next : NULL, details, "%s", verdict->sentence);
}

gboolean fct_vm_facts_check(FctApp *app, const FctVm *vm, gboolean start, const json_t *patch, GError **error)
{
    g_autoptr(GPtrArray) verdicts = g_ptr_array_new_with_free_func((GDestroyNotify)fct_verdict_free);
    fct_vm_facts_refresh(app);
    facts_judge(app, vm, "", FALSE, verdicts);
    for (guint i = 0; i < verdicts->len; i++) {
        const FctVerdict *verdict = g_ptr_array_index(verdicts, i);
        const char *field = fct_vm_verdict_field(verdict);
        gboolean stops = verdict->severity == FCT_BLOCK || verdict->severity == FCT_REFUSE;
        gboolean asked = !patch || (field && json_object_get(patch, field));
        if (stops && asked && (start || fct_vm_verdict_is_lasting(verdict)))
            return set_from_verdict(verdict, error);
    }
    return TRUE;
}
