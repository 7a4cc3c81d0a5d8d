/* SPDX-License-Identifier: Apache-2.0 */
/* Which cards are left alone, over restarts of the helper and of the host. */
#include "host/helper_avoid.h"
#include "tree.h"

#define GPU "gpu-0000-41-00-0"

static const char *state_at(const FctAvoid *avoid, gint64 now_us, json_t **keep)
{
    json_decref(*keep);
    *keep = fct_avoid_to_json(avoid, now_us);
    return fct_json_str(json_object_get(*keep, GPU), "state", "");
}

static void test_wedged(void)
{
    char *state = tree_new();
    json_t *keep = NULL;
    FctAvoid *avoid = fct_avoid_load(state);
    g_assert_false(fct_avoid_set_boot(avoid, "boot-1"));
    g_autoptr(json_t) cards = json_pack("{s:{s:s}}", GPU, "name", "NVIDIA A100");
    fct_avoid_learn(avoid, cards);
    fct_avoid_wedge(avoid, GPU, "It hung.");
    g_assert_cmpstr(state_at(avoid, 0, &keep), ==, "wedged");
    fct_avoid_free(avoid);

    avoid = fct_avoid_load(state); /* another helper in the same boot */
    g_assert_cmpstr(fct_avoid_wedged_reason(avoid, GPU), ==, "It hung.");
    g_assert_cmpstr(fct_json_str(json_object_get(fct_avoid_known(avoid), GPU), "name", ""), ==, "NVIDIA A100");
    g_assert_false(fct_avoid_set_boot(avoid, "boot-1"));
    g_assert_cmpstr(state_at(avoid, 0, &keep), ==, "wedged");
    g_assert_true(fct_avoid_set_boot(avoid, "boot-2"));
    g_assert_null(fct_avoid_wedged_reason(avoid, GPU));
    fct_avoid_free(avoid);

    avoid = fct_avoid_load(state); /* forgotten on disk too */
    g_assert_cmpstr(state_at(avoid, 0, &keep), ==, "");
    fct_avoid_free(avoid);
    json_decref(keep);
    tree_free(state);
}

static void test_silent(void)
{
    const gint64 minute = 60 * G_USEC_PER_SEC;
    char *state = tree_new();
    json_t *keep = NULL;
    FctAvoid *avoid = fct_avoid_load(state);
    fct_avoid_silent(avoid, GPU, 0);
    g_assert_cmpstr(state_at(avoid, minute - 1, &keep), ==, "lost");
    g_assert_cmpstr(state_at(avoid, minute, &keep), ==, "");
    fct_avoid_silent(avoid, GPU, minute);
    g_assert_cmpstr(state_at(avoid, 3 * minute - 1, &keep), ==, "lost");
    g_assert_cmpstr(state_at(avoid, 3 * minute, &keep), ==, "");
    fct_avoid_free(avoid);
    json_decref(keep);
    tree_free(state);
}

/* Let go stays let go, for a helper that is started again too, until it is taken back or the host restarts. */
static void test_released(void)
{
    char *state = tree_new();
    json_t *keep = NULL;
    g_autoptr(json_t) cards = json_pack("{s:{s:s}}", GPU, "name", "A100");
    FctAvoid *avoid = fct_avoid_load(state);
    fct_avoid_set_boot(avoid, "boot-1");
    fct_avoid_learn(avoid, cards);
    fct_avoid_set_released(avoid, GPU, TRUE);
    g_assert_cmpstr(state_at(avoid, 0, &keep), ==, "released");
    fct_avoid_free(avoid);
    avoid = fct_avoid_load(state);
    g_assert_true(fct_avoid_is_released(avoid, GPU));
    g_assert_cmpstr(fct_json_str(json_object_get(fct_avoid_known(avoid), GPU), "name", ""), ==, "A100");
    fct_avoid_set_released(avoid, GPU, FALSE);
    g_assert_cmpstr(state_at(avoid, 0, &keep), ==, "");
    fct_avoid_set_released(avoid, GPU, TRUE);
    g_assert_true(fct_avoid_set_boot(avoid, "boot-2"));
    g_assert_false(fct_avoid_is_released(avoid, GPU));
    fct_avoid_free(avoid);
    json_decref(keep);
    tree_free(state);
}

static void test_damaged_file(void)
{
    static const char *const contents[] = {"", "{", "[]", "{\"gpus\": 7}",
                                           "{\"boot_id\": 1, \"gpus\": {\"x\": 3}, \"released\": []}"};
    for (gsize i = 0; i < G_N_ELEMENTS(contents); i++) {
        char *state = tree_new();
        tree_write(state, "wedged.json", contents[i], -1);
        FctAvoid *avoid = fct_avoid_load(state);
        g_autoptr(json_t) json = fct_avoid_to_json(avoid, 0);
        g_assert_true(json_is_object(json));
        fct_avoid_free(avoid);
        tree_free(state);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_always_fatal(G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL); /* leaving a card alone is warned of */
    g_test_add_func("/avoid/wedged", test_wedged);
    g_test_add_func("/avoid/silent", test_silent);
    g_test_add_func("/avoid/released", test_released);
    g_test_add_func("/avoid/damaged-file", test_damaged_file);
    return g_test_run();
}
