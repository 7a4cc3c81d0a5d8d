/* SPDX-License-Identifier: Apache-2.0 */
/* Holds of parts: their states, and that two can never have the same part. */
#include "app/gpus/holds.h"
#include "app/library/images.h"
#include "store/store_memory.h"

#include <glib/gstdio.h>
#include <string.h>

static GPtrArray *list(FctStore *store, const char *vm)
{
    g_autoptr(GError) error = NULL;
    GPtrArray *holds = fct_holds_list(store, vm, &error);
    g_assert_no_error(error);
    return holds;
}

static gboolean reserve(FctStore *store, const char *part, const char *vm, GError **error)
{
    g_autoptr(json_t) what = json_pack("{s:s}", "profile", "3g.40gb");
    g_autoptr(FctHold) hold = fct_hold_new(part, vm, vm, 1, what);
    g_autoptr(FctWrites) writes = fct_writes_new();
    fct_writes_reserve(writes, hold);
    return fct_writes_commit(store, writes, NULL, error);
}

static void move(FctStore *store, const char *vm, FctHoldState state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) holds = list(store, vm);
    g_autoptr(FctWrites) writes = fct_writes_new();
    fct_writes_move(writes, holds, state);
    fct_writes_commit(store, writes, NULL, &error);
    g_assert_no_error(error);
}

static void test_states(void)
{
    g_autoptr(FctStore) store = fct_store_memory_new();
    g_autoptr(GError) error = NULL;
    static const FctHoldState states[] = {FCT_HOLD_RESERVED, FCT_HOLD_IN_USE, FCT_HOLD_RELEASING};
    g_assert_true(reserve(store, "p1", "a", &error));
    for (guint i = 0; i < G_N_ELEMENTS(states); i++) {
        move(store, "a", states[i]);
        g_autoptr(GPtrArray) holds = list(store, NULL);
        const FctHold *hold = fct_holds_find(holds, "p1");
        g_assert_nonnull(hold);
        g_assert_cmpint(hold->state, ==, states[i]);
        g_assert_cmpstr(hold->vm, ==, "a");
        g_assert_cmpint(hold->device, ==, 1);
        g_assert_cmpstr(fct_json_str(hold->what, "profile", ""), ==, "3g.40gb");
    }
    g_autoptr(GPtrArray) holds = list(store, "a");
    g_autoptr(FctWrites) writes = fct_writes_new();
    fct_writes_drop(writes, holds);
    g_assert_true(fct_writes_commit(store, writes, NULL, &error));
    g_autoptr(GPtrArray) none = list(store, NULL);
    g_assert_cmpuint(none->len, ==, 0);
}

static void test_one_holder(void)
{
    g_autoptr(FctStore) store = fct_store_memory_new();
    g_autoptr(GError) error = NULL;
    g_assert_true(reserve(store, "p1", "a", &error));
    g_assert_false(reserve(store, "p1", "b", &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_REVISION);
    g_autoptr(GPtrArray) of_b = list(store, "b");
    g_assert_cmpuint(of_b->len, ==, 0);
}

/* What was read before somebody else's change is not written over it. */
static void test_stale_release(void)
{
    g_autoptr(FctStore) store = fct_store_memory_new();
    g_autoptr(GError) error = NULL;
    g_assert_true(reserve(store, "p1", "a", &error));
    g_autoptr(GPtrArray) old = list(store, "a");
    move(store, "a", FCT_HOLD_IN_USE);
    g_autoptr(FctWrites) writes = fct_writes_new();
    fct_writes_drop(writes, old);
    g_assert_false(fct_writes_commit(store, writes, NULL, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_REVISION);
    g_autoptr(GPtrArray) still = list(store, "a");
    g_assert_cmpuint(still->len, ==, 1);
}

/* A document of a later release: whatever its state is called, the part is not free. */
static void test_unknown_state(void)
{
    g_autoptr(FctStore) store = fct_store_memory_new();
    g_autoptr(FctWrites) writes = fct_writes_new();
    fct_writes_add(writes, g_strdup("hold/p1"), json_pack("{s:s, s:s}", "vm", "a", "state", "migrating"), FCT_REV_NONE);
    g_assert_true(fct_writes_commit(store, writes, NULL, NULL));
    g_autoptr(GPtrArray) holds = list(store, "a");
    g_assert_cmpuint(holds->len, ==, 1);
    g_assert_cmpint(((FctHold *)holds->pdata[0])->state, ==, FCT_HOLD_RELEASING);
}

static void put(const char *folder, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void test_images(void)
{
    g_autofree char *folder = g_dir_make_tmp("facet-images-XXXXXX", NULL);
    g_autoptr(GError) error = NULL;
    put(folder, "disk.raw", "x");
    put(folder, "good.json",
        "{\"name\":\"Good\",\"file\":\"disk.raw\",\"format\":\"raw\",\"size_bytes\":1048576,"
        "\"min_memory_mib\":128,\"console\":\"serial\"}");
    put(folder, "climbs.json", "{\"name\":\"Bad\",\"file\":\"../x\",\"format\":\"raw\",\"size_bytes\":1}");
    put(folder, "absent.json", "{\"name\":\"Bad\",\"file\":\"none\",\"format\":\"raw\",\"size_bytes\":1}");
    put(folder, "format.json", "{\"name\":\"Bad\",\"file\":\"disk.raw\",\"format\":\"vmdk\",\"size_bytes\":1}");
    put(folder, "broken.json", "{");
    g_autoptr(GPtrArray) images = fct_images_list(folder);
    g_assert_cmpuint(images->len, ==, 1);
    FctImage *image = images->pdata[0];
    g_assert_cmpstr(image->id, ==, "good");
    g_assert_cmpint(image->min_memory_mib, ==, 128);
    g_assert_true(*image->note);
    g_assert_null(fct_images_find(folder, "../good", &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_BAD_REQUEST);
    static const char *const files[] = {"disk.raw",    "good.json",   "climbs.json",
                                        "absent.json", "format.json", "broken.json"};
    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(folder, files[i], NULL);
        g_remove(path);
    }
    g_rmdir(folder);
    g_autoptr(GPtrArray) none = fct_images_list(folder);
    g_assert_cmpuint(none->len, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_FLAG_FATAL); /* wrong image descriptions are warned of */
    g_test_add_func("/holds/states", test_states);
    g_test_add_func("/holds/one-holder", test_one_holder);
    g_test_add_func("/holds/stale-release", test_stale_release);
    g_test_add_func("/holds/unknown-state", test_unknown_state);
    g_test_add_func("/images/list", test_images);
    return g_test_run();
}
