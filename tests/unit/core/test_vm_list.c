/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vm_list.h"

#include <string.h>

/* clang-format off */
static const FctVmRow rows[] = {
    {"i1", "vm-10", "vm-10 big data", "running", TRUE, FALSE, TRUE, 4, 4096, 300, 12.5, NULL},
    {"i2", "vm-9", "vm-9", "off", TRUE, TRUE, TRUE, 2, 1024, 100, -1, NULL},
    {"i3", "Theirs", "theirs", "running", FALSE, FALSE, FALSE, 8, 512, 0, 90, NULL},
    {"i4", "alpha", "alpha data", "crashed", TRUE, FALSE, FALSE, 1, 1024, 200, -1, NULL},
    {"i5", "zeta", "zeta", "off", TRUE, FALSE, FALSE, 1, 1024, 400, -1, NULL},
    {"i6", "vm-2", "vm-2", "paused", TRUE, FALSE, FALSE, 2, 2048, 500, 0, NULL},
};
/* clang-format on */

static char *pick(FctVmQuery query, guint *total, json_t **counts)
{
    g_auto(FctVmPage) page = {0};
    fct_vm_page_pick(rows, G_N_ELEMENTS(rows), &query, &page);
    GString *names = g_string_new(NULL);
    for (guint i = 0; i < page.rows->len; i++)
        g_string_append_printf(names, "%s%s", i ? " " : "", ((const FctVmRow *)page.rows->pdata[i])->name);
    if (total)
        *total = page.total;
    if (counts)
        *counts = json_incref(page.counts);
    return g_string_free(names, FALSE);
}

static void check(FctVmQuery query, const char *expected)
{
    g_autofree char *names = pick(query, NULL, NULL);
    g_assert_cmpstr(names, ==, expected);
}

static void test_natural(void)
{
    /* Ascending; every pair is compared both ways. */
    static const char *const order[] = {
        "",     "1",   "01a",  "2", "10", "99999999999999999999", "100000000000000000000", "A", "a", "a-1",
        "a-1b", "a-2", "a-10", "b", "ä"};
    for (guint i = 0; i < G_N_ELEMENTS(order); i++)
        for (guint k = 0; k < G_N_ELEMENTS(order); k++) {
            int got = fct_natural_compare(order[i], order[k]);
            g_assert_cmpint(got < 0 ? -1 : got > 0, ==, i < k ? -1 : i > k);
        }
    g_assert_cmpint(fct_natural_compare("a01", "a1"), !=, 0);
}

static void test_orders(void)
{
    check((FctVmQuery){.ours = -1}, "alpha Theirs vm-2 vm-9 vm-10 zeta");
    check((FctVmQuery){.ours = -1, .descending = TRUE}, "zeta vm-10 vm-9 vm-2 Theirs alpha");
    check((FctVmQuery){.ours = -1, .sort = FCT_VM_BY_STATE}, "Theirs vm-10 vm-2 alpha vm-9 zeta");
    check((FctVmQuery){.ours = -1, .sort = FCT_VM_BY_MEMORY}, "Theirs alpha vm-9 zeta vm-2 vm-10");
    check((FctVmQuery){.ours = -1, .sort = FCT_VM_BY_VCPUS, .descending = TRUE}, "Theirs vm-10 vm-2 vm-9 alpha zeta");
    check((FctVmQuery){.ours = -1, .sort = FCT_VM_BY_ATTENTION}, "alpha vm-9 vm-10 Theirs vm-2 zeta");
    /* What is unknown is last in both directions. */
    check((FctVmQuery){.ours = -1, .sort = FCT_VM_BY_CPU}, "vm-2 vm-10 Theirs alpha vm-9 zeta");
    check((FctVmQuery){.ours = -1, .sort = FCT_VM_BY_CPU, .descending = TRUE}, "Theirs vm-10 vm-2 alpha vm-9 zeta");
    check((FctVmQuery){.ours = -1, .sort = FCT_VM_BY_CREATED}, "vm-9 alpha vm-10 zeta vm-2 Theirs");
}

static void test_filters(void)
{
    static const char *const off[] = {"off", NULL}, *const look[] = {"crashed", "blocked", NULL};
    check((FctVmQuery){.ours = -1, .text = "data"}, "alpha vm-10");
    check((FctVmQuery){.ours = -1, .text = "data  vm"}, "vm-10");
    check((FctVmQuery){.ours = -1, .text = "none"}, "");
    check((FctVmQuery){.ours = -1, .name = "vm-2"}, "vm-2");
    check((FctVmQuery){.ours = -1, .name = "vm"}, "");
    check((FctVmQuery){.ours = 0}, "Theirs");
    check((FctVmQuery){.ours = 1, .states = off}, "vm-9 zeta");
    check((FctVmQuery){.ours = -1, .states = look}, "alpha vm-9");
}

static void test_pages(void)
{
    guint total;
    for (guint limit = 1; limit <= 7; limit++) { /* pages put together are the whole */
        GString *all = g_string_new(NULL);
        for (guint offset = 0; offset < G_N_ELEMENTS(rows); offset += limit) {
            g_autofree char *names = pick((FctVmQuery){.ours = -1, .offset = offset, .limit = limit}, &total, NULL);
            g_string_append_printf(all, "%s%s", offset ? " " : "", names);
            g_assert_cmpuint(total, ==, G_N_ELEMENTS(rows));
        }
        g_assert_cmpstr(all->str, ==, "alpha Theirs vm-2 vm-9 vm-10 zeta");
        g_string_free(all, TRUE);
    }
    g_autofree char *beyond = pick((FctVmQuery){.ours = -1, .offset = 100, .limit = 5}, &total, NULL);
    g_assert_cmpstr(beyond, ==, "");
    g_assert_cmpuint(total, ==, G_N_ELEMENTS(rows));
}

/* The places behind each row, whichever row is left out meanwhile: all others come once. */
static void check_places(FctVmSort sort, gboolean descending)
{
    FctVmQuery query = {.ours = -1, .sort = sort, .descending = descending};
    g_auto(FctVmPage) whole = {0};
    fct_vm_page_pick(rows, G_N_ELEMENTS(rows), &query, &whole);
    g_assert_false(whole.more);
    for (guint i = 0; i < whole.rows->len; i++) {
        const FctVmRow *row = whole.rows->pdata[i];
        const FctVmMark mark = {fct_vm_sort_value(row, sort), row->name, row->id};
        FctVmRow left[G_N_ELEMENTS(rows)];
        g_auto(FctVmPage) page = {0};
        gsize n = 0;
        for (gsize k = 0; k < G_N_ELEMENTS(rows); k++)
            if (strcmp(rows[k].id, row->id) != 0)
                left[n++] = rows[k];
        query.after = &mark;
        query.limit = 2;
        fct_vm_page_pick(left, n, &query, &page);
        g_assert_cmpuint(page.rows->len, ==, MIN(2, whole.rows->len - i - 1));
        g_assert_cmpint(page.more, ==, whole.rows->len - i - 1 > 2);
        for (guint k = 0; k < page.rows->len; k++)
            g_assert_cmpstr(((const FctVmRow *)page.rows->pdata[k])->id, ==,
                            ((const FctVmRow *)whole.rows->pdata[i + 1 + k])->id);
    }
}

static void test_places(void)
{
    for (int sort = 0; sort < FCT_VM_N_SORTS; sort++)
        for (int descending = 0; descending < 2; descending++)
            check_places((FctVmSort)sort, descending);
}

static gint64 counted(FctVmQuery query, const char *what)
{
    g_autoptr(json_t) counts = NULL;
    g_free(pick(query, NULL, &counts));
    return fct_json_int(counts, what, -1);
}

/* They tell what a toggle would show: the text narrows them, the toggles do not. */
static void test_counts(void)
{
    static const char *const off[] = {"off", NULL};
    static const struct {
        const char *what;
        gint64 n, with_data;
    } expected[] = {{"all", 6, 2},     {"ours", 5, 2},   {"others", 1, 0},   {"running", 2, 1}, {"off", 2, 0},
                    {"crashed", 1, 1}, {"paused", 1, 0}, {"stopping", 0, 0}, {"unknown", 0, 0}, {"blocked", 1, 0}};
    for (guint i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_assert_cmpint(counted((FctVmQuery){.ours = -1}, expected[i].what), ==, expected[i].n);
        g_assert_cmpint(counted((FctVmQuery){.ours = 0, .states = off, .limit = 1}, expected[i].what), ==,
                        expected[i].n);
        g_assert_cmpint(counted((FctVmQuery){.ours = -1, .text = "data"}, expected[i].what), ==, expected[i].with_data);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vm-list/natural", test_natural);
    g_test_add_func("/vm-list/orders", test_orders);
    g_test_add_func("/vm-list/filters", test_filters);
    g_test_add_func("/vm-list/pages", test_pages);
    g_test_add_func("/vm-list/places", test_places);
    g_test_add_func("/vm-list/counts", test_counts);
    return g_test_run();
}
