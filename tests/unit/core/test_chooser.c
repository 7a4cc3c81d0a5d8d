/* SPDX-License-Identifier: Apache-2.0 */
/* Parts, groups, and which part a VM gets or why none; and the table of roles. */
#include "core/chooser.h"
#include "core/policy.h"
#include "gpus.h"

#include <string.h>

typedef struct {
    FctInventory *inventory;
    GPtrArray *reservations, *parts, *groups, *devices, *verdicts, *chosen;
} Fixture;

static Fixture fixture(const char *first, const char *second)
{
    Fixture f = {.inventory = fct_inventory_new(),
                 .reservations = test_reservations(),
                 .devices = g_ptr_array_new_with_free_func((GDestroyNotify)fct_device_free),
                 .verdicts = g_ptr_array_new_with_free_func((GDestroyNotify)fct_verdict_free)};
    test_gpu_a100(f.inventory, first);
    if (second)
        test_gpu_a100(f.inventory, second);
    return f;
}

static void forget(GPtrArray **array)
{
    if (*array)
        g_ptr_array_unref(*array);
    *array = NULL;
}

static void clear(Fixture *f)
{
    forget(&f->chosen);
    forget(&f->groups);
    forget(&f->parts);
    g_ptr_array_unref(f->reservations);
    g_ptr_array_unref(f->devices);
    g_ptr_array_unref(f->verdicts);
    fct_inventory_unref(f->inventory);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fixture, clear)

static void reserve(Fixture *f, guint gpu, int start, const char *vm, FctReservationState state)
{
    g_ptr_array_add(f->reservations, test_reserve(f->inventory->gpus->pdata[gpu], start, vm, state));
}

static void want(Fixture *f, const char *group, int count, gboolean optional)
{
    FctDevice *device = fct_device_new();
    g_free(device->group);
    device->group = g_strdup(group);
    device->count = count;
    device->optional = optional;
    g_ptr_array_add(f->devices, device);
}

/* A group of the given rule, beside the built-in ones. */
static void group(Fixture *f, const char *id, const char *profile)
{
    FctGroup *made = fct_group_new();
    g_free(made->id);
    g_free(made->name);
    g_free(made->rules.profile);
    made->id = g_strdup(id);
    made->name = g_strdup(id);
    made->rules.profile = g_strdup(profile);
    g_ptr_array_add(f->groups, made);
}

static void look(Fixture *f)
{
    f->parts = fct_parts_of(f->inventory, f->reservations);
    f->groups = fct_groups_builtin(f->parts);
}

static void expect(Fixture *f, const char *vm, FctSpreading spreading, const char *chosen, const char *verdicts)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_clear_pointer(&f->chosen, g_ptr_array_unref);
    f->chosen = fct_choose_parts(f->devices, f->groups, f->parts, vm, spreading, f->verdicts);
    for (guint i = 0; i < f->chosen->len; i++) {
        const FctChosen *entry = f->chosen->pdata[i];
        g_string_append(text, i ? ", " : "");
        if (entry->part)
            g_string_append_printf(text, "%s %s@%d", entry->part->gpu_label, entry->part->profile, entry->part->start);
        else
            g_string_append(text, "none");
    }
    g_autofree char *verdicts_text = test_verdicts_text(f->verdicts);
    g_assert_cmpstr(text->str, ==, chosen);
    g_assert_cmpstr(verdicts_text, ==, verdicts);
}

#define THREE "all-nvidia-a100-80gb-pcie-3g-40gb"
#define ONE "all-nvidia-a100-80gb-pcie-1g-10gb"

static void test_parts(void)
{
    g_auto(Fixture) f = fixture("19@0 19@1* 14@2! 9@4", NULL);
    FctGpu *gpu = f.inventory->gpus->pdata[0];
    reserve(&f, 0, 4, "db-2", FCT_RELEASING);
    look(&f);
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < f.parts->len; i++) {
        const FctPart *part = f.parts->pdata[i];
        g_string_append_printf(text, "%s %s %s;", part->id, fct_part_state_name(part->state), part->holder_name);
    }
    g_assert_cmpstr(text->str, ==,
                    "gpu-0000-40-00-0.0.19 free ;gpu-0000-40-00-0.1.19 in-use python3;"
                    "gpu-0000-40-00-0.2.14 unavailable ;gpu-0000-40-00-0.4.9 releasing db-2;");
    g_autoptr(json_t) json = fct_part_to_json(f.parts->pdata[3]);
    g_assert_cmpstr(fct_json_str(json_object_get(json, "holder"), "kind", ""), ==, "vm");
    g_autoptr(json_t) free_json = fct_part_to_json(f.parts->pdata[0]);
    g_assert_true(json_is_null(json_object_get(free_json, "holder")));
    gpu->state = FCT_GPU_LOST;
    g_autoptr(GPtrArray) lost = fct_parts_of(f.inventory, f.reservations);
    g_assert_cmpint(((FctPart *)lost->pdata[0])->state, ==, FCT_PART_UNAVAILABLE);
}

static void test_builtin_groups(void)
{
    g_auto(Fixture) f = fixture("19@0 19@1 9@4", "9@0");
    look(&f);
    g_assert_cmpuint(f.groups->len, ==, 2);
    const FctGroup *first = f.groups->pdata[0];
    g_assert_cmpstr(first->id, ==, ONE);
    g_assert_cmpstr(first->name, ==, "A100 80GB PCIe 1g.10gb");
    g_assert_true(first->builtin);
    g_autoptr(json_t) json = fct_group_to_json(first);
    g_assert_null(json_object_get(json_object_get(json, "rules"), "gpu"));
    g_autoptr(GError) error = NULL;
    g_autoptr(FctGroup) back = fct_group_from_json(json, &error);
    g_assert_no_error(error);
    g_assert_true(fct_group_takes(back, f.parts->pdata[0]));
    g_assert_false(fct_group_takes(back, f.parts->pdata[2]));
}

static void test_tightest(void)
{
    g_auto(Fixture) f = fixture("9@4 14@0 19@2", NULL);
    look(&f);
    group(&f, "any", "");
    want(&f, "any", 1, FALSE);
    expect(&f, "a", FCT_PACK, "GPU 0 1g.10gb@2", "");
}

static void test_pack_and_spread(void)
{
    g_auto(Fixture) f = fixture("19@0 19@1", "19@0 19@1");
    reserve(&f, 1, 0, "other", FCT_IN_USE);
    look(&f);
    want(&f, ONE, 1, FALSE);
    expect(&f, "a", FCT_PACK, "GPU 1 1g.10gb@1", "");
    forget(&f.chosen);
    expect(&f, "a", FCT_SPREAD, "GPU 0 1g.10gb@0", "");
}

static void test_keeps_the_largest_hole(void)
{
    g_auto(Fixture) f = fixture("19@0 19@3 19@6", NULL);
    look(&f);
    want(&f, ONE, 1, FALSE);
    /* At 0 slots 1 to 7 stay together; at 3 or 6 the card is cut. */
    expect(&f, "a", FCT_PACK, "GPU 0 1g.10gb@0", "");
}

static void test_own_part_again(void)
{
    g_auto(Fixture) f = fixture("9@0 9@4", NULL);
    reserve(&f, 0, 4, "a", FCT_RESERVED);
    look(&f);
    want(&f, THREE, 1, FALSE);
    expect(&f, "a", FCT_PACK, "GPU 0 3g.40gb@4", "");
    forget(&f.chosen);
    expect(&f, "b", FCT_PACK, "GPU 0 3g.40gb@0", "");
}

/* The generous group comes first and would take the only part that the narrow one may have. */
static void test_together(void)
{
    g_auto(Fixture) f = fixture("9@4 19@0", NULL);
    look(&f);
    group(&f, "any", "");
    want(&f, "any", 1, FALSE);
    want(&f, ONE, 1, FALSE);
    expect(&f, "a", FCT_PACK, "GPU 0 3g.40gb@4, GPU 0 1g.10gb@0", "");
}

static void test_optional_comes_last(void)
{
    g_auto(Fixture) f = fixture("9@4", NULL);
    look(&f);
    want(&f, THREE, 1, TRUE);
    want(&f, THREE, 1, FALSE);
    expect(&f, "a", FCT_PACK, "none, GPU 0 3g.40gb@4", "warn all-taken");
}

static void test_refusals(void)
{
    g_auto(Fixture) f = fixture("9@4 19@0*", NULL);
    reserve(&f, 0, 4, "db-2", FCT_IN_USE);
    look(&f);
    group(&f, "empty", "7g.80gb");
    want(&f, THREE, 2, FALSE);
    want(&f, "empty", 1, FALSE);
    want(&f, "gone", 1, FALSE);
    want(&f, ONE, 1, TRUE);
    expect(&f, "a", FCT_PACK, "none, none, none, none, none",
           "refuse all-taken, refuse group-empty, refuse group-missing, warn all-taken");
    g_assert_cmpstr(((FctVerdict *)f.verdicts->pdata[0])->sentence, ==,
                    "No part of “A100 80GB PCIe 3g.40gb” is free (GPU 0 slot 4: VM db-2).");
    g_assert_cmpstr(((FctVerdict *)f.verdicts->pdata[0])->subject, ==, "device 1");
    g_assert_nonnull(strstr(((FctVerdict *)f.verdicts->pdata[3])->sentence, "process 4711 python3"));
}

static void test_nothing_at_all(void)
{
    g_auto(Fixture) f = fixture("", NULL);
    look(&f);
    expect(&f, "a", FCT_PACK, "", "");
    want(&f, "gone", 3, FALSE);
    expect(&f, "a", FCT_PACK, "none, none, none", "refuse group-missing");
}

/* Random claims: as many are served as any assignment serves (by trying all), and no part twice. */
static guint best_assignment(const Fixture *f, guint claim, guint32 used)
{
    if (claim == f->devices->len)
        return 0;
    const FctDevice *device = f->devices->pdata[claim];
    guint best = best_assignment(f, claim + 1, used);
    for (guint p = 0; p < f->parts->len; p++) {
        const FctPart *part = f->parts->pdata[p];
        for (guint g = 0; g < f->groups->len; g++)
            if (strcmp(((FctGroup *)f->groups->pdata[g])->id, device->group) == 0 && !(used >> p & 1) &&
                part->state == FCT_PART_FREE && fct_group_takes(f->groups->pdata[g], part))
                best = MAX(best, 1 + best_assignment(f, claim + 1, used | 1u << p));
    }
    return best;
}

static void test_random(void)
{
    static const char *const ids[] = {"any", ONE, THREE, "gone"};
    guint32 seed = g_test_rand_int();
    g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
    g_test_message("seed %u", seed);
    for (int round = 0; round < 200; round++) {
        g_auto(Fixture) f = fixture("19@0 19@1* 9@4", "19@0 9@4");
        if (g_rand_boolean(rand))
            reserve(&f, 1, 4, "other", FCT_IN_USE);
        look(&f);
        group(&f, "any", "");
        int n = g_rand_int_range(rand, 1, 6);
        for (int i = 0; i < n; i++)
            want(&f, ids[g_rand_int_range(rand, 0, 4)], 1, FALSE);
        f.chosen = fct_choose_parts(f.devices, f.groups, f.parts, "a", FCT_PACK, f.verdicts);
        guint served = 0;
        for (guint i = 0; i < f.chosen->len; i++) {
            const FctChosen *entry = f.chosen->pdata[i];
            served += entry->part != NULL;
            for (guint k = 0; k < i; k++)
                g_assert_true(!entry->part || entry->part != ((FctChosen *)f.chosen->pdata[k])->part);
        }
        g_assert_cmpuint(served, ==, best_assignment(&f, 0, 0));
        g_assert_cmpuint(f.verdicts->len, ==, f.chosen->len - served);
    }
}

/* The parts of the contract, one behind the other. */
static char *contract(void)
{
    g_autofree char *folder = g_test_build_filename(G_TEST_DIST, "..", "..", "..", "api", "openapi", NULL);
    g_autoptr(GString) all = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) parts = g_dir_open(folder, 0, &error);
    g_assert_no_error(error);
    for (const char *name = g_dir_read_name(parts); name; name = g_dir_read_name(parts)) {
        g_autofree char *path = g_build_filename(folder, name, NULL), *text = NULL;
        g_assert_true(g_file_get_contents(path, &text, NULL, &error));
        g_string_append(all, text);
    }
    return g_string_free(g_steal_pointer(&all), FALSE);
}

static void test_policy(void)
{
    g_autofree char *yaml = contract();
    const char *const *actions = fct_policy_actions();
    /* Every action of the API is in the table, and the table has no other. */
    g_autoptr(GRegex) regex = g_regex_new("x-action: ([a-z.]+)", 0, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    g_autoptr(GHashTable) named = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (g_regex_match(regex, yaml, 0, &match); g_match_info_matches(match); g_match_info_next(match, NULL)) {
        char *action = g_match_info_fetch(match, 1);
        g_test_message("%s", action);
        g_assert_true(fct_policy_allows(FCT_ROLE_ADMIN, action));
        g_hash_table_add(named, action);
    }
    for (guint i = 0; actions[i]; i++) {
        g_assert_true(g_hash_table_contains(named, actions[i]));
        /* A higher role may do all that a lower one may. */
        for (int role = 1; role < FCT_N_ROLES; role++)
            g_assert_true(!fct_policy_allows((FctRole)(role - 1), actions[i]) ||
                          fct_policy_allows((FctRole)role, actions[i]));
        if (!g_str_has_suffix(actions[i], ".read") && !g_str_has_prefix(actions[i], "token.") &&
            strcmp(actions[i], "account.write") != 0 &&
            strcmp(actions[i], "session.end") != 0) /* of what is their own */
            g_assert_false(fct_policy_allows(FCT_ROLE_VIEWER, actions[i]));
    }
    g_assert_false(fct_policy_allows(FCT_ROLE_ADMIN, "gpu.explode"));
    g_assert_false(fct_policy_allows(FCT_ROLE_OPERATOR, "group.write"));
    g_assert_false(fct_policy_allows(FCT_ROLE_OPERATOR, "network.write"));
    g_assert_true(fct_policy_allows(FCT_ROLE_VIEWER, "network.read"));
    g_assert_false(fct_policy_may_grant(FCT_ROLE_VIEWER, FCT_ROLE_OPERATOR));
    g_assert_true(fct_policy_may_grant(FCT_ROLE_ADMIN, FCT_ROLE_VIEWER));
    FctRole role;
    g_assert_true(fct_role_from_name("operator", &role));
    g_assert_cmpint(role, ==, FCT_ROLE_OPERATOR);
    g_assert_false(fct_role_from_name("root", &role));
}

/* A card out of sight is named where a group seems to be gone. */
static void test_unseen(void)
{
    g_autoptr(FctInventory) inventory = fct_inventory_new();
    FctGpu *gpu = test_gpu_a100(inventory, "");
    g_autoptr(GPtrArray) verdicts = g_ptr_array_new_with_free_func((GDestroyNotify)fct_verdict_free);
    g_ptr_array_add(verdicts, fct_verdict_new(FCT_REFUSE, "group-missing", "device 1", "Carve.", "It is gone."));
    g_ptr_array_add(verdicts, fct_verdict_new(FCT_REFUSE, "all-taken", "device 1", "Stop one.", "All are taken."));
    g_assert_null(fct_card_unseen(inventory));
    fct_verdicts_name_unseen(verdicts, inventory);
    g_assert_cmpstr(((FctVerdict *)verdicts->pdata[0])->next, ==, "Carve.");
    gpu->state = FCT_GPU_RELEASED;
    g_assert_true(fct_card_unseen(inventory) == gpu);
    fct_verdicts_name_unseen(verdicts, inventory);
    g_assert_nonnull(strstr(((FctVerdict *)verdicts->pdata[0])->sentence, "is let go for other programs"));
    g_assert_nonnull(strstr(((FctVerdict *)verdicts->pdata[0])->next, "Take GPU 0 back"));
    g_assert_cmpstr(((FctVerdict *)verdicts->pdata[1])->next, ==, "Stop one.");
    g_assert_true(fct_group_id_is_builtin("all-nvidia-a100-80gb-pcie-3g-40gb"));
    g_assert_false(fct_group_id_is_builtin("group-01j"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/chooser/parts", test_parts);
    g_test_add_func("/core/chooser/builtin-groups", test_builtin_groups);
    g_test_add_func("/core/chooser/tightest", test_tightest);
    g_test_add_func("/core/chooser/pack-and-spread", test_pack_and_spread);
    g_test_add_func("/core/chooser/largest-hole", test_keeps_the_largest_hole);
    g_test_add_func("/core/chooser/own-part-again", test_own_part_again);
    g_test_add_func("/core/chooser/together", test_together);
    g_test_add_func("/core/chooser/optional-last", test_optional_comes_last);
    g_test_add_func("/core/chooser/refusals", test_refusals);
    g_test_add_func("/core/chooser/nothing-at-all", test_nothing_at_all);
    g_test_add_func("/core/chooser/random", test_random);
    g_test_add_func("/core/policy/table", test_policy);
    g_test_add_func("/core/chooser/unseen", test_unseen);
    return g_test_run();
}
