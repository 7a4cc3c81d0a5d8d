/* SPDX-License-Identifier: Apache-2.0 */
/*
 * port/vmm.h against the libvirt at FACET_TEST_LIBVIRT_URI. With QEMU behind it the whole life of a VM, with the test
 * driver what that can do. Waits are for conditions, bounded by PATIENCE_S.
 */
#include "vmm_play.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_S 60
#define IMAGE_BYTES (1 << 20)

static const char *uri;
gboolean qemu;
char *folder;
static char *image;
FctVmm *vmm;

static GMutex lock;
static GCond cond;
static GHashTable *seen; /* id → FctVmInfo*, as the watcher hears it */
static guint ups;

static void on_changed(const char *id, const FctVmInfo *info, gpointer data)
{
    g_mutex_lock(&lock);
    if (info)
        g_hash_table_replace(seen, g_strdup(id), fct_vm_info_ref(info));
    else
        g_hash_table_remove(seen, id);
    g_cond_broadcast(&cond);
    g_mutex_unlock(&lock);
}

static void on_connection(gboolean up, gpointer data)
{
    g_mutex_lock(&lock);
    ups += up;
    g_cond_broadcast(&cond);
    g_mutex_unlock(&lock);
}

/* @state -1: waits until the watcher was told that it is gone. */
void await_state(const char *id, int state)
{
    gint64 until = g_get_monotonic_time() + PATIENCE_S * G_TIME_SPAN_SECOND;
    g_mutex_lock(&lock);
    while (TRUE) {
        FctVmInfo *info = g_hash_table_lookup(seen, id);
        if (info ? (int)info->state == state : state == -1)
            break;
        if (!g_cond_wait_until(&cond, &lock, until))
            g_error("VM %s: waited %d s for state %d; it is %s", id, PATIENCE_S, state,
                    info ? fct_vm_state_name(info->state) : "gone");
    }
    g_mutex_unlock(&lock);
}

static void add_disk(FctVmSpec *spec, const char *target, const char *path)
{
    FctVmDisk *disk = fct_vm_disk_new();
    g_free(disk->target);
    g_free(disk->path);
    g_free(disk->format);
    g_free(disk->bus);
    disk->target = g_strdup(target);
    disk->path = g_strdup(path);
    disk->format = g_strdup("qcow2");
    disk->bus = g_strdup("virtio");
    g_ptr_array_add(spec->disks, disk);
}

static const char *path_of(const FctVmSpec *spec)
{
    return ((FctVmDisk *)spec->disks->pdata[0])->path;
}

static FctVmSpec *spec_new(const char *name)
{
    FctVmSpec *spec = fct_vm_spec_new();
    g_free(spec->id);
    g_free(spec->name);
    spec->id = g_uuid_string_random();
    spec->name = g_strdup(name);
    g_autofree char *path = g_strdup_printf("%s/%s.qcow2", folder, spec->id);
    add_disk(spec, "vda", path);
    spec->vcpus = 1;
    spec->memory_mib = 64;
    return spec;
}

static void add_device(FctVmSpec *spec, const char *part, const char *label)
{
    FctVmDevice *device = fct_vm_device_new();
    g_free(device->alias);
    g_free(device->part);
    g_free(device->label);
    device->alias = g_strdup_printf("ua-facet-gpu%u", spec->devices->len);
    device->part = g_strdup(part);
    device->label = g_strdup(label);
    g_ptr_array_add(spec->devices, device);
}

FctVmInfo *find(const char *id)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) list = vmm->ops->list(vmm, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < list->len; i++) {
        FctVmInfo *info = g_ptr_array_index(list, i);
        if (strcmp(info->id, id) == 0)
            return fct_vm_info_ref(info);
    }
    return NULL;
}

static void make_disk(const FctVmSpec *spec)
{
    g_autoptr(GError) error = NULL;
    if (!qemu)
        return;
    vmm->ops->disk_convert(vmm, image, "raw", path_of(spec), "qcow2", NULL, NULL, &error);
    g_assert_no_error(error);
}

static void clean(FctVmSpec *spec)
{
    g_autoptr(GError) error = NULL;
    vmm->ops->undefine(vmm, spec->id, &error);
    g_assert_no_error(error);
    await_state(spec->id, -1);
    vmm->ops->disk_delete(vmm, path_of(spec), &error);
    g_assert_no_error(error);
    fct_vm_spec_free(spec);
}

static void test_facts(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) facts = vmm->ops->facts(vmm, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(fct_json_str(facts, "accel", ""), ==, "tcg");
    g_assert_cmpstr(fct_json_str(facts, "why_not_kvm", ""), ==, "The trial boot hung.");
    g_assert_cmpstr(fct_json_str(facts, "part_device", ""), ==, "standin");
    g_assert_cmpint(atoi(fct_json_str(facts, "libvirt", "")), >=, 9);
    const json_t *missing = json_object_get(facts, "missing");
    g_assert_true(json_is_array(missing));
    static const char *const there[] = {"Storage", "Networks", "Host interfaces", "Host devices", NULL};
    for (size_t i = 0; i < json_array_size(missing); i++) /* both libvirts here have these drivers */
        g_assert_false(g_strv_contains(there, fct_json_str(json_array_get(missing, i), "what", "")));
}

static void test_options(void)
{
    const FctVmmOptions bad[] = {{"test:///default", "warp", NULL, "vfio"}, {"test:///default", "tcg", NULL, "magic"}};
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(fct_vmm_libvirt_new(&bad[i], &error));
        g_assert_error(error, FCT_ERROR, FCT_ERROR_BAD_REQUEST);
    }
}

static void test_no_libvirt(void)
{
    const FctVmmOptions options = {"qemu+unix:///system?socket=/nonexistent/socket", "tcg", NULL, "vfio"};
    g_autoptr(GError) error = NULL;
    g_autoptr(FctVmm) none = fct_vmm_libvirt_new(&options, &error);
    g_assert_no_error(error);
    g_assert_null(none->ops->list(none, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_LIBVIRT_DOWN);
}

/* Define, start with parts, see them, force off: the persistent definition has none. */
static void test_life(void)
{
    g_autoptr(GError) error = NULL;
    FctVmSpec *spec = spec_new("life-1");
    add_device(spec, "gpu-0000-41-00-0:0:9", "NVIDIA A100, 3g.40gb <1>");
    make_disk(spec);
    vmm->ops->define(vmm, spec, &error);
    g_assert_no_error(error);
    await_state(spec->id, FCT_VM_OFF);
    vmm->ops->start(vmm, spec, &error);
    g_assert_no_error(error);
    await_state(spec->id, FCT_VM_RUNNING);
    g_autoptr(FctVmInfo) on = find(spec->id);
    g_assert_true(on->ours);
    g_assert_cmpuint(json_array_size(on->parts), ==, 1);
    g_assert_cmpstr(json_string_value(json_array_get(on->parts, 0)), ==, "gpu-0000-41-00-0:0:9");
    vmm->ops->start(vmm, spec, &error);
    g_assert_error(error, FCT_ERROR, FCT_ERROR_CONFLICT);
    g_clear_error(&error);
    g_assert_false(vmm->ops->undefine(vmm, spec->id, &error)); /* whoever does it deletes its disks next */
    g_assert_error(error, FCT_ERROR, FCT_ERROR_CONFLICT);
    g_clear_error(&error);
    await_state(spec->id, FCT_VM_RUNNING);
    vmm->ops->destroy(vmm, spec->id, &error);
    g_assert_no_error(error);
    await_state(spec->id, FCT_VM_OFF);
    vmm->ops->destroy(vmm, spec->id, &error); /* off already */
    g_assert_no_error(error);
    g_autoptr(FctVmInfo) off = find(spec->id);
    g_assert_cmpuint(json_array_size(off->parts), ==, 0);
    g_assert_false(off->can_serial);
    g_autofree char *id = g_strdup(spec->id);
    clean(spec);
    vmm->ops->undefine(vmm, id, &error); /* gone already */
    g_assert_no_error(error);
    vmm->ops->destroy(vmm, id, &error);
    g_assert_error(error, FCT_ERROR, FCT_ERROR_NOT_FOUND);
}

static void test_hostile_name(void)
{
    g_autoptr(GError) error = NULL;
    FctVmSpec *spec = spec_new("a<b>&amp;'\"]]>ü");
    make_disk(spec);
    vmm->ops->define(vmm, spec, &error);
    g_assert_no_error(error);
    g_autoptr(FctVmInfo) info = find(spec->id);
    g_assert_cmpstr(info->name, ==, spec->name);
    clean(spec);
}

static void test_rename(void)
{
    g_autoptr(GError) error = NULL;
    FctVmSpec *spec = spec_new("before");
    vmm->ops->define(vmm, spec, &error);
    g_assert_no_error(error);
    g_free(spec->name);
    spec->name = g_strdup("after");
    spec->memory_mib = 128;
    vmm->ops->define(vmm, spec, &error);
    if (!qemu && g_error_matches(error, FCT_ERROR, FCT_ERROR_UNSUPPORTED)) {
        g_test_skip("the test driver cannot rename");
    } else {
        g_assert_no_error(error);
        g_autoptr(FctVmInfo) info = vmm->ops->info(vmm, spec->id, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(info->name, ==, "after");
        g_assert_cmpint(info->memory_mib, ==, 128);
    }
    clean(spec);
}

static void test_name_taken(void)
{
    g_autoptr(GError) error = NULL;
    FctVmSpec *first = spec_new("twin"), *second = spec_new("twin");
    vmm->ops->define(vmm, first, &error);
    g_assert_no_error(error);
    g_assert_false(vmm->ops->define(vmm, second, &error));
    g_assert_nonnull(error);
    g_assert_null(find(second->id));
    fct_vm_spec_free(second);
    clean(first);
}

char *virsh(const char *command)
{
    g_autofree char *line = g_strdup_printf("virsh -q -c %s %s", uri, command), *out = NULL;
    int status = 0;
    g_assert_true(g_spawn_command_line_sync(line, &out, NULL, &status, NULL));
    g_assert_cmpint(status, ==, 0);
    return g_steal_pointer(&out);
}

/* A VM that virsh made is seen, and left alone. */
static void test_foreign(void)
{
    static const char id[] = "3d8c3f0e-7a51-4c1c-8f0d-000000000001";
    g_autofree char *path = g_build_filename(folder, "foreign.xml", NULL), *xml = NULL, *command = NULL;
    g_autoptr(GError) error = NULL;
    if (!qemu) {
        g_test_skip("the test driver is private to this process: virsh would see another");
        return;
    }
    xml = g_strdup_printf("<domain type='qemu'><name>foreign</name><uuid>%s</uuid><memory unit='MiB'>64</memory><vcpu>1"
                          "</vcpu><os><type machine='q35'>hvm</type></os></domain>",
                          id);
    g_assert_true(g_file_set_contents(path, xml, -1, NULL));
    command = g_strdup_printf("define %s", path);
    g_free(virsh(command));
    await_state(id, FCT_VM_OFF);
    g_autoptr(FctVmInfo) info = find(id);
    g_assert_false(info->ours);
    FctVmSpec *spec = spec_new("mine");
    g_free(spec->id);
    spec->id = g_strdup(id);
    g_assert_false(vmm->ops->define(vmm, spec, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_CONFLICT);
    g_clear_error(&error);
    g_assert_false(vmm->ops->undefine(vmm, id, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_CONFLICT);
    g_clear_error(&error);
    g_assert_false(vmm->ops->destroy(vmm, id, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_CONFLICT);
    fct_vm_spec_free(spec);
    g_free(virsh("undefine foreign"));
    await_state(id, -1);
}

/* Reads until @text was seen. */
static void await_text(int fd, const char *text)
{
    g_autoptr(GString) got = g_string_new(NULL);
    gint64 until = g_get_monotonic_time() + PATIENCE_S * G_TIME_SPAN_SECOND;
    while (!strstr(got->str, text)) {
        struct pollfd p = {fd, POLLIN, 0};
        char bytes[512];
        g_assert_cmpint(g_get_monotonic_time(), <, until);
        if (poll(&p, 1, 1000) <= 0)
            continue;
        ssize_t n = read(fd, bytes, sizeof bytes);
        if (n <= 0)
            g_error("the console ended after: %s", got->str);
        for (ssize_t i = 0; i < n; i++)
            g_string_append_c(got, bytes[i] ? bytes[i] : '.');
    }
}

static void await_end(int fd)
{
    char bytes[512];
    struct pollfd p = {fd, POLLIN, 0};
    while (poll(&p, 1, PATIENCE_S * 1000) == 1)
        if (read(fd, bytes, sizeof bytes) <= 0)
            return;
    g_error("the console was not ended");
}

/* The boot sector writes the marker, then sends back what it reads, one up. */
static void test_consoles(void)
{
    g_autoptr(GError) error = NULL;
    if (!qemu) {
        g_test_skip("the test driver has no consoles");
        return;
    }
    FctVmSpec *spec = spec_new("consoles");
    make_disk(spec);
    g_assert_cmpint(vmm->ops->open_serial(vmm, spec->id, FALSE, &error), ==, -1);
    g_assert_error(error, FCT_ERROR, FCT_ERROR_NOT_FOUND);
    g_clear_error(&error);
    vmm->ops->start(vmm, spec, &error);
    g_assert_no_error(error);
    int fd = vmm->ops->open_serial(vmm, spec->id, FALSE, &error);
    g_assert_no_error(error);
    gint64 until = g_get_monotonic_time() + PATIENCE_S * G_TIME_SPAN_SECOND;
    for (gboolean answered = FALSE; !answered;) { /* until the boot sector runs, what is sent is lost */
        struct pollfd p = {fd, POLLIN, 0};
        char bytes[64];
        g_assert_cmpint(g_get_monotonic_time(), <, until);
        g_assert_cmpint(send(fd, "a", 1, MSG_NOSIGNAL), ==, 1);
        if (poll(&p, 1, 500) == 1) {
            ssize_t n = read(fd, bytes, sizeof bytes);
            answered = n > 0 && memchr(bytes, 'b', (size_t)n);
        }
    }
    g_assert_cmpint(send(fd, "EZBDS", 5, MSG_NOSIGNAL), ==, 5);
    await_text(fd, "F[CET");
    g_assert_cmpint(vmm->ops->open_serial(vmm, spec->id, FALSE, &error), ==, -1);
    g_assert_error(error, FCT_ERROR, FCT_ERROR_IN_USE);
    g_clear_error(&error);
    int taken = vmm->ops->open_serial(vmm, spec->id, TRUE, &error);
    g_assert_no_error(error);
    await_end(fd);
    close(fd);
    g_assert_cmpint(send(taken, "GZBDS", 5, MSG_NOSIGNAL), ==, 5);
    await_text(taken, "H[CET");
    int screen = vmm->ops->open_graphics(vmm, spec->id, &error);
    g_assert_no_error(error);
    await_text(screen, "RFB 003.008");
    close(screen);
    vmm->ops->destroy(vmm, spec->id, &error);
    g_assert_no_error(error);
    await_end(taken);
    close(taken);
    await_state(spec->id, FCT_VM_OFF);
    g_assert_cmpint(vmm->ops->open_graphics(vmm, spec->id, &error), ==, -1);
    g_assert_error(error, FCT_ERROR, FCT_ERROR_CONFLICT);
    clean(spec);
}

static int qemu_pid(const char *id)
{
    g_autoptr(GDir) proc = g_dir_open("/proc", 0, NULL);
    const char *name;
    while ((name = g_dir_read_name(proc))) {
        g_autofree char *path = g_build_filename("/proc", name, "cmdline", NULL), *args = NULL;
        gsize length;
        if (g_ascii_isdigit(*name) && g_file_get_contents(path, &args, &length, NULL) &&
            g_str_has_prefix(args, "/usr/bin/qemu") && memmem(args, length, id, strlen(id)))
            return atoi(name);
    }
    return 0;
}

static void await_answer(const char *id)
{
    gint64 until = g_get_monotonic_time() + PATIENCE_S * G_TIME_SPAN_SECOND;
    for (;;) {
        g_autoptr(FctVmInfo) info = vmm->ops->info(vmm, id, NULL);
        if (info)
            return;
        g_assert_cmpint(g_get_monotonic_time(), <, until);
        g_usleep(50 * 1000);
    }
}

/* One QEMU that hangs: others are not slowed, its own VM says so, and it can be forced off. */
static void test_hang(void)
{
    g_autoptr(GError) error = NULL;
    if (!qemu) {
        g_test_skip("the test driver has no QEMU");
        return;
    }
    FctVmSpec *hung = spec_new("hung"), *other = spec_new("other");
    make_disk(hung);
    make_disk(other);
    vmm->ops->start(vmm, hung, &error);
    g_assert_no_error(error);
    vmm->ops->start(vmm, other, &error);
    g_assert_no_error(error);
    int pid = qemu_pid(hung->id);
    g_assert_cmpint(pid, >, 0);
    g_assert_cmpint(kill(pid, SIGSTOP), ==, 0);
    g_assert_false(vmm->ops->shutdown(vmm, hung->id, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_TIMEOUT);
    g_clear_error(&error);
    gint64 begin = g_get_monotonic_time();
    g_assert_false(vmm->ops->reset(vmm, hung->id, &error)); /* refused without waiting */
    g_assert_error(error, FCT_ERROR, FCT_ERROR_TIMEOUT);
    g_clear_error(&error);
    g_assert_true(vmm->ops->reset(vmm, other->id, &error));
    g_assert_no_error(error);
    g_autoptr(FctVmInfo) info = find(hung->id);
    g_assert_cmpint(info->state, ==, FCT_VM_RUNNING);
    g_assert_null(vmm->ops->info(vmm, hung->id, &error)); /* the call under way may still change it */
    g_assert_error(error, FCT_ERROR, FCT_ERROR_TIMEOUT);
    g_clear_error(&error);
    g_autoptr(json_t) stats = vmm->ops->stats(vmm, &error);
    g_assert_nonnull(json_object_get(stats, other->id));
    /* The hanging call alone would have taken its 10 s deadline once more. */
    g_assert_cmpint(g_get_monotonic_time() - begin, <, 8 * G_TIME_SPAN_SECOND);
    vmm->ops->destroy(vmm, hung->id, &error);
    g_assert_no_error(error);
    await_state(hung->id, FCT_VM_OFF);
    await_answer(hung->id);
    vmm->ops->destroy(vmm, other->id, &error);
    g_assert_no_error(error);
    clean(hung);
    clean(other);
}

static void test_crash_and_stats(void)
{
    g_autoptr(GError) error = NULL;
    if (!qemu) {
        g_test_skip("the test driver has no QEMU");
        return;
    }
    FctVmSpec *spec = spec_new("crash");
    make_disk(spec);
    vmm->ops->start(vmm, spec, &error);
    g_assert_no_error(error);
    await_state(spec->id, FCT_VM_RUNNING);
    g_autoptr(json_t) first = vmm->ops->stats(vmm, &error);
    g_assert_true(json_is_null(json_object_get(json_object_get(first, spec->id), "cpu_percent"))); /* one look only */
    g_usleep(20 * 1000); /* two looks need some time between them */
    g_autoptr(json_t) second = vmm->ops->stats(vmm, &error);
    json_t *reading = json_object_get(second, spec->id);
    g_assert_true(json_is_number(json_object_get(reading, "cpu_percent")));
    g_assert_cmpfloat(json_number_value(json_object_get(reading, "memory_used_mib")), >, 1);
    g_assert_cmpint(kill(qemu_pid(spec->id), SIGKILL), ==, 0);
    await_state(spec->id, FCT_VM_CRASHED);
    g_autoptr(json_t) after = vmm->ops->stats(vmm, &error);
    g_assert_null(json_object_get(after, spec->id));
    clean(spec);
}

static void test_disks(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *target = g_build_filename(folder, "copy.qcow2", NULL);
    g_autofree char *nowhere = g_build_filename(folder, "none", "copy.qcow2", NULL);
    g_assert_false(vmm->ops->disk_convert(vmm, "/nonexistent", "raw", target, "qcow2", NULL, NULL, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_NOT_FOUND);
    g_clear_error(&error);
    g_assert_false(vmm->ops->disk_convert(vmm, image, "qcow2", target, "qcow2", NULL, NULL, &error)); /* it is raw */
    g_assert_error(error, FCT_ERROR, FCT_ERROR_INTERNAL);
    g_clear_error(&error);
    g_assert_false(vmm->ops->disk_convert(vmm, image, "raw", nowhere, "qcow2", NULL, NULL, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_NOT_FOUND);
    g_clear_error(&error);
    g_assert_false(g_file_test(target, G_FILE_TEST_EXISTS));
    vmm->ops->disk_convert(vmm, image, "raw", target, "qcow2", NULL, NULL, &error);
    g_assert_no_error(error);
    g_assert_false(vmm->ops->disk_convert(vmm, image, "raw", target, "qcow2", NULL, NULL, &error)); /* it is there */
    g_assert_nonnull(error);
    g_clear_error(&error);
    gint64 bytes = 0;
    vmm->ops->disk_check(vmm, target, "qcow2", &bytes, &error);
    g_assert_no_error(error);
    g_assert_cmpint(bytes, ==, IMAGE_BYTES);
    g_assert_false(vmm->ops->disk_check(vmm, image, "qcow2", &bytes, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_REFUSED);
    g_clear_error(&error);
    vmm->ops->disk_delete(vmm, target, &error);
    g_assert_no_error(error);
    vmm->ops->disk_delete(vmm, target, &error);
    g_assert_no_error(error);
}

/* Waits until libvirt's word about the VM has @text in it, or has it no more. */
static void await_xml(const char *id, const char *text, gboolean there)
{
    g_autofree char *command = g_strdup_printf("dumpxml %s", id);
    gint64 until = g_get_monotonic_time() + PATIENCE_S * G_TIME_SPAN_SECOND;
    for (;;) {
        g_autofree char *xml = virsh(command);
        if ((strstr(xml, text) != NULL) == there)
            return;
        if (g_get_monotonic_time() > until)
            g_error("%s %s in: %s", text, there ? "is not" : "is still", xml);
        g_usleep(100 * 1000);
    }
}

/* @count: where in FctVmInfo it is counted. */
static void await_count(const char *id, gssize count, int before)
{
    gint64 until = g_get_monotonic_time() + PATIENCE_S * G_TIME_SPAN_SECOND;
    g_mutex_lock(&lock);
    while (G_STRUCT_MEMBER(int, g_hash_table_lookup(seen, id), count) <= before)
        g_assert_true(g_cond_wait_until(&cond, &lock, until));
    g_mutex_unlock(&lock);
}

static void test_power(void)
{
    g_autoptr(GError) error = NULL;
    FctVmSpec *spec = spec_new("power");
    make_disk(spec);
    vmm->ops->start(vmm, spec, &error);
    g_assert_no_error(error);
    await_state(spec->id, FCT_VM_RUNNING);
    vmm->ops->pause(vmm, spec->id, &error);
    g_assert_no_error(error);
    await_state(spec->id, FCT_VM_PAUSED);
    vmm->ops->resume(vmm, spec->id, &error);
    g_assert_no_error(error);
    await_state(spec->id, FCT_VM_RUNNING);
    if (qemu) {
        g_autoptr(FctVmInfo) info = find(spec->id);
        vmm->ops->reset(vmm, spec->id, &error);
        g_assert_no_error(error);
        await_count(spec->id, G_STRUCT_OFFSET(FctVmInfo, reboots), info->reboots);
    }
    vmm->ops->reboot(vmm, spec->id, &error); /* the guest may well not listen */
    g_assert_no_error(error);
    vmm->ops->destroy(vmm, spec->id, &error);
    g_assert_no_error(error);
    await_state(spec->id, FCT_VM_OFF);
    g_assert_false(vmm->ops->pause(vmm, spec->id, &error));
    g_assert_true(!qemu || g_error_matches(error, FCT_ERROR, FCT_ERROR_CONFLICT)); /* the test driver says less */
    g_clear_error(&error);
    g_assert_true(vmm->ops->start(vmm, spec, &error) && vmm->ops->destroy(vmm, spec->id, &error));
    await_count(spec->id, G_STRUCT_OFFSET(FctVmInfo, starts), 1); /* however soon it has ended */
    await_state(spec->id, FCT_VM_OFF);
    clean(spec);
}

static FctVmDisk *disk_new(const char *target, const char *path, const char *format)
{
    FctVmDisk *disk = fct_vm_disk_new();
    g_free(disk->target);
    g_free(disk->path);
    g_free(disk->format);
    g_free(disk->bus);
    disk->target = g_strdup(target);
    disk->path = g_strdup(path);
    disk->format = g_strdup(format);
    disk->bus = g_strdup(*target == 'v' ? "virtio" : "sata");
    return disk;
}

/* A boot sector takes no orders: what was plugged in stays, and libvirt's success at asking is not believed. */
static void test_hotplug(void)
{
    g_autoptr(GError) error = NULL;
    if (!qemu) {
        g_test_skip("the test driver plugs nothing");
        return;
    }
    FctVmSpec *spec = spec_new("plug");
    g_autofree char *more = g_build_filename(folder, "more.qcow2", NULL), *grow = NULL;
    g_autoptr(FctVmDisk) second = disk_new("vdb", more, "qcow2"), drive = disk_new("sda", "", "raw");
    g_autoptr(FctVmDisk) late = disk_new("sdb", image, "raw");
    FctVmNic *nic = fct_vm_nic_new("plugged", "52:54:00:aa:bb:cc");
    g_autoptr(json_t) wish =
        json_pack("{s:s, s:s, s:s}", "name", "plugged", "kind", "isolated", "subnet", "10.99.0.0/24");
    g_autoptr(FctNetwork) network = fct_network_from_input(wish, &error);
    vmm->ops->network_create(vmm, network, &error);
    g_assert_no_error(error);
    drive->cdrom = TRUE;
    g_ptr_array_add(spec->disks, fct_vm_disk_copy(drive));
    make_disk(spec);
    vmm->ops->disk_convert(vmm, image, "raw", more, "qcow2", NULL, NULL, &error);
    g_assert_no_error(error);
    vmm->ops->start(vmm, spec, &error);
    g_assert_no_error(error);
    vmm->ops->disk_attach(vmm, spec->id, second, &error);
    g_assert_no_error(error);
    await_xml(spec->id, "<alias name='ua-disk-vdb'/>", TRUE);
    g_assert_false(vmm->ops->disk_attach(vmm, spec->id, second, &error));
    g_assert_nonnull(error);
    g_clear_error(&error);
    g_assert_false(vmm->ops->disk_attach(vmm, spec->id, late, &error)); /* SATA takes nothing while it runs */
    g_assert_error(error, FCT_ERROR, FCT_ERROR_UNSUPPORTED);
    g_clear_error(&error);
    vmm->ops->disk_grow(vmm, spec->id, "vdb", 16 << 20, &error);
    g_assert_no_error(error);
    grow = g_strdup_printf("domblkinfo %s vdb", spec->id);
    g_autofree char *size = virsh(grow);
    g_assert_nonnull(strstr(size, "16777216"));
    g_free(drive->path);
    drive->path = g_strdup(image);
    vmm->ops->disk_medium(vmm, spec->id, drive, &error);
    g_assert_no_error(error);
    await_xml(spec->id, image, TRUE);
    g_free(drive->path);
    drive->path = g_strdup("");
    vmm->ops->disk_medium(vmm, spec->id, drive, &error);
    g_assert_no_error(error);
    await_xml(spec->id, image, FALSE);
    vmm->ops->nic_attach(vmm, spec->id, nic, &error);
    g_assert_no_error(error);
    await_xml(spec->id, nic->mac, TRUE);
    g_autoptr(FctVmInfo) info = find(spec->id);
    g_assert_cmpuint(json_array_size(info->nics), ==, 1);
    g_assert_cmpstr(fct_json_str(json_array_get(info->nics, 0), "network", ""), ==, "plugged");
    g_assert_cmpuint(json_array_size(info->drives), ==, 3);
    for (int i = 0; i < 2; i++) { /* asking twice is no fault */
        vmm->ops->disk_detach(vmm, spec->id, "vdb", &error);
        g_assert_no_error(error);
        await_xml(spec->id, "<alias name='ua-disk-vdb'/>", TRUE);
    }
    vmm->ops->disk_detach(vmm, spec->id, "vdz", &error); /* not there: done */
    g_assert_no_error(error);
    vmm->ops->nic_detach(vmm, spec->id, nic->mac, &error);
    g_assert_no_error(error);
    vmm->ops->destroy(vmm, spec->id, &error);
    g_assert_no_error(error);
    fct_vm_nic_free(nic);
    clean(spec);
    vmm->ops->network_delete(vmm, "plugged", &error);
    g_assert_no_error(error);
    g_remove(more);
}

static gboolean left_of(const char *id, const char *where)
{
    g_autofree char *state = g_build_filename(folder, "..", "state", "lib", where, NULL);
    g_autoptr(GDir) dir = g_dir_open(state, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir)))
        if (strstr(name, id))
            return TRUE;
    return FALSE;
}

/* A VM with UEFI and a TPM runs; what they remember is there, and goes with the VM. */
static void test_firmware(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) facts = vmm->ops->facts(vmm, &error);
    g_assert_no_error(error);
    if (!qemu || !fct_json_bool(facts, "uefi", FALSE) || !fct_json_bool(facts, "tpm", FALSE)) {
        g_test_skip("no OVMF or swtpm here");
        return;
    }
    FctVmSpec *spec = spec_new("firmware");
    g_autofree char *id = g_strdup(spec->id);
    spec->uefi = spec->tpm = spec->agent = TRUE;
    spec->memory_mib = 256;
    g_free(spec->os);
    spec->os = g_strdup("windows");
    make_disk(spec);
    vmm->ops->start(vmm, spec, &error);
    g_assert_no_error(error);
    await_state(id, FCT_VM_RUNNING);
    await_xml(id, "<backend type='emulator' version='2.0'", TRUE);
    await_xml(id, "<nvram", TRUE);
    g_assert_true(left_of(id, "qemu/nvram"));
    g_assert_true(left_of(id, "swtpm"));
    vmm->ops->destroy(vmm, id, &error);
    g_assert_no_error(error);
    await_state(id, FCT_VM_OFF);
    /* Another name takes nothing from it. */
    g_free(spec->name);
    spec->name = g_strdup("hardware");
    vmm->ops->start(vmm, spec, &error);
    g_assert_no_error(error);
    await_state(id, FCT_VM_RUNNING);
    g_assert_true(left_of(id, "qemu/nvram"));
    g_assert_false(left_of("hardware", "qemu/nvram") || left_of("firmware", "qemu/nvram"));
    vmm->ops->destroy(vmm, id, &error);
    g_assert_no_error(error);
    await_state(id, FCT_VM_OFF);
    clean(spec);
    g_assert_false(left_of(id, "qemu/nvram"));
    g_assert_false(left_of(id, "swtpm"));
}

/* 16-bit: COM1, for each byte received send it plus one. */
static void write_image(void)
{
    static const guint8 code[] = {
        0xba, 0xfd, 0x03, /* mov dx, 0x3fd */
        0xec,             /* in al, dx */
        0xa8, 0x01,       /* test al, 1 */
        0x74, 0xfb,       /* jz -5: in al */
        0xba, 0xf8, 0x03, /* mov dx, 0x3f8 */
        0xec,             /* in al, dx */
        0xfe, 0xc0,       /* inc al */
        0xee,             /* out dx, al */
        0xeb, 0xef,       /* jmp start */
    };
    guint8 sector[512] = {0};
    memcpy(sector, code, sizeof code);
    sector[510] = 0x55;
    sector[511] = 0xaa;
    g_assert_true(g_file_set_contents(image, (const char *)sector, sizeof sector, NULL));
    g_assert_cmpint(truncate(image, IMAGE_BYTES), ==, 0);
}

static void set_up(void)
{
    g_autoptr(GError) error = NULL;
    const FctVmmOptions options = {uri, "tcg", "The trial boot hung.", "standin"};
    const char *given = g_getenv("FACET_TEST_DIR");
    folder = given ? g_strdup(given) : g_dir_make_tmp("facet-vmm-XXXXXX", NULL);
    image = g_build_filename(folder, "image.raw", NULL);
    write_image();
    seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)fct_vm_info_unref);
    vmm = fct_vmm_libvirt_new(&options, &error);
    g_assert_no_error(error);
    vmm->ops->watch(vmm, on_changed, on_connection, NULL);
    gint64 until = g_get_monotonic_time() + PATIENCE_S * G_TIME_SPAN_SECOND;
    g_mutex_lock(&lock);
    while (!ups)
        g_assert_true(g_cond_wait_until(&cond, &lock, until));
    g_mutex_unlock(&lock);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    uri = g_getenv("FACET_TEST_LIBVIRT_URI");
    qemu = uri && g_str_has_prefix(uri, "qemu");
    g_assert_nonnull(uri);
    set_up();
    g_test_add_func("/vmm/options", test_options);
    g_test_add_func("/vmm/no-libvirt", test_no_libvirt);
    g_test_add_func("/vmm/facts", test_facts);
    g_test_add_func("/vmm/disks", test_disks);
    g_test_add_func("/vmm/life", test_life);
    g_test_add_func("/vmm/hostile-name", test_hostile_name);
    g_test_add_func("/vmm/rename", test_rename);
    g_test_add_func("/vmm/name-taken", test_name_taken);
    g_test_add_func("/vmm/foreign", test_foreign);
    g_test_add_func("/vmm/foreign-volume", test_foreign_volume);
    g_test_add_func("/vmm/consoles", test_consoles);
    g_test_add_func("/vmm/crash-and-stats", test_crash_and_stats);
    g_test_add_func("/vmm/hang", test_hang);
    g_test_add_func("/vmm/power", test_power);
    g_test_add_func("/vmm/hotplug", test_hotplug);
    g_test_add_func("/vmm/firmware", test_firmware);
    g_test_add_func("/vmm/merge-ends-between", test_merge_ends_between);
    int rc = g_test_run();
    fct_vmm_free(vmm);
    g_hash_table_unref(seen);
    g_remove(image);
    if (!g_getenv("FACET_TEST_DIR"))
        g_rmdir(folder);
    g_free(image);
    g_free(folder);
    return rc;
}
