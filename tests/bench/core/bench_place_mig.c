/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exact planner beside mig-parted's method, on the triples of reference performance.md §2: every (state, busy set,
 * wanted multiset) of an A100 with six profiles. One JSON object a line.
 */
#include "grids.h"
#include "mig_parted.h"

#include <stdio.h>
#include <time.h>

typedef struct {
    FctMigState state;
    FctMigWant want;
} Triple;

static gint64 now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (gint64)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void figure(const char *name, double value, const char *unit)
{
    printf("{\"name\":\"%s\",\"value\":%.6g,\"unit\":\"%s\"}\n", name, value, unit);
}

/* ratio: the peer's figure over ours */
static void against(const char *name, double value, const char *unit, double peer)
{
    printf("{\"name\":\"%s\",\"value\":%.6g,\"unit\":\"%s\",\"peer\":\"mig-parted method\",\"peer_value\":%.6g,", name,
           value, unit, peer);
    if (value != 0 && peer != 0)
        printf("\"ratio\":%.4g}\n", peer / value);
    else
        printf("\"ratio\":null}\n");
}

static GArray *all_triples(const FctMigPlanner *planner)
{
    GArray *triples = g_array_new(FALSE, FALSE, sizeof(Triple));
    for (guint s = 0; s < fct_mig_planner_n_layouts(planner); s++) {
        FctMigState state = {.layout = fct_mig_planner_layout(planner, s)};
        int starts[FCT_MIG_UNITS_MAX], n = 0;
        for (int u = 0; u < FCT_MIG_UNITS_MAX; u++)
            if (state.layout.at[u]) {
                starts[n++] = u;
                state.cis[u] = 1;
            }
        for (unsigned busy = 0; busy < 1u << n; busy++) {
            for (int i = 0; i < n; i++)
                state.busy[starts[i]] = busy >> i & 1;
            for (guint w = 0; w < fct_mig_planner_n_multisets(planner); w++) {
                Triple triple = {state, test_want_nothing()};
                triple.want.counts = *fct_mig_planner_multiset(planner, w);
                g_array_append_val(triples, triple);
            }
        }
    }
    return triples;
}

/* Best of several rounds over all triples: other work on the machine only ever adds. */
static double plan_ns(const FctMigPlanner *planner, const GArray *triples)
{
    double best = 1e18;
    for (int round = 0; round < 5; round++) {
        guint sum = 0;
        gint64 start = now_ns();
        for (guint i = 0; i < triples->len; i++) {
            const Triple *triple = &g_array_index(triples, Triple, i);
            FctMigChoice choice;
            fct_mig_plan(planner, &triple->state, &triple->want, &choice);
            sum += choice.n_calls;
        }
        double ns = (double)(now_ns() - start) / triples->len;
        best = sum ? MIN(best, ns) : best;
    }
    return best;
}

typedef struct {
    guint64 n, ok, idle, calls, destroyed;
} Tally;

static void add(Tally *tally, gboolean ok, int idle, int calls)
{
    tally->n++;
    tally->ok += ok;
    tally->idle += (guint64)idle;
    tally->calls += (guint64)calls;
}

static double mean(guint64 sum, guint64 n)
{
    return n ? (double)sum / (double)n : 0;
}

static void print_group(const char *group, const Tally *ours, const Tally *theirs)
{
    const struct {
        const char *what, *unit;
        double ours, theirs;
    } rows[] = {
        {"success", "%", 100 * mean(ours->ok, ours->n), 100 * mean(theirs->ok, theirs->n)},
        {"idle_destroyed", "instances", mean(ours->idle, ours->n), mean(theirs->idle, theirs->n)},
        {"calls", "calls", mean(ours->calls, ours->n), mean(theirs->calls, theirs->n)},
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *name = g_strdup_printf("mig_plan.a100.%s.%s", group, rows[i].what);
        against(name, rows[i].ours, rows[i].unit, rows[i].theirs);
    }
}

int main(void)
{
    FctMigGrid grid = test_grid_a100();
    gint64 start = now_ns();
    g_autoptr(FctMigPlanner) planner = fct_mig_planner_new(&grid);
    figure("mig_plan.a100.prepare", (double)(now_ns() - start) / 1000, "us");
    g_autoptr(GArray) triples = all_triples(planner);
    figure("mig_plan.a100.triples", triples->len, "triples");

    Tally keep_ours = {0}, keep_theirs = {0}, idle_ours = {0}, idle_theirs = {0};
    guint64 destroyed = 0, destroy_all = 0;
    gint64 their_ns = 0;
    for (guint i = 0; i < triples->len; i++) {
        const Triple *triple = &g_array_index(triples, Triple, i);
        FctMigCounts now = fct_mig_count(&grid, &triple->state.layout);
        FctMigChoice choice;
        gboolean any_busy = FALSE;
        for (int u = 0; u < grid.n_units; u++)
            any_busy = any_busy || triple->state.busy[u];
        if (fct_mig_counts_equal(&now, &triple->want.counts))
            continue;
        fct_mig_plan(planner, &triple->state, &triple->want, &choice);
        if (any_busy && choice.busy_lost)
            continue;
        gint64 before = now_ns();
        MigPartedResult theirs = mig_parted_apply(&grid, &triple->state, &triple->want.counts);
        their_ns += now_ns() - before;
        int lost = __builtin_popcount(choice.lost);
        if (any_busy) {
            destroyed += (guint64)lost;
            destroy_all += (guint64)__builtin_popcount(choice.lost | choice.kept);
        }
        add(any_busy ? &keep_ours : &idle_ours, choice.feasible, lost, choice.n_calls);
        add(any_busy ? &keep_theirs : &idle_theirs, theirs.success, theirs.idle_destroyed, theirs.calls);
    }
    against("mig_plan.a100.ns_per_plan", plan_ns(planner, triples), "ns",
            mean((guint64)their_ns, keep_theirs.n + idle_theirs.n));
    figure("mig_plan.a100.busy_can_stay.triples", (double)keep_ours.n, "triples");
    print_group("busy_can_stay", &keep_ours, &keep_theirs);
    figure("mig_plan.a100.all_idle.triples", (double)idle_ours.n, "triples");
    print_group("all_idle", &idle_ours, &idle_theirs);
    printf("{\"name\":\"mig_plan.a100.busy_can_stay.destroyed\",\"value\":%.4g,\"unit\":\"instances\","
           "\"peer\":\"destroy everything\",\"peer_value\":%.4g,\"ratio\":%.3g}\n",
           mean(destroyed, keep_ours.n), mean(destroy_all, keep_ours.n), mean(destroy_all, destroyed));

    FctMigGrid rtx = test_grid_rtx();
    g_autoptr(FctMigPlanner) rtx_planner = fct_mig_planner_new(&rtx);
    g_autoptr(GArray) rtx_triples = all_triples(rtx_planner);
    figure("mig_plan.rtx_pro_6000.ns_per_plan", plan_ns(rtx_planner, rtx_triples), "ns");
    return 0;
}
