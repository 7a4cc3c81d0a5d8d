/* SPDX-License-Identifier: Apache-2.0 */
#include "core/autostart.h"

#include <string.h>

static void test_sort(void)
{
    g_autoptr(GArray) vms = g_array_new(FALSE, FALSE, sizeof(FctAutostart));
    const FctAutostart given[] = {{"5", "web", 100, 0}, {"1", "db", 10, 30},   {"4", "app", 100, 0},
                                  {"2", "dns", 1, 0},   {"3", "last", 999, 0}, {"6", "app", 100, 0}};
    g_array_append_vals(vms, given, G_N_ELEMENTS(given));
    fct_autostart_sort(vms);
    g_autoptr(GString) ids = g_string_new(NULL);
    for (guint i = 0; i < vms->len; i++)
        g_string_append(ids, g_array_index(vms, FctAutostart, i).id);
    g_assert_cmpstr(ids->str, ==, "214653"); /* the same order: by name, then by id */
}

static void test_due(void)
{
    g_assert_cmpint(fct_autostart_due(NULL, FALSE, "boot-1"), ==, FCT_AUTOSTART_BEGIN);
    g_assert_cmpint(fct_autostart_due("boot-1", FALSE, "boot-1"), ==, FCT_AUTOSTART_GO_ON);
    g_assert_cmpint(fct_autostart_due("boot-1", TRUE, "boot-1"), ==, FCT_AUTOSTART_DONE);
    g_assert_cmpint(fct_autostart_due("boot-1", FALSE, "boot-2"), ==, FCT_AUTOSTART_BEGIN);
    g_assert_cmpint(fct_autostart_due("boot-1", TRUE, "boot-2"), ==, FCT_AUTOSTART_BEGIN);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/autostart/sort", test_sort);
    g_test_add_func("/core/autostart/due", test_due);
    return g_test_run();
}
