/* SPDX-License-Identifier: Apache-2.0 */
#include "app/vms/make/templates.h"

#include "app/domains/vm_doc.h"
#include "app/library/files.h"
#include "app/library/images.h"
#include "app/networks/networks.h"
#include "app/news/hub.h"
#include "app/storage/pools.h"
#include "app/vms/power/choose.h"
#include "app/vms/state/facts.h"
#include "base/read.h"
#include "model/first_boot.h"
#include "model/template.h"

#include <string.h>

#define NAME_MAX_CHARS 64
#define DESCRIPTION_MAX_CHARS 400

static char *template_key(const char *id)
{
    return g_strconcat("template/", id, NULL);
}

/* ---- what it refers to ---- */

/* What exists now. A kind that cannot be read now (NULL) is assumed to be there. */
typedef struct {
    FctApp *app;
    FctVmOffer *offer;
    json_t *networks; /* items of fct_networks_list */
    json_t *pools;    /* items of fct_pools_list */
} Known;

static void known_clear(Known *known)
{
    g_clear_pointer(&known->offer, fct_vm_offer_free);
    g_clear_pointer(&known->networks, json_decref);
    g_clear_pointer(&known->pools, json_decref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Known, known_clear)

static void known_open(Known *known, FctApp *app)
{
    known->app = app;
    known->offer = app->vms ? fct_vm_offer_new(app, FALSE, NULL) : NULL;
    known->networks = app->vms ? fct_networks_list(app, NULL) : NULL;
    known->pools = app->vms ? fct_pools_list(app, NULL) : NULL;
}

static void add_problem(json_t *problems, const char *field, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void add_problem(json_t *problems, const char *field, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *sentence = g_strdup_vprintf(format, ap);
    va_end(ap);
    json_array_append_new(problems, json_pack("{s:s, s:s}", "field", field, "sentence", sentence));
}

static gboolean has_name(const json_t *items, const char *name)
{
    size_t i;
    json_t *item;
    json_array_foreach (items, i, item)
        if (strcmp(fct_json_str(item, "name", ""), name) == 0)
            return TRUE;
    return FALSE;
}

/* What @input refers to and does not exist: [{"field", "sentence"}]. */
static json_t *problems_of(const Known *known, const json_t *input)
{
    json_t *problems = json_array(), *each;
    size_t i;
    const char *image = fct_json_str(input, "image", ""), *iso = fct_json_str(input, "iso", "");
    const char *pool = fct_json_str(input, "pool", "");
    g_autoptr(FctImage) found = *image ? fct_images_find(known->app->config.images_dir, image, NULL) : NULL;
    if (*image && !found)
        add_problem(problems, "image", "The image “%s” is gone.", image);
    g_autofree char *file = *iso ? fct_files_path(known->app->files, iso, NULL) : NULL;
    if (*iso && !file)
        add_problem(problems, "iso", "The ISO “%s” is gone.", iso);
    if (*pool && known->pools && !has_name(known->pools, pool))
        add_problem(problems, "pool", "The storage pool “%s” is gone.", pool);
    json_array_foreach (json_object_get(input, "devices"), i, each) {
        const char *group = fct_json_str(each, "group", "");
        if (known->offer && !fct_vm_offer_has_group(known->offer, group)) /* only its id is left */
            add_problem(problems, "devices", "A resource group that it asks for is gone; choose another one.");
    }
    json_array_foreach (json_object_get(input, "nics"), i, each) {
        const char *network = fct_json_str(each, "network", "");
        if (known->networks && !has_name(known->networks, network))
            add_problem(problems, "nics", "The network “%s” is gone.", network);
    }
    return problems;
}

/* ---- views ---- */

/* User data may hold a password: people who may look at templates are only told that there is some. */
static void hide_user_data(json_t *input)
{
    json_t *boot = json_object_get(input, "cloud_init");
    if (!json_object_get(boot, "user_data"))
        return;
    json_object_del(boot, "user_data");
    json_object_set_new(boot, "has_user_data", json_true());
}

static json_t *template_view(const Known *known, const FctDoc *doc)
{
    json_t *json = json_deep_copy(doc->value);
    hide_user_data(json_object_get(json, "input"));
    json_object_set_new(json, "problems", problems_of(known, json_object_get(json, "input")));
    fct_app_stamp(known->app, json, doc->key + strlen("template/"), doc->revision);
    return json;
}

json_t *fct_templates_list(FctApp *app, GError **error)
{
    g_auto(Known) known = {0};
    g_autoptr(GPtrArray) docs = app->store->ops->list(app->store, "template/", error);
    if (!docs)
        return NULL;
    known_open(&known, app);
    json_t *items = json_array();
    for (guint i = 0; i < docs->len; i++)
        json_array_append_new(items, template_view(&known, docs->pdata[i]));
    return items;
}

/* By id or name. */
static FctDoc *template_find(FctApp *app, const char *id, GError **error)
{
    g_autofree char *key = template_key(id);
    FctDoc *doc = app->store->ops->get(app->store, key, NULL);
    g_autoptr(GPtrArray) docs = doc ? NULL : app->store->ops->list(app->store, "template/", error);
    for (guint i = 0; docs && i < docs->len; i++)
        if (strcmp(fct_json_str(((FctDoc *)docs->pdata[i])->value, "name", ""), id) == 0)
            return g_ptr_array_steal_index(docs, i);
    if (!doc && docs)
        fct_set_error(error, FCT_ERROR_NOT_FOUND, "There is no template “%s”.", id);
    return doc;
}

json_t *fct_templates_get(FctApp *app, const char *id, GError **error)
{
    g_auto(Known) known = {0};
    g_autoptr(FctDoc) doc = template_find(app, id, error);
    if (!doc)
        return NULL;
    known_open(&known, app);
    return template_view(&known, doc);
}

/* ---- changes ---- */

static gboolean template_check_text(const json_t *input, const char *key, gsize max, gboolean needed, GError **error)
{
    const char *text;
    if (!json_object_get(input, key) && !needed)
        return TRUE;
    if (!fct_read_str(input, key, &text, error))
        return FALSE;
    if ((!needed || *text) && (gsize)g_utf8_strlen(text, -1) <= max)
        return TRUE;
    return fct_read_refuse(error, key, "“%s” must have %s%" G_GSIZE_FORMAT " characters.", key,
                           needed ? "1 to " : "at most ", max);
}

static gboolean template_name_is_free(FctApp *app, const char *id, const char *name, GError **error)
{
    g_autoptr(GPtrArray) docs = app->store->ops->list(app->store, "template/", error);
    for (guint i = 0; docs && i < docs->len; i++) {
        const FctDoc *doc = docs->pdata[i];
        if (g_strcmp0(doc->key + strlen("template/"), id) == 0 ||
            strcmp(fct_json_str(doc->value, "name", ""), name) != 0)
            continue;
        return fct_set_error_full(error, FCT_ERROR_EXISTS, NULL, json_pack("{s:s}", "field", "name"),
                                  "There is a template “%s” already.", name);
    }
    return docs != NULL;
}

/*
 * The template's input as if somebody had added what it must not contain: the password, and for Windows perhaps the
 * user.
 */
static json_t *with_password(const json_t *input)
{
    json_t *whole = json_deep_copy(input);
    json_t *linux_boot = json_object_get(whole, "cloud_init"), *windows = json_object_get(whole, "windows");
    if (*fct_json_str(linux_boot, "user", ""))
        json_object_set_new(linux_boot, "password", json_string("given when it is used"));
    if (json_is_object(windows)) {
        json_object_set_new(windows, "password", json_string("given when it is used"));
        if (!json_object_get(windows, "user"))
            json_object_set_new(windows, "user", json_string("given"));
    }
    return whole;
}

/* Whether each field of a VmInput is well formed; a name and a source need not be there. */
static gboolean check_fields(FctApp *app, const json_t *input, GError **error)
{
    static const char *const sources[] = {"image", "iso", "volume"};
    g_autoptr(json_t) whole = json_deep_copy(input);
    gboolean begins = FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(sources); i++)
        begins |= json_object_get(input, sources[i]) != NULL;
    json_object_set_new(whole, "name", json_string("vm"));
    if (!begins)
        json_object_set_new(whole, "iso", json_string("any"));
    g_autoptr(FctVm) vm = fct_vm_from_input(whole, error);
    g_autoptr(FctImage) image = vm && *vm->image ? fct_images_find(app->config.images_dir, vm->image, error) : NULL;
    if (!vm || (*vm->image && !(image && fct_vm_fit_image(vm, image, error))))
        return FALSE;
    return !app->vms || fct_vm_facts_check(app, vm, FALSE, input, error);
}

/* The VmInput that will be made from it, without what the template leaves open. */
static gboolean check_vm_input(FctApp *app, const json_t *input, GError **error)
{
    g_auto(Known) known = {0};
    if (!fct_template_check(input, error))
        return FALSE;
    known_open(&known, app);
    g_autoptr(json_t) problems = problems_of(&known, input);
    if (json_array_size(problems)) {
        const json_t *first = json_array_get(problems, 0);
        return fct_read_refuse(error, fct_json_str(first, "field", ""), "%s", fct_json_str(first, "sentence", ""));
    }
    g_autoptr(json_t) whole = with_password(input);
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctFirstBoot) boot G_GNUC_UNUSED = fct_first_boot_from_input(whole, &fault);
    if (fault)
        return fct_error_pass(error, &fault);
    json_object_del(whole, "cloud_init");
    json_object_del(whole, "windows");
    return check_fields(app, whole, error);
}

static gboolean template_check_input(FctApp *app, const char *id, const json_t *input, GError **error)
{
    static const char *const known[] = {"name", "description", "input", NULL};
    return fct_read_only(input, known, error) && template_check_text(input, "name", NAME_MAX_CHARS, TRUE, error) &&
           template_check_text(input, "description", DESCRIPTION_MAX_CHARS, FALSE, error) &&
           check_vm_input(app, json_object_get(input, "input"), error) &&
           template_name_is_free(app, id, fct_json_str(input, "name", ""), error);
}

json_t *fct_templates_put(FctApp *app, const char *id, const json_t *given, guint64 revision, GError **error)
{
    g_autoptr(FctDoc) old = id ? template_find(app, id, error) : NULL;
    const char *old_id = old ? old->key + strlen("template/") : NULL;
    g_autoptr(json_t) input = json_deep_copy(given);
    if ((id && !old) ||
        !fct_template_keep_user_data(json_object_get(input, "input"), old ? json_object_get(old->value, "input") : NULL,
                                     error) ||
        !template_check_input(app, old_id, input, error))
        return NULL;
    g_autofree char *new_id = old ? g_strdup(old_id) : fct_app_new_id("template");
    g_autofree char *key = template_key(new_id);
    g_autoptr(json_t) value =
        json_pack("{s:O, s:s, s:O, s:I}", "name", json_object_get(input, "name"), "description",
                  fct_json_str(input, "description", ""), "input", json_object_get(input, "input"), "created_ms",
                  (json_int_t)(old ? fct_json_int(old->value, "created_ms", 0) : fct_app_now_ms()));
    FctWrite write = {key, value, old ? revision : FCT_REV_NONE};
    if (!app->store->ops->commit(app->store, &write, 1, NULL, error))
        return NULL;
    json_t *json = fct_templates_get(app, new_id, error);
    if (json)
        fct_hub_publish(app->hub, "template", new_id, json_incref(json));
    return json;
}

gboolean fct_templates_delete(FctApp *app, const char *id, guint64 revision, GError **error)
{
    g_autoptr(FctDoc) doc = template_find(app, id, error);
    if (!doc)
        return FALSE;
    FctWrite write = {doc->key, NULL, revision};
    if (!app->store->ops->commit(app->store, &write, 1, NULL, error))
        return FALSE;
    fct_hub_publish_deleted(app->hub, "template", doc->key + strlen("template/"));
    return TRUE;
}

/* ---- from a VM ---- */

static FctVm *find_vm(FctApp *app, const char *id, GError **error)
{
    g_autofree char *key = fct_vm_name_key(id);
    g_autoptr(FctDoc) name = app->store->ops->get(app->store, key, NULL);
    g_autoptr(GError) fault = NULL;
    FctVm *vm = fct_vm_load(app->store, name ? fct_json_str(name->value, "id", "") : id, &fault);
    if (vm)
        return vm;
    if (fault->code == FCT_ERROR_NOT_FOUND)
        fct_read_refuse(error, "from_vm",
                        "There is no such VM of Facet's. Another program's VM must be adopted first.");
    else
        fct_error_pass(error, &fault);
    return NULL;
}

/*
 * Settings that VMs can share. The text of user_data stays out: it is kept from people, since it may hold a password.
 */
static void put_first_boot(json_t *input, const json_t *first_boot)
{
    g_autoptr(FctFirstBoot) boot = fct_first_boot_from_doc(first_boot);
    if (!boot)
        return;
    json_t *common = fct_first_boot_to_input(boot);
    json_object_del(common, "user_data");
    if (json_object_size(common))
        json_object_set(input, boot->kind == FCT_FIRST_BOOT_WINDOWS ? "windows" : "cloud_init", common);
    json_decref(common);
}

/* Disks other than the first, if they were made for the VM; attached disks belong to that VM alone. */
static json_t *disks_of(const FctVm *vm)
{
    const FctVmDisk *first = fct_vm_first_disk(vm);
    json_t *list = json_array();
    for (guint i = 0; i < vm->disks->len; i++) {
        const FctVmDisk *disk = vm->disks->pdata[i];
        if (disk == first || disk->cdrom || disk->seed || !disk->made || !disk->size_gib)
            continue;
        json_t *each = json_pack("{s:i, s:s}", "size_gib", disk->size_gib, "bus", disk->bus);
        if (*disk->pool)
            json_object_set_new(each, "pool", json_string(disk->pool));
        json_array_append_new(list, each);
    }
    return list;
}

static json_t *template_nics(const FctVm *vm)
{
    json_t *list = json_array();
    for (guint i = 0; i < vm->nics->len; i++) {
        const FctVmNic *nic = vm->nics->pdata[i];
        json_array_append_new(list, json_pack("{s:s, s:s}", "network", nic->network, "model", nic->model));
    }
    return list;
}

static json_t *template_devices(const FctVm *vm)
{
    json_t *list = json_array();
    for (guint i = 0; i < vm->devices->len; i++) {
        const FctDevice *device = vm->devices->pdata[i];
        json_array_append_new(list, json_pack("{s:s, s:i, s:b}", "group", device->group, "count", device->count,
                                              "optional", device->optional));
    }
    return list;
}

static json_t *boot_of(const FctVm *vm)
{
    json_t *list = json_array();
    for (guint i = 0; vm->boot[i]; i++)
        json_array_append_new(list, json_string(vm->boot[i]));
    return list;
}

static json_t *input_of(const FctVm *vm)
{
    json_t *input = json_pack("{s:s, s:i, s:I, s:b, s:b, s:b, s:o, s:o}", "os", vm->os, "vcpus", vm->vcpus,
                              "memory_mib", (json_int_t)vm->memory_mib, "uefi", vm->uefi, "tpm", vm->tpm, "agent",
                              vm->agent, "nics", template_nics(vm), "devices", template_devices(vm));
    const FctVmDisk *disk = fct_vm_first_disk(vm);
    if (*vm->image)
        json_object_set_new(input, "image", json_string(vm->image));
    if (*vm->description)
        json_object_set_new(input, "description", json_string(vm->description));
    if (disk && disk->size_gib)
        json_object_set_new(input, "disk_gib", json_integer(disk->size_gib));
    if (disk && disk->made && *disk->pool)
        json_object_set_new(input, "pool", json_string(disk->pool));
    json_object_set_new(input, "disks", disks_of(vm));
    if (!json_array_size(json_object_get(input, "disks")))
        json_object_del(input, "disks");
    if (vm->boot[0])
        json_object_set_new(input, "boot", boot_of(vm));
    if (vm->autostart.enabled)
        json_object_set_new(
            input, "autostart",
            json_pack("{s:b, s:i, s:i}", "enabled", 1, "order", vm->autostart.order, "delay_s", vm->autostart.delay_s));
    put_first_boot(input, vm->first_boot);
    return input;
}

json_t *fct_templates_from_vm(FctApp *app, const json_t *input, GError **error)
{
    const char *from;
    if (!fct_read_str(input, "from_vm", &from, error))
        return NULL;
    if (json_object_get(input, "input")) {
        fct_read_refuse(error, "input", "Send either “from_vm” or “input”.");
        return NULL;
    }
    g_autoptr(FctVm) vm = find_vm(app, from, error);
    if (!vm)
        return NULL;
    g_autoptr(json_t) whole = json_deep_copy(input);
    json_object_del(whole, "from_vm");
    json_object_set_new(whole, "input", input_of(vm));
    return fct_templates_put(app, NULL, whole, FCT_REV_NONE, error);
}

/* ---- use ---- */

json_t *fct_templates_apply(FctApp *app, const json_t *given, char **ret_id, GError **error)
{
    const char *id;
    *ret_id = g_strdup("");
    if (!json_object_get(given, "template"))
        return json_incref((json_t *)given);
    if (!fct_read_str(given, "template", &id, error))
        return NULL;
    g_autoptr(FctDoc) doc = template_find(app, id, NULL);
    if (!doc) {
        fct_read_refuse(error, "template", "There is no template “%s”.", id);
        return NULL;
    }
    g_free(*ret_id);
    *ret_id = g_strdup(doc->key + strlen("template/"));
    return fct_template_merge(json_object_get(doc->value, "input"), given);
}

void fct_templates_blame(FctApp *app, const char *id, const json_t *given, GError *fault, GError **error)
{
    g_autoptr(FctDoc) doc = *id ? template_find(app, id, NULL) : NULL;
    g_autoptr(json_t) json = fct_error_to_json(fault);
    json_t *details = json_object_get(json, "details");
    const char *field = fct_json_str(details, "field", "");
    if (!doc || !*field || strcmp(field, "name") == 0 || json_object_get(given, field)) {
        g_propagate_error(error, fault);
        return;
    }
    fct_set_error_full(error, fct_error_code(fault), "Change the template, or give another value here.",
                       json_incref(details), "The template “%s” cannot be used as it is: %s",
                       fct_json_str(doc->value, "name", ""), fault->message);
    g_error_free(fault);
}
