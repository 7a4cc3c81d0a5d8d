/* SPDX-License-Identifier: Apache-2.0 */
#include "core/place_mig.h"

#include <string.h>

#define HIGH 0x8080808080808080u
#define LOW7 0x7f7f7f7f7f7f7f7fu
#define ONES 0x0101010101010101u
/* Work bound of the search that stands in for the table: a few hundred milliseconds. */
#define SEARCH_MAX 4000000u
/* More compute instances than any GPU instance takes; keeps a sum of eight savings within a byte. */
#define CIS_MAX 14

typedef struct {
    FctMigCounts counts;
    guint32 first, n; /* layouts of this multiset */
} Group;

struct _FctMigPlanner {
    FctMigGrid grid;
    guint words;      /* 64-bit words a layout takes: 1 up to 8 units, else 2 */
    guint64 *layouts; /* words × n_layouts, grouped; inside a group the preferred come first */
    guint n_layouts;
    Group *groups;
    guint n_groups;
    guint32 *slots; /* open addressing: 0 empty, else 1 + index of the group */
    guint32 slot_mask;
    guint64 factor[FCT_MIG_PROFILES_MAX];
};

/* ---- Making the table ---- */

typedef struct {
    FctMigLayout layout;
    FctMigCounts counts;
    guint16 room;
} Entry;

typedef struct {
    const FctMigGrid *grid;
    FctMigLayout layout;
    FctMigCounts counts;
    int left[FCT_MIG_N_RESOURCES];
    GArray *entries;
    gboolean overflow;
} Listing;

static gboolean listing_take(Listing *listing, int p, int u)
{
    const FctMigGrid *grid = listing->grid;
    const FctGridProfile *profile = &grid->profiles[p];
    if (!(profile->starts >> u & 1) || listing->counts.n[p] >= profile->max_count)
        return FALSE;
    for (int r = 0; r < FCT_MIG_N_RESOURCES; r++)
        if (grid->total[r] != FCT_MIG_UNKNOWN && profile->need[r] > listing->left[r])
            return FALSE;
    for (int r = 0; r < FCT_MIG_N_RESOURCES; r++)
        listing->left[r] -= profile->need[r];
    listing->counts.n[p]++;
    listing->layout.at[u] = (guint8)(p + 1);
    return TRUE;
}

static void listing_give_back(Listing *listing, int p, int u)
{
    for (int r = 0; r < FCT_MIG_N_RESOURCES; r++)
        listing->left[r] += listing->grid->profiles[p].need[r];
    listing->counts.n[p]--;
    listing->layout.at[u] = 0;
}

/* Every way to fill the units from @u on: nothing begins there, or an instance of one profile. */
static void listing_walk(Listing *listing, int u)
{
    if (listing->overflow)
        return;
    if (u >= listing->grid->n_units) {
        Entry entry = {listing->layout, listing->counts, 0};
        g_array_append_val(listing->entries, entry);
        listing->overflow = listing->entries->len > FCT_MIG_TABLE_MAX;
        return;
    }
    listing_walk(listing, u + 1);
    for (int p = 0; p < listing->grid->n_profiles; p++)
        if (listing_take(listing, p, u)) {
            listing_walk(listing, u + listing->grid->profiles[p].size);
            listing_give_back(listing, p, u);
        }
}

/* The tie-break of the planner between layouts of one multiset: negative when @a is preferred. */
static int layout_prefer(const FctMigLayout *a, guint16 room_a, const FctMigLayout *b, guint16 room_b)
{
    if (room_a != room_b)
        return room_a > room_b ? -1 : 1;
    for (int u = 0; u < FCT_MIG_UNITS_MAX; u++)
        if (!a->at[u] != !b->at[u])
            return a->at[u] ? -1 : 1;
    return memcmp(a, b, sizeof *a);
}

static int entry_order(gconstpointer left, gconstpointer right)
{
    const Entry *a = left, *b = right;
    int order = memcmp(&a->counts, &b->counts, sizeof a->counts);
    return order ? order : layout_prefer(&a->layout, a->room, &b->layout, b->room);
}

static guint64 hash_counts(const FctMigPlanner *planner, const FctMigCounts *counts)
{
    guint64 hash = 0;
    for (int p = 0; p < planner->grid.n_profiles; p++)
        hash += counts->n[p] * planner->factor[p];
    return hash ^ hash >> 32;
}

static void index_groups(FctMigPlanner *planner)
{
    guint64 seed = 0x9e3779b97f4a7c15u;
    for (int p = 0; p < FCT_MIG_PROFILES_MAX; p++) {
        seed = (seed ^ seed >> 29) * 0xbf58476d1ce4e5b9u;
        planner->factor[p] = seed | 1;
    }
    guint32 size = 16;
    while (size < planner->n_groups * 4)
        size *= 2;
    planner->slot_mask = size - 1;
    planner->slots = g_new0(guint32, size);
    for (guint g = 0; g < planner->n_groups; g++) {
        guint32 slot = hash_counts(planner, &planner->groups[g].counts) & planner->slot_mask;
        while (planner->slots[slot])
            slot = (slot + 1) & planner->slot_mask;
        planner->slots[slot] = g + 1;
    }
}

static void keep_table(FctMigPlanner *planner, GArray *entries)
{
    g_autoptr(GArray) groups = g_array_new(FALSE, TRUE, sizeof(Group));
    for (guint i = 0; i < entries->len; i++) {
        Entry *entry = &g_array_index(entries, Entry, i);
        entry->room = fct_mig_room(&planner->grid, &entry->layout);
    }
    g_array_sort(entries, entry_order);
    planner->n_layouts = entries->len;
    planner->layouts = g_new(guint64, (gsize)entries->len * planner->words);
    for (guint i = 0; i < entries->len; i++) {
        const Entry *entry = &g_array_index(entries, Entry, i);
        memcpy(planner->layouts + (gsize)i * planner->words, &entry->layout, 8 * planner->words);
        Group *last = groups->len ? &g_array_index(groups, Group, groups->len - 1) : NULL;
        if (last && fct_mig_counts_equal(&last->counts, &entry->counts)) {
            last->n++;
        } else {
            Group group = {entry->counts, i, 1};
            g_array_append_val(groups, group);
        }
    }
    planner->n_groups = groups->len;
    planner->groups = (Group *)(void *)g_array_free(g_steal_pointer(&groups), FALSE);
    index_groups(planner);
}

FctMigPlanner *fct_mig_planner_new(const FctMigGrid *grid)
{
    FctMigPlanner *planner = g_new0(FctMigPlanner, 1);
    planner->grid = *grid;
    planner->words = grid->n_units <= 8 ? 1 : 2;
    Listing listing = {.grid = grid, .entries = g_array_new(FALSE, FALSE, sizeof(Entry))};
    for (int r = 0; r < FCT_MIG_N_RESOURCES; r++)
        listing.left[r] = grid->total[r];
    listing_walk(&listing, 0);
    if (!listing.overflow)
        keep_table(planner, listing.entries);
    g_array_free(listing.entries, TRUE);
    return planner;
}

void fct_mig_planner_free(FctMigPlanner *planner)
{
    if (!planner)
        return;
    g_free(planner->layouts);
    g_free(planner->groups);
    g_free(planner->slots);
    g_free(planner);
}

const FctMigGrid *fct_mig_planner_grid(const FctMigPlanner *planner)
{
    return &planner->grid;
}

guint fct_mig_planner_n_layouts(const FctMigPlanner *planner)
{
    return planner->n_layouts;
}

guint fct_mig_planner_n_multisets(const FctMigPlanner *planner)
{
    return planner->n_groups;
}

const FctMigCounts *fct_mig_planner_multiset(const FctMigPlanner *planner, guint index)
{
    return &planner->groups[index].counts;
}

FctMigLayout fct_mig_planner_layout(const FctMigPlanner *planner, guint index)
{
    FctMigLayout layout = {0};
    memcpy(&layout, planner->layouts + (gsize)index * planner->words, 8 * planner->words);
    return layout;
}

/* ---- Judging one candidate: eight units at a time, one byte each ---- */

typedef struct {
    guint64 state[2];
    guint64 held[2];   /* 0x80 where an instance of the state begins */
    guint64 busy[2];   /* 0x80 where it is busy */
    guint64 saving[2]; /* calls that keeping it saves */
    guint64 pin[2], pin_mask[2];
    guint calls_full; /* calls when nothing is kept */
} Lens;

/* 0x80 in every byte of @x that is zero, exactly. */
static inline guint64 zero_bytes(guint64 x)
{
    return ~(((x & LOW7) + LOW7) | x | LOW7);
}

static inline guint sum_bytes(guint64 x)
{
    return (guint)((x * ONES) >> 56);
}

static void lens_init(Lens *lens, const FctMigGrid *grid, const FctMigState *state, const FctMigWant *want)
{
    guint8 saving[FCT_MIG_UNITS_MAX] = {0};
    guint calls = 0;
    for (int p = 0; p < grid->n_profiles; p++)
        calls += want->counts.n[p] * (1u + want->cis.n[p]);
    /* Without branches: where instances begin is as good as random to the processor. */
    for (int u = 0; u < grid->n_units; u++) {
        guint what = state->layout.at[u];
        gboolean known = what - 1 < grid->n_profiles;
        guint go = what ? 1 + MIN(state->cis[u], CIS_MAX) : 0;
        guint come = want->cis.n[known ? what - 1 : 0];
        come = known ? 1 + MIN(come, CIS_MAX) : 0;
        calls += go;
        saving[u] = (guint8)(go + come - MIN(state->mend[u], go + come));
    }
    lens->calls_full = calls;
    memcpy(lens->state, &state->layout, 16);
    memcpy(lens->busy, state->busy, 16);
    memcpy(lens->saving, saving, 16);
    memcpy(lens->pin, &want->pin, 16);
    for (int w = 0; w < 2; w++) {
        lens->held[w] = ~zero_bytes(lens->state[w]) & HIGH;
        lens->busy[w] = ~zero_bytes(lens->busy[w]) & lens->held[w];
        lens->pin_mask[w] = ((~zero_bytes(lens->pin[w]) & HIGH) >> 7) * 0xff;
    }
}

/* Larger is better: busy kept, all kept, calls saved. 0 when a pin is not met, at least 1 otherwise. */
static inline guint32 lens_judge(const Lens *lens, const guint64 *candidate, guint words)
{
    guint busy = 0, kept = 0, saved = 0;
    for (guint w = 0; w < words; w++) {
        if ((candidate[w] & lens->pin_mask[w]) != lens->pin[w])
            return 0;
        guint64 same = zero_bytes(candidate[w] ^ lens->state[w]) & lens->held[w];
        busy += sum_bytes((same & lens->busy[w]) >> 7);
        kept += sum_bytes(same >> 7);
        saved += sum_bytes((same >> 7) * 0xff & lens->saving[w]);
    }
    return (busy << 24 | kept << 16 | saved) + 1;
}

static inline guint32 lens_scan(const Lens *lens, const guint64 *layouts, guint n, guint words, guint *ret_best)
{
    guint32 best = 0;
    for (guint i = 0; i < n; i++) {
        guint32 score = lens_judge(lens, layouts + (gsize)i * words, words);
        if (score > best) {
            best = score;
            *ret_best = i;
        }
    }
    return best;
}

/* ---- The search for cards without a table ---- */

typedef struct {
    const FctMigGrid *grid;
    const FctMigState *state;
    const Lens *lens;
    FctMigCounts left; /* still to be placed */
    FctMigLayout layout, best;
    guint32 best_score;
    guint16 best_room;
    guint steps;
} Search;

static void search_leaf(Search *search)
{
    guint64 words[2];
    memcpy(words, &search->layout, sizeof words);
    guint32 score = lens_judge(search->lens, words, 2);
    if (score == 0 || score < search->best_score)
        return;
    guint16 room = fct_mig_room(search->grid, &search->layout);
    if (score == search->best_score && layout_prefer(&search->layout, room, &search->best, search->best_room) >= 0)
        return;
    search->best = search->layout;
    search->best_score = score;
    search->best_room = room;
}

/* Whether the units from @u on can still give a candidate that is no worse than the best so far. */
static gboolean search_hopeful(const Search *search, int u)
{
    guint busy = 0, kept = 0, units = 0;
    for (int p = 0; p < search->grid->n_profiles; p++)
        units += search->left.n[p] * search->grid->profiles[p].size;
    if (units > (guint)(search->grid->n_units - u))
        return FALSE;
    for (int i = 0; i < search->grid->n_units; i++) {
        guint8 what = search->state->layout.at[i];
        if (!what || what == FCT_MIG_FOREIGN)
            continue;
        if (i < u ? search->layout.at[i] == what : search->left.n[what - 1] > 0) {
            kept++;
            busy += search->state->busy[i] != 0;
        }
    }
    return (busy << 24 | kept << 16 | 0xffff) >= search->best_score;
}

static void search_walk(Search *search, int u, guint n_left)
{
    if (search->steps >= SEARCH_MAX)
        return;
    search->steps++;
    if (n_left == 0) {
        search_leaf(search);
        return;
    }
    if (u >= search->grid->n_units || !search_hopeful(search, u))
        return;
    /* First what is there now, so that good candidates come early and the bound bites. */
    int here = search->state->layout.at[u] - 1;
    for (int i = -1; i < search->grid->n_profiles; i++) {
        int p = i < 0 ? here : i;
        if (p < 0 || p >= search->grid->n_profiles || (i >= 0 && p == here) || search->left.n[p] == 0 ||
            !(search->grid->profiles[p].starts >> u & 1))
            continue;
        search->left.n[p]--;
        search->layout.at[u] = (guint8)(p + 1);
        search_walk(search, u + search->grid->profiles[p].size, n_left - 1);
        search->layout.at[u] = 0;
        search->left.n[p]++;
    }
    search_walk(search, u + 1, n_left);
}

static guint32 search_best(const FctMigPlanner *planner, const FctMigState *state, const FctMigWant *want,
                           const Lens *lens, FctMigChoice *choice)
{
    Search search = {.grid = &planner->grid, .state = state, .lens = lens, .left = want->counts};
    guint n_left = 0;
    int which;
    if (fct_mig_check_limits(&planner->grid, &want->counts, &which) != FCT_MIG_WITHIN)
        return 0;
    for (int p = 0; p < planner->grid.n_profiles; p++)
        n_left += want->counts.n[p];
    search_walk(&search, 0, n_left);
    choice->exact = search.steps < SEARCH_MAX;
    choice->final = search.best;
    return search.best_score;
}

/* ---- The plan ---- */

static const Group *planner_find_group(const FctMigPlanner *planner, const FctMigCounts *counts)
{
    guint32 slot = hash_counts(planner, counts) & planner->slot_mask;
    for (; planner->slots[slot]; slot = (slot + 1) & planner->slot_mask) {
        const Group *group = &planner->groups[planner->slots[slot] - 1];
        if (fct_mig_counts_equal(&group->counts, counts))
            return group;
    }
    return NULL;
}

static guint32 table_best(const FctMigPlanner *planner, const FctMigWant *want, const Lens *lens, FctMigChoice *choice)
{
    const Group *group = planner_find_group(planner, &want->counts);
    if (!group || (planner->words == 1 && lens->pin[1]))
        return 0;
    guint best = 0;
    const guint64 *layouts = planner->layouts + (gsize)group->first * planner->words;
    guint32 score = planner->words == 1 ? lens_scan(lens, layouts, group->n, 1, &best)
                                        : lens_scan(lens, layouts, group->n, 2, &best);
    memcpy(&choice->final, layouts + (gsize)best * planner->words, 8 * planner->words);
    return score;
}

/* What the card holds was accepted by the card, even where our limits (taken from its profiles) would say no. */
static guint32 lens_unchanged(const FctMigPlanner *planner, const FctMigState *state, const FctMigWant *want,
                              const Lens *lens, FctMigChoice *choice)
{
    guint64 words[2];
    FctMigCounts now = fct_mig_count(&planner->grid, &state->layout);
    memcpy(words, &state->layout, sizeof words);
    choice->final = state->layout;
    return fct_mig_counts_equal(&now, &want->counts) && !memchr(&state->layout, FCT_MIG_FOREIGN, FCT_MIG_UNITS_MAX)
               ? lens_judge(lens, words, 2)
               : 0;
}

/* 0x80 in byte u becomes bit u: the multiplication brings the mark of byte u to bit 56 + u, and nothing else there. */
static inline guint16 bits_of(const guint64 marks[2])
{
    guint64 low = (GUINT64_FROM_LE(marks[0]) >> 7) * 0x0102040810204080u >> 56;
    guint64 high = (GUINT64_FROM_LE(marks[1]) >> 7) * 0x0102040810204080u >> 56;
    return (guint16)(low | high << 8);
}

static void lens_describe(const Lens *lens, guint32 score, FctMigChoice *choice)
{
    guint64 final[2], same[2] = {0}, lost[2], busy_lost[2], made[2];
    memcpy(final, &choice->final, sizeof final);
    for (int w = 0; w < 2; w++) {
        same[w] = zero_bytes(final[w] ^ lens->state[w]) & lens->held[w];
        lost[w] = lens->held[w] & ~same[w];
        busy_lost[w] = lost[w] & lens->busy[w];
        made[w] = ~zero_bytes(final[w]) & HIGH & ~same[w];
    }
    choice->kept = bits_of(same);
    choice->lost = bits_of(lost);
    choice->busy_lost = bits_of(busy_lost);
    choice->made = bits_of(made);
    choice->n_calls = (guint16)(lens->calls_full - ((score - 1) & 0xffff));
}

gboolean fct_mig_plan(const FctMigPlanner *planner, const FctMigState *state, const FctMigWant *want,
                      FctMigChoice *ret_choice)
{
    Lens lens;
    guint32 score;
    *ret_choice = (FctMigChoice){.exact = TRUE};
    lens_init(&lens, &planner->grid, state, want);
    if (planner->n_groups)
        score = table_best(planner, want, &lens, ret_choice);
    else
        score = search_best(planner, state, want, &lens, ret_choice);
    if (score == 0)
        score = lens_unchanged(planner, state, want, &lens, ret_choice);
    if (score == 0) {
        ret_choice->final = (FctMigLayout){0};
        return FALSE;
    }
    ret_choice->feasible = TRUE;
    lens_describe(&lens, score, ret_choice);
    return TRUE;
}
