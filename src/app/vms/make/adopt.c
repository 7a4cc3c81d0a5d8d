/* SPDX-License-Identifier: Apache-2.0 */
#include "app/vms/make/adopt.h"
#include "app/domains/acts.h"
#include "app/domains/domains.h"
#include "app/domains/vm_doc.h"
#include "app/domains/vm_docs.h"

#include "app/domains/snapshot_users.h"
#include "app/gpus/holds.h"
#include "app/networks/networks.h"
#include "app/news/records.h"
#include "app/storage/volume_record.h"
#include "app/storage/volumes.h"
#include "app/vms/first_boot/first_boot.h"
#include "app/vms/make/make.h"
#include "app/vms/state/facts.h"
#include "base/text.h"
#include "core/vm_pending.h"

#include <string.h>

#define LISTED 5 /* texts in an event; the answer lists all */

/* Finds another program's VM by UUID or name, or one of ours whose mark another program has removed. */
static FctVmInfo *find_other(FctApp *app, const char *id, GError **error)
{
    g_autoptr(GPtrArray) infos = fct_domains_infos(app->domains);
    for (guint i = 0; i < infos->len; i++) {
        const FctVmInfo *info = g_ptr_array_index(infos, i);
        if (strcmp(info->id, id) != 0 && strcmp(info->name, id) != 0)
            continue;
        g_autoptr(GError) fault = NULL;
        g_autoptr(FctVm) vm = fct_vm_load(app->store, info->id, &fault);
        if (vm ? !info->ours : fault->code == FCT_ERROR_NOT_FOUND)
            return fct_vm_info_ref(info);
        if (vm)
            fct_set_error(error, FCT_ERROR_CONFLICT, "VM %s is managed by Facet already.", vm->name);
        else
            fct_set_error_full(error, FCT_ERROR_CONFLICT, "Restore a backup of Facet's database.", NULL,
                               "Facet has a record of VM %s that cannot be read: %s", info->name, fault->message);
        return NULL;
    }
    if (!fct_domains_is_up(app->domains))
        fct_set_error(error, FCT_ERROR_LIBVIRT_DOWN, "libvirt does not answer.");
    else
        fct_set_error(error, FCT_ERROR_NOT_FOUND, "There is no VM “%s”.", id);
    return NULL;
}

/*
 * Whether a drive is a first-boot medium that Facet made for this very VM before it was released: then it is the VM's
 * own again, to be replaced and deleted with it, unless another VM names it.
 */
static void own_medium(FctApp *app, const char *vm, FctVmDisk *disk)
{
    g_autoptr(FctVolumeRecord) record = *disk->pool ? fct_record_find(app, disk->pool, disk->volume, NULL) : NULL;
    if (record && record->seed && *disk->path && strcmp(record->vm, vm) == 0 && strcmp(record->path, disk->path) == 0 &&
        fct_volume_alone(app, vm, disk->path, NULL))
        disk->seed = disk->made = TRUE;
}

/* Records in @writes what each disk is from now on (ADR 6): as the definition says, which no guest has written. */
static void record_disks(FctApp *app, FctAdoption *adoption, gboolean active, FctWrites *writes)
{
    const GPtrArray *disks = adoption->spec->disks;
    for (guint i = 0; i < disks->len; i++) {
        FctVmDisk *disk = disks->pdata[i];
        g_autoptr(GError) fault = NULL;
        own_medium(app, adoption->spec->id, disk);
        gboolean known = strcmp(disk->format, "qcow2") == 0 || strcmp(disk->format, "raw") == 0;
        if (!known || fct_volume_adopt(app, disk, active, writes, &fault)) /* the others are refused already */
            continue;
        g_autoptr(json_t) wire = fct_error_to_json(fault);
        g_ptr_array_add(adoption->verdicts, fct_verdict_new(FCT_REFUSE, "unknown-disk", "",
                                                            fct_json_str(wire, "next", ""), "%s", fault->message));
    }
}

/* For a VM whose document Facet still has: only its mark is written again. */
static FctAdoption *adoption_read_again(FctApp *app, const FctVm *vm)
{
    FctAdoption *adoption = fct_adoption_new();
    fct_vm_facts_judge_outside(app, vm, adoption->verdicts);
    fct_vm_facts_pass(adoption->verdicts, "mark-lost");
    g_ptr_array_add(adoption->lost,
                    g_strdup("What another program changed in its definition: it starts as Facet knows it"));
    return adoption;
}

/* Documents of snapshots are left when the VM's own document was lost: then nobody knows which files stand on which. */
static gboolean has_snapshots(FctApp *app, const char *id, gboolean *ret, GError **error)
{
    g_autofree char *prefix = g_strconcat(FCT_SNAPSHOT_KEY, id, "/", NULL);
    g_autoptr(GPtrArray) docs = app->store->ops->list(app->store, prefix, error);
    *ret = docs && docs->len;
    return docs != NULL;
}

static FctAdoption *adoption_read_first(FctApp *app, const FctVmInfo *info, FctWrites *writes, GError **error)
{
    FctAdoption *adoption = app->vmm->ops->adoption(app->vmm, info->id, error);
    gboolean snapshots;
    if (!adoption || !has_snapshots(app, info->id, &snapshots, error)) {
        fct_adoption_free(adoption);
        return NULL;
    }
    if (snapshots)
        g_ptr_array_add(
            adoption->verdicts,
            fct_verdict_new(FCT_REFUSE, "snapshots-left", "",
                            "Restore a backup of Facet's database, which has its record. Or keep the disks as "
                            "they are and define the VM under another UUID with virsh, then adopt that one.",
                            "Facet took snapshots of this VM and has lost its record."));
    record_disks(app, adoption, fct_vm_info_active(info), writes);
    return adoption;
}

static FctAdoption *adoption_read(FctApp *app, const FctVmInfo *info, FctWrites *writes, GError **error)
{
    g_autoptr(FctVmKnown) known = fct_vm_docs_one(app->vm_docs, info->id);
    FctAdoption *adoption = known ? adoption_read_again(app, known->vm) : adoption_read_first(app, info, writes, error);
    if (!adoption)
        return NULL;
    if (adoption->lost->len)
        g_ptr_array_add(adoption->verdicts,
                        fct_verdict_new(FCT_CONFIRM, "adopt-changes", "", "Read what changes, then confirm.",
                                        "Its next start by Facet changes %u thing%s of it.", adoption->lost->len,
                                        adoption->lost->len == 1 ? "" : "s"));
    return adoption;
}

static json_t *texts_json(const GPtrArray *texts)
{
    json_t *list = json_array();
    for (guint i = 0; i < texts->len; i++)
        json_array_append_new(list, json_string(texts->pdata[i]));
    return list;
}

/* A digest of the list of losses to which the user consents. */
static char *adoption_digest(const GPtrArray *lost)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    for (guint i = 0; i < lost->len; i++)
        g_checksum_update(sum, lost->pdata[i], (gssize)strlen(lost->pdata[i]) + 1);
    return g_strdup(g_checksum_get_string(sum));
}

/* TRUE when what would be lost is what the user has read. */
static gboolean is_as_read(const FctAdoption *adoption, const char *digest, GError **error)
{
    g_autofree char *now = adoption_digest(adoption->lost);
    if (!*digest || strcmp(digest, now) == 0)
        return TRUE;
    return fct_set_error_full(
        error, FCT_ERROR_STALE, "Read what changes once more, then confirm.",
        json_pack("{s:o}", "lost", texts_json(adoption->lost)),
        "What its next start by Facet changes is not what you have read: the VM was changed meanwhile.");
}

/* " Stays changed: A; B; and 3 more." */
static char *adoption_listed(const char *title, const GPtrArray *lost)
{
    GString *text = g_string_new(NULL);
    if (lost->len)
        g_string_append_printf(text, " %s: ", title);
    for (guint i = 0; i < lost->len && i < LISTED; i++)
        g_string_append_printf(text, "%s%s", i ? "; " : "", (const char *)lost->pdata[i]);
    if (lost->len > LISTED)
        g_string_append_printf(text, "; and %u more", lost->len - LISTED);
    if (lost->len)
        g_string_append_c(text, '.');
    return g_string_free(text, FALSE);
}

json_t *fct_vm_adoption(FctApp *app, const char *id, GError **error)
{
    g_autoptr(FctVmInfo) info = find_other(app, id, error);
    g_autoptr(FctWrites) writes = fct_writes_new();
    g_autoptr(FctAdoption) adoption = info ? adoption_read(app, info, writes, error) : NULL;
    if (!adoption)
        return NULL;
    g_autofree char *digest = adoption_digest(adoption->lost);
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "digest", digest, "id", info->id, "name", info->name,
                     "state", fct_vm_state_name(info->state), "kept", texts_json(adoption->kept), "lost",
                     texts_json(adoption->lost), "verdicts", fct_verdicts_to_json(adoption->verdicts));
}

static gboolean adoption_check(const FctAdoption *adoption, gboolean confirm, GError **error)
{
    const FctVerdict *first = NULL;
    for (guint i = 0; !first && i < adoption->verdicts->len; i++) {
        const FctVerdict *verdict = adoption->verdicts->pdata[i];
        if (verdict->severity != FCT_WARN && !(confirm && verdict->severity == FCT_CONFIRM))
            first = verdict;
    }
    if (!first)
        return TRUE;
    json_t *details = json_pack("{s:o, s:o}", "verdicts", fct_verdicts_to_json(adoption->verdicts), "lost",
                                texts_json(adoption->lost));
    return fct_set_error_full(error, FCT_ERROR_REFUSED, *first->next ? first->next : NULL, details, "%s",
                              first->sentence);
}

/* Moves the items of @from, with their ownership, to the end of @to. */
static void move_all(GPtrArray *to, GPtrArray *from)
{
    while (from->len)
        g_ptr_array_add(to, g_ptr_array_steal_index(from, 0));
}

/* The document from which Facet makes the same domain. Takes the lists of the adoption's spec over. */
static FctVm *vm_of(FctAdoption *adoption)
{
    FctVmSpec *spec = adoption->spec;
    FctVm *vm = fct_vm_new();
    fct_text_set(&vm->id, spec->id);
    fct_text_set(&vm->name, spec->name);
    fct_text_set(&vm->os, spec->os);
    fct_text_set(&vm->nvram, spec->nvram);
    fct_text_set(&vm->state, "ready");
    vm->vcpus = spec->vcpus;
    vm->memory_mib = spec->memory_mib;
    vm->uefi = spec->uefi;
    vm->tpm = spec->tpm;
    vm->agent = spec->agent;
    vm->autostart.enabled = adoption->host_starts;
    vm->created_ms = fct_app_now_ms();
    g_strfreev(vm->boot);
    vm->boot = g_strdupv(spec->boot);
    fct_vm_origin_set(vm, spec);
    move_all(vm->disks, spec->disks);
    move_all(vm->nics, spec->nics);
    return vm;
}

/* Stores the document together with @writes. @xml: the definition to go back to, or NULL. */
static gboolean adopt_store(FctApp *app, const FctVm *vm, const char *xml, FctWrites *writes, GError **error)
{
    GError *fault = NULL;
    fct_writes_add(writes, fct_vm_key(vm->id), fct_vm_to_doc(vm), FCT_REV_NONE);
    fct_writes_add(writes, fct_vm_name_key(vm->name), json_pack("{s:s}", "id", vm->id), FCT_REV_NONE);
    if (xml)
        fct_writes_add(writes, fct_vm_origin_key(vm->id), json_pack("{s:s}", "xml", xml), FCT_REV_ANY);
    return fct_writes_commit(app->store, writes, NULL, &fault) || fct_vm_refuse_new(app, vm, fault, error);
}

/*
 * Sets the mark before the document is stored: if facetd dies in between, the domain has a mark but no document, is
 * shown as another program's and can be adopted again. In the other order it would be ours, but libvirt's side would
 * refuse to start it.
 */
static gboolean make_ours(FctApp *app, const FctVmInfo *info, gboolean confirm, const char *digest,
                          GPtrArray **ret_lost, GError **error)
{
    FctVmm *vmm = app->vmm;
    g_autoptr(FctWrites) writes = fct_writes_new();
    g_autoptr(FctAdoption) adoption = adoption_read(app, info, writes, error);
    if (!adoption || !is_as_read(adoption, digest, error) || !adoption_check(adoption, confirm, error))
        return FALSE;
    *ret_lost = g_ptr_array_ref(adoption->lost);
    g_autoptr(FctVmKnown) known = fct_vm_docs_one(app->vm_docs, info->id);
    if (known)
        return vmm->ops->mark(vmm, info->id, TRUE, error);
    g_autoptr(FctVm) vm = vm_of(adoption);
    if (fct_vm_info_active(info)) {
        json_decref(vm->run);
        vm->run = fct_vm_run_json(vm);
    }
    if (!fct_networks_guard_nics(app, vm, writes, error) || !vmm->ops->mark(vmm, info->id, TRUE, error))
        return FALSE;
    if (adopt_store(app, vm, adoption->xml, writes, error))
        return TRUE;
    g_autoptr(GError) fault = NULL;
    if (!vmm->ops->mark(vmm, info->id, FALSE, &fault))
        g_warning("VM %s keeps our mark: %s", info->name, fault->message);
    return FALSE;
}

char *fct_vm_adopt(FctApp *app, const FctIdentity *who, const char *id, gboolean confirm, const char *digest,
                   json_t **ret_lost, GError **error)
{
    g_autoptr(GPtrArray) lost = NULL;
    g_autoptr(FctVmInfo) info = find_other(app, id, error);
    if (!info || !fct_acts_begin(app->acts, info->id, "is being taken over", error))
        return NULL;
    gboolean ok = make_ours(app, info, confirm, digest, &lost, error);
    fct_acts_end(app->acts, info->id);
    if (!ok)
        return NULL;
    g_autofree char *changes = adoption_listed("Its next start changes", lost);
    fct_event(app, "vm", "info", "vm", info->id, info->name, "VM %s is managed by Facet now (%s).%s", info->name,
              who->user, changes);
    *ret_lost = texts_json(lost);
    return g_strdup(info->id);
}

/* ---- the way back ---- */

/* What only Facet knows of, and what would have no owner afterwards. */
static gboolean adopt_may_let_go(FctApp *app, const FctVm *vm, GError **error)
{
    FctStore *store = app->store;
    g_autofree char *prefix = g_strdup_printf("snapshot/%s/", vm->id);
    g_autoptr(GPtrArray) holds = fct_holds_list(store, vm->id, error);
    g_autoptr(GPtrArray) snapshots = holds ? store->ops->list(store, prefix, error) : NULL;
    if (!snapshots)
        return FALSE;
    if (strcmp(vm->state, "ready") != 0)
        fct_set_error(error, FCT_ERROR_CONFLICT, "VM %s is still being made or deleted.", vm->name);
    else if (holds->len)
        fct_set_error_full(error, FCT_ERROR_IN_USE, "Stop it first.", NULL,
                           "VM %s holds parts of GPUs, which Facet must get back.", vm->name);
    else if (snapshots->len)
        fct_set_error_full(error, FCT_ERROR_IN_USE, "Delete its snapshots first.", NULL,
                           "VM %s has snapshots, which only Facet can take back or delete.", vm->name);
    else
        return TRUE;
    return FALSE;
}

/* The definition that the VM had when it was adopted; "" when it was not adopted, or none was kept. */
static char *original_of(FctStore *store, const FctVm *vm)
{
    g_autofree char *key = fct_vm_origin_key(vm->id);
    g_autoptr(FctDoc) doc = json_is_object(vm->origin) ? store->ops->get(store, key, NULL) : NULL;
    return g_strdup(doc ? fct_json_str(doc->value, "xml", "") : "");
}

/* Drops what Facet knew of files outside of all pools, which are nobody's volumes, unless another VM has them. */
static void forget_files(FctApp *app, const FctVm *vm)
{
    g_autoptr(FctWrites) writes = fct_writes_new();
    g_autoptr(GError) fault = NULL;
    for (guint i = 0; i < vm->disks->len; i++) {
        const FctVmDisk *disk = vm->disks->pdata[i];
        if (!*disk->pool && *disk->path && fct_volume_alone(app, vm->id, disk->path, NULL))
            fct_writes_add(writes, fct_record_key("", disk->path), NULL, FCT_REV_ANY);
    }
    if (!fct_writes_commit(app->store, writes, NULL, &fault))
        g_warning("VM %s: the records of its files stay: %s", vm->name, fault->message);
}

/* Deletes the document and all that belongs to it in one commit: a failure leaves everything as it was. */
static FctRelease *adopt_drop(FctApp *app, const FctVm *before, GError **error)
{
    FctVmm *vmm = app->vmm;
    g_autoptr(FctWrites) writes = fct_writes_new();
    if (!fct_vm_first_boot_let_go(app, before, writes, error))
        return NULL;
    g_autoptr(FctVm) vm = fct_vm_load(app->store, before->id, error); /* its secrets may have left it just now */
    FctVmSpec *spec = vm ? fct_record_spec_told(app, vm, error) : NULL;
    if (!spec)
        return NULL;
    g_autofree char *original = original_of(app->store, vm);
    fct_writes_add(writes, fct_vm_key(vm->id), NULL, vm->revision);
    fct_writes_add(writes, fct_vm_name_key(vm->name), NULL, FCT_REV_ANY);
    if (*original)
        fct_writes_add(writes, fct_vm_origin_key(vm->id), NULL, FCT_REV_ANY);
    if (!fct_writes_commit(app->store, writes, NULL, error)) {
        fct_vm_spec_free(spec);
        return NULL;
    }
    FctRelease *release = vmm->ops->release(vmm, spec, original, vm->autostart.enabled, error);
    if (release) {
        forget_files(app, vm);
        return release;
    }
    g_autoptr(GError) fault = NULL; /* libvirt would go on calling it ours */
    g_autoptr(FctWrites) back = fct_writes_new();
    if (!adopt_store(app, vm, *original ? original : NULL, back, &fault))
        g_warning("VM %s has no document any more: %s", vm->name, fault->message);
    return NULL;
}

/* One sentence about what became of the definition. */
static char *adopt_outcome(const FctVm *vm, const FctRelease *release)
{
    if (!json_is_object(vm->origin))
        return g_strdup("Its definition stays as it is.");
    if (!release->restored)
        return g_strdup_printf("It keeps what Facet made of its definition, since %s.", release->why);
    return g_strdup_printf("It has the definition back that it was adopted with%s.",
                           release->lost->len ? ", but not all of it" : "");
}

static json_t *adopt_tell(FctApp *app, const FctIdentity *who, const FctVm *vm, const FctRelease *release)
{
    const char *definition = !json_is_object(vm->origin) ? "made" : release->restored ? "restored" : "kept";
    g_autofree char *sentence = adopt_outcome(vm, release), *rest = adoption_listed("Stays changed", release->lost);
    fct_event(app, "vm", release->lost->len ? "warning" : "info", "vm", vm->id, vm->name,
              "VM %s is no longer managed by Facet (%s). %s%s", vm->name, who->user, sentence, rest);
    return json_pack("{s:s, s:s, s:s, s:s, s:o}", "id", vm->id, "name", vm->name, "definition", definition, "sentence",
                     sentence, "lost", texts_json(release->lost));
}

json_t *fct_vm_let_go(FctApp *app, const FctIdentity *who, const char *id, GError **error)
{
    if (!fct_acts_begin(app->acts, id, "is being released", error))
        return NULL;
    g_autoptr(FctVm) vm = fct_vm_load(app->store, id, error);
    g_autoptr(FctRelease) release = vm && adopt_may_let_go(app, vm, error) ? adopt_drop(app, vm, error) : NULL;
    fct_acts_end(app->acts, id);
    return release ? adopt_tell(app, who, vm, release) : NULL;
}
