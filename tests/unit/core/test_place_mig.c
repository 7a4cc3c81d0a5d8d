/* SPDX-License-Identifier: Apache-2.0 */
/* What the planner promises beyond the numbers: pins, ties, foreign instances, odd cards, order, capacity, nearest. */
#include "core/mig_fit.h"
#include "core/mig_moves.h"
#include "core/nearest.h"
#include "grids.h"
#include "oracle.h"

#include <string.h>

static char *plan_text(const FctMigGrid *grid, const char *state, const char *want, FctMigChoice *ret_choice)
{
    g_autoptr(FctMigPlanner) planner = fct_mig_planner_new(grid);
    FctMigState from = test_state(grid, state);
    FctMigWant to = test_want(grid, want);
    if (!fct_mig_plan(planner, &from, &to, ret_choice))
        return g_strdup("none");
    return test_layout_text(grid, &ret_choice->final);
}

static void test_pins_and_ties(void)
{
    static const struct {
        const char *state, *want, *final;
    } cases[] = {
        {"", "19", "19@6"},   /* leaves 4g, and so the largest hole */
        {"", "19@0", "19@0"}, /* unless told */
        {"", "9", "9@4"},     /* 4g and all six others may still come at 0 */
        {"", "9 14 19 19", "19@0 19@1 14@2 9@4"},
        {"9@0", "9", "9@0"},   /* a kept one is worth more than any hole */
        {"9@0", "9@4", "9@4"}, /* a pin more than a kept one */
        {"9@0*", "9@4", "9@4"},
        {"19@0 19@1", "19 19 19", "19@0 19@1 19@2"}, /* 3g at 4 stays possible */
        {"19@2", "5", "5@0"},
        {"", "5 9@0", "none"}, /* 3g at 0 beside 4g cannot be */
        {"", "5 9", "5@0 9@4"},
        {"", "0 19", "none"},
        {"0@0*", "0", "0@0"},
        {"19@0", "", ""},
    };
    FctMigGrid grid = test_grid_a100();
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FctMigChoice choice;
        g_autofree char *text = plan_text(&grid, cases[i].state, cases[i].want, &choice);
        g_test_message("[%s] to [%s]", cases[i].state, cases[i].want);
        g_assert_cmpstr(text, ==, cases[i].final);
    }
}

static void test_pin_beyond_the_card(void)
{
    FctMigGrid grid = test_grid_a100();
    g_autoptr(FctMigPlanner) planner = fct_mig_planner_new(&grid);
    FctMigState state = {0};
    FctMigWant want = test_want(&grid, "19");
    FctMigChoice choice;
    want.pin.at[12] = 1;
    g_assert_false(fct_mig_plan(planner, &state, &want, &choice));
}

static void test_foreign(void)
{
    FctMigGrid grid = test_grid_a100();
    g_autoptr(FctMigPlanner) planner = fct_mig_planner_new(&grid);
    FctMigState state = test_state(&grid, "9@4*");
    FctMigWant want = test_want(&grid, "9");
    FctMigChoice choice;
    state.layout.at[0] = FCT_MIG_FOREIGN;
    state.cis[0] = 2;
    g_assert_true(fct_mig_plan(planner, &state, &want, &choice));
    g_assert_cmpuint(choice.kept, ==, 1 << 4);
    g_assert_cmpuint(choice.lost, ==, 1 << 0);
    g_assert_cmpuint(choice.n_calls, ==, 3);
}

/* What the card holds may stay, even where the sums of its own profile table would forbid it. */
static void test_state_beyond_the_table(void)
{
    FctMigGrid grid = test_grid_a30();
    g_autoptr(FctMigPlanner) planner = fct_mig_planner_new(&grid);
    FctMigState state = test_state(&grid, "21@0 6@2");
    FctMigWant want = test_want(&grid, "21 6");
    FctMigChoice choice;
    FctMigState empty = {0};
    g_assert_false(fct_mig_plan(planner, &empty, &want, &choice));
    g_assert_true(fct_mig_plan(planner, &state, &want, &choice));
    g_assert_cmpuint(choice.n_calls, ==, 0);
}

/* Among equals of kept instances the one that needs less mending wins. */
static void test_calls_decide(void)
{
    FctMigGrid grid = test_grid_a100();
    g_autoptr(FctMigPlanner) planner = fct_mig_planner_new(&grid);
    FctMigState state = test_state(&grid, "9@0 9@4");
    FctMigWant want = test_want(&grid, "9");
    FctMigChoice choice;
    state.cis[4] = 0;
    state.mend[4] = 1;
    /* Keep 0 and remove 4 without compute instance: 1 call. Keep 4: mend it and remove 0 with its own: 3. */
    g_assert_true(fct_mig_plan(planner, &state, &want, &choice));
    g_assert_cmpuint(choice.kept, ==, 1 << 0);
    g_assert_cmpuint(choice.n_calls, ==, 1);
    state.cis[0] = 3;
    state.mend[0] = 5;
    g_assert_true(fct_mig_plan(planner, &state, &want, &choice));
    g_assert_cmpuint(choice.kept, ==, 1 << 4);
    g_assert_cmpuint(choice.n_calls, ==, 5);
}

static void test_unknown_engines(void)
{
    FctMigGrid grid = test_grid_a30();
    g_autoptr(GError) error = NULL;
    for (int p = 0; p < grid.n_profiles; p++)
        grid.profiles[p].need[FCT_MIG_JPEG] = grid.profiles[p].need[FCT_MIG_OFA] = FCT_MIG_UNKNOWN;
    g_assert_true(fct_mig_grid_finish(&grid, &error));
    g_autoptr(FctMigPlanner) planner = fct_mig_planner_new(&grid);
    /* The count of performance.md: 1g+me beside 2g+me, since nothing known forbids it. */
    g_assert_cmpuint(fct_mig_planner_n_layouts(planner), ==, 84);
}

static void test_bad_grids(void)
{
    for (int fault = 0; fault < 5; fault++) {
        FctMigGrid grid = test_grid_a30();
        g_autoptr(GError) error = NULL;
        if (fault == 0)
            grid.n_units = 0;
        else if (fault == 1)
            grid.profiles[1].starts = 1 << 4;
        else if (fault == 2)
            grid.profiles[1].id = grid.profiles[0].id;
        else if (fault == 3)
            grid.profiles[4].size = 0;
        else
            grid.n_profiles = FCT_MIG_PROFILES_MAX + 1;
        g_assert_false(fct_mig_grid_finish(&grid, &error));
        g_assert_nonnull(error);
    }
}

/* ---- Random cards, against the oracle: 9 to 16 units, many profiles; some with a table, some searched. ---- */

static void random_card(GRand *rand, OracleCard *card, FctMigGrid *grid, int n_profiles)
{
    g_autoptr(GError) error = NULL;
    *card = (OracleCard){.name = "random", .units = g_rand_int_range(rand, 9, 17), .n = n_profiles};
    *grid = (FctMigGrid){.n_units = (guint8)card->units, .n_profiles = (guint8)n_profiles};
    for (int p = 0; p < n_profiles; p++) {
        OracleProfile *profile = &card->profiles[p];
        FctGridProfile *mine = &grid->profiles[p];
        profile->length = g_rand_int_range(rand, 1, 6);
        profile->id = 100 - p;
        profile->most = g_rand_int_range(rand, 1, 6);
        int n = 0, step = g_rand_int_range(rand, 1, 4);
        for (int s = g_rand_int_range(rand, 0, 3); s + profile->length <= card->units; s += step)
            profile->starts[n++] = s;
        profile->starts[n] = -1;
        for (int e = 0; e < O_ENGINES; e++)
            profile->takes[e] = e == O_COMPUTE ? profile->length * 2 : g_rand_int_range(rand, 0, 2);
        *mine = (FctGridProfile){
            .id = (guint32)profile->id, .size = (guint8)profile->length, .max_count = (guint8)profile->most};
        for (int e = 0; e < O_ENGINES; e++)
            mine->need[e] = (gint16)profile->takes[e];
        for (int s = 0; profile->starts[s] >= 0; s++)
            mine->starts |= (guint16)(1u << profile->starts[s]);
    }
    /* One that takes everything, so that the sums allow several of the others. */
    OracleProfile *whole = &card->profiles[n_profiles - 1];
    FctGridProfile *mine = &grid->profiles[n_profiles - 1];
    *whole = (OracleProfile){whole->id, card->units, 1, {20, 3, 3, 3, 3}, {0, -1}};
    *mine = (FctGridProfile){
        .id = (guint32)whole->id, .size = (guint8)card->units, .max_count = 1, .starts = 1, .need = {20, 3, 3, 3, 3}};
    fct_mig_grid_finish(grid, &error);
    g_assert_no_error(error);
}

/* A random legal layout: places tried in random order. */
static OracleLayout random_layout(GRand *rand, const OracleCard *card, const FctMigGrid *grid, FctMigState *state)
{
    OracleLayout layout = {0};
    *state = (FctMigState){0};
    for (int tries = 0; tries < 40 && layout.n < 5; tries++) {
        int p = g_rand_int_range(rand, 0, card->n), n = 0;
        while (card->profiles[p].starts[n] >= 0)
            n++;
        if (n == 0)
            continue;
        int start = card->profiles[p].starts[g_rand_int_range(rand, 0, n)];
        FctMigLayout with = state->layout;
        if (with.at[start])
            continue;
        with.at[start] = (guint8)(p + 1);
        if (!fct_mig_layout_legal(grid, &with))
            continue;
        state->layout = with;
        state->cis[start] = 1;
        layout.pieces[layout.n++] = (OraclePiece){card->profiles[p].id, start};
    }
    return layout;
}

static guint random_round(GRand *rand, int n_profiles, guint plans, guint *ret_searched)
{
    OracleCard card;
    FctMigGrid grid;
    guint feasible_n = 0;
    random_card(rand, &card, &grid, n_profiles);
    g_autoptr(FctMigPlanner) planner = fct_mig_planner_new(&grid);
    *ret_searched += fct_mig_planner_n_layouts(planner) == 0;
    for (guint i = 0; i < plans; i++) {
        FctMigState state, ignored;
        OracleLayout now = random_layout(rand, &card, &grid, &state);
        OracleLayout then = random_layout(rand, &card, &grid, &ignored);
        OracleWant want = oracle_want_of(&card, &then);
        int extra = g_rand_int_range(rand, 0, 3 * n_profiles), n_wanted = then.n;
        FctMigWant mine = test_want_nothing();
        FctMigChoice choice;
        unsigned busy = g_rand_int(rand) & ((1u << now.n) - 1);
        if (extra < n_profiles) { /* sometimes one more than was seen to fit */
            want.n[extra]++;
            n_wanted++;
        }
        for (int p = 0; p < n_profiles; p++)
            mine.counts.n[p] = (guint8)want.n[p];
        for (int k = 0; k < now.n; k++)
            state.busy[now.pieces[k].start] = busy >> k & 1;
        g_autoptr(GArray) candidates = oracle_layouts_of(&card, &want);
        OracleAnswer answer = oracle_answer(&now, busy, n_wanted, candidates);
        gboolean feasible = fct_mig_plan(planner, &state, &mine, &choice);
        g_assert_cmpint(feasible, ==, answer.feasible);
        g_assert_true(choice.exact);
        if (!feasible)
            continue;
        feasible_n++;
        g_assert_cmpint(__builtin_popcount(choice.kept), ==, answer.kept);
        g_assert_cmpint(__builtin_popcount(busy) - __builtin_popcount(choice.busy_lost), ==, answer.busy_kept);
        g_assert_cmpint(choice.n_calls, ==, answer.calls);
        g_assert_true(fct_mig_layout_legal(&grid, &choice.final));
    }
    return feasible_n;
}

static void test_random_cards(void)
{
    guint32 seed = g_test_rand_int();
    g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
    guint searched = 0, feasible = 0;
    g_test_message("seed %u", seed);
    for (int round = 0; round < 12; round++)
        feasible += random_round(rand, g_rand_int_range(rand, 4, 8), 60, &searched);
    for (int round = 0; round < 2; round++)
        feasible += random_round(rand, FCT_MIG_PROFILES_MAX, 60, &searched);
    g_test_message("%u feasible plans; %u cards of 14 were searched", feasible, searched);
    g_assert_cmpuint(feasible, >, 100);
}

/* ---- Order, over every (state, wanted multiset) of an A100 and RTX PRO 6000, busy sets at random ---- */

static void check_order(const FctMigGrid *grid, const FctMigState *state, const FctMigChoice *choice)
{
    FctMigMove moves[FCT_MIG_MOVES_MAX];
    guint n = fct_mig_order(grid, state, choice, moves);
    gboolean busy_gone = FALSE;
    g_assert_cmpuint(n, ==, (guint)(__builtin_popcount(choice->lost) + __builtin_popcount(choice->made)));
    for (guint i = 0; i <= n; i++) {
        FctMigLayout after = fct_mig_after(&state->layout, moves, i);
        g_assert_true(fct_mig_layout_legal(grid, &after));
        if (i == n)
            g_assert_cmpmem(&after, sizeof after, &choice->final, sizeof choice->final);
        else if (!moves[i].create) {
            g_assert_true(choice->lost >> moves[i].start & 1);
            /* Nothing idle waits behind something busy unless a creation needed the busy one's room. */
            busy_gone = busy_gone || state->busy[moves[i].start];
        } else if (choice->busy_lost == 0) {
            g_assert_false(busy_gone);
        }
    }
}

static guint order_over(const FctMigGrid *grid, GRand *rand)
{
    g_autoptr(FctMigPlanner) planner = fct_mig_planner_new(grid);
    guint n = 0;
    for (guint s = 0; s < fct_mig_planner_n_layouts(planner); s++)
        for (guint w = 0; w < fct_mig_planner_n_multisets(planner); w++) {
            FctMigState state = {.layout = fct_mig_planner_layout(planner, s)};
            FctMigWant want = test_want_nothing();
            FctMigChoice choice;
            want.counts = *fct_mig_planner_multiset(planner, w);
            for (int u = 0; u < FCT_MIG_UNITS_MAX; u++) {
                state.cis[u] = state.layout.at[u] != 0;
                state.busy[u] = state.layout.at[u] && g_rand_boolean(rand);
            }
            g_assert_true(fct_mig_plan(planner, &state, &want, &choice));
            check_order(grid, &state, &choice);
            n++;
        }
    return n;
}

static void test_order(void)
{
    guint32 seed = g_test_rand_int();
    g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
    FctMigGrid a100 = test_grid_a100(), rtx = test_grid_rtx();
    g_test_message("seed %u", seed);
    guint n = order_over(&a100, rand) + order_over(&rtx, rand);
    g_test_message("%u changes ordered, every prefix legal", n);
}

/* A fault after any creation must not have cost more than needed: what needs nothing removed comes first. */
static void test_order_is_gentle(void)
{
    FctMigGrid grid = test_grid_a100();
    g_autoptr(FctMigPlanner) planner = fct_mig_planner_new(&grid);
    FctMigState state = test_state(&grid, "14@0* 19@2 9@4*");
    FctMigWant want = test_want(&grid, "19 19 14@2 9@4");
    FctMigChoice choice;
    FctMigMove moves[FCT_MIG_MOVES_MAX];
    g_assert_true(fct_mig_plan(planner, &state, &want, &choice));
    guint n = fct_mig_order(&grid, &state, &choice, moves);
    g_assert_cmpuint(n, ==, 5);
    g_assert_false(moves[0].create);
    g_assert_cmpuint(moves[0].start, ==, 2); /* the idle one */
    g_assert_true(moves[1].create);          /* its place is used before the busy one goes */
    g_assert_false(moves[2].create);
    g_assert_cmpuint(moves[2].start, ==, 0);
}

/* ---- What fits, over every state: equal to legality ---- */

static void fits_over(const FctMigGrid *grid)
{
    g_autoptr(FctMigPlanner) planner = fct_mig_planner_new(grid);
    for (guint s = 0; s < fct_mig_planner_n_layouts(planner); s++) {
        FctMigLayout layout = fct_mig_planner_layout(planner, s);
        FctMigFit fits[FCT_MIG_FITS_MAX];
        FctMigStranded stranded;
        guint n = fct_mig_fits(grid, &layout, fits);
        guint32 usable = 0, covered = fct_mig_covered(grid, &layout);
        for (guint i = 0; i < n; i++) {
            FctMigLayout with = layout;
            gboolean taken = with.at[fits[i].start] != 0;
            with.at[fits[i].start] = (guint8)(fits[i].profile + 1);
            g_assert_cmpint(fits[i].why == FCT_MIG_FITS, ==, !taken && fct_mig_layout_legal(grid, &with));
            if (fits[i].why == FCT_MIG_OCCUPIED)
                g_assert_cmpint(layout.at[fits[i].by], !=, 0);
            if (fits[i].why == FCT_MIG_FITS)
                usable |= fct_mig_range(grid, fits[i].profile, fits[i].start);
        }
        fct_mig_stranded(grid, &layout, &stranded);
        g_assert_cmpuint(stranded.units, ==, ((1u << grid->n_units) - 1) & ~covered & ~usable);
        for (int u = 0; u < grid->n_units; u++)
            if (stranded.units >> u & 1)
                g_assert_cmpint(stranded.reason[u].why, !=, FCT_MIG_FITS);
        /* Capacity: that many more are in some layout that contains this one, and one more is in none. */
        for (int p = 0; p < grid->n_profiles; p++) {
            FctMigLayout fill = layout;
            guint capacity = fct_mig_capacity(grid, &layout, p), most = 0;
            for (guint t = 0; t < fct_mig_planner_n_layouts(planner); t++) {
                FctMigLayout other = fct_mig_planner_layout(planner, t);
                guint more = 0;
                gboolean contains = TRUE;
                for (int u = 0; u < grid->n_units && contains; u++) {
                    contains = !fill.at[u] || other.at[u] == fill.at[u];
                    if (!fill.at[u] && other.at[u]) {
                        contains = contains && other.at[u] == p + 1;
                        more++;
                    }
                }
                most = contains ? MAX(most, more) : most;
            }
            g_assert_cmpuint(capacity, ==, most);
        }
    }
}

static void test_fits(void)
{
    FctMigGrid a100 = test_grid_a100(), a30 = test_grid_a30(), rtx = test_grid_rtx();
    fits_over(&a100);
    fits_over(&a30);
    fits_over(&rtx);
}

static void test_stranded_reasons(void)
{
    FctMigGrid grid = test_grid_rtx();
    FctMigState state = test_state(&grid, "65@0");
    FctMigStranded stranded;
    FctMigFit fits[FCT_MIG_FITS_MAX];
    guint n = fct_mig_fits(&grid, &state.layout, fits);
    /* After +me.all only -me profiles fit: every other refusal is the engines or the room. */
    for (guint i = 0; i < n; i++) {
        guint32 id = grid.profiles[fits[i].profile].id;
        if (fits[i].why == FCT_MIG_FITS)
            g_assert_true(id == 67 || id == 66);
        else if (fits[i].why != FCT_MIG_OCCUPIED && id != 65)
            g_assert_cmpint(fits[i].why, ==, FCT_MIG_RESOURCE_USED);
    }
    fct_mig_stranded(&grid, &state.layout, &stranded);
    g_assert_cmpuint(stranded.units, ==, 0);
    FctMigGrid a100 = test_grid_a100();
    state = test_state(&a100, "9@0 19@4 19@5 19@6");
    fct_mig_stranded(&a100, &state.layout, &stranded);
    g_assert_cmpuint(stranded.units, ==, 1 << 7);
    g_assert_cmpint(stranded.reason[7].why, ==, FCT_MIG_OCCUPIED);
    g_assert_cmpint(stranded.reason[7].by, ==, 6);
}

/* ---- Nearest: always something, always feasible, and nothing nearer was missed for one edit ---- */

static void test_nearest(void)
{
    guint32 seed = g_test_rand_int();
    g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
    FctMigGrid grid = test_grid_a100();
    g_autoptr(FctMigPlanner) planner = fct_mig_planner_new(&grid);
    g_test_message("seed %u", seed);
    for (int i = 0; i < 300; i++) {
        FctMigWant want = test_want_nothing();
        FctMigState state = {0};
        FctMigChoice choice;
        FctMigNearest near[5];
        for (int p = 0; p < grid.n_profiles; p++)
            want.counts.n[p] = (guint8)g_rand_int_range(rand, 0, 4);
        if (fct_mig_plan(planner, &state, &want, &choice))
            continue;
        guint n = fct_mig_nearest(planner, &state, &want, TRUE, near, G_N_ELEMENTS(near));
        g_assert_cmpuint(n, >, 0);
        for (guint k = 0; k < n; k++) {
            FctMigWant again = test_want_nothing();
            again.counts = near[k].counts;
            g_assert_true(fct_mig_plan(planner, &state, &again, &choice));
            g_assert_cmpuint(near[k].edits, >=, near[0].edits);
        }
        /* If dropping some one instance does, the best takes one edit. */
        for (int p = 0; p < grid.n_profiles; p++) {
            FctMigWant less = want;
            if (!less.counts.n[p])
                continue;
            less.counts.n[p]--;
            if (fct_mig_plan(planner, &state, &less, &choice))
                g_assert_cmpuint(near[0].edits, ==, 1);
        }
    }
}

static void test_nearest_keeps_busy(void)
{
    FctMigGrid grid = test_grid_a100();
    g_autoptr(FctMigPlanner) planner = fct_mig_planner_new(&grid);
    FctMigState state = test_state(&grid, "19@0* 19@4*");
    FctMigWant want = test_want(&grid, "9 9");
    FctMigNearest near[3];
    guint n = fct_mig_nearest(planner, &state, &want, TRUE, near, 3);
    g_assert_cmpuint(n, >, 0);
    for (guint i = 0; i < n; i++) {
        FctMigWant again = test_want_nothing();
        FctMigChoice choice;
        again.counts = near[i].counts;
        g_assert_true(fct_mig_plan(planner, &state, &again, &choice));
        g_assert_cmpuint(choice.busy_lost, ==, 0);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/place-mig/pins-and-ties", test_pins_and_ties);
    g_test_add_func("/core/place-mig/pin-beyond-the-card", test_pin_beyond_the_card);
    g_test_add_func("/core/place-mig/foreign", test_foreign);
    g_test_add_func("/core/place-mig/state-beyond-the-table", test_state_beyond_the_table);
    g_test_add_func("/core/place-mig/calls-decide", test_calls_decide);
    g_test_add_func("/core/place-mig/unknown-engines", test_unknown_engines);
    g_test_add_func("/core/place-mig/bad-grids", test_bad_grids);
    g_test_add_func("/core/place-mig/random-cards", test_random_cards);
    g_test_add_func("/core/order/every-prefix-legal", test_order);
    g_test_add_func("/core/order/gentle", test_order_is_gentle);
    g_test_add_func("/core/fit/every-state", test_fits);
    g_test_add_func("/core/fit/stranded", test_stranded_reasons);
    g_test_add_func("/core/nearest/random", test_nearest);
    g_test_add_func("/core/nearest/keeps-busy", test_nearest_keeps_busy);
    return g_test_run();
}
