/* SPDX-License-Identifier: Apache-2.0 */
#include "app/vm_doc.h"

#include <string.h>

#define GIB (G_GINT64_CONSTANT(1) << 30)
#define MEMORY_DEFAULT_MIB 1024
#define DEVICES_MAX 8
#define NICS_MAX 8
#define COUNT_MAX 8
#define DESCRIPTION_MAX 400

static gboolean refuse(GError **error, const char *field, const char *sentence)
{
    fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, NULL, json_pack("{s:s}", "field", field), "%s", sentence);
    return FALSE;
}

static FctVm *vm_new(void)
{
    FctVm *vm = g_new0(FctVm, 1);
    vm->devices = g_ptr_array_new_with_free_func((GDestroyNotify)fct_device_free);
    vm->nics = g_ptr_array_new_with_free_func((GDestroyNotify)fct_vm_nic_free);
    vm->run = json_null();
    vm->description = g_strdup("");
    return vm;
}

void fct_vm_free(FctVm *vm)
{
    if (!vm)
        return;
    g_free(vm->id);
    g_free(vm->name);
    g_free(vm->description);
    g_free(vm->image);
    g_free(vm->disk);
    g_free(vm->disk_format);
    g_free(vm->state);
    g_ptr_array_unref(vm->devices);
    g_ptr_array_unref(vm->nics);
    json_decref(vm->run);
    g_free(vm);
}

/* ---- input ---- */

static gboolean only(const json_t *json, const char *const *known, GError **error)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)json, key, value) {
        if (g_strv_contains(known, key))
            continue;
        g_autofree char *sentence = g_strdup_printf("The field “%s” is not known here.", key);
        return refuse(error, key, sentence);
    }
    return TRUE;
}

static gboolean name_is_good(const char *name)
{
    gsize length = strlen(name);
    if (length < 1 || length > 63 || !g_ascii_isalnum(name[0]))
        return FALSE;
    for (const char *c = name; *c; c++)
        if (!g_ascii_isalnum(*c) && !strchr("._-", *c))
            return FALSE;
    return TRUE;
}

static gboolean read_name(const json_t *json, char **name, GError **error)
{
    const char *text;
    if (!fct_json_need_str(json, "name", &text, error))
        return FALSE;
    if (!name_is_good(text))
        return refuse(error, "name",
                      "A name has 1 to 63 letters, digits, dots, dashes or underscores, and begins with a letter or "
                      "digit.");
    g_free(*name);
    *name = g_strdup(text);
    return TRUE;
}

static FctDevice *read_device(const json_t *json, GError **error)
{
    static const char *const known[] = {"group", "count", "optional", NULL};
    const char *group;
    gint64 count = 1;
    const json_t *optional = json_object_get(json, "optional");
    if (!json_is_object(json)) {
        refuse(error, "devices", "Each device must be an object with a group.");
        return NULL;
    }
    if (!only(json, known, error) || !fct_json_need_str(json, "group", &group, error) ||
        (json_object_get(json, "count") && !fct_json_need_int(json, "count", 1, COUNT_MAX, &count, error)))
        return NULL;
    if (optional && !json_is_boolean(optional)) {
        refuse(error, "optional", "The field “optional” must be true or false.");
        return NULL;
    }
    FctDevice *device = fct_device_new();
    g_free(device->group);
    device->group = g_strdup(group);
    device->count = (int)count;
    device->optional = json_is_true(optional);
    return device;
}

static gboolean read_devices(const json_t *list, GPtrArray *devices, GError **error)
{
    if (!json_is_array(list) || json_array_size(list) > DEVICES_MAX)
        return refuse(error, "devices", "The devices must be a list of at most 8.");
    for (size_t i = 0; i < json_array_size(list); i++) {
        FctDevice *device = read_device(json_array_get(list, i), error);
        if (!device)
            return FALSE;
        g_ptr_array_add(devices, device);
    }
    return TRUE;
}

static FctVmNic *read_nic(const json_t *json, const FctVmNic *old, GError **error)
{
    static const char *const known[] = {"network", "mac", NULL};
    const char *network, *given = NULL;
    if (!json_is_object(json)) {
        refuse(error, "nics", "Each NIC must be an object with a network.");
        return NULL;
    }
    if (!only(json, known, error) || !fct_json_need_str(json, "network", &network, error) ||
        (json_object_get(json, "mac") && !fct_json_need_str(json, "mac", &given, error)))
        return NULL;
    g_autofree char *mac = given ? fct_mac_parse(given) : old ? g_strdup(old->mac) : fct_vm_new_mac();
    if (mac)
        return fct_vm_nic_new(network, mac);
    refuse(error, "mac", "A MAC address is written like 52:54:00:12:34:56, and is not a group's.");
    return NULL;
}

static gboolean read_nics(const json_t *list, GPtrArray *nics, GError **error)
{
    g_autoptr(GPtrArray) read = g_ptr_array_new_with_free_func((GDestroyNotify)fct_vm_nic_free);
    if (!json_is_array(list) || json_array_size(list) > NICS_MAX)
        return refuse(error, "nics", "The NICs must be a list of at most 8.");
    for (size_t i = 0; i < json_array_size(list); i++) {
        FctVmNic *nic = read_nic(json_array_get(list, i), i < nics->len ? nics->pdata[i] : NULL, error);
        if (!nic)
            return FALSE;
        for (guint k = 0; k < read->len; k++)
            if (strcmp(((FctVmNic *)read->pdata[k])->mac, nic->mac) == 0) {
                fct_vm_nic_free(nic);
                return refuse(error, "mac", "Two NICs of the VM have the same MAC address.");
            }
        g_ptr_array_add(read, nic);
    }
    g_ptr_array_set_size(nics, 0);
    while (read->len)
        g_ptr_array_add(nics, g_ptr_array_steal_index(read, 0));
    return TRUE;
}

char *fct_vm_new_mac(void)
{
    guint32 r = g_random_int();
    return g_strdup_printf("52:54:00:%02x:%02x:%02x", r >> 16 & 255, r >> 8 & 255, r & 255); /* QEMU's own prefix */
}

/* What input and patch have in common; members that are absent change nothing. */
static gboolean read_common(FctVm *vm, const json_t *json, GError **error)
{
    gint64 number;
    const char *text;
    const json_t *devices = json_object_get(json, "devices");
    if (json_object_get(json, "name") && !read_name(json, &vm->name, error))
        return FALSE;
    if (json_object_get(json, "vcpus")) {
        if (!fct_json_need_int(json, "vcpus", 1, 512, &number, error))
            return FALSE;
        vm->vcpus = (int)number;
    }
    if (json_object_get(json, "memory_mib") &&
        !fct_json_need_int(json, "memory_mib", 64, 16777216, &vm->memory_mib, error))
        return FALSE;
    if (json_object_get(json, "description")) {
        if (!fct_json_need_str(json, "description", &text, error))
            return FALSE;
        if (g_utf8_strlen(text, -1) > DESCRIPTION_MAX)
            return refuse(error, "description", "The description must have at most 400 characters.");
        g_free(vm->description);
        vm->description = g_strdup(text);
    }
    if (json_object_get(json, "nics") && !read_nics(json_object_get(json, "nics"), vm->nics, error))
        return FALSE;
    if (devices) {
        g_ptr_array_set_size(vm->devices, 0);
        return read_devices(devices, vm->devices, error);
    }
    return TRUE;
}

FctVm *fct_vm_from_input(const json_t *input, const FctImage *image, const char *disks, GError **error)
{
    static const char *const known[] = {"name",    "image", "vcpus", "memory_mib",  "disk_gib", "uefi",
                                        "devices", "nics",  "start", "description", NULL};
    g_autoptr(FctVm) vm = vm_new();
    gint64 least = (image->size_bytes + GIB - 1) / GIB, disk = least;
    vm->id = g_uuid_string_random();
    vm->image = g_strdup(image->id);
    vm->disk = g_strdup_printf("%s/%s.qcow2", disks, vm->id);
    vm->disk_format = g_strdup("qcow2");
    vm->state = g_strdup("creating");
    vm->created_ms = g_get_real_time() / 1000;
    vm->vcpus = 1;
    vm->memory_mib = MAX(MEMORY_DEFAULT_MIB, image->min_memory_mib);
    vm->uefi = fct_json_bool(input, "uefi", FALSE);
    if (!only(input, known, error) || !read_name(input, &vm->name, error) || !read_common(vm, input, error))
        return NULL;
    if (json_object_get(input, "disk_gib") && !fct_json_need_int(input, "disk_gib", 1, 65536, &disk, error))
        return NULL;
    static const char *const flags[] = {"uefi", "start"};
    for (guint i = 0; i < G_N_ELEMENTS(flags); i++) {
        const json_t *flag = json_object_get(input, flags[i]);
        if (flag && !json_is_boolean(flag)) {
            g_autofree char *sentence = g_strdup_printf("The field “%s” must be true or false.", flags[i]);
            refuse(error, flags[i], sentence);
            return NULL;
        }
    }
    if (disk < least) {
        g_autofree char *sentence =
            g_strdup_printf("The image needs a disk of at least %" G_GINT64_FORMAT " GiB.", least);
        refuse(error, "disk_gib", sentence);
        return NULL;
    }
    if (vm->memory_mib < image->min_memory_mib) {
        g_autofree char *sentence =
            g_strdup_printf("The image needs at least %" G_GINT64_FORMAT " MiB of memory.", image->min_memory_mib);
        refuse(error, "memory_mib", sentence);
        return NULL;
    }
    vm->disk_gib = (int)disk;
    return g_steal_pointer(&vm);
}

gboolean fct_vm_patch(FctVm *vm, const json_t *patch, GError **error)
{
    static const char *const known[] = {"name", "vcpus", "memory_mib", "devices", "nics", "description", NULL};
    g_autoptr(json_t) doc = fct_vm_to_doc(vm);
    FctDoc whole = {(char *)"", vm->revision, doc};
    g_autoptr(FctVm) trial = fct_vm_from_doc(&whole, error);
    return trial && only(patch, known, error) && read_common(trial, patch, error) && read_common(vm, patch, error);
}

/* ---- documents ---- */

static json_t *devices_json(const FctVm *vm)
{
    json_t *list = json_array();
    for (guint i = 0; i < vm->devices->len; i++)
        json_array_append_new(list, fct_device_to_json(g_ptr_array_index(vm->devices, i)));
    return list;
}

static json_t *nics_json(const FctVm *vm)
{
    json_t *list = json_array();
    for (guint i = 0; i < vm->nics->len; i++) {
        const FctVmNic *nic = g_ptr_array_index(vm->nics, i);
        json_array_append_new(list, json_pack("{s:s, s:s}", "network", nic->network, "mac", nic->mac));
    }
    return list;
}

json_t *fct_vm_to_doc(const FctVm *vm)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:I, s:b, s:o, s:o, s:s, s:O, s:I, s:b}", "id", vm->id,
                     "name", vm->name, "description", vm->description, "image", vm->image, "disk", vm->disk,
                     "disk_format", vm->disk_format, "vcpus", vm->vcpus, "disk_gib", vm->disk_gib, "memory_mib",
                     (json_int_t)vm->memory_mib, "uefi", vm->uefi, "devices", devices_json(vm), "nics", nics_json(vm),
                     "state", vm->state, "run", vm->run, "created_ms", (json_int_t)vm->created_ms, "keep_disk",
                     vm->keep_disk);
}

FctVm *fct_vm_from_doc(const FctDoc *doc, GError **error)
{
    const json_t *json = doc->value, *devices = json_object_get(json, "devices"), *run = json_object_get(json, "run");
    g_autoptr(FctVm) vm = vm_new();
    vm->id = g_strdup(fct_json_str(json, "id", ""));
    vm->name = g_strdup(fct_json_str(json, "name", ""));
    g_free(vm->description);
    vm->description = g_strdup(fct_json_str(json, "description", ""));
    vm->image = g_strdup(fct_json_str(json, "image", ""));
    vm->disk = g_strdup(fct_json_str(json, "disk", ""));
    vm->disk_format = g_strdup(fct_json_str(json, "disk_format", "qcow2"));
    vm->vcpus = (int)fct_json_int(json, "vcpus", 1);
    vm->disk_gib = (int)fct_json_int(json, "disk_gib", 0);
    vm->memory_mib = fct_json_int(json, "memory_mib", 0);
    vm->uefi = fct_json_bool(json, "uefi", FALSE);
    vm->keep_disk = fct_json_bool(json, "keep_disk", FALSE);
    vm->state = g_strdup(fct_json_str(json, "state", "ready"));
    vm->created_ms = fct_json_int(json, "created_ms", 0);
    vm->revision = doc->revision;
    if (run) {
        json_decref(vm->run);
        vm->run = json_deep_copy(run);
    }
    const json_t *nics = json_object_get(json, "nics");
    for (size_t i = 0; i < json_array_size(nics); i++) {
        const json_t *nic = json_array_get(nics, i);
        g_ptr_array_add(vm->nics, fct_vm_nic_new(fct_json_str(nic, "network", ""), fct_json_str(nic, "mac", "")));
    }
    for (size_t i = 0; i < json_array_size(devices); i++) {
        FctDevice *device = fct_device_from_json(json_array_get(devices, i), error);
        if (!device)
            return NULL;
        g_ptr_array_add(vm->devices, device);
    }
    return g_steal_pointer(&vm);
}

char *fct_vm_key(const char *id)
{
    return g_strconcat("vm/", id, NULL);
}

char *fct_vm_name_key(const char *name)
{
    return g_strconcat("vm-name/", name, NULL);
}

FctVm *fct_vm_load(FctStore *store, const char *id, GError **error)
{
    g_autofree char *key = fct_vm_key(id);
    g_autoptr(FctDoc) doc = store->ops->get(store, key, error);
    return doc ? fct_vm_from_doc(doc, error) : NULL;
}

GPtrArray *fct_vm_load_all(FctStore *store, GError **error)
{
    g_autoptr(GPtrArray) docs = store->ops->list(store, "vm/", error);
    if (!docs)
        return NULL;
    g_autoptr(GPtrArray) vms = g_ptr_array_new_with_free_func((GDestroyNotify)fct_vm_free);
    for (guint i = 0; i < docs->len; i++) {
        FctVm *vm = fct_vm_from_doc(g_ptr_array_index(docs, i), error);
        if (!vm)
            return NULL;
        g_ptr_array_add(vms, vm);
    }
    return g_steal_pointer(&vms);
}

json_t *fct_vm_run_json(const FctVm *vm)
{
    return json_pack("{s:s, s:i, s:I, s:o, s:o}", "name", vm->name, "vcpus", vm->vcpus, "memory_mib",
                     (json_int_t)vm->memory_mib, "devices", devices_json(vm), "nics", nics_json(vm));
}

static void append(json_t *list, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void append(json_t *list, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    json_array_append_new(list, json_string(text));
}

json_t *fct_vm_pending(const FctVm *vm)
{
    json_t *list = json_array();
    g_autoptr(json_t) wanted = fct_vm_run_json(vm);
    if (!json_is_object(vm->run))
        return list;
    gint64 vcpus = fct_json_int(vm->run, "vcpus", 0), memory = fct_json_int(vm->run, "memory_mib", 0);
    if (vcpus != vm->vcpus)
        append(list, "%d vCPUs instead of %" G_GINT64_FORMAT, vm->vcpus, vcpus);
    if (memory != vm->memory_mib)
        append(list, "%" G_GINT64_FORMAT " MiB of memory instead of %" G_GINT64_FORMAT " MiB", vm->memory_mib, memory);
    if (!json_equal(json_object_get(wanted, "devices"), json_object_get(vm->run, "devices")))
        append(list, "Other devices");
    const json_t *nics = json_object_get(vm->run, "nics"); /* a run from before there were NICs has none */
    if (nics ? !json_equal(json_object_get(wanted, "nics"), nics) : vm->nics->len > 0)
        append(list, "Other network interfaces");
    return list;
}

FctVmSpec *fct_vm_spec(const FctVm *vm)
{
    FctVmSpec *spec = fct_vm_spec_new();
    g_free(spec->id);
    g_free(spec->name);
    g_free(spec->disk);
    g_free(spec->disk_format);
    spec->id = g_strdup(vm->id);
    spec->name = g_strdup(vm->name);
    spec->disk = g_strdup(vm->disk);
    spec->disk_format = g_strdup(vm->disk_format);
    spec->vcpus = vm->vcpus;
    spec->memory_mib = vm->memory_mib;
    spec->uefi = vm->uefi;
    for (guint i = 0; i < vm->nics->len; i++) {
        const FctVmNic *nic = g_ptr_array_index(vm->nics, i);
        g_ptr_array_add(spec->nics, fct_vm_nic_new(nic->network, nic->mac));
    }
    return spec;
}
