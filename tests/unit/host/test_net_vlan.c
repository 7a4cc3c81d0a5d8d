/* SPDX-License-Identifier: Apache-2.0 */
/* The record of VLAN interfaces, where no interface can be made: the parent does not exist. */
#include "host/net_vlan.h"

#include <glib/gstdio.h>

#define RECORD "{\"vlan30\":{\"parent\":\"nowhere-at-all0\",\"tag\":30}}"

typedef struct {
    char *dir, *record;
} State;

static void set_up(State *state, gconstpointer data)
{
    state->dir = g_dir_make_tmp("facet-vlan-XXXXXX", NULL);
    state->record = g_build_filename(state->dir, FCT_NET_VLANS, NULL);
    g_assert_true(g_file_set_contents(state->record, RECORD, -1, NULL));
}

static void tear_down(State *state, gconstpointer data)
{
    g_autofree char *lock = g_build_filename(state->dir, "vlans.lock", NULL);
    g_unlink(state->record);
    g_unlink(lock);
    g_rmdir(state->dir);
    g_free(state->record);
    g_free(state->dir);
}

static void refuse(const State *state, const char *parent, int tag, FctErrorCode code)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    g_autoptr(json_t) vlan = json_pack("{s:s, s:i, s:s}", "parent", parent, "tag", tag, "name", "vlan30");
    g_assert_false(fct_net_vlan_make(state->dir, vlan, &error));
    g_assert_error(error, FCT_ERROR, (int)code);
    g_assert_true(g_file_get_contents(state->record, &text, NULL, NULL));
    g_autoptr(json_t) now = json_loads(text, 0, NULL), before = json_loads(RECORD, 0, NULL);
    g_assert_true(json_equal(now, before));
}

/* Two parents with long names: at the next start of the host vlan30 would be made on the wrong one. */
static void test_of_another(State *state, gconstpointer data)
{
    refuse(state, "nowhere-at-all1", 30, FCT_ERROR_EXISTS);
    refuse(state, "nowhere-at-all0", 31, FCT_ERROR_EXISTS);
    refuse(state, "nowhere-at-all0", 30, FCT_ERROR_HW); /* its own, whose parent is away now, stays written down */
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/net-vlan/of-another", State, NULL, set_up, test_of_another, tear_down);
    return g_test_run();
}
