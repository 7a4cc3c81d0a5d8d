/* SPDX-License-Identifier: Apache-2.0 */
#include "app/people/signin_line.h"

#include "app/api/proxies.h"

typedef struct {
    char *name;
    GQueue items;
} Lane;

typedef struct {
    GHashTable *by_name; /* char* (the lane's) → Lane* */
    GQueue turns;        /* Lane*: the next one first */
} Rank;

struct FctSigninLine {
    guint in_all, by_lane, waiting;
    Rank known, others;
};

static void lane_free(Lane *lane)
{
    g_queue_clear(&lane->items);
    g_free(lane->name);
    g_free(lane);
}

static void rank_init(Rank *rank)
{
    rank->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)lane_free);
    g_queue_init(&rank->turns);
}

static void rank_clear(Rank *rank)
{
    g_queue_clear(&rank->turns);
    g_hash_table_unref(rank->by_name);
}

FctSigninLine *fct_signin_line_new(guint in_all, guint by_lane)
{
    FctSigninLine *line = g_new0(FctSigninLine, 1);
    line->in_all = in_all;
    line->by_lane = by_lane;
    rank_init(&line->known);
    rank_init(&line->others);
    return line;
}

void fct_signin_line_free(FctSigninLine *line)
{
    if (!line)
        return;
    rank_clear(&line->known);
    rank_clear(&line->others);
    g_free(line);
}

gboolean fct_signin_line_push(FctSigninLine *line, const char *address, const char *browser, gpointer item)
{
    g_autofree char *name = browser ? g_strdup(browser) : fct_place_of_address(address);
    Rank *rank = browser ? &line->known : &line->others;
    Lane *lane = g_hash_table_lookup(rank->by_name, name);
    if ((!browser && line->waiting >= line->in_all) || (lane && g_queue_get_length(&lane->items) >= line->by_lane))
        return FALSE;
    if (!lane) {
        lane = g_new0(Lane, 1);
        lane->name = g_steal_pointer(&name);
        g_queue_init(&lane->items);
        g_hash_table_insert(rank->by_name, lane->name, lane);
        g_queue_push_tail(&rank->turns, lane);
    }
    g_queue_push_tail(&lane->items, item);
    line->waiting++;
    return TRUE;
}

gpointer fct_signin_line_pop(FctSigninLine *line)
{
    Rank *rank = g_queue_is_empty(&line->known.turns) ? &line->others : &line->known;
    Lane *lane = g_queue_pop_head(&rank->turns);
    if (!lane)
        return NULL;
    gpointer item = g_queue_pop_head(&lane->items);
    line->waiting--;
    if (g_queue_is_empty(&lane->items))
        g_hash_table_remove(rank->by_name, lane->name);
    else
        g_queue_push_tail(&rank->turns, lane);
    return item;
}
