/* SPDX-License-Identifier: Apache-2.0 */
/* fct_error_pass: an error moves to the caller once, whoever asks for it. */
#include "base/error.h"

static void test_moves(void)
{
    g_autoptr(GError) error = NULL;
    GError *from = NULL;
    fct_set_error(&from, FCT_ERROR_CONFLICT, "It is in use.");
    g_assert_false(fct_error_pass(&error, &from));
    g_assert_null(from);
    g_assert_error(error, FCT_ERROR, FCT_ERROR_CONFLICT);
    g_assert_cmpstr(error->message, ==, "It is in use.");
}

static void test_details_move_along(void)
{
    g_autoptr(GError) error = NULL;
    GError *from = NULL;
    fct_set_error_full(&from, FCT_ERROR_BAD_REQUEST, "Give another.", json_pack("{s:s}", "field", "name"), "No.");
    fct_error_pass(&error, &from);
    json_t *json = fct_error_to_json(error);
    const char *field = NULL, *next = NULL;
    g_assert_cmpint(json_unpack(json, "{s:s, s:{s:s}}", "next", &next, "details", "field", &field), ==, 0);
    g_assert_cmpstr(next, ==, "Give another.");
    g_assert_cmpstr(field, ==, "name");
    json_decref(json);
}

static void test_nothing_to_pass(void)
{
    g_autoptr(GError) error = NULL;
    GError *from = NULL;
    g_assert_false(fct_error_pass(&error, &from));
    g_assert_null(error);
}

/* Leaks are found by the sanitizer of the test build. */
static void test_nobody_asks(void)
{
    GError *from = NULL;
    fct_set_error(&from, FCT_ERROR_INTERNAL, "Lost.");
    g_assert_false(fct_error_pass(NULL, &from));
    g_assert_null(from);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/error/moves", test_moves);
    g_test_add_func("/base/error/details-move-along", test_details_move_along);
    g_test_add_func("/base/error/nothing-to-pass", test_nothing_to_pass);
    g_test_add_func("/base/error/nobody-asks", test_nobody_asks);
    return g_test_run();
}
