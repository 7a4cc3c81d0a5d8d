/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle.h"

/* clang-format off */
#define EIGHT_COMMON(dec2, jpeg2, dec3, jpeg3, dec4, jpeg4, dec7, jpeg7, dec1, jpeg1)                     \
    {19, 1, 7, {1, dec1, 0, jpeg1, 0}, {0, 1, 2, 3, 4, 5, 6, -1}},                                        \
    {15, 2, 4, {1, 1, 0, jpeg1, 0}, {0, 2, 4, 6, -1}},                                                    \
    {14, 2, 3, {2, dec2, 0, jpeg2, 0}, {0, 2, 4, -1}},                                                    \
    {9, 4, 2, {3, dec3, 0, jpeg3, 0}, {0, 4, -1}},                                                        \
    {5, 4, 1, {4, dec4, 0, jpeg4, 0}, {0, -1}},                                                           \
    {0, 8, 1, {7, dec7, 0, jpeg7, 1}, {0, -1}}

const OracleCard oracle_a100 = {"A100, six profiles", 8, 6, {EIGHT_COMMON(1, 0, 2, 0, 2, 0, 5, 1, 0, 0)}};
const OracleCard oracle_a100_me = {"A100 with +me", 8, 7, {
    EIGHT_COMMON(1, 0, 2, 0, 2, 0, 5, 1, 0, 0),
    {20, 1, 1, {1, 1, 0, 1, 1}, {0, 1, 2, 3, 4, 5, 6, -1}}}};
const OracleCard oracle_h100 = {"H100, six profiles", 8, 6, {EIGHT_COMMON(2, 2, 3, 3, 4, 4, 7, 7, 1, 1)}};
const OracleCard oracle_a30 = {"A30", 4, 5, {
    {14, 1, 4, {1, 1, 0, 0, 0}, {0, 1, 2, 3, -1}},
    {21, 1, 1, {1, 1, 0, 1, 1}, {0, 1, 2, 3, -1}},
    {5, 2, 2, {2, 2, 0, 0, 0}, {0, 2, -1}},
    {6, 2, 1, {2, 2, 0, 1, 1}, {0, 2, -1}},
    {0, 4, 1, {4, 4, 0, 1, 1}, {0, -1}}}};
const OracleCard oracle_rtx_plain = {"RTX PRO 6000, three sizes", 12, 3, {
    {14, 3, 4, {1, 1, 1, 1, 0}, {0, 3, 6, 9, -1}},
    {5, 6, 2, {2, 2, 2, 2, 0}, {0, 6, -1}},
    {0, 12, 1, {4, 4, 4, 4, 1}, {0, -1}}}};
const OracleCard oracle_rtx = {"RTX PRO 6000, all eleven profiles", 12, 11, {
    {14, 3, 4, {1, 1, 1, 1, 0}, {0, 3, 6, 9, -1}},
    {21, 3, 1, {1, 1, 1, 1, 1}, {0, 3, 6, 9, -1}},
    {47, 3, 4, {1, 1, 1, 1, 0}, {0, 3, 6, 9, -1}},
    {65, 3, 1, {1, 4, 4, 4, 1}, {0, 3, 6, 9, -1}},
    {67, 3, 4, {1, 0, 0, 0, 0}, {0, 3, 6, 9, -1}},
    {5, 6, 2, {2, 2, 2, 2, 0}, {0, 6, -1}},
    {35, 6, 2, {2, 2, 2, 2, 0}, {0, 6, -1}},
    {64, 6, 1, {2, 4, 4, 4, 1}, {0, 6, -1}},
    {66, 6, 2, {2, 0, 0, 0, 0}, {0, 6, -1}},
    {0, 12, 1, {4, 4, 4, 4, 1}, {0, -1}},
    {32, 12, 1, {4, 4, 4, 4, 1}, {0, -1}}}};
/* clang-format on */

static const OracleProfile *profile_of(const OracleCard *card, int id)
{
    for (int i = 0; i < card->n; i++)
        if (card->profiles[i].id == id)
            return &card->profiles[i];
    g_assert_not_reached();
}

/* Whether @piece may be added: nobody in its units, its profile not used up, every engine enough. */
static gboolean addable(const OracleCard *card, const OracleLayout *layout, OraclePiece piece)
{
    const OracleProfile *mine = profile_of(card, piece.id);
    int same = 1, used[O_ENGINES], most[O_ENGINES] = {0};
    for (int e = 0; e < O_ENGINES; e++) {
        used[e] = mine->takes[e];
        for (int i = 0; i < card->n; i++)
            most[e] = MAX(most[e], card->profiles[i].takes[e]);
    }
    for (int i = 0; i < layout->n; i++) {
        const OracleProfile *other = profile_of(card, layout->pieces[i].id);
        int other_start = layout->pieces[i].start;
        if (piece.start < other_start + other->length && other_start < piece.start + mine->length)
            return FALSE;
        same += other->id == mine->id;
        for (int e = 0; e < O_ENGINES; e++)
            used[e] += other->takes[e];
    }
    for (int e = 0; e < O_ENGINES; e++)
        if (used[e] > most[e])
            return FALSE;
    return same <= mine->most;
}

static void subsets(const OracleCard *card, const GArray *pieces, guint next, OracleLayout *layout, GArray *out)
{
    if (next == pieces->len) {
        g_array_append_val(out, *layout);
        return;
    }
    subsets(card, pieces, next + 1, layout, out);
    OraclePiece piece = g_array_index(pieces, OraclePiece, next);
    if (addable(card, layout, piece)) {
        layout->pieces[layout->n++] = piece;
        subsets(card, pieces, next + 1, layout, out);
        layout->n--;
    }
}

GArray *oracle_all_layouts(const OracleCard *card)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(OracleLayout));
    g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(OraclePiece));
    OracleLayout layout = {0};
    for (int i = 0; i < card->n; i++)
        for (int s = 0; card->profiles[i].starts[s] >= 0; s++) {
            OraclePiece piece = {card->profiles[i].id, card->profiles[i].starts[s]};
            g_array_append_val(pieces, piece);
        }
    subsets(card, pieces, 0, &layout, out);
    return out;
}

/* Places the wanted instances one by one; those of one profile in rising order, so that each layout comes once. */
static void assign(const OracleCard *card, const OracleWant *want, int profile, int done, int from,
                   OracleLayout *layout, GArray *out)
{
    if (profile == card->n) {
        g_array_append_val(out, *layout);
        return;
    }
    if (done == want->n[profile]) {
        assign(card, want, profile + 1, 0, 0, layout, out);
        return;
    }
    for (int s = from; card->profiles[profile].starts[s] >= 0; s++) {
        OraclePiece piece = {card->profiles[profile].id, card->profiles[profile].starts[s]};
        if (!addable(card, layout, piece))
            continue;
        layout->pieces[layout->n++] = piece;
        assign(card, want, profile, done + 1, s + 1, layout, out);
        layout->n--;
    }
}

GArray *oracle_layouts_of(const OracleCard *card, const OracleWant *want)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(OracleLayout));
    OracleLayout layout = {0};
    assign(card, want, 0, 0, 0, &layout, out);
    return out;
}

OracleWant oracle_want_of(const OracleCard *card, const OracleLayout *layout)
{
    OracleWant want = {0};
    for (int i = 0; i < layout->n; i++)
        want.n[profile_of(card, layout->pieces[i].id) - card->profiles]++;
    return want;
}

OracleAnswer oracle_answer(const OracleLayout *now, unsigned busy, int n_wanted, const GArray *candidates)
{
    OracleAnswer best = {FALSE, -1, -1, 0};
    for (guint c = 0; c < candidates->len; c++) {
        const OracleLayout *then = &g_array_index(candidates, OracleLayout, c);
        int busy_kept = 0, kept = 0;
        for (int i = 0; i < now->n; i++)
            for (int j = 0; j < then->n; j++)
                if (now->pieces[i].id == then->pieces[j].id && now->pieces[i].start == then->pieces[j].start) {
                    kept++;
                    busy_kept += busy >> i & 1;
                }
        if (busy_kept > best.busy_kept || (busy_kept == best.busy_kept && kept > best.kept)) {
            /* Each that goes or comes is a GPU instance and its compute instance. */
            int calls = 2 * (now->n - kept) + 2 * (n_wanted - kept);
            best = (OracleAnswer){TRUE, busy_kept, kept, calls};
        }
    }
    return best;
}
