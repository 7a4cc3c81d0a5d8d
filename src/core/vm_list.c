/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vm_list.h"

#include <math.h>
#include <string.h>

/* In the order in which "state" sorts: running VMs first. */
static const char *const states[] = {"running", "paused", "stopping", "crashed", "off", "unknown"};

gboolean fct_vm_sort_from_name(const char *name, FctVmSort *ret)
{
    static const char *const names[FCT_VM_N_SORTS] = {"name",   "state",   "cpu",      "vcpus",
                                                      "memory", "created", "attention"};
    for (int i = 0; i < FCT_VM_N_SORTS; i++)
        if (strcmp(name, names[i]) == 0) {
            *ret = (FctVmSort)i;
            return TRUE;
        }
    return FALSE;
}

char *fct_list_fold(const char *text)
{
    return g_utf8_casefold(text, -1);
}

/* ---- order ---- */

/* Compares two runs of digits as numbers of any length; moves both pointers past them. */
static int compare_numbers(const char **a, const char **b)
{
    while (**a == '0')
        (*a)++;
    while (**b == '0')
        (*b)++;
    gsize na = strspn(*a, "0123456789"), nb = strspn(*b, "0123456789");
    int order = na != nb ? (na < nb ? -1 : 1) : strncmp(*a, *b, na);
    *a += na;
    *b += nb;
    return order;
}

int fct_natural_compare(const char *a, const char *b)
{
    const char *p = a, *q = b;
    while (*p && *q) {
        if (g_ascii_isdigit(*p) && g_ascii_isdigit(*q)) {
            int order = compare_numbers(&p, &q);
            if (order)
                return order;
            continue;
        }
        int x = (guchar)g_ascii_tolower(*p++), y = (guchar)g_ascii_tolower(*q++);
        if (x != y)
            return x - y;
    }
    if (*p || *q)
        return *p ? 1 : -1;
    return strcmp(a, b); /* "a01" and "a1", "A" and "a" */
}

static int state_rank(const char *state)
{
    int i = 0;
    while (i < (int)G_N_ELEMENTS(states) - 1 && strcmp(states[i], state) != 0)
        i++;
    return i;
}

static int attention_rank(const FctVmRow *row)
{
    if (strcmp(row->state, "crashed") == 0)
        return 0;
    return row->blocked ? 1 : row->devices ? 2 : 3;
}

double fct_vm_sort_value(const FctVmRow *row, FctVmSort sort)
{
    switch (sort) {
    case FCT_VM_BY_STATE:
        return state_rank(row->state);
    case FCT_VM_BY_CPU:
        return row->cpu_percent < 0 ? (double)NAN : row->cpu_percent;
    case FCT_VM_BY_VCPUS:
        return row->vcpus;
    case FCT_VM_BY_MEMORY:
        return (double)row->memory_mib;
    case FCT_VM_BY_CREATED:
        return row->created_ms ? (double)row->created_ms : (double)NAN;
    case FCT_VM_BY_ATTENTION:
        return attention_rank(row);
    default:
        return 0;
    }
}

typedef struct {
    FctVmMark mark;
    const FctVmRow *row;
} Key;

static int compare_marks(const FctVmMark *x, const FctVmMark *y, const FctVmQuery *query)
{
    gboolean no_x = isnan(x->value), no_y = isnan(y->value);
    int order = 0;
    if (no_x != no_y)
        return no_x ? 1 : -1;
    if (query->sort == FCT_VM_BY_NAME)
        order = fct_natural_compare(x->name, y->name);
    else if (!no_x && x->value != y->value)
        order = x->value < y->value ? -1 : 1;
    if (order)
        return query->descending ? -order : order;
    order = fct_natural_compare(x->name, y->name);
    return order ? order : strcmp(x->id, y->id);
}

static int list_compare_keys(gconstpointer a, gconstpointer b, gpointer query)
{
    return compare_marks(&((const Key *)a)->mark, &((const Key *)b)->mark, query);
}

/* ---- filter ---- */

static gboolean has_words(const FctVmRow *row, const GStrv words)
{
    for (guint i = 0; words && words[i]; i++)
        if (!strstr(row->text, words[i]))
            return FALSE;
    return TRUE;
}

static gboolean in_states(const FctVmRow *row, const FctVmQuery *query)
{
    if (!query->states)
        return TRUE;
    return g_strv_contains(query->states, row->state) || (row->blocked && g_strv_contains(query->states, "blocked"));
}

static void list_count(json_t *counts, const char *what)
{
    json_t *number = json_object_get(counts, what);
    json_integer_set(number, json_integer_value(number) + 1);
}

static json_t *counts_new(void)
{
    json_t *counts = json_pack("{s:i, s:i, s:i, s:i}", "all", 0, "ours", 0, "others", 0, "blocked", 0);
    for (guint i = 0; i < G_N_ELEMENTS(states); i++)
        json_object_set_new(counts, states[i], json_integer(0));
    return counts;
}

static void count_row(json_t *counts, const FctVmRow *row)
{
    list_count(counts, "all");
    list_count(counts, row->ours ? "ours" : "others");
    list_count(counts, states[state_rank(row->state)]);
    if (row->blocked)
        list_count(counts, "blocked");
}

void fct_vm_page_clear(FctVmPage *page)
{
    g_clear_pointer(&page->rows, g_ptr_array_unref);
    g_clear_pointer(&page->counts, json_decref);
}

void fct_vm_page_pick(const FctVmRow *rows, gsize n, const FctVmQuery *query, FctVmPage *ret)
{
    g_autoptr(GArray) keys = g_array_new(FALSE, FALSE, sizeof(Key));
    g_auto(GStrv) words = query->text ? g_strsplit_set(query->text, " \t", -1) : NULL;
    *ret = (FctVmPage){.rows = g_ptr_array_new(), .counts = counts_new()};
    for (gsize i = 0; i < n; i++) {
        const FctVmRow *row = &rows[i];
        if ((query->name && strcmp(query->name, row->name) != 0) || !has_words(row, words))
            continue;
        count_row(ret->counts, row);
        if (!in_states(row, query) || (query->ours >= 0 && row->ours != query->ours))
            continue;
        Key key = {{fct_vm_sort_value(row, query->sort), row->name, row->id}, row};
        g_array_append_val(keys, key);
    }
    g_array_sort_with_data(keys, list_compare_keys, (gpointer)query);
    ret->total = keys->len;
    guint from = query->offset;
    while (query->after && from < keys->len &&
           compare_marks(&g_array_index(keys, Key, from).mark, query->after, query) <= 0)
        from++;
    for (guint i = from; i < keys->len && (!query->limit || i - from < query->limit); i++)
        g_ptr_array_add(ret->rows, (gpointer)g_array_index(keys, Key, i).row);
    ret->more = from < keys->len && keys->len - from > ret->rows->len;
}
