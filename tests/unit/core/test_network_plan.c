/* SPDX-License-Identifier: Apache-2.0 */
/* What a change of a network does, and what forbids it: every verdict that exists, and none where none is due. */
#include "core/network_plan.h"

#include "model/address.h"

#include <string.h>

typedef struct {
    GPtrArray *networks, *interfaces, *routes;
    GArray *users;
    FctNetworkScene scene;
} World;

static FctNetwork *network_from(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) input = json_loads(text, 0, NULL);
    g_assert_nonnull(input);
    FctNetwork *network = fct_network_from_input(input, &error);
    g_assert_no_error(error);
    network->active = TRUE;
    if (fct_network_has_subnet(network->kind)) {
        g_free(network->bridge);
        network->bridge = g_strdup("virbr1");
    }
    return network;
}

static FctHostInterface *add_interface(World *world, const char *name, FctInterfaceKind kind, const char *address)
{
    FctHostInterface *interface = fct_host_interface_new(name);
    interface->kind = kind;
    interface->link = FCT_LINK_UP;
    interface->addressed = TRUE;
    if (address)
        g_ptr_array_add(interface->addresses, g_strdup(address));
    g_ptr_array_add(world->interfaces, interface);
    return interface;
}

/* A host with a card that carries it, a bridge, a VLAN; and the network lan (10.20.0.0/24). */
static World *world_new(void)
{
    World *world = g_new0(World, 1);
    world->networks = g_ptr_array_new_with_free_func((GDestroyNotify)fct_network_free);
    world->interfaces = g_ptr_array_new_with_free_func((GDestroyNotify)fct_host_interface_free);
    world->routes = g_ptr_array_new_with_free_func((GDestroyNotify)fct_host_route_free);
    world->users = g_array_new(FALSE, TRUE, sizeof(FctNetworkUser));
    g_ptr_array_add(world->networks, network_from("{\"name\":\"lan\",\"kind\":\"nat\",\"subnet\":\"10.20.0.0/24\"}"));
    add_interface(world, "eno1", FCT_INTERFACE_ETHERNET, "192.168.1.7/24");
    add_interface(world, "eno1.100", FCT_INTERFACE_VLAN, NULL);
    FctHostInterface *other = add_interface(world, "office", FCT_INTERFACE_VLAN, NULL); /* under a name of its own */
    other->vlan = 200;
    g_free(other->parent);
    other->parent = g_strdup("eno1");
    FctHostInterface *member = add_interface(world, "eno2", FCT_INTERFACE_ETHERNET, NULL);
    g_free(member->master);
    member->master = g_strdup("br0");
    add_interface(world, "br0", FCT_INTERFACE_BRIDGE, "172.16.0.7/16");
    FctHostInterface *own = add_interface(world, "virbr1", FCT_INTERFACE_BRIDGE, "10.20.0.1/24");
    g_free(own->network);
    own->network = g_strdup("lan");
    world->scene = (FctNetworkScene){.networks = world->networks,
                                     .interfaces = world->interfaces,
                                     .routes = world->routes,
                                     .users = world->users,
                                     .local = "192.168.1.7",
                                     .remote = "192.168.1.50",
                                     .libvirt = 9000000};
    return world;
}

static void world_free(World *world)
{
    g_ptr_array_unref(world->networks);
    g_ptr_array_unref(world->interfaces);
    g_ptr_array_unref(world->routes);
    g_array_unref(world->users);
    g_free(world);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(World, world_free)

/* "severity code, …" in order. */
static char *codes(const FctNetworkPlan *plan)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < plan->verdicts->len; i++) {
        const FctVerdict *verdict = g_ptr_array_index(plan->verdicts, i);
        g_string_append_printf(text, "%s%s %s", i ? ", " : "", fct_severity_name(verdict->severity), verdict->code);
        g_assert_cmpstr(verdict->sentence, !=, "");
    }
    return g_string_free(text, FALSE);
}

static void test_create(void)
{
    static const struct {
        const char *members, *codes, *field;
    } cases[] = {
        {"\"kind\":\"nat\",\"subnet\":\"10.30.0.0/24\"", "", NULL},
        {"\"kind\":\"isolated\",\"subnet\":\"10.30.0.0/24\"", "", NULL},
        {"\"kind\":\"routed\",\"subnet\":\"10.30.0.0/24\"", "warn needs-route", NULL},
        {"\"kind\":\"nat\",\"subnet\":\"10.0.0.0/8\"", "refuse subnet-taken", "subnet"},
        {"\"kind\":\"nat\",\"subnet\":\"192.168.1.0/24\"", "refuse subnet-taken, confirm own-connection", "subnet"},
        {"\"kind\":\"nat\",\"subnet\":\"172.16.9.0/24\"", "refuse subnet-taken", "subnet"},
        {"\"kind\":\"bridge\",\"bridge\":\"br0\"", "", NULL},
        {"\"kind\":\"bridge\",\"bridge\":\"br9\"", "refuse bridge-missing", "bridge"},
        {"\"kind\":\"bridge\",\"bridge\":\"eno1\"", "refuse bridge-missing", "bridge"},
        {"\"kind\":\"bridge\",\"bridge\":\"virbr1\"", "warn bridge-of-network", NULL},
        {"\"kind\":\"bridge\",\"bridge\":\"br0\",\"vlan\":7", "refuse vlan-unsupported", "vlan"},
        {"\"kind\":\"bridge\",\"bridge\":\"eno1\",\"vlan\":7,\"open_vswitch\":true", "", NULL},
        {"\"kind\":\"direct\",\"interface\":\"eno1\"", "warn host-apart", NULL},
        {"\"kind\":\"direct\",\"interface\":\"eno1.100\"", "warn host-apart", NULL},
        {"\"kind\":\"direct\",\"interface\":\"eno1\",\"vlan\":30", "", NULL},
        {"\"kind\":\"direct\",\"interface\":\"eno1\",\"vlan\":100", "refuse vlan-taken", "vlan"},
        {"\"kind\":\"direct\",\"interface\":\"eno1\",\"vlan\":200", "refuse vlan-taken", "vlan"},
        {"\"kind\":\"direct\",\"interface\":\"eno1.100\",\"vlan\":30", "refuse interface-is-vlan", "interface"},
        {"\"kind\":\"direct\",\"interface\":\"br0\",\"vlan\":30", "refuse interface-is-bridge", "interface"},
        {"\"kind\":\"direct\",\"interface\":\"eno2\",\"vlan\":30", "refuse interface-in-bridge", "interface"},
        {"\"kind\":\"direct\",\"interface\":\"eno9\",\"vlan\":30", "refuse interface-missing", "interface"},
        {"\"kind\":\"direct\",\"interface\":\"eno9\"", "refuse interface-missing", "interface"},
        {"\"kind\":\"direct\",\"interface\":\"br0\"", "refuse interface-is-bridge", "interface"},
        {"\"kind\":\"direct\",\"interface\":\"eno2\"", "refuse interface-in-bridge", "interface"},
    };
    g_autoptr(World) world = world_new();
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf("{\"name\":\"new\",%s}", cases[i].members);
        g_autoptr(FctNetwork) wanted = network_from(text);
        g_autoptr(FctNetworkPlan) plan = fct_network_plan_create(&world->scene, wanted);
        g_autofree char *has = codes(plan);
        g_test_message("%s", text);
        g_assert_cmpstr(has, ==, cases[i].codes);
        g_assert_cmpuint(plan->changes->len, >=, 2);
        g_assert_cmpuint(plan->interrupts->len, ==, 0);
        if (cases[i].field)
            g_assert_cmpstr(fct_network_plan_field(plan->verdicts->pdata[0]), ==, cases[i].field);
    }
}

static void check_create(const World *world, const char *text, const char *expected)
{
    g_autoptr(FctNetwork) wanted = network_from(text);
    g_autoptr(FctNetworkPlan) plan = fct_network_plan_create(&world->scene, wanted);
    g_autofree char *has = codes(plan);
    g_assert_cmpstr(has, ==, expected);
}

/* The host is not as usual: libvirt new enough, interfaces unknown, no way out, a link down, a name that is taken. */
static void test_host(void)
{
    static const char tagged[] = "{\"name\":\"v\",\"kind\":\"bridge\",\"bridge\":\"br0\",\"vlan\":7}";
    static const char nat[] = "{\"name\":\"n\",\"kind\":\"nat\",\"subnet\":\"192.168.1.0/24\"}";
    g_autoptr(World) world = world_new();
    world->scene.remote = "";
    check_create(world, "{\"name\":\"lan\",\"kind\":\"nat\",\"subnet\":\"10.30.0.0/24\"}", "refuse name-taken");
    world->scene.libvirt = FCT_LIBVIRT_BRIDGE_VLAN;
    check_create(world, tagged, "");
    ((FctHostInterface *)world->interfaces->pdata[4])->link = FCT_LINK_DOWN;
    check_create(world, tagged, "warn link-down");
    world->scene.interfaces = NULL;
    check_create(world, nat, "");
    FctNetwork *floor = network_from("{\"name\":\"floor\",\"kind\":\"direct\",\"interface\":\"eno1\",\"vlan\":30}");
    g_ptr_array_add(world->networks, floor);
    check_create(world, "{\"name\":\"n\",\"kind\":\"direct\",\"interface\":\"eno1\",\"vlan\":30}", "refuse vlan-taken");
    check_create(world, "{\"name\":\"n\",\"kind\":\"direct\",\"interface\":\"eno1\",\"vlan\":31}", "");
    check_create(world, "{\"name\":\"n\",\"kind\":\"bridge\",\"bridge\":\"br9\"}", "");
    check_create(world, "{\"name\":\"n\",\"kind\":\"direct\",\"interface\":\"eno9\"}", "");
    g_ptr_array_remove_range(world->interfaces, 0, 5); /* only libvirt's own bridge */
    world->scene.interfaces = world->interfaces;
    check_create(world, nat, "warn no-way-out");
    check_create(world, "{\"name\":\"n\",\"kind\":\"isolated\",\"subnet\":\"192.168.1.0/24\"}", "");
}

/* Who asks, how they reach Facet, and whether that is cut. */
static void test_own_connection(void)
{
    static const struct {
        const char *local, *remote;
        gboolean cut;
    } cases[] = {
        {"127.0.0.1", "127.0.0.1", FALSE},
        {"192.168.1.7", "192.168.1.50", FALSE},
        {"10.20.0.1", "10.20.0.9", TRUE},
        {"192.168.1.7", "10.20.0.9", TRUE},
        {"10.20.0.1", "10.99.0.5", TRUE},
        {"::1", "::1", FALSE},
        {"", "", FALSE},
        {"::ffff:10.20.0.1", "::ffff:10.20.0.9", TRUE},
        {"192.168.1.7", "10.20.1.9", FALSE},
    };
    g_autoptr(World) world = world_new();
    const FctNetwork *lan = world->networks->pdata[0];
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        world->scene.local = cases[i].local;
        world->scene.remote = cases[i].remote;
        g_autoptr(json_t) move = json_loads("{\"subnet\":\"10.40.0.0/24\"}", 0, NULL);
        g_autoptr(json_t) range = json_loads("{\"dhcp\":{\"first\":\"10.20.0.9\",\"last\":\"10.20.0.19\"}}", 0, NULL);
        g_autoptr(FctNetwork) moved = fct_network_changed(lan, move, NULL);
        g_autoptr(FctNetwork) ranged = fct_network_changed(lan, range, NULL);
        g_autoptr(FctNetworkPlan) gone = fct_network_plan_delete(&world->scene, lan);
        g_autoptr(FctNetworkPlan) other = fct_network_plan_update(&world->scene, lan, moved);
        g_autoptr(FctNetworkPlan) same = fct_network_plan_update(&world->scene, lan, ranged);
        g_autofree char *deleting = codes(gone), *moving = codes(other), *ranging = codes(same);
        g_test_message("%s %s", cases[i].local, cases[i].remote);
        g_assert_cmpstr(deleting, ==, cases[i].cut ? "confirm own-connection" : "");
        g_assert_cmpstr(moving, ==, cases[i].cut ? "confirm own-connection" : "");
        g_assert_cmpstr(ranging, ==, "");
        g_assert_true(other->redefine && other->replug && !same->redefine);
    }
    /* One from afar, whose addresses the new subnet would take. */
    world->scene.local = "192.168.1.7";
    world->scene.remote = "10.77.0.5";
    check_create(world, "{\"name\":\"n\",\"kind\":\"nat\",\"subnet\":\"10.77.0.0/24\"}", "confirm own-connection");
    check_create(world, "{\"name\":\"n\",\"kind\":\"nat\",\"subnet\":\"10.78.0.0/24\"}", "");
}

static void add_user(World *world, const char *vm, gboolean runs, GPtrArray *addresses)
{
    FctNetworkUser user = {vm, runs, addresses};
    g_array_append_val(world->users, user);
}

static void test_users(void)
{
    g_autoptr(World) world = world_new();
    const FctNetwork *lan = world->networks->pdata[0];
    g_autoptr(GPtrArray) addresses = g_ptr_array_new();
    g_ptr_array_add(addresses, (gpointer) "172.16.5.5");
    add_user(world, "db-1", TRUE, NULL);
    add_user(world, "db-1", TRUE, NULL); /* a second NIC */
    add_user(world, "db-2", FALSE, NULL);
    add_user(world, "db-3", TRUE, addresses);
    g_autoptr(FctNetworkPlan) gone = fct_network_plan_delete(&world->scene, lan);
    g_autofree char *deleting = codes(gone);
    g_assert_cmpstr(deleting, ==, "refuse in-use, refuse in-use, refuse in-use");
    g_autoptr(json_t) move = json_loads("{\"subnet\":\"10.40.0.0/24\"}", 0, NULL);
    g_autoptr(FctNetwork) moved = fct_network_changed(lan, move, NULL);
    g_autoptr(FctNetworkPlan) other = fct_network_plan_update(&world->scene, lan, moved);
    g_assert_cmpuint(other->interrupts->len, ==, 2);
    g_assert_cmpstr(other->interrupts->pdata[0], ==, "db-1");
    g_assert_cmpstr(other->interrupts->pdata[1], ==, "db-3");
    /* On a bridge: moved to another one they lose their link; a tag comes at their next start. */
    g_autoptr(FctNetwork) office = network_from("{\"name\":\"office\",\"kind\":\"bridge\",\"bridge\":\"br0\"}");
    g_autoptr(FctNetwork) tagged =
        network_from("{\"name\":\"office\",\"kind\":\"bridge\",\"bridge\":\"br0\",\"vlan\":7,\"open_vswitch\":true}");
    g_autoptr(FctNetwork) elsewhere = network_from("{\"name\":\"office\",\"kind\":\"bridge\",\"bridge\":\"virbr1\"}");
    g_autoptr(FctNetworkPlan) tag = fct_network_plan_update(&world->scene, office, tagged);
    world->scene.remote = "172.16.5.5"; /* the browser is in db-3 */
    g_autoptr(FctNetworkPlan) go = fct_network_plan_update(&world->scene, office, elsewhere);
    g_autofree char *tagging = codes(tag), *going = codes(go);
    g_assert_cmpuint(tag->interrupts->len, ==, 0);
    g_assert_cmpstr(tagging, ==, "warn next-start");
    g_assert_cmpuint(go->interrupts->len, ==, 2);
    g_assert_cmpstr(going, ==, "warn bridge-of-network, confirm own-connection");
}

static void test_update(void)
{
    static const struct {
        const char *change;
        guint sentences;
        gboolean redefine;
    } cases[] = {
        {"{}", 1, FALSE},
        {"{\"dhcp\":null}", 1, FALSE},
        {"{\"autostart\":false,\"dhcp\":{\"first\":\"10.20.0.9\",\"last\":\"10.20.0.10\"}}", 2, FALSE},
        {"{\"static_leases\":[{\"mac\":\"52:54:00:00:00:01\",\"address\":\"10.20.0.5\"}]}", 1, FALSE},
        {"{\"subnet\":\"10.40.0.0/24\"}", 2, TRUE},
        {"{\"subnet\":\"10.20.0.0/25\"}", 2, TRUE},
    };
    g_autoptr(World) world = world_new();
    const FctNetwork *lan = world->networks->pdata[0];
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(json_t) change = json_loads(cases[i].change, 0, NULL);
        g_autoptr(FctNetwork) wanted = fct_network_changed(lan, change, NULL);
        g_autoptr(FctNetworkPlan) plan = fct_network_plan_update(&world->scene, lan, wanted);
        g_autofree char *has = codes(plan);
        g_test_message("%s", cases[i].change);
        g_assert_cmpstr(has, ==, "");
        g_assert_cmpuint(plan->changes->len, ==, cases[i].sentences);
        g_assert_cmpint(plan->redefine, ==, cases[i].redefine);
    }
}

static void test_not_ours(void)
{
    g_autoptr(World) world = world_new();
    FctNetwork *lan = world->networks->pdata[0];
    g_autoptr(FctNetwork) same = fct_network_copy(lan);
    lan->ours = FALSE;
    g_autoptr(FctNetworkPlan) gone = fct_network_plan_delete(&world->scene, lan);
    g_autoptr(FctNetworkPlan) update = fct_network_plan_update(&world->scene, lan, same);
    g_autofree char *deleting = codes(gone), *updating = codes(update);
    g_assert_cmpstr(deleting, ==, "block not-ours");
    g_assert_cmpstr(updating, ==, "block not-ours");
}

/* ---- routes (case 08) ---- */

static FctHostRoute *add_route(World *world, FctHostRouteKind kind, const char *to, const char *interface,
                               const char *table)
{
    guint32 address;
    int prefix;
    g_assert_true(fct_ipv4_cidr(to, &address, &prefix));
    FctHostRoute *route = fct_host_route_new(kind, address, prefix);
    g_free(route->interface);
    route->interface = g_strdup(interface);
    g_free(route->table);
    route->table = g_strdup(table);
    route->main = strcmp(table, "main") == 0;
    g_ptr_array_add(world->routes, route);
    return route;
}

static FctNetworkPlan *plan_of(const World *world, const char *kind, const char *subnet)
{
    g_autofree char *text = g_strdup_printf("{\"name\":\"new\",\"kind\":\"%s\",\"subnet\":\"%s\"}", kind, subnet);
    g_autoptr(FctNetwork) wanted = network_from(text);
    return fct_network_plan_create(&world->scene, wanted);
}

static void check_subnet(const World *world, const char *kind, const char *subnet, const char *expected)
{
    g_autoptr(FctNetworkPlan) plan = plan_of(world, kind, subnet);
    g_autofree char *has = codes(plan);
    g_test_message("%s %s", kind, subnet);
    g_assert_cmpstr(has, ==, expected);
}

/* Inside, equal, containing; every table; what refuses; never the default route. */
static void test_routes(void)
{
    static const struct {
        FctHostRouteKind kind;
        const char *to, *interface, *table, *subnet, *codes;
    } cases[] = {
        {FCT_HOST_ROUTE_UNICAST, "10.50.0.0/16", "wg0", "main", "10.50.7.0/24", "confirm route-crossed"},
        {FCT_HOST_ROUTE_UNICAST, "10.50.7.128/25", "wg0", "main", "10.50.7.0/24", "confirm route-crossed"},
        {FCT_HOST_ROUTE_UNICAST, "10.50.7.9/32", "wg0", "main", "10.50.7.0/24", "confirm route-crossed"},
        {FCT_HOST_ROUTE_UNICAST, "10.50.7.0/24", "wg0", "main", "10.50.7.0/24", "refuse subnet-taken"},
        {FCT_HOST_ROUTE_UNICAST, "10.50.7.0/24", "wg0", "220", "10.50.7.0/24", "confirm route-crossed"},
        {FCT_HOST_ROUTE_UNICAST, "10.50.0.0/16", "wg0", "220", "10.50.7.0/24", "confirm route-crossed"},
        {FCT_HOST_ROUTE_REFUSED, "10.50.0.0/16", "", "main", "10.50.7.0/24", "confirm route-crossed"},
        {FCT_HOST_ROUTE_REFUSED, "10.50.7.0/24", "", "main", "10.50.7.0/24", "refuse subnet-taken"},
        {FCT_HOST_ROUTE_LOCAL, "10.50.7.9/32", "lo", "local", "10.50.7.0/24", "refuse subnet-taken"},
        {FCT_HOST_ROUTE_LOCAL, "10.50.0.0/16", "lo", "local", "10.50.7.0/24", "refuse subnet-taken"},
        {FCT_HOST_ROUTE_UNICAST, "0.0.0.0/0", "eno1", "main", "10.50.7.0/24", ""},
        {FCT_HOST_ROUTE_UNICAST, "0.0.0.0/0", "wg0", "51820", "10.50.7.0/24", ""},
        {FCT_HOST_ROUTE_UNICAST, "10.51.0.0/16", "wg0", "main", "10.50.7.0/24", ""},
        {FCT_HOST_ROUTE_UNICAST, "0.0.0.0/1", "wg0", "main", "10.50.7.0/24", "confirm route-crossed"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(World) world = world_new();
        add_route(world, cases[i].kind, cases[i].to, cases[i].interface, cases[i].table);
        check_subnet(world, "nat", cases[i].subnet, cases[i].codes);
        g_autoptr(FctNetworkPlan) plan = plan_of(world, "nat", cases[i].subnet);
        if (!*cases[i].codes)
            continue;
        const char *sentence = ((FctVerdict *)plan->verdicts->pdata[0])->sentence;
        g_assert_nonnull(strstr(sentence, cases[i].to));
        g_assert_nonnull(strstr(sentence, cases[i].interface));
        g_assert_true(strstr(sentence, cases[i].table) != NULL);
    }
}

/* What the host has because of an interface or of a network of libvirt is said as that, once. */
/* Behind a route that refuses there is nothing that could no longer be reached. */
static void test_routes_refused(void)
{
    g_autoptr(World) world = world_new();
    add_route(world, FCT_HOST_ROUTE_REFUSED, "10.50.0.0/16", "", "main");
    g_autoptr(FctNetwork) wanted = network_from("{\"name\":\"n\",\"kind\":\"nat\",\"subnet\":\"10.50.7.0/24\"}");
    g_autoptr(FctNetworkPlan) plan = fct_network_plan_create(&world->scene, wanted);
    const char *sentence = ((FctVerdict *)plan->verdicts->pdata[0])->sentence;
    g_assert_nonnull(strstr(sentence, "refuses these addresses now"));
    g_assert_null(strstr(sentence, "no longer reach"));
}

static void test_routes_known(void)
{
    g_autoptr(World) world = world_new();
    add_route(world, FCT_HOST_ROUTE_UNICAST, "192.168.1.0/24", "eno1", "main")->connected = TRUE;
    add_route(world, FCT_HOST_ROUTE_LOCAL, "192.168.1.7/32", "eno1", "local");
    add_route(world, FCT_HOST_ROUTE_UNICAST, "10.20.0.0/24", "virbr1", "main")->connected = TRUE;
    add_route(world, FCT_HOST_ROUTE_LOCAL, "10.20.0.1/32", "virbr1", "local");
    world->scene.remote = "";
    check_subnet(world, "nat", "192.168.1.0/24", "refuse subnet-taken");
    check_subnet(world, "nat", "10.20.0.0/16", "refuse subnet-taken");
    /* The network itself may grow into what its own bridge has. */
    g_autoptr(json_t) grow = json_loads("{\"subnet\":\"10.20.0.0/16\"}", 0, NULL);
    g_autoptr(FctNetwork) grown = fct_network_changed(world->networks->pdata[0], grow, NULL);
    g_autoptr(FctNetworkPlan) plan = fct_network_plan_update(&world->scene, world->networks->pdata[0], grown);
    g_autofree char *has = codes(plan);
    g_assert_cmpstr(has, ==, "");
    /* Behind a guest of that network is something of its own. */
    add_route(world, FCT_HOST_ROUTE_UNICAST, "10.60.0.0/16", "virbr1", "main");
    check_subnet(world, "nat", "10.60.9.0/24", "confirm route-crossed");
    /* A VPN that takes everything, in halves, is a default route. */
    add_route(world, FCT_HOST_ROUTE_UNICAST, "0.0.0.0/1", "tun0", "main");
    add_route(world, FCT_HOST_ROUTE_UNICAST, "128.0.0.0/1", "tun0", "main");
    check_subnet(world, "nat", "10.70.0.0/24", "");
    /* The way out is not to be looked for among the guests. */
    FctHostRoute *out = add_route(world, FCT_HOST_ROUTE_UNICAST, "0.0.0.0/0", "eno1", "main");
    g_free(out->gateway);
    out->gateway = g_strdup("203.0.113.17");
    check_subnet(world, "routed", "203.0.113.16/28", "refuse subnet-taken, warn needs-route");
}

static void test_routes_many(void)
{
    g_autoptr(World) world = world_new();
    for (int i = 0; i < 40; i++) {
        g_autofree char *to = g_strdup_printf("10.50.%d.0/24", i);
        add_route(world, FCT_HOST_ROUTE_UNICAST, to, "wg0", "main");
    }
    g_autoptr(FctNetworkPlan) plan = plan_of(world, "isolated", "10.50.0.0/16");
    g_assert_cmpuint(plan->verdicts->len, ==, 6); /* five are named, then how many there are more */
    g_assert_nonnull(strstr(((FctVerdict *)plan->verdicts->pdata[4])->sentence, "10.50.4.0/24"));
    g_assert_true(
        g_str_has_prefix(((FctVerdict *)plan->verdicts->pdata[5])->sentence, "35 more of this host’s routes"));
    world->scene.more_routes = TRUE;
    g_autoptr(FctNetworkPlan) unread = plan_of(world, "isolated", "10.50.0.0/16");
    g_assert_true(g_str_has_prefix(((FctVerdict *)unread->verdicts->pdata[5])->sentence, "At least 35 more of"));
    world->scene.routes = NULL;
    check_subnet(world, "isolated", "10.50.0.0/16", "warn routes-unknown");
}

/* Every interface and router in the subnet is named, not the first alone. */
static void test_interfaces_many(void)
{
    g_autoptr(World) world = world_new();
    for (int i = 0; i < 8; i++) {
        g_autofree char *name = g_strdup_printf("card%d", i), *address = g_strdup_printf("10.50.%d.7/24", i);
        add_interface(world, name, FCT_INTERFACE_ETHERNET, address);
    }
    g_autoptr(FctNetworkPlan) plan = plan_of(world, "isolated", "10.50.0.0/16");
    g_assert_cmpuint(plan->verdicts->len, ==, 6);
    for (guint i = 0; i < 5; i++) {
        g_autofree char *name = g_strdup_printf("card%u.", i);
        g_assert_true(g_str_has_suffix(((FctVerdict *)plan->verdicts->pdata[i])->sentence, name));
    }
    g_assert_true(
        g_str_has_prefix(((FctVerdict *)plan->verdicts->pdata[5])->sentence, "3 more of this host’s interfaces"));
    for (int i = 0; i < 2; i++) {
        FctHostRoute *out = add_route(world, FCT_HOST_ROUTE_UNICAST, "0.0.0.0/0", i ? "wan1" : "wan0", "main");
        g_free(out->gateway);
        out->gateway = g_strdup_printf("10.60.0.%d", i + 1);
    }
    check_subnet(world, "isolated", "10.60.0.0/24", "refuse subnet-taken, refuse subnet-taken");
}

/* Which range may be whose (case 14). */
static void test_public(void)
{
    g_autoptr(World) world = world_new();
    check_subnet(world, "routed", "203.0.113.16/28", "warn needs-route");
    check_subnet(world, "routed", "100.64.3.0/24", "warn needs-route");
    check_subnet(world, "routed", "8.8.8.0/24", "warn needs-route");
    check_subnet(world, "isolated", "203.0.113.16/28", "warn public-subnet");
    check_subnet(world, "isolated", "8.8.8.0/24", "warn public-subnet");
    check_subnet(world, "nat", "100.64.3.0/24", "warn public-subnet");
    check_subnet(world, "nat", "8.8.8.0/24", "confirm public-subnet");
    add_interface(world, "eno9", FCT_INTERFACE_ETHERNET, "203.0.113.5/24");
    check_subnet(world, "routed", "203.0.113.16/28", "refuse subnet-taken, warn needs-route");
}

static char *proposed(World *world)
{
    return fct_network_free_subnet(&world->scene);
}

static void test_free_subnet(void)
{
    g_autoptr(World) world = world_new();
    g_autofree char *first = proposed(world);
    g_assert_cmpstr(first, ==, "192.168.122.0/24");
    add_interface(world, "eno3", FCT_INTERFACE_ETHERNET, "192.168.122.9/24");
    g_autofree char *second = proposed(world);
    g_assert_cmpstr(second, ==, "192.168.123.0/24");
    add_route(world, FCT_HOST_ROUTE_UNICAST, "192.168.120.0/22", "wg0", "220");
    add_route(world, FCT_HOST_ROUTE_UNICAST, "192.168.124.77/32", "wg0", "main");
    g_autofree char *third = proposed(world);
    g_assert_cmpstr(third, ==, "192.168.125.0/24");
    world->scene.routes = NULL;
    g_autofree char *blind = proposed(world);
    g_assert_cmpstr(blind, ==, "192.168.123.0/24");
    world->scene.routes = world->routes;
    add_interface(world, "eno4", FCT_INTERFACE_ETHERNET, "192.168.0.1/16");
    g_autofree char *other = proposed(world);
    g_assert_cmpstr(other, ==, "10.0.0.0/24");
    add_route(world, FCT_HOST_ROUTE_UNICAST, "10.0.0.0/8", "wg0", "main");
    g_assert_null(proposed(world));
}

/* Whatever the routes are, what is proposed meets none of them. */
static void test_proposals(void)
{
    for (int round = 0; round < 200; round++) {
        g_autoptr(World) world = world_new();
        for (int i = g_test_rand_int_range(0, 12); i > 0; i--) {
            int prefix = g_test_rand_int_range(9, 33);
            guint32 base = g_test_rand_bit() ? 0xc0a80000u | (guint32)g_test_rand_int_range(0, 65536)
                                             : 0x0a000000u | (guint32)g_test_rand_int_range(0, 1 << 24);
            g_autofree char *address = fct_ipv4_text(base & fct_ipv4_mask(prefix));
            g_autofree char *to = g_strdup_printf("%s/%d", address, prefix);
            add_route(world, FCT_HOST_ROUTE_UNICAST, to, "wg0", g_test_rand_bit() ? "main" : "220");
        }
        g_autofree char *subnet = proposed(world);
        if (subnet)
            check_subnet(world, "nat", subnet, "");
    }
}

/* Others' networks may have several subnets: each is taken. */
static void test_second_subnet(void)
{
    g_autoptr(World) world = world_new();
    FctNetwork *lan = world->networks->pdata[0];
    g_ptr_array_add(lan->more_subnets, fct_subnet_new("10.77.0.0/16", "10.77.0.1"));
    g_ptr_array_add(lan->more_subnets, fct_subnet_new("fd00:1::/64", "fd00:1::1"));
    check_subnet(world, "nat", "10.77.3.0/24", "refuse subnet-taken");
    check_subnet(world, "nat", "10.78.3.0/24", "");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/network-plan/create", test_create);
    g_test_add_func("/network-plan/host", test_host);
    g_test_add_func("/network-plan/own-connection", test_own_connection);
    g_test_add_func("/network-plan/users", test_users);
    g_test_add_func("/network-plan/update", test_update);
    g_test_add_func("/network-plan/not-ours", test_not_ours);
    g_test_add_func("/network-plan/routes", test_routes);
    g_test_add_func("/network-plan/routes-refused", test_routes_refused);
    g_test_add_func("/network-plan/routes-known", test_routes_known);
    g_test_add_func("/network-plan/routes-many", test_routes_many);
    g_test_add_func("/network-plan/interfaces-many", test_interfaces_many);
    g_test_add_func("/network-plan/public", test_public);
    g_test_add_func("/network-plan/free-subnet", test_free_subnet);
    g_test_add_func("/network-plan/proposals", test_proposals);
    g_test_add_func("/network-plan/second-subnet", test_second_subnet);
    return g_test_run();
}
