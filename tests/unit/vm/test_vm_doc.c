/* SPDX-License-Identifier: Apache-2.0 */
/* VMs as they are asked for and stored: input is refused with the field named, documents come back as they were. */
#include "app/domains/acts.h"
#include "app/domains/vm_doc.h"
#include "app/vms/act/task.h"
#include "app/vms/first_boot/first_boot.h"
#include "core/vm_pending.h"
#include "store/store_memory.h"

#include <string.h>

static const FctImage image = {(char *)"demo",
                               (char *)"Demo",
                               (char *)"/i/demo.qcow2",
                               (char *)"qcow2",
                               (char *)"",
                               G_GINT64_CONSTANT(1) << 30,
                               128};

static FctVm *read_input(const char *text, GError **error)
{
    g_autoptr(json_t) json = json_loads(text, 0, NULL);
    g_assert_nonnull(json);
    g_autoptr(FctVm) vm = fct_vm_from_input(json, error);
    if (vm)
        fct_vm_make_ids(vm);
    return vm && (!*vm->image || fct_vm_fit_image(vm, &image, error)) ? g_steal_pointer(&vm) : NULL;
}

static void test_defaults(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FctVm) vm = read_input("{\"name\": \"db-1\", \"image\": \"demo\"}", &error);
    g_assert_no_error(error);
    g_assert_true(g_uuid_string_is_valid(vm->id));
    const FctVmDisk *disk = fct_vm_first_disk(vm);
    g_assert_cmpstr(disk->pool, ==, "facet");
    g_assert_cmpstr(disk->volume, ==, ""); /* named when it is planned */
    g_assert_cmpstr(disk->target, ==, "vda");
    g_assert_cmpint(disk->size_gib, ==, 1);
    g_assert_cmpstr(vm->os, ==, "linux");
    g_assert_true(vm->agent && !vm->tpm);
    g_assert_cmpint(vm->vcpus, ==, 1);
    g_assert_cmpint(vm->memory_mib, >=, image.min_memory_mib);
    g_assert_cmpstr(vm->state, ==, "creating");
    g_assert_cmpuint(vm->devices->len, ==, 0);
}

/* A NIC keeps its MAC address through documents and changes; a run is compared with what is wanted. */
static void test_nics(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FctVm) vm =
        read_input("{\"name\": \"db-1\", \"image\": \"demo\", \"nics\": [{\"network\": \"lan\"}]}", &error);
    g_assert_no_error(error);
    g_autoptr(json_t) doc = fct_vm_to_doc(vm);
    const FctDoc stored = {(char *)"vm/x", 1, doc};
    g_autoptr(FctVm) again = fct_vm_from_doc(&stored, &error);
    g_assert_no_error(error);
    FctVmNic *nic = again->nics->pdata[0];
    g_assert_cmpstr(nic->network, ==, "lan");
    g_assert_cmpstr(nic->mac, ==, ((FctVmNic *)vm->nics->pdata[0])->mac);
    g_assert_true(g_str_has_prefix(nic->mac, "52:54:00:"));
    json_decref(again->run);
    again->run = fct_vm_run_json(again);
    g_autofree char *mac = g_strdup(nic->mac);
    g_autoptr(json_t) patch = json_pack("{s:[{s:s}]}", "nics", "network", "other");
    g_assert_true(fct_vm_patch(again, patch, &error));
    nic = again->nics->pdata[0];
    g_assert_cmpstr(nic->network, ==, "other");
    g_assert_cmpstr(nic->mac, ==, mac);
    g_autoptr(json_t) pending = fct_vm_pending(again, NULL, NULL);
    g_assert_cmpuint(json_array_size(pending), ==, 1);
    g_autoptr(FctVmSpec) spec = fct_vm_spec(again);
    g_assert_cmpuint(spec->nics->len, ==, 1);
}

static void test_refused(void)
{
    static const struct {
        const char *members, *field;
    } cases[] = {
        {"\"name\": \"\"", "name"},
        {"\"name\": \"-a\"", "name"},
        {"\"name\": \"a b\"", "name"},
        {"\"name\": \"a/b\"", "name"},
        {"\"name\": \"\\u00fc\"", "name"},
        {"\"name\": 7", "name"},
        {"\"name\": \"0123456789012345678901234567890123456789012345678901234567890123\"", "name"},
        {"\"name\": \"a\", \"vcpus\": 513", "vcpus"},
        {"\"name\": \"a\", \"vcpus\": 1.5", "vcpus"},
        {"\"name\": \"a\", \"memory_mib\": 127", "memory_mib"},
        {"\"name\": \"a\", \"memory_mib\": -1", "memory_mib"},
        {"\"name\": \"a\", \"disk_gib\": 70000", "disk_gib"},
        {"\"name\": \"a\", \"uefi\": 1", "uefi"},
        {"\"name\": \"a\", \"start\": \"yes\"", "start"},
        {"\"name\": \"a\", \"nics\": {}", "nics"},
        {"\"name\": \"a\", \"nics\": [7]", "nics"},
        {"\"name\": \"a\", \"nics\": [{}]", "network"},
        {"\"name\": \"a\", \"nics\": [{\"network\": \"n\", \"slot\": 1}]", "slot"},
        {"\"name\": \"a\", \"nics\": [{\"network\": \"n\", \"mac\": \"53:54:00:00:00:01\"}]", "mac"},
        {"\"name\": \"a\", \"nics\": [{\"network\": \"n\", \"mac\": \"52:54:00:00:00:0A\"},"
         "{\"network\": \"m\", \"mac\": \"52:54:00:00:00:0a\"}]",
         "mac"},
        {"\"name\": \"a\", \"nics\": [{\"network\": \"n\", \"model\": \"ne2000\"}]", "model"},
        {"\"name\": \"a\", \"os\": \"beos\"", "os"},
        {"\"name\": \"a\", \"tpm\": 2", "tpm"},
        {"\"name\": \"a\", \"agent\": \"yes\"", "agent"},
        {"\"name\": \"a\", \"boot\": []", "boot"},
        {"\"name\": \"a\", \"boot\": [\"disk\", \"disk\"]", "boot"},
        {"\"name\": \"a\", \"boot\": [\"floppy\"]", "boot"},
        {"\"name\": \"a\", \"boot\": [7]", "boot"},
        {"\"name\": \"a\", \"autostart\": true", "autostart"},
        {"\"name\": \"a\", \"autostart\": {\"enabled\": 1}", "enabled"},
        {"\"name\": \"a\", \"autostart\": {\"order\": -1}", "order"},
        {"\"name\": \"a\", \"autostart\": {\"delay_s\": 3601}", "delay_s"},
        {"\"name\": \"a\", \"autostart\": {\"at\": \"noon\"}", "at"},
        {"\"name\": \"a\", \"devices\": {}", "devices"},
        {"\"name\": \"a\", \"devices\": [7]", "devices"},
        {"\"name\": \"a\", \"devices\": [{\"group\": \"g\", \"count\": 9}]", "count"},
        {"\"name\": \"a\", \"devices\": [{\"count\": 1}]", "group"},
        {"\"name\": \"a\", \"devices\": [{\"group\": \"g\", \"slot\": 1}]", "slot"},
        {"\"name\": \"a\", \"disk\": \"/etc/passwd\"", "disk"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf("{\"image\": \"demo\", %s}", cases[i].members);
        g_autoptr(GError) error = NULL;
        g_assert_null(read_input(text, &error));
        g_assert_error(error, FCT_ERROR, FCT_ERROR_BAD_REQUEST);
        g_autoptr(json_t) json = fct_error_to_json(error);
        g_assert_cmpstr(fct_json_str(json_object_get(json, "details"), "field", ""), ==, cases[i].field);
    }
}

static void assert_refused(const json_t *json, FctVm *vm, const char *field)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FctVmDisk) disk G_GNUC_UNUSED = vm ? fct_vm_read_disk(vm, json, &error) : NULL;
    g_autoptr(FctVm) made G_GNUC_UNUSED = vm ? NULL : fct_vm_from_input(json, &error);
    g_assert_error(error, FCT_ERROR, FCT_ERROR_BAD_REQUEST);
    g_autoptr(json_t) told = fct_error_to_json(error);
    g_assert_cmpstr(fct_json_str(json_object_get(told, "details"), "field", ""), ==, field);
}

/* An image without a name would make a disk of no bytes; a disk too many would be made and then not attached. */
static void test_limits(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) nameless = json_pack("{s:s, s:s}", "name", "a", "image", "");
    g_autoptr(json_t) one = json_pack("{s:i}", "size_gib", 1);
    g_autoptr(FctVm) vm = read_input("{\"name\": \"db-1\", \"image\": \"demo\"}", &error);
    assert_refused(nameless, NULL, "image");
    for (int i = 0; i < 16; i++) {
        FctVmDisk *disk = fct_vm_read_disk(vm, one, &error);
        g_assert_no_error(error);
        g_ptr_array_add(vm->disks, disk);
    }
    assert_refused(one, vm, "disks");
}

static void test_round_trip(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FctStore) store = fct_store_memory_new();
    g_autoptr(FctVm) vm =
        read_input("{\"name\": \"db-1\", \"image\": \"demo\", \"uefi\": true, \"description\": \"<b>\", "
                   "\"os\": \"windows\", \"tpm\": true, \"agent\": false, \"boot\": [\"cdrom\", \"disk\"], "
                   "\"autostart\": {\"enabled\": true, \"order\": 3, \"delay_s\": 10}, "
                   "\"devices\": [{\"group\": \"g\", \"count\": 2, \"optional\": true}]}",
                   &error);
    g_assert_no_error(error);
    g_autofree char *key = fct_vm_key(vm->id);
    g_autoptr(json_t) doc = fct_vm_to_doc(vm);
    FctWrite write = {key, doc, FCT_REV_NONE};
    g_assert_true(store->ops->commit(store, &write, 1, NULL, &error));
    g_autoptr(FctVm) back = fct_vm_load(store, vm->id, &error);
    g_assert_no_error(error);
    g_autoptr(json_t) again = fct_vm_to_doc(back);
    g_assert_true(json_equal(doc, again));
    g_assert_null(fct_vm_load(store, "none", &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_NOT_FOUND);
}

/* A document of the time when a VM had one disk. */
static void test_old_document(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) doc = json_pack("{s:s, s:s, s:s, s:s, s:i, s:b}", "id", "i", "name", "db-1", "disk",
                                      "/s/disks/i.qcow2", "disk_format", "qcow2", "disk_gib", 7, "keep_disk", TRUE);
    const FctDoc stored = {(char *)"vm/i", 1, doc};
    g_autoptr(FctVm) vm = fct_vm_from_doc(&stored, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(vm->disks->len, ==, 1);
    const FctVmDisk *disk = fct_vm_find_disk(vm, "vda");
    g_assert_nonnull(disk);
    g_assert_cmpstr(disk->path, ==, "/s/disks/i.qcow2");
    g_assert_cmpstr(disk->pool, ==, "facet");
    g_assert_cmpstr(disk->volume, ==, "i.qcow2");
    g_assert_cmpint(disk->size_gib, ==, 7);
    g_assert_true(disk->made && !disk->cdrom);
    g_assert_cmpstr(vm->keep[0], ==, "vda");
    g_autoptr(json_t) again = fct_vm_to_doc(vm);
    g_assert_null(json_object_get(again, "disk"));
    const FctDoc renewed = {(char *)"vm/i", 2, again};
    g_autoptr(FctVm) back = fct_vm_from_doc(&renewed, &error);
    g_assert_cmpuint(back->disks->len, ==, 1);
}

/* A patch changes all of what it names, or nothing. */
static void test_patch(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FctVm) vm =
        read_input("{\"name\": \"db-1\", \"image\": \"demo\", \"devices\": [{\"group\": \"g\"}]}", &error);
    g_autoptr(json_t) bad = json_pack("{s:i, s:s}", "vcpus", 4, "name", "a/b");
    g_autoptr(json_t) unknown = json_pack("{s:i, s:s}", "vcpus", 4, "image", "other");
    g_autoptr(json_t) good = json_pack("{s:i, s:[], s:s}", "vcpus", 4, "devices", "name", "db-2");
    g_autoptr(json_t) before = fct_vm_to_doc(vm);
    g_assert_false(fct_vm_patch(vm, bad, &error));
    g_clear_error(&error);
    g_assert_false(fct_vm_patch(vm, unknown, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_BAD_REQUEST);
    g_clear_error(&error);
    g_autoptr(json_t) after = fct_vm_to_doc(vm);
    g_assert_true(json_equal(before, after));
    g_assert_true(fct_vm_patch(vm, good, &error));
    g_assert_cmpint(vm->vcpus, ==, 4);
    g_assert_cmpuint(vm->devices->len, ==, 0);
    g_assert_cmpstr(vm->name, ==, "db-2");
}

static void test_pending(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FctVm) vm = read_input("{\"name\": \"db-1\", \"image\": \"demo\"}", &error);
    g_autoptr(json_t) never = fct_vm_pending(vm, NULL, NULL);
    g_assert_cmpuint(json_array_size(never), ==, 0); /* it never ran: nothing can differ */
    json_decref(vm->run);
    vm->run = fct_vm_run_json(vm);
    g_autoptr(json_t) same = fct_vm_pending(vm, NULL, NULL);
    g_assert_cmpuint(json_array_size(same), ==, 0);
    g_autoptr(json_t) patch =
        json_pack("{s:i, s:i, s:[{s:s}]}", "vcpus", 4, "memory_mib", 4096, "devices", "group", "g");
    g_assert_true(fct_vm_patch(vm, patch, &error));
    g_autoptr(json_t) three = fct_vm_pending(vm, NULL, NULL);
    g_assert_cmpuint(json_array_size(three), ==, 3);
}

/* A VM that was read before its act began is of before an act that ended in between. */
static void test_begin(void)
{
    g_autoptr(FctStore) store = fct_store_memory_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) input = json_pack("{s:s, s:s}", "name", "db-1", "image", "demo");
    g_autoptr(FctVm) made = fct_vm_from_input(input, &error);
    g_assert_no_error(error);
    g_autofree char *key = fct_vm_key(made->id);
    g_autoptr(json_t) doc = fct_vm_to_doc(made);
    FctWrite write = {key, doc, FCT_REV_NONE};
    g_assert_true(store->ops->commit(store, &write, 1, NULL, &error));
    FctApp app = {.store = store, .acts = fct_acts_new()};

    g_autoptr(FctVm) read = fct_vm_load(store, made->id, &error);
    ((FctVmDisk *)made->disks->pdata[0])->size_gib = 77;
    g_autoptr(json_t) changed = fct_vm_to_doc(made);
    write = (FctWrite){key, changed, FCT_REV_ANY};
    g_assert_true(store->ops->commit(store, &write, 1, NULL, &error));
    g_assert_true(fct_vm_begin(&app, &read, "is being started", &error));
    g_assert_cmpint(((FctVmDisk *)read->disks->pdata[0])->size_gib, ==, 77);
    g_assert_false(fct_vm_begin(&app, &read, "is being stopped", &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_CONFLICT);
    g_clear_error(&error);
    fct_acts_end(app.acts, made->id);

    write = (FctWrite){key, NULL, FCT_REV_ANY};
    g_assert_true(store->ops->commit(store, &write, 1, NULL, &error));
    g_assert_false(fct_vm_begin(&app, &read, "is being started", &error)); /* deleted meanwhile */
    g_assert_error(error, FCT_ERROR, FCT_ERROR_NOT_FOUND);
    gboolean beside;
    g_assert_false(fct_acts_any(app.acts, made->id, &beside));
    fct_acts_free(app.acts);
}

/* "sda=debian.iso sdb= sdc=/srv/tools.iso": what is in its CD drives. */
static char *media(const FctVm *vm)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < vm->disks->len; i++) {
        const FctVmDisk *disk = g_ptr_array_index(vm->disks, i);
        if (disk->cdrom)
            g_string_append_printf(text, "%s%s=%s", text->len ? " " : "", disk->target,
                                   *disk->file ? disk->file : disk->path);
    }
    return g_string_free(text, FALSE);
}

/* An adopted VM: one medium is of the library, the other only a path. */
static FctVm *adopted(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) doc =
        json_pack("{s:s, s:s, s:[{s:s, s:s, s:s, s:b}, {s:s, s:s, s:s, s:b}]}", "id", "i", "name", "db-1", "disks",
                  "target", "sda", "file", "debian.iso", "path", "/files/debian.iso", "cdrom", TRUE, "target", "sdb",
                  "file", "", "path", "/srv/tools.iso", "cdrom", TRUE);
    const FctDoc stored = {(char *)"vm/i", 1, doc};
    FctVm *vm = fct_vm_from_doc(&stored, &error);
    g_assert_no_error(error);
    return vm;
}

/* A VM goes back to a snapshot in which another drive had the target of the first-boot data that it has now. */
static void test_keep_seed(void)
{
    g_autoptr(FctVm) then = adopted(), now = adopted();
    FctVmDisk *old = fct_vm_disk_copy(now->disks->pdata[1]), *seed = now->disks->pdata[1];
    old->seed = TRUE; /* of then: it is gone */
    g_free(old->target);
    old->target = g_strdup("sdc");
    g_ptr_array_add(then->disks, old);
    seed->seed = TRUE;
    g_free(seed->path);
    seed->path = g_strdup("/d/db-1-seed-2.iso");
    fct_vm_first_boot_keep(then, now);
    g_autofree char *has = media(then);
    g_assert_cmpstr(has, ==, "sda=debian.iso sdb=/srv/tools.iso sdc=/d/db-1-seed-2.iso");
    g_assert_true(((FctVmDisk *)then->disks->pdata[2])->seed);
}

static void test_cdroms(void)
{
    static const struct {
        const char *cdroms, *media; /* NULL: refused */
    } cases[] = {
        {"[{\"file\": \"debian.iso\"}, {}]", "sda=debian.iso sdb=/srv/tools.iso"},
        {"[{}, {}]", "sda= sdb=/srv/tools.iso"},
        {"[{\"file\": \"debian.iso\"}, {\"file\": \"\"}]", "sda=debian.iso sdb="},
        {"[{\"target\": \"sda\"}, {\"target\": \"sdb\", \"file\": \"\"}]", "sda=debian.iso sdb="},
        {"[{\"target\": \"sdb\"}]", "sdb=/srv/tools.iso"},
        {"[{\"file\": \"new.iso\"}, {\"target\": \"sdb\"}]", "sdb=/srv/tools.iso sda=new.iso"},
        {"[{\"target\": \"sdb\", \"file\": \"new.iso\"}, {\"target\": \"sda\", \"file\": \"\"}]", "sdb=new.iso sda="},
        {"[{\"target\": \"sdc\"}]", NULL},
        {"[{\"target\": \"sda\"}, {\"target\": \"sda\"}]", NULL},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(FctVm) vm = adopted();
        g_autofree char *text = g_strdup_printf("{\"cdroms\": %s}", cases[i].cdroms);
        g_autoptr(json_t) patch = json_loads(text, 0, NULL);
        g_test_message("%s", text);
        g_assert_cmpint(fct_vm_patch(vm, patch, &error), ==, cases[i].media != NULL);
        g_autofree char *now = media(vm);
        if (cases[i].media)
            g_assert_cmpstr(now, ==, cases[i].media);
    }
}

/* That a medium is taken out which is only a path is a change like any other. */
static void test_cdrom_pending(void)
{
    g_autoptr(FctVm) vm = adopted();
    g_autoptr(json_t) patch =
        json_loads("{\"cdroms\": [{\"target\": \"sda\"}, {\"target\": \"sdb\", \"file\": \"\"}]}", 0, NULL);
    json_decref(vm->run);
    vm->run = fct_vm_run_json(vm);
    g_assert_true(fct_vm_patch(vm, patch, NULL));
    g_autoptr(json_t) pending = fct_vm_pending(vm, NULL, NULL);
    g_assert_cmpuint(json_array_size(pending), ==, 1);
    g_assert_cmpstr(json_string_value(json_array_get(pending, 0)), ==,
                    "CD drive sdb with no medium instead of /srv/tools.iso");
}

/* What a newer or a broken facetd has written is not taken for something else. */
static void test_ill_typed(void)
{
    static const char *const wrong[] = {"{\"vcpus\": \"two\"}",
                                        "{\"boot\": [1]}",
                                        "{\"disks\": [{\"size_gib\": true}]}",
                                        "{\"autostart\": {\"order\": \"x\"}}",
                                        "{\"nics\": {}}",
                                        "{\"agent\": 1}"};
    static const char *const fields[] = {"vcpus", "boot", "size_gib", "order", "nics", "agent"};
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(json_t) json = json_loads(wrong[i], 0, NULL);
        g_assert_null(fct_vm_from_json(json, &error));
        g_assert_error(error, FCT_ERROR, FCT_ERROR_BAD_REQUEST);
        g_assert_nonnull(strstr(error->message, fields[i]));
    }
    g_autoptr(json_t) nothing = json_object();
    g_autoptr(FctVm) vm = fct_vm_from_json(nothing, NULL);
    g_assert_cmpstr(vm->os, ==, "linux");
    g_assert_cmpstr(vm->state, ==, "ready");
    g_assert_true(vm->agent && vm->vcpus == 1 && vm->autostart.order == FCT_AUTOSTART_ORDER && !vm->run && !vm->chain);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vm-doc/defaults", test_defaults);
    g_test_add_func("/vm-doc/refused", test_refused);
    g_test_add_func("/vm-doc/nics", test_nics);
    g_test_add_func("/vm-doc/round-trip", test_round_trip);
    g_test_add_func("/vm-doc/old-document", test_old_document);
    g_test_add_func("/vm-doc/patch", test_patch);
    g_test_add_func("/vm-doc/pending", test_pending);
    g_test_add_func("/vm-doc/limits", test_limits);
    g_test_add_func("/vm-doc/begin", test_begin);
    g_test_add_func("/vm-doc/cdroms", test_cdroms);
    g_test_add_func("/vm-doc/keep-seed", test_keep_seed);
    g_test_add_func("/vm-doc/ill-typed", test_ill_typed);
    g_test_add_func("/vm-doc/cdrom-pending", test_cdrom_pending);
    return g_test_run();
}
