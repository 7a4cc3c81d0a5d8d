/* SPDX-License-Identifier: Apache-2.0 */
#include "core/mig_moves.h"

typedef struct {
    const FctMigGrid *grid;
    const FctMigState *state;
    FctMigLayout now;
    guint16 lost, made; /* still to do */
    FctMigMove *moves;
    guint n;
} Order;

static void order_emit(Order *order, gboolean create, int start, guint8 what)
{
    order->moves[order->n++] = (FctMigMove){create, (guint8)start, what};
    order->now.at[start] = create ? what : 0;
    if (create)
        order->made &= (guint16) ~(1u << start);
    else
        order->lost &= (guint16) ~(1u << start);
}

static guint32 units_at(const Order *order, int start)
{
    guint8 what = order->now.at[start];
    return what == FCT_MIG_FOREIGN ? 1u << start : fct_mig_range(order->grid, what - 1, start);
}

static gboolean order_within(const Order *order, guint16 without, guint8 with)
{
    FctMigLayout layout = order->now;
    int which;
    for (int u = 0; u < FCT_MIG_UNITS_MAX; u++)
        if (without >> u & 1)
            layout.at[u] = 0;
    FctMigCounts counts = fct_mig_count(order->grid, &layout);
    counts.n[with - 1]++;
    return fct_mig_check_limits(order->grid, &counts, &which) == FCT_MIG_WITHIN;
}

/*
 * Emits what must go before @what may begin at @start: first the instances in its units, then, for counts and engines,
 * idle ones before busy ones.
 */
static guint16 must_go(const Order *order, int start, guint8 what)
{
    guint32 range = fct_mig_range(order->grid, what - 1, start);
    guint16 go = 0;
    for (int u = 0; u < order->grid->n_units; u++)
        if ((order->lost >> u & 1) && (units_at(order, u) & range))
            go |= (guint16)(1u << u);
    for (int busy = 0; busy < 2; busy++)
        for (int u = 0; u < order->grid->n_units && !order_within(order, go, what); u++)
            if ((order->lost >> u & 1) && (order->state->busy[u] != 0) == busy)
                go |= (guint16)(1u << u);
    return go;
}

static guint order_price(const Order *order, guint16 go)
{
    guint sum = 0;
    for (int u = 0; u < FCT_MIG_UNITS_MAX; u++)
        if (go >> u & 1)
            sum += order->state->busy[u] ? 100 : 1;
    return sum;
}

static void destroy_all(Order *order, guint16 go)
{
    for (int busy = 0; busy < 2; busy++)
        for (int u = 0; u < FCT_MIG_UNITS_MAX; u++)
            if ((go >> u & 1) && (order->state->busy[u] != 0) == busy)
                order_emit(order, FALSE, u, order->now.at[u]);
}

guint fct_mig_order(const FctMigGrid *grid, const FctMigState *state, const FctMigChoice *choice,
                    FctMigMove moves[FCT_MIG_MOVES_MAX])
{
    Order order = {grid, state, state->layout, choice->lost, choice->made, moves, 0};
    while (order.made) {
        int best = -1;
        guint16 best_go = 0;
        for (int u = 0; u < grid->n_units; u++) {
            if (!(order.made >> u & 1))
                continue;
            guint16 go = must_go(&order, u, choice->final.at[u]);
            if (best < 0 || order_price(&order, go) < order_price(&order, best_go)) {
                best = u;
                best_go = go;
            }
        }
        g_assert(best >= 0);
        destroy_all(&order, best_go);
        order_emit(&order, TRUE, best, choice->final.at[best]);
    }
    destroy_all(&order, order.lost);
    return order.n;
}

FctMigLayout fct_mig_after(const FctMigLayout *layout, const FctMigMove *moves, guint n)
{
    FctMigLayout after = *layout;
    for (guint i = 0; i < n; i++)
        after.at[moves[i].start] = moves[i].create ? moves[i].what : 0;
    return after;
}
