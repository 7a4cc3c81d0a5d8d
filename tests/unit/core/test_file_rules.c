/* SPDX-License-Identifier: Apache-2.0 */
#include "core/file_rules.h"

#include <string.h>

static void test_names(void)
{
    static const char *const good[] = {"debian-12.qcow2", "Win11 (1).iso", "büro.img", "a", "x.json.iso"};
    static const char *const bad[] = {"",      ".",      "..",       ".x",        "-x",   " x",
                                      "x ",    "a/b",    "/a",       "a\\b",      "a\nb", "a\x1b[m",
                                      "a\x7f", "x.json", "\xff\xfe", "../../etc", ".size"};
    for (gsize i = 0; i < G_N_ELEMENTS(good); i++)
        g_assert_true(fct_file_name_check(good[i], NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(fct_file_name_check(bad[i], &error));
        g_assert_error(error, FCT_ERROR, FCT_ERROR_BAD_REQUEST);
    }
    g_autofree char *longest = g_strnfill(FCT_FILE_NAME_MAX, 'x'), *over = g_strnfill(FCT_FILE_NAME_MAX + 1, 'x');
    g_assert_true(fct_file_name_check(longest, NULL));
    g_assert_false(fct_file_name_check(over, NULL));
}

static void test_ranges(void)
{
    static const struct {
        const char *header;
        gint64 body, first, length; /* length -1: refused */
    } cases[] = {
        {NULL, 10, 0, 10},
        {NULL, -1, 0, 10},
        {NULL, 9, 0, -1},
        {"bytes 0-9/10", 10, 0, 10},
        {"Bytes 4-5/10", -1, 4, 2},
        {"bytes */10", 0, 0, 0},
        {"bytes */10", 1, 0, -1},
        {"bytes */11", 0, 0, -1},
        {"bytes 0-9/11", 10, 0, -1},
        {"bytes 0-10/10", 11, 0, -1},
        {"bytes 5-4/10", 0, 0, -1},
        {"bytes +1-4/10", 4, 0, -1},
        {"bytes 1- 4/10", 4, 0, -1},
        {"bytes 1-4/10 ", 4, 0, -1},
        {"bytes 1-4/*", 4, 0, -1},
        {"bytes 1-4", 4, 0, -1},
        {"bytes 18446744073709551616-4/10", 4, 0, -1},
        {"", 10, 0, -1},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        FctFileRange range;
        gboolean ok = fct_file_range(cases[i].header, cases[i].body, 10, &range, NULL);
        g_assert_cmpint(ok, ==, cases[i].length >= 0);
        if (ok) {
            g_assert_cmpint(range.first, ==, cases[i].first);
            g_assert_cmpint(range.length, ==, cases[i].length);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/file-rules/names", test_names);
    g_test_add_func("/core/file-rules/ranges", test_ranges);
    return g_test_run();
}
