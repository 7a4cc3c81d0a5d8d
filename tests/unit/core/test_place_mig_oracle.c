/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The planner against the oracle over every (state, busy set, wanted multiset) of real cards: equal in feasibility,
 * busy kept, total kept and calls. Prints the figures that reference performance.md §2 gives for the A100.
 */
#include "grids.h"
#include "oracle.h"

#include <string.h>

typedef struct {
    OracleWant want;
    FctMigWant plan_want;
    GArray *layouts;
    int n;
} Wanted;

typedef struct {
    const OracleCard *card;
    FctMigGrid grid;
    FctMigPlanner *planner;
    GArray *states; /* OracleLayout */
    GArray *wanted; /* Wanted */
} World;

static FctMigWant to_want(const World *world, const OracleWant *want)
{
    FctMigWant out = test_want_nothing();
    for (int i = 0; i < world->card->n; i++)
        out.counts.n[fct_mig_grid_index(&world->grid, (guint32)world->card->profiles[i].id)] = (guint8)want->n[i];
    return out;
}

static FctMigState to_state(const World *world, const OracleLayout *layout, unsigned busy)
{
    FctMigState state = {0};
    for (int i = 0; i < layout->n; i++) {
        int start = layout->pieces[i].start;
        state.layout.at[start] = (guint8)(1 + fct_mig_grid_index(&world->grid, (guint32)layout->pieces[i].id));
        state.busy[start] = busy >> i & 1;
        state.cis[start] = 1;
    }
    return state;
}

static void world_init(World *world, const OracleCard *card, FctMigGrid grid)
{
    *world = (World){card, grid, fct_mig_planner_new(&grid), oracle_all_layouts(card),
                     g_array_new(FALSE, FALSE, sizeof(Wanted))};
    g_autoptr(GHashTable) seen =
        g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
    for (guint s = 0; s < world->states->len; s++) {
        const OracleLayout *state = &g_array_index(world->states, OracleLayout, s);
        OracleWant want = oracle_want_of(card, state);
        if (!g_hash_table_add(seen, g_bytes_new(&want, sizeof want)))
            continue;
        Wanted wanted = {want, to_want(world, &want), oracle_layouts_of(card, &want), state->n};
        g_array_append_val(world->wanted, wanted);
    }
}

static void world_clear(World *world)
{
    for (guint w = 0; w < world->wanted->len; w++)
        g_array_unref(g_array_index(world->wanted, Wanted, w).layouts);
    g_array_unref(world->wanted);
    g_array_unref(world->states);
    fct_mig_planner_free(world->planner);
}

typedef struct {
    guint64 triples, changed_busy, contains_busy, keeps_all, destroyed, destroyed_all, displaced;
} Figures;

static void count_figures(Figures *figures, const World *world, const OracleLayout *state, unsigned busy,
                          const Wanted *wanted, const FctMigChoice *choice)
{
    OracleWant now = oracle_want_of(world->card, state), need = {0};
    OracleLayout only_busy = {0};
    gboolean contains = TRUE;
    figures->triples++;
    if (!busy || memcmp(&now, &wanted->want, sizeof now) == 0)
        return;
    figures->changed_busy++;
    for (int i = 0; i < state->n; i++)
        if (busy >> i & 1)
            only_busy.pieces[only_busy.n++] = state->pieces[i];
    need = oracle_want_of(world->card, &only_busy);
    for (int i = 0; i < world->card->n; i++)
        contains = contains && need.n[i] <= wanted->want.n[i];
    figures->contains_busy += contains;
    if (choice->busy_lost == 0) {
        figures->keeps_all++;
        figures->destroyed += (guint64)__builtin_popcount(choice->lost);
        figures->destroyed_all += (guint64)state->n;
    } else {
        figures->displaced += (guint64)__builtin_popcount(choice->busy_lost);
    }
}

static void check_triple(const World *world, const OracleLayout *state, unsigned busy, const Wanted *wanted,
                         Figures *figures)
{
    FctMigState now = to_state(world, state, busy);
    FctMigChoice choice;
    OracleAnswer answer = oracle_answer(state, busy, wanted->n, wanted->layouts);
    gboolean feasible = fct_mig_plan(world->planner, &now, &wanted->plan_want, &choice);
    int busy_kept = __builtin_popcount(busy) - __builtin_popcount(choice.busy_lost);
    FctMigCounts counts = fct_mig_count(&world->grid, &choice.final);
    if (feasible != answer.feasible || busy_kept != answer.busy_kept ||
        __builtin_popcount(choice.kept) != answer.kept || choice.n_calls != answer.calls || !choice.exact ||
        !fct_mig_layout_legal(&world->grid, &choice.final) ||
        !fct_mig_counts_equal(&counts, &wanted->plan_want.counts)) {
        g_autofree char *from = test_layout_text(&world->grid, &now.layout);
        g_autofree char *to = test_layout_text(&world->grid, &choice.final);
        g_error("%s: from [%s] busy %x to [%s]: feasible %d/%d, busy kept %d/%d, kept %d/%d, calls %d/%d",
                world->card->name, from, busy, to, feasible, answer.feasible, busy_kept, answer.busy_kept,
                __builtin_popcount(choice.kept), answer.kept, choice.n_calls, answer.calls);
    }
    count_figures(figures, world, state, busy, wanted, &choice);
}

static int total(const OracleWant *want)
{
    int sum = 0;
    for (int i = 0; i < 24; i++)
        sum += want->n[i];
    return sum;
}

/*
 * Every vector of counts up to one more than each profile allows, with @most instances in all (one more than the card
 * can hold): the planner finds a place exactly when there is one.
 */
static guint check_feasibility(const World *world, int most)
{
    OracleWant want = {0};
    guint checked = 0;
    int digit = 0;
    while (digit < world->card->n) {
        if (total(&want) <= most) {
            g_autoptr(GArray) layouts = oracle_layouts_of(world->card, &want);
            FctMigWant plan_want = to_want(world, &want);
            FctMigState empty = {0};
            FctMigChoice choice;
            g_assert_cmpint(fct_mig_plan(world->planner, &empty, &plan_want, &choice), ==, layouts->len > 0);
            checked++;
        }
        for (digit = 0; digit < world->card->n && ++want.n[digit] > world->card->profiles[digit].most + 1; digit++)
            want.n[digit] = 0;
    }
    return checked;
}

static void check_card(const OracleCard *card, FctMigGrid grid, guint n_states, guint n_multisets, Figures *figures,
                       int most)
{
    World world;
    world_init(&world, card, grid);
    g_assert_cmpuint(world.states->len, ==, n_states);
    g_assert_cmpuint(world.wanted->len, ==, n_multisets);
    g_assert_cmpuint(fct_mig_planner_n_layouts(world.planner), ==, n_states);
    g_assert_cmpuint(fct_mig_planner_n_multisets(world.planner), ==, n_multisets);
    for (guint s = 0; s < world.states->len; s++) {
        const OracleLayout *state = &g_array_index(world.states, OracleLayout, s);
        for (unsigned busy = 0; busy < 1u << state->n; busy++)
            for (guint w = 0; w < world.wanted->len; w++)
                check_triple(&world, state, busy, &g_array_index(world.wanted, Wanted, w), figures);
    }
    guint vectors = check_feasibility(&world, most);
    g_test_message("%s: %u states, %u multisets, %" G_GUINT64_FORMAT
                   " triples equal to the oracle, %u count vectors equal in feasibility",
                   card->name, n_states, n_multisets, figures->triples, vectors);
    world_clear(&world);
}

static void test_a100(void)
{
    Figures f = {0};
    check_card(&oracle_a100, test_grid_a100(), 723, 78, &f, 9);
    double destroyed = (double)f.destroyed / (double)f.keeps_all;
    double destroyed_all = (double)f.destroyed_all / (double)f.keeps_all;
    double displaced = (double)f.displaced / (double)(f.changed_busy - f.keeps_all);
    g_test_message("with something busy and another multiset: %" G_GUINT64_FORMAT " (performance.md 836,990)",
                   f.changed_busy);
    g_test_message("of these the wanted contains the busy profiles: %" G_GUINT64_FORMAT " (257,744)", f.contains_busy);
    g_test_message("of these a plan keeps all busy: %" G_GUINT64_FORMAT " (200,225)", f.keeps_all);
    g_test_message("instances destroyed, mean: %.3f (1.589); by destroying all %.3f (4.287)", destroyed, destroyed_all);
    g_test_message("busy displaced in the other %" G_GUINT64_FORMAT " (636,765), mean: %.3f (1.817)",
                   f.changed_busy - f.keeps_all, displaced);
    g_assert_cmpuint(f.changed_busy, ==, 836990);
    g_assert_cmpuint(f.contains_busy, ==, 257744);
    g_assert_cmpuint(f.keeps_all, ==, 200225);
    g_assert_cmpfloat_with_epsilon(destroyed, 1.589, 0.0006);
    g_assert_cmpfloat_with_epsilon(destroyed_all, 4.287, 0.0006);
    g_assert_cmpfloat_with_epsilon(displaced, 1.817, 0.0006);
}

static void test_a100_me(void)
{
    Figures f = {0};
    check_card(&oracle_a100_me, test_grid_a100_me(), 2319, 128, &f, 9);
}

static void test_h100(void)
{
    Figures f = {0};
    check_card(&oracle_h100, test_grid_h100(), 723, 78, &f, 9);
}

/*
 * performance.md counts 84 states with +me, because it allows 1g+me beside 2g+me. They share the card's one JPEG and
 * one OFA engine, so only 76 can be.
 */
static void test_a30(void)
{
    Figures f = {0};
    check_card(&oracle_a30, test_grid_a30(), 76, 20, &f, 5);
}

static void test_rtx_plain(void)
{
    Figures f = {0};
    check_card(&oracle_rtx_plain, test_grid_rtx_plain(), 26, 10, &f, 5);
}

static void test_rtx(void)
{
    Figures f = {0};
    check_card(&oracle_rtx, test_grid_rtx(), 717, 115, &f, 5);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/place-mig/oracle/a100", test_a100);
    g_test_add_func("/core/place-mig/oracle/a100-me", test_a100_me);
    g_test_add_func("/core/place-mig/oracle/h100", test_h100);
    g_test_add_func("/core/place-mig/oracle/a30", test_a30);
    g_test_add_func("/core/place-mig/oracle/rtx-pro-6000-sizes", test_rtx_plain);
    g_test_add_func("/core/place-mig/oracle/rtx-pro-6000", test_rtx);
    return g_test_run();
}
