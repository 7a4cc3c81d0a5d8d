/* SPDX-License-Identifier: Apache-2.0 */
/* Names of routing tables where each Debian has them. */
#include "host/route_tables.h"

#include "tree.h"

static void expect(GHashTable *names, guint32 table, const char *name)
{
    g_autofree char *got = fct_route_tables_name(names, table);
    g_assert_cmpstr(got, ==, name);
}

/* A host without iproute2's files: the kernel's own three have their names all the same. */
static void test_nowhere(void)
{
    char *root = tree_new();
    g_autoptr(GHashTable) names = fct_route_tables_read(root);
    expect(names, 254, "main");
    expect(names, 255, "local");
    expect(names, 253, "default");
    expect(names, 220, "220");
    tree_free(root);
}

/* Debian 13: its own names in /usr/share, the administrator's in /etc, which says nothing of main. */
static void test_both_places(void)
{
    char *root = tree_new();
    tree_write(root, "usr/share/iproute2/rt_tables",
               "#\n# reserved values\n#\n255\tlocal\n254\tmain\n253\tdefault\n0\tunspec\n", -1);
    tree_write(root, "etc/iproute2/rt_tables", "220 strongswan # a remark\n0x12d  vpn\nnonsense\n300\n5000000000 far\n",
               -1);
    tree_write(root, "etc/iproute2/rt_tables.d/own.conf", "301 other\n302 lab", -1);
    tree_write(root, "etc/iproute2/rt_tables.d/own.conf.bak", "303 not\n", -1);
    g_autoptr(GHashTable) names = fct_route_tables_read(root);
    expect(names, 254, "main");
    expect(names, 220, "strongswan");
    expect(names, 301, "other"); /* the later one */
    expect(names, 302, "lab");
    expect(names, 303, "303");
    expect(names, 300, "300");
    tree_free(root);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host/route-tables/nowhere", test_nowhere);
    g_test_add_func("/host/route-tables/both-places", test_both_places);
    return g_test_run();
}
