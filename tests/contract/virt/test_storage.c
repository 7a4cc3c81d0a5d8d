/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The storage of port/vmm.h against the libvirt at FACET_TEST_LIBVIRT_URI: a private libvirtd, or libvirt's test driver
 * with what that has (no streams, no resizing).
 */
#include "virt/libvirt.h"

#include <glib/gstdio.h>
#include <string.h>

#define PATIENCE_S 60
#define POOL "facet-test"
#define MIB (1024 * 1024)

static FctVmm *vmm;
static gboolean real;
static char *folder;
static GMutex lock;
static GCond cond;
static gboolean is_up;
static GHashTable *heard; /* set of pools that the watcher was told of */

static void on_connection(gboolean up, gpointer data)
{
    g_mutex_lock(&lock);
    is_up = up;
    g_cond_broadcast(&cond);
    g_mutex_unlock(&lock);
}

static void on_storage(const char *pool, gpointer data)
{
    g_mutex_lock(&lock);
    g_hash_table_add(heard, g_strdup(pool ? pool : ""));
    g_cond_broadcast(&cond);
    g_mutex_unlock(&lock);
}

static void await_heard(const char *pool)
{
    gint64 until = g_get_monotonic_time() + PATIENCE_S * G_TIME_SPAN_SECOND;
    g_mutex_lock(&lock);
    while (!g_hash_table_contains(heard, pool))
        g_assert_true(g_cond_wait_until(&cond, &lock, until));
    g_hash_table_remove_all(heard);
    g_mutex_unlock(&lock);
}

static FctPoolInput *input_new(const char *name, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) json = json_pack("{s:s, s:s, s:s}", "name", name, "kind", "dir", "path", path);
    FctPoolInput *input = fct_pool_input_read(json, &error);
    g_assert_no_error(error);
    return input;
}

/* NULL when it is not there. Owned by *ret_all. */
static FctPool *find(const char *name, GPtrArray **ret_all)
{
    g_autoptr(GError) error = NULL;
    g_clear_pointer(ret_all, g_ptr_array_unref);
    *ret_all = vmm->ops->pools(vmm, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < (*ret_all)->len; i++)
        if (strcmp(((FctPool *)(*ret_all)->pdata[i])->name, name) == 0)
            return (*ret_all)->pdata[i];
    return NULL;
}

static void make_pool(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_strconcat(folder, "/pool", NULL);
    g_autoptr(FctPoolInput) input = input_new(POOL, path);
    vmm->ops->pool_create(vmm, input, &error);
    g_assert_no_error(error);
}

static void drop_pool(void)
{
    g_autoptr(GError) error = NULL;
    vmm->ops->pool_delete(vmm, POOL, &error);
    g_assert_no_error(error);
}

static void test_pool(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) all = NULL;
    g_autofree char *path = g_strconcat(folder, "/pool", NULL);
    g_autoptr(FctPoolInput) again = input_new(POOL, path);
    make_pool();
    await_heard(POOL);
    const FctPool *pool = find(POOL, &all);
    g_assert_nonnull(pool);
    g_assert_true(pool->ours && pool->active && pool->autostart);
    g_assert_cmpstr(pool->kind, ==, "dir");
    g_assert_cmpstr(pool->path, ==, path);
    g_assert_cmpint(pool->capacity, >, 0);
    g_assert_false(vmm->ops->pool_create(vmm, again, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_EXISTS);
    g_clear_error(&error);
    for (int i = 0; i < 2; i++) { /* the second time it is so already */
        vmm->ops->pool_stop(vmm, POOL, &error);
        g_assert_no_error(error);
    }
    g_assert_false(find(POOL, &all)->active);
    for (int i = 0; i < 2; i++) {
        vmm->ops->pool_start(vmm, POOL, &error);
        g_assert_no_error(error);
    }
    vmm->ops->pool_refresh(vmm, POOL, &error);
    g_assert_no_error(error);
    drop_pool();
    g_assert_null(find(POOL, &all));
    drop_pool(); /* gone already */
    if (real)
        g_assert_true(g_file_test(path, G_FILE_TEST_IS_DIR)); /* never data */
}

/* What cannot be started leaves no definition. */
static void test_not_started(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) all = NULL;
    g_autoptr(json_t) json = json_pack("{s:s, s:s, s:s}", "name", POOL, "kind", "lvm", "volume_group", "no-such-group");
    g_autoptr(FctPoolInput) input = fct_pool_input_read(json, &error);
    g_assert_no_error(error);
    if (!real) {
        g_test_skip("the test driver starts anything");
        return;
    }
    g_assert_false(vmm->ops->pool_create(vmm, input, &error));
    g_assert_nonnull(error);
    g_assert_null(find(POOL, &all));
}

static FctVolume *make_volume(const char *name, const char *format, gint64 bytes, const FctLayer *backing)
{
    g_autoptr(GError) error = NULL;
    FctVolume *volume = vmm->ops->volume_create(vmm, POOL, name, format, bytes, backing, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(volume->name, ==, name);
    g_assert_cmpstr(volume->pool, ==, POOL);
    g_assert_cmpint(volume->capacity, ==, bytes);
    return volume;
}

static void drop_volume(const char *name)
{
    g_autoptr(GError) error = NULL;
    for (int i = 0; i < 2; i++) { /* missing is success */
        vmm->ops->volume_delete(vmm, POOL, name, &error);
        g_assert_no_error(error);
    }
    g_assert_null(vmm->ops->volume(vmm, POOL, name, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_NOT_FOUND);
}

static void test_volumes(void)
{
    g_autoptr(GError) error = NULL;
    make_pool();
    g_autoptr(FctVolume) raw = make_volume("a.raw", "raw", 8 * MIB, NULL);
    g_autoptr(GPtrArray) list = vmm->ops->volumes(vmm, POOL, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(list->len, ==, 1);
    g_assert_null(vmm->ops->volume_create(vmm, POOL, "a.raw", "raw", MIB, NULL, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_EXISTS);
    g_clear_error(&error);
    if (real) {
        g_autoptr(FctVolume) base = make_volume("base.qcow2", "qcow2", 16 * MIB, NULL);
        const FctLayer below = {base->path, (char *)"qcow2"};
        g_autoptr(FctVolume) top = make_volume("top.qcow2", "qcow2", 16 * MIB, &below);
        g_assert_cmpstr(top->claim, ==, base->path);
        g_assert_cmpstr(top->format, ==, ""); /* nobody takes it from libvirt */
        g_assert_cmpstr(top->backing, ==, "");
        g_assert_cmpint(raw->allocated, <, MIB); /* thin */
        vmm->ops->volume_grow(vmm, POOL, "top.qcow2", "qcow2", 32 * MIB, &error);
        g_assert_no_error(error);
        g_autoptr(FctVolume) grown = vmm->ops->volume(vmm, POOL, "top.qcow2", NULL);
        g_assert_cmpint(grown->capacity, ==, 32 * MIB);
        g_assert_false(vmm->ops->volume_grow(vmm, POOL, "top.qcow2", "qcow2", MIB, &error));
        g_assert_error(error, FCT_ERROR, FCT_ERROR_BAD_REQUEST);
        g_clear_error(&error);
        drop_volume("top.qcow2");
        drop_volume("base.qcow2");
    }
    drop_volume("a.raw");
    drop_pool();
}

/* ---- bytes ---- */

static void fill(guint8 *bytes, gsize length, guint seed)
{
    for (gsize i = 0; i < length; i++)
        bytes[i] = (guint8)((i + seed) * 2654435761u >> 13);
}

static void write_some(const char *name, gint64 offset, const guint8 *bytes, gsize length)
{
    g_autoptr(GError) error = NULL;
    FctVmmStream *stream = vmm->ops->volume_open(vmm, POOL, name, TRUE, offset, (gint64)length, &error);
    g_assert_no_error(error);
    vmm->ops->stream_write(stream, bytes, length, FALSE, &error);
    g_assert_no_error(error);
    vmm->ops->stream_close(stream, TRUE, &error);
    g_assert_no_error(error);
}

/* All from @offset; @holes: what was told to be holes. */
static GByteArray *read_all(const char *name, gint64 offset, gint64 length, gint64 *holes)
{
    g_autoptr(GError) error = NULL;
    GByteArray *all = g_byte_array_new();
    guint8 buffer[50000];
    FctVmmStream *stream = vmm->ops->volume_open(vmm, POOL, name, FALSE, offset, length, &error);
    g_assert_no_error(error);
    for (;;) {
        gint64 hole = 0;
        gssize n = vmm->ops->stream_read(stream, buffer, sizeof buffer, holes ? &hole : NULL, &error);
        g_assert_no_error(error);
        if (n == 0 && hole == 0)
            break;
        g_byte_array_append(all, buffer, (guint)n);
        if (hole) {
            guint at = all->len;
            g_byte_array_set_size(all, at + (guint)hole);
            memset(all->data + at, 0, (gsize)hole);
            *holes += hole;
        }
    }
    vmm->ops->stream_close(stream, FALSE, NULL);
    return all;
}

static void test_bytes(void)
{
    g_autoptr(GError) error = NULL;
    const gsize size = 5 * MIB + 4096;
    g_autofree guint8 *bytes = g_malloc(size);
    make_pool();
    g_autoptr(FctVolume) volume G_GNUC_UNUSED = make_volume("b.raw", "raw", 40 * MIB, NULL);
    if (!real) {
        g_assert_null(vmm->ops->volume_open(vmm, POOL, "b.raw", TRUE, 0, 0, &error));
        g_assert_error(error, FCT_ERROR, FCT_ERROR_UNSUPPORTED);
    } else {
        gint64 holes = 0;
        fill(bytes, size, 1);
        write_some("b.raw", 0, bytes, size / 2); /* in two goes, as an upload that was cut */
        write_some("b.raw", (gint64)(size / 2), bytes + size / 2, size - size / 2);
        g_autoptr(GByteArray) all = read_all("b.raw", 0, 0, &holes);
        g_assert_cmpuint(all->len, ==, 40 * MIB);
        g_assert_cmpint(memcmp(all->data, bytes, size), ==, 0);
        g_assert_cmpint(holes, >=, 30 * MIB);
        g_assert_true(all->data[40 * MIB - 1] == 0);
        g_autoptr(GByteArray) part = read_all("b.raw", 4000, 3 * MIB, NULL);
        g_assert_cmpuint(part->len, ==, 3 * MIB);
        g_assert_cmpint(memcmp(part->data, bytes + 4000, 3 * MIB), ==, 0);
        g_autoptr(GByteArray) zeros = read_all("b.raw", 39 * MIB, MIB, NULL);
        g_assert_cmpuint(zeros->len, ==, MIB);
    }
    drop_volume("b.raw");
    drop_pool();
}

typedef struct {
    guint calls, cancel_at;
    gint64 done, total;
} Looker;

static gboolean on_progress(gint64 done, gint64 total, gpointer data)
{
    Looker *looker = data;
    g_assert_cmpint(done, >=, looker->done);
    g_assert_cmpint(done, <=, total);
    looker->done = done;
    looker->total = total;
    return ++looker->calls != looker->cancel_at;
}

static void check_same(const char *a, const char *b)
{
    g_autoptr(GByteArray) x = read_all(a, 0, 0, NULL);
    g_autoptr(GByteArray) y = read_all(b, 0, 0, NULL);
    g_assert_cmpuint(x->len, ==, y->len);
    g_assert_cmpint(memcmp(x->data, y->data, x->len), ==, 0);
}

/* A copy of a volume that is @format, and stands on @below (NULL: nothing). */
static FctVolume *copy_of(const char *name, const char *format, const char *below, const char *below_format,
                          const char *to, const char *to_format, FctVmmProgress progress, gpointer data, GError **error)
{
    g_autoptr(FctVolume) from = vmm->ops->volume(vmm, POOL, name, error);
    g_autoptr(FctVolume) under = below ? vmm->ops->volume(vmm, POOL, below, error) : NULL;
    g_autoptr(GPtrArray) layers = fct_layers_new();
    g_assert_nonnull(from);
    if (under)
        g_ptr_array_add(layers, fct_layer_new(under->path, below_format));
    const FctVmmSource source = {POOL, name, from->path, format, layers, from->physical};
    return vmm->ops->volume_copy(vmm, &source, POOL, to, to_format, progress, data, error);
}

static void test_copy(void)
{
    g_autoptr(GError) error = NULL;
    const gsize size = 6 * MIB;
    g_autofree guint8 *bytes = g_malloc(size);
    Looker looker = {0}, cancelling = {.cancel_at = 2};
    if (!real) {
        g_test_skip("the test driver has no bytes");
        return;
    }
    fill(bytes, size, 7);
    make_pool();
    g_autoptr(FctVolume) raw G_GNUC_UNUSED = make_volume("from.raw", "raw", 20 * MIB, NULL);
    write_some("from.raw", 0, bytes, size);
    g_autoptr(FctVolume) copy = copy_of("from.raw", "raw", NULL, NULL, "copy.raw", "raw", on_progress, &looker, &error);
    g_assert_no_error(error);
    g_assert_cmpint(copy->capacity, ==, 20 * MIB);
    g_assert_cmpint(copy->allocated, <, 8 * MIB); /* holes stay holes */
    g_assert_cmpint(looker.done, ==, looker.total);
    check_same("from.raw", "copy.raw");
    for (int convert = 0; convert < 2; convert++) {
        cancelling = (Looker){.cancel_at = convert ? 1 : 2};
        g_assert_null(copy_of("from.raw", "raw", NULL, NULL, "half", convert ? "qcow2" : "raw", on_progress,
                              &cancelling, &error));
        g_assert_error(error, FCT_ERROR, FCT_ERROR_CANCELLED);
        g_clear_error(&error);
        g_assert_null(vmm->ops->volume(vmm, POOL, "half", &error));
        g_assert_error(error, FCT_ERROR, FCT_ERROR_NOT_FOUND);
        g_clear_error(&error);
    }
    /* another format, then one that stands on another: both come out whole and on their own */
    g_autoptr(FctVolume) qcow2 = copy_of("from.raw", "raw", NULL, NULL, "q.qcow2", "qcow2", NULL, NULL, &error);
    g_assert_no_error(error);
    const FctLayer below = {qcow2->path, (char *)"qcow2"};
    g_autoptr(FctVolume) top G_GNUC_UNUSED = make_volume("top.qcow2", "qcow2", 20 * MIB, &below);
    g_autoptr(FctVolume) flat G_GNUC_UNUSED =
        copy_of("top.qcow2", "qcow2", "q.qcow2", "qcow2", "flat.raw", "raw", NULL, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(flat->claim, ==, "");
    check_same("from.raw", "flat.raw");
    g_autoptr(FctVolume) same G_GNUC_UNUSED =
        copy_of("q.qcow2", "qcow2", NULL, NULL, "q2.qcow2", "qcow2", on_progress, &(Looker){0}, &error);
    g_assert_no_error(error);
    g_assert_cmpint(same->capacity, ==, 20 * MIB);
    check_same("q.qcow2", "q2.qcow2");
    const char *const made[] = {"top.qcow2", "flat.raw", "q2.qcow2", "q.qcow2", "copy.raw", "from.raw"};
    for (guint i = 0; i < G_N_ELEMENTS(made); i++)
        drop_volume(made[i]);
    drop_pool();
}

/*
 * S1, case 01: a guest has written the head of a qcow2 into its raw disk, which names another's. Whoever is told that
 * it is raw copies, converts, grows and stands on just these bytes.
 */
static void test_raw_with_a_head(void)
{
    g_autoptr(GError) error = NULL;
    if (!real) {
        g_test_skip("the test driver has no bytes");
        return;
    }
    make_pool();
    g_autofree guint8 *secret = g_malloc(MIB);
    fill(secret, MIB, 99);
    g_autoptr(FctVolume) other = make_volume("other.raw", "raw", 8 * MIB, NULL);
    write_some("other.raw", 0, secret, MIB);
    const FctLayer named = {other->path, (char *)"raw"};
    g_autoptr(FctVolume) header G_GNUC_UNUSED = make_volume("header", "qcow2", 8 * MIB, &named);
    g_autoptr(GByteArray) head = read_all("header", 0, 0, NULL);
    g_assert_cmpint(memcmp(head->data, "QFI\xfb", 4), ==, 0);
    g_autoptr(FctVolume) disk = make_volume("disk", "raw", 8 * MIB, NULL);
    write_some("disk", 0, head->data, head->len);
    vmm->ops->pool_refresh(vmm, POOL, NULL); /* libvirt takes it for a qcow2 now */
    g_autoptr(FctVolume) claims = vmm->ops->volume(vmm, POOL, "disk", NULL);
    g_assert_cmpstr(claims->claim, ==, other->path);
    g_assert_cmpint(claims->physical, ==, 8 * MIB);
    g_autoptr(FctVolume) same G_GNUC_UNUSED = copy_of("disk", "raw", NULL, NULL, "same.raw", "raw", NULL, NULL, &error);
    g_assert_no_error(error);
    check_same("disk", "same.raw");
    g_autoptr(FctVolume) packed G_GNUC_UNUSED =
        copy_of("disk", "raw", NULL, NULL, "packed.qcow2", "qcow2", NULL, NULL, &error);
    g_assert_no_error(error);
    g_autoptr(FctVolume) unpacked G_GNUC_UNUSED =
        copy_of("packed.qcow2", "qcow2", NULL, NULL, "unpacked.raw", "raw", NULL, NULL, &error);
    g_assert_no_error(error);
    check_same("disk", "unpacked.raw");
    const FctLayer below = {disk->path, (char *)"raw"};
    g_autoptr(FctVolume) overlay G_GNUC_UNUSED = make_volume("overlay.qcow2", "qcow2", 8 * MIB, &below);
    g_autoptr(FctVolume) flat G_GNUC_UNUSED =
        copy_of("overlay.qcow2", "qcow2", "disk", "raw", "flat.raw", "raw", NULL, NULL, &error);
    g_assert_no_error(error);
    check_same("disk", "flat.raw");
    vmm->ops->volume_grow(vmm, POOL, "same.raw", "raw", 12 * MIB, &error);
    g_assert_no_error(error);
    g_autoptr(FctVolume) grown = vmm->ops->volume(vmm, POOL, "same.raw", NULL);
    g_assert_cmpint(grown->physical, ==, 12 * MIB);
    g_assert_cmpint(grown->allocated, <, 4 * MIB);
    g_autoptr(GByteArray) first = read_all("same.raw", 0, 8 * MIB, NULL);
    g_autoptr(GByteArray) before = read_all("disk", 0, 0, NULL);
    g_assert_cmpint(memcmp(first->data, before->data, 8 * MIB), ==, 0);
    g_assert_false(vmm->ops->volume_grow(vmm, POOL, "same.raw", "raw", 4 * MIB, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_BAD_REQUEST);
    g_clear_error(&error);
    const char *const made[] = {"overlay.qcow2", "flat.raw", "unpacked.raw", "packed.qcow2",
                                "same.raw",      "disk",     "header",       "other.raw"};
    for (guint i = 0; i < G_N_ELEMENTS(made); i++)
        drop_volume(made[i]);
    drop_pool();
}

/* A pool of others is used, and never taken away. */
static void test_others(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) all = NULL;
    if (real) {
        g_autofree char *path = g_strconcat(folder, "/theirs", NULL);
        g_autofree char *command = g_strdup_printf("virsh -q -c '%s' pool-create-as theirs dir --target %s --build",
                                                   g_getenv("FACET_TEST_LIBVIRT_URI"), path);
        g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, &error));
        await_heard("theirs");
    }
    const char *name = real ? "theirs" : "default-pool";
    const FctPool *pool = find(name, &all);
    g_assert_nonnull(pool);
    g_assert_false(pool->ours);
    g_assert_false(vmm->ops->pool_delete(vmm, name, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_CONFLICT);
}

/* A file that came into the folder without libvirt, which does not list it yet: its name is not free. */
static void test_hidden(void)
{
    g_autoptr(GError) error = NULL;
    static const char *const formats[] = {"raw", "qcow2"};
    g_autofree char *path = g_strconcat(folder, "/pool/hidden", NULL);
    if (!real) {
        g_test_skip("the test driver has no folders");
        return;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++) {
        g_autofree char *text = NULL;
        make_pool();
        g_assert_true(g_file_set_contents(path, "theirs", -1, NULL));
        g_assert_null(vmm->ops->volume_create(vmm, POOL, "hidden", formats[i], MIB, NULL, &error));
        g_assert_error(error, FCT_ERROR, FCT_ERROR_EXISTS);
        g_clear_error(&error);
        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
        g_assert_cmpstr(text, ==, "theirs");
        g_remove(path);
        drop_pool();
    }
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_test_init(&argc, &argv, NULL);
    const char *uri = g_getenv("FACET_TEST_LIBVIRT_URI");
    real = !g_str_has_prefix(uri, "test:");
    folder = g_strdup(real ? g_getenv("FACET_TEST_DIR") : "/nowhere");
    heard = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    const FctVmmOptions options = {uri, "tcg", NULL, "standin"};
    vmm = fct_vmm_libvirt_new(&options, &error);
    g_assert_no_error(error);
    vmm->ops->watch(vmm, NULL, on_connection, NULL);
    vmm->ops->watch_storage(vmm, on_storage, NULL);
    gint64 until = g_get_monotonic_time() + PATIENCE_S * G_TIME_SPAN_SECOND;
    g_mutex_lock(&lock);
    while (!is_up)
        g_assert_true(g_cond_wait_until(&cond, &lock, until));
    g_mutex_unlock(&lock);
    await_heard("");
    g_test_add_func("/storage/pool", test_pool);
    g_test_add_func("/storage/not-started", test_not_started);
    g_test_add_func("/storage/volumes", test_volumes);
    g_test_add_func("/storage/bytes", test_bytes);
    g_test_add_func("/storage/copy", test_copy);
    g_test_add_func("/storage/raw-with-a-head", test_raw_with_a_head);
    g_test_add_func("/storage/others", test_others);
    g_test_add_func("/storage/hidden", test_hidden);
    int rc = g_test_run();
    fct_vmm_free(vmm);
    g_hash_table_unref(heard);
    g_free(folder);
    return rc;
}
