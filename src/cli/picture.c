/* SPDX-License-Identifier: Apache-2.0 */
/* The card picture of UI.md in block characters: a ruler of the real units, blocks to scale. */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

/* Columns of one unit: a name of a one-unit profile fits, and the whole stays within a terminal. */
static int cell_of(int units)
{
    return units <= 4 ? 18 : units <= 8 ? 11 : 8;
}

static json_t *item_over(const json_t *items, int unit)
{
    size_t i;
    json_t *item;
    json_array_foreach (items, i, item) {
        gint64 start = fct_json_int(item, "start", -1);
        if (unit >= start && unit < start + fct_json_int(item, "size", 0))
            return item;
    }
    return NULL;
}

static void append_block(GString *line, const char *text, const char *fill, glong width)
{
    g_autofree char *label =
        g_utf8_strlen(text, -1) > width - 2 ? g_utf8_substring(text, 0, MAX(width - 2, 0)) : g_strdup(text);
    g_string_append(line, fill);
    g_string_append(line, label);
    for (glong used = g_utf8_strlen(label, -1) + 1; used < width - 1; used++)
        g_string_append(line, fill);
    g_string_append(line, " ");
}

static void append_item(GString *line, const json_t *item, int cell)
{
    const char *holder = fct_json_str(item, "holder", NULL);
    if (!holder)
        holder = fct_json_str(json_object_get(item, "holder"), "name", "");
    const char *not_whole = fct_json_str(item, "not_whole", "");
    g_autofree char *text = g_strdup_printf(" %s%s%s%s%s ", fct_json_str(item, "profile", ""), *not_whole ? ": " : "",
                                            not_whole, *holder ? " " : "", holder);
    append_block(line, text, *holder ? "█" : "▓", cell * (glong)fct_json_int(item, "size", 1));
}

/* Free units in one run; those that nothing can use are hatched. */
static int append_free(GString *line, int units, int unit, const json_t *items, const json_t *stranded, int cell)
{
    gboolean dead = item_over(stranded, unit) != NULL;
    int end = unit;
    while (end < units && !item_over(items, end) && (item_over(stranded, end) != NULL) == dead)
        end++;
    append_block(line, dead ? " cannot be used " : " free ", dead ? "▒" : "░", cell * (glong)(end - unit));
    return end;
}

void fct_print_card(int units, const json_t *items, const json_t *stranded)
{
    g_autoptr(GString) ruler = g_string_new("  slot    ");
    g_autoptr(GString) line = g_string_new("  memory  ");
    int cell = cell_of(units);
    for (int unit = 0; unit < units; unit++)
        g_string_append_printf(ruler, "%-*d", cell, unit);
    for (int unit = 0; unit < units;) {
        const json_t *item = item_over(items, unit);
        if (item) {
            append_item(line, item, cell);
            unit = (int)(fct_json_int(item, "start", 0) + MAX(fct_json_int(item, "size", 1), 1));
        } else {
            unit = append_free(line, units, unit, items, stranded, cell);
        }
    }
    puts(g_strchomp(ruler->str));
    puts(g_strchomp(line->str));
}
