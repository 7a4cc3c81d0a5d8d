/* SPDX-License-Identifier: Apache-2.0 */
#include "grids.h"

#include <stdlib.h>
#include <string.h>

static const FctGridProfile a100_profiles[] = {
    {.id = 19, .size = 1, .max_count = 7, .starts = 0x7f, .need = {1, 0, 0, 0, 0}},
    {.id = 15, .size = 2, .max_count = 4, .starts = 0x55, .need = {1, 1, 0, 0, 0}},
    {.id = 14, .size = 2, .max_count = 3, .starts = 0x15, .need = {2, 1, 0, 0, 0}},
    {.id = 9, .size = 4, .max_count = 2, .starts = 0x11, .need = {3, 2, 0, 0, 0}},
    {.id = 5, .size = 4, .max_count = 1, .starts = 0x01, .need = {4, 2, 0, 0, 0}},
    {.id = 0, .size = 8, .max_count = 1, .starts = 0x01, .need = {7, 5, 0, 1, 1}},
    {.id = 20, .size = 1, .max_count = 1, .starts = 0x7f, .need = {1, 1, 0, 1, 1}},
};
static const FctGridProfile h100_profiles[] = {
    {.id = 19, .size = 1, .max_count = 7, .starts = 0x7f, .need = {1, 1, 0, 1, 0}},
    {.id = 15, .size = 2, .max_count = 4, .starts = 0x55, .need = {1, 1, 0, 1, 0}},
    {.id = 14, .size = 2, .max_count = 3, .starts = 0x15, .need = {2, 2, 0, 2, 0}},
    {.id = 9, .size = 4, .max_count = 2, .starts = 0x11, .need = {3, 3, 0, 3, 0}},
    {.id = 5, .size = 4, .max_count = 1, .starts = 0x01, .need = {4, 4, 0, 4, 0}},
    {.id = 0, .size = 8, .max_count = 1, .starts = 0x01, .need = {7, 7, 0, 7, 1}},
};
static const FctGridProfile a30_profiles[] = {
    {.id = 14, .size = 1, .max_count = 4, .starts = 0xf, .need = {1, 1, 0, 0, 0}},
    {.id = 21, .size = 1, .max_count = 1, .starts = 0xf, .need = {1, 1, 0, 1, 1}},
    {.id = 5, .size = 2, .max_count = 2, .starts = 0x5, .need = {2, 2, 0, 0, 0}},
    {.id = 6, .size = 2, .max_count = 1, .starts = 0x5, .need = {2, 2, 0, 1, 1}},
    {.id = 0, .size = 4, .max_count = 1, .starts = 0x1, .need = {4, 4, 0, 1, 1}},
};
static const FctGridProfile rtx_profiles[] = {
    {.id = 14, .size = 3, .max_count = 4, .starts = 0x249, .need = {1, 1, 1, 1, 0}},
    {.id = 5, .size = 6, .max_count = 2, .starts = 0x041, .need = {2, 2, 2, 2, 0}},
    {.id = 0, .size = 12, .max_count = 1, .starts = 0x001, .need = {4, 4, 4, 4, 1}},
    {.id = 21, .size = 3, .max_count = 1, .starts = 0x249, .need = {1, 1, 1, 1, 1}},
    {.id = 47, .size = 3, .max_count = 4, .starts = 0x249, .need = {1, 1, 1, 1, 0}},
    {.id = 65, .size = 3, .max_count = 1, .starts = 0x249, .need = {1, 4, 4, 4, 1}},
    {.id = 67, .size = 3, .max_count = 4, .starts = 0x249, .need = {1, 0, 0, 0, 0}},
    {.id = 35, .size = 6, .max_count = 2, .starts = 0x041, .need = {2, 2, 2, 2, 0}},
    {.id = 64, .size = 6, .max_count = 1, .starts = 0x041, .need = {2, 4, 4, 4, 1}},
    {.id = 66, .size = 6, .max_count = 2, .starts = 0x041, .need = {2, 0, 0, 0, 0}},
    {.id = 32, .size = 12, .max_count = 1, .starts = 0x001, .need = {4, 4, 4, 4, 1}},
};

static FctMigGrid make(int units, const FctGridProfile *profiles, int n)
{
    FctMigGrid grid = {.n_units = (guint8)units, .n_profiles = (guint8)n};
    g_autoptr(GError) error = NULL;
    memcpy(grid.profiles, profiles, sizeof *profiles * (gsize)n);
    fct_mig_grid_finish(&grid, &error);
    g_assert_no_error(error);
    return grid;
}

FctMigGrid test_grid_a100(void)
{
    return make(8, a100_profiles, 6);
}

FctMigGrid test_grid_a100_me(void)
{
    return make(8, a100_profiles, 7);
}

FctMigGrid test_grid_h100(void)
{
    return make(8, h100_profiles, 6);
}

FctMigGrid test_grid_a30(void)
{
    return make(4, a30_profiles, 5);
}

FctMigGrid test_grid_rtx_plain(void)
{
    return make(12, rtx_profiles, 3);
}

FctMigGrid test_grid_rtx(void)
{
    return make(12, rtx_profiles, 11);
}

/* Reads "ID[@START][*]"; returns the profile index. */
static int parse_word(const FctMigGrid *grid, const char *word, int *ret_start, gboolean *ret_busy)
{
    char *end;
    int p = fct_mig_grid_index(grid, (guint32)strtoul(word, &end, 10));
    g_assert_cmpint(p, >=, 0);
    *ret_start = *end == '@' ? (int)strtol(end + 1, &end, 10) : -1;
    *ret_busy = *end == '*';
    return p;
}

FctMigState test_state(const FctMigGrid *grid, const char *text)
{
    FctMigState state = {0};
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    for (char **word = words; *word; word++) {
        int start;
        gboolean busy;
        if (!**word)
            continue;
        int p = parse_word(grid, *word, &start, &busy);
        state.layout.at[start] = (guint8)(p + 1);
        state.busy[start] = busy;
        state.cis[start] = 1;
    }
    return state;
}

FctMigWant test_want_nothing(void)
{
    FctMigWant want = {0};
    memset(&want.cis, 1, sizeof want.cis);
    return want;
}

FctMigWant test_want(const FctMigGrid *grid, const char *text)
{
    FctMigWant want = test_want_nothing();
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    for (char **word = words; *word; word++) {
        int start;
        gboolean busy;
        if (!**word)
            continue;
        int p = parse_word(grid, *word, &start, &busy);
        want.counts.n[p]++;
        if (start >= 0)
            want.pin.at[start] = (guint8)(p + 1);
    }
    return want;
}

char *test_layout_text(const FctMigGrid *grid, const FctMigLayout *layout)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (int u = 0; u < FCT_MIG_UNITS_MAX; u++)
        if (layout->at[u])
            g_string_append_printf(text, "%s%u@%d", text->len ? " " : "", grid->profiles[layout->at[u] - 1].id, u);
    return g_string_free(g_steal_pointer(&text), FALSE);
}
