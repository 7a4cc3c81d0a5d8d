/* SPDX-License-Identifier: Apache-2.0 */
/* The networks of port/vmm.h against a private libvirtd with QEMU, and against libvirt's test driver. */
#include "model/address.h"
#include "virt/libvirt.h"
#include "virt/xml.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <string.h>

#define PATIENCE_S 60
#define NAME "facet-test"
#define FOREIGN "made-by-others"

static FctVmm *vmm;
static GMutex lock;
static GCond cond;
static gboolean is_up;
static guint news;          /* of networks */
static virConnectPtr other; /* somebody else's tools */

static void on_connection(gboolean up, gpointer data)
{
    g_mutex_lock(&lock);
    is_up = up;
    g_cond_broadcast(&cond);
    g_mutex_unlock(&lock);
}

static void on_networks(gpointer data)
{
    g_mutex_lock(&lock);
    news++;
    g_cond_broadcast(&cond);
    g_mutex_unlock(&lock);
}

static guint news_now(void)
{
    g_mutex_lock(&lock);
    guint now = news;
    g_mutex_unlock(&lock);
    return now;
}

static void await_news(guint before)
{
    gint64 until = g_get_monotonic_time() + PATIENCE_S * G_TIME_SPAN_SECOND;
    g_mutex_lock(&lock);
    while (news == before)
        g_assert_true(g_cond_wait_until(&cond, &lock, until));
    g_mutex_unlock(&lock);
}

static FctNetwork *make(const char *subnet)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) input = json_pack("{s:s, s:s, s:s}", "name", NAME, "kind", "nat", "subnet", subnet);
    FctNetwork *network = fct_network_from_input(input, &error);
    g_assert_no_error(error);
    return network;
}

/* NULL when it is not there. Owned by *ret_all. */
static FctNetwork *find(const char *name, GPtrArray **ret_all)
{
    g_autoptr(GError) error = NULL;
    *ret_all = vmm->ops->networks(vmm, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < (*ret_all)->len; i++)
        if (strcmp(((FctNetwork *)(*ret_all)->pdata[i])->name, name) == 0)
            return (*ret_all)->pdata[i];
    return NULL;
}

/* What is written down, as whoever reads it later has it. */
static json_t *prepare(const FctNetwork *wanted, gboolean redefine)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) written = vmm->ops->network_prepare(vmm, wanted, redefine, &error);
    g_assert_no_error(error);
    g_autofree char *text = json_dumps(written, JSON_COMPACT);
    return json_loads(text, 0, NULL);
}

static void replug(const json_t *change, guint guests)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) cut = vmm->ops->network_unplugged(vmm, change, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(json_array_size(cut), ==, guests);
    for (guint i = 0; i < guests; i++) {
        vmm->ops->network_replug(vmm, change, fct_json_str(json_array_get(cut, i), "id", ""), &error);
        g_assert_no_error(error);
    }
    g_autoptr(json_t) left = vmm->ops->network_unplugged(vmm, change, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(json_array_size(left), ==, 0);
}

/* The steps, each twice: whoever goes on does not know how far it came. */
static void run_steps(const json_t *change, gboolean back)
{
    g_autoptr(GError) error = NULL;
    for (int i = 0; i < 2; i++) {
        vmm->ops->network_define(vmm, change, back, &error);
        g_assert_no_error(error);
    }
    for (int i = 0; i < 2; i++) {
        vmm->ops->network_restart(vmm, change, back, &error);
        g_assert_no_error(error);
    }
}

static FctNetwork *changed(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) all = NULL;
    g_autoptr(json_t) input = json_loads(text, 0, NULL);
    FctNetwork *wanted = fct_network_changed(find(NAME, &all), input, &error);
    g_assert_no_error(error);
    return wanted;
}

static void change(const char *text, gboolean redefine, guint guests)
{
    g_autoptr(GPtrArray) after = NULL;
    g_autoptr(FctNetwork) wanted = changed(text);
    g_autoptr(json_t) written = prepare(wanted, redefine);
    run_steps(written, FALSE);
    replug(written, guests);
    const FctNetwork *network = find(NAME, &after);
    g_free(wanted->bridge); /* a restart gives it another when VMs run */
    wanted->bridge = g_strdup(network->bridge);
    g_autoptr(json_t) meant = fct_network_to_json(wanted);
    g_autoptr(json_t) has = fct_network_to_json(network);
    json_object_del(meant, "leases");
    json_object_del(has, "leases");
    g_assert_true(json_equal(meant, has));
}

static void test_life(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FctNetwork) network = make("10.213.7.0/24");
    g_autoptr(GPtrArray) all = NULL;
    g_autoptr(GPtrArray) after = NULL;
    vmm->ops->network_create(vmm, network, &error);
    g_assert_no_error(error);
    const FctNetwork *seen = find(NAME, &all);
    g_assert_nonnull(seen);
    g_assert_true(seen->ours && seen->active && seen->autostart);
    g_assert_cmpint(seen->kind, ==, FCT_NETWORK_NAT);
    g_assert_cmpstr(seen->gateway, ==, "10.213.7.1");
    g_assert_cmpstr(seen->bridge, !=, "");
    g_assert_false(vmm->ops->network_create(vmm, network, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_EXISTS);
    g_clear_error(&error);
    change("{\"static_leases\":[{\"mac\":\"52:54:00:00:00:01\",\"address\":\"10.213.7.5\",\"name\":\"db\"}]}", FALSE,
           0);
    /* the address changes hands, and one comes */
    change("{\"static_leases\":[{\"mac\":\"52:54:00:00:00:02\",\"address\":\"10.213.7.5\"},"
           "{\"mac\":\"52:54:00:00:00:01\",\"address\":\"10.213.7.6\",\"name\":\"db\"}]}",
           FALSE, 0);
    change("{\"dhcp\":{\"first\":\"10.213.7.50\",\"last\":\"10.213.7.99\"},\"autostart\":false}", FALSE, 0);
    change("{\"dhcp\":null,\"static_leases\":[]}", FALSE, 0);
    change("{\"dhcp\":{\"first\":\"10.213.7.50\",\"last\":\"10.213.7.99\"}}", FALSE, 0);
    change("{\"subnet\":\"10.214.0.0/16\"}", TRUE, 0);
    vmm->ops->network_delete(vmm, NAME, &error);
    g_assert_no_error(error);
    g_assert_null(find(NAME, &after));
    vmm->ops->network_delete(vmm, NAME, &error); /* gone already */
    g_assert_no_error(error);
}

/* One that cannot be started leaves nothing, and one that cannot be changed is as it was: the subnet is another's. */
static void test_not_started(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FctNetwork) network = make("10.99.0.0/24");
    g_autoptr(GPtrArray) all = NULL;
    g_assert_false(vmm->ops->network_create(vmm, network, &error));
    g_assert_nonnull(error);
    g_clear_error(&error);
    g_assert_null(find(NAME, &all));
    g_autoptr(FctNetwork) good = make("10.213.7.0/24");
    vmm->ops->network_create(vmm, good, &error);
    g_assert_no_error(error);
    g_autoptr(FctNetwork) wanted = changed("{\"subnet\":\"10.99.0.0/24\"}");
    g_autoptr(json_t) written = prepare(wanted, TRUE);
    vmm->ops->network_define(vmm, written, FALSE, &error);
    g_assert_no_error(error);
    g_assert_false(vmm->ops->network_restart(vmm, written, FALSE, &error));
    g_assert_nonnull(error);
    g_clear_error(&error);
    run_steps(written, TRUE);
    g_autoptr(GPtrArray) after = NULL;
    const FctNetwork *seen = find(NAME, &after);
    g_assert_true(seen && seen->active);
    g_assert_cmpstr(seen->gateway, ==, "10.213.7.1");
    vmm->ops->network_delete(vmm, NAME, &error);
    g_assert_no_error(error);
}

static void test_others(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) all = NULL;
    const FctNetwork *network = find(FOREIGN, &all);
    g_assert_nonnull(network);
    g_assert_false(network->ours);
    g_assert_null(vmm->ops->network_prepare(vmm, network, FALSE, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_CONFLICT);
    g_clear_error(&error);
    g_assert_false(vmm->ops->network_delete(vmm, FOREIGN, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_CONFLICT);
}

static void test_start(void)
{
    g_autoptr(GError) error = NULL;
    virNetworkPtr network = virNetworkLookupByName(other, FOREIGN);
    g_assert_cmpint(virNetworkDestroy(network), ==, 0);
    for (int i = 0; i < 2; i++) { /* and one that runs */
        g_assert_true(vmm->ops->network_start(vmm, FOREIGN, &error));
        g_assert_no_error(error);
        g_assert_cmpint(virNetworkIsActive(network), ==, 1);
    }
    virNetworkFree(network);
    g_assert_false(vmm->ops->network_start(vmm, "nowhere", &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_NOT_FOUND);
}

/* What others do is told, not asked for. */
static void test_events(void)
{
    g_autoptr(GPtrArray) all = NULL;
    guint before = news_now();
    virNetworkPtr network = virNetworkLookupByName(other, FOREIGN);
    g_assert_cmpint(virNetworkDestroy(network), ==, 0);
    await_news(before);
    g_assert_false(find(FOREIGN, &all)->active);
    before = news_now();
    g_assert_cmpint(virNetworkCreate(network), ==, 0);
    await_news(before);
    virNetworkFree(network);
}

static char *live_xml(virDomainPtr domain)
{
    char *xml = virDomainGetXMLDesc(domain, 0);
    g_assert_nonnull(xml);
    char *copy = g_strdup(xml);
    free(xml);
    return copy;
}

static virDomainPtr start_guest(void)
{
    static const char xml[] =
        "<domain type='qemu'><name>" NAME "</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>"
        "<os><type arch='x86_64' machine='pc'>hvm</type></os><devices><interface type='network'>"
        "<mac address='52:54:00:00:00:11'/><source network='" NAME "'/><model type='virtio'/></interface></devices>"
        "</domain>";
    virDomainPtr domain = virDomainCreateXML(other, xml, 0);
    g_assert_nonnull(domain);
    return domain;
}

/* A VM that runs is plugged in again where the network is now, with the link it had. */
static void test_replug(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FctNetwork) network = make("10.213.7.0/24");
    g_autoptr(GPtrArray) all = NULL;
    g_autoptr(GPtrArray) after = NULL;
    vmm->ops->network_create(vmm, network, &error);
    g_assert_no_error(error);
    virDomainPtr domain = start_guest();
    g_autofree char *old = g_strdup(find(NAME, &all)->bridge);
    change("{\"subnet\":\"10.214.0.0/24\"}", TRUE, 1);
    const FctNetwork *seen = find(NAME, &after);
    g_autofree char *source = g_strdup_printf("bridge='%s'", seen->bridge), *plugged = live_xml(domain);
    g_assert_cmpstr(seen->bridge, !=, old);
    g_assert_nonnull(strstr(plugged, source));
    g_assert_nonnull(strstr(plugged, "<link state='up'/>"));
    /* libvirt counts the ports: the NIC has one of the new network */
    virNetworkPtr handle = virNetworkLookupByName(other, NAME);
    virNetworkPortPtr *ports = NULL;
    g_assert_cmpint(virNetworkListAllPorts(handle, &ports, 0), ==, 1);
    virNetworkPortFree(ports[0]);
    free(ports);
    virNetworkFree(handle);
    virDomainDestroy(domain);
    virDomainFree(domain);
    vmm->ops->network_delete(vmm, NAME, &error);
    g_assert_no_error(error);
}

/* Before the restart nothing of the way back is felt; after it the VM is plugged in again where the network was. */
static void test_back(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FctNetwork) network = make("10.213.7.0/24");
    g_autoptr(GPtrArray) all = NULL;
    g_autoptr(GPtrArray) then = NULL;
    g_autoptr(GPtrArray) after = NULL;
    vmm->ops->network_create(vmm, network, &error);
    g_assert_no_error(error);
    virDomainPtr domain = start_guest();
    const FctNetwork *present = find(NAME, &all);
    g_autoptr(FctNetwork) wanted = changed("{\"subnet\":\"10.214.0.0/24\",\"autostart\":false}");
    g_autoptr(json_t) written = prepare(wanted, TRUE);
    vmm->ops->network_define(vmm, written, FALSE, &error);
    g_assert_no_error(error);
    run_steps(written, TRUE);
    const FctNetwork *same = find(NAME, &then);
    g_assert_cmpstr(same->bridge, ==, present->bridge);
    g_assert_true(same->autostart && same->active);
    replug(written, 0);
    run_steps(written, FALSE);
    run_steps(written, TRUE);
    replug(written, 1);
    const FctNetwork *back = find(NAME, &after);
    g_assert_cmpstr(back->gateway, ==, present->gateway);
    g_assert_true(back->autostart && back->active);
    virDomainDestroy(domain);
    virDomainFree(domain);
    vmm->ops->network_delete(vmm, NAME, &error);
    g_assert_no_error(error);
}

/* What somebody else made of it after it was written down is not overwritten, forward or back. */
static void test_meanwhile(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FctNetwork) network = make("10.213.7.0/24");
    vmm->ops->network_create(vmm, network, &error);
    g_assert_no_error(error);
    g_autoptr(FctNetwork) wanted = changed("{\"subnet\":\"10.214.0.0/24\"}");
    g_autoptr(FctNetwork) theirs = changed("{\"subnet\":\"10.215.0.0/24\"}");
    g_autoptr(json_t) written = prepare(wanted, TRUE), other_one = prepare(theirs, TRUE);
    run_steps(other_one, FALSE);
    for (gboolean back = FALSE; back <= TRUE; back++) {
        g_assert_false(vmm->ops->network_define(vmm, written, back, &error));
        g_assert_error(error, FCT_ERROR, FCT_ERROR_CONFLICT);
        g_clear_error(&error);
    }
    vmm->ops->network_delete(vmm, NAME, &error);
    g_assert_no_error(error);
}

/* Routed and direct ones are made and read back; the direct one on a bridge of libvirt's, since there is no card. */
static void test_kinds(void)
{
    static const char *const inputs[] = {
        "{\"name\":\"" NAME "\",\"kind\":\"routed\",\"subnet\":\"10.213.7.0/24\"}",
        "{\"name\":\"" NAME "\",\"kind\":\"isolated\",\"subnet\":\"10.213.7.0/24\",\"autostart\":false}",
        "{\"name\":\"" NAME "\",\"kind\":\"direct\",\"interface\":\"eno1\"}",
        "{\"name\":\"" NAME "\",\"kind\":\"bridge\",\"bridge\":\"br0\"}",
        "{\"name\":\"" NAME "\",\"kind\":\"bridge\",\"bridge\":\"br0\",\"open_vswitch\":true,\"vlan\":7}",
    };
    for (guint i = 0; i < G_N_ELEMENTS(inputs); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) all = NULL;
        g_autoptr(json_t) input = json_loads(inputs[i], 0, NULL);
        g_autoptr(FctNetwork) network = fct_network_from_input(input, &error);
        g_assert_no_error(error);
        g_test_message("%s", inputs[i]);
        vmm->ops->network_create(vmm, network, &error);
        g_assert_no_error(error);
        const FctNetwork *seen = find(NAME, &all);
        g_assert_true(seen && seen->ours && seen->active);
        g_assert_cmpint(seen->kind, ==, network->kind);
        g_assert_cmpint(seen->vlan, ==, network->vlan);
        g_assert_cmpint(seen->autostart, ==, network->autostart);
        g_assert_cmpstr(seen->interface, ==, network->interface);
        vmm->ops->network_delete(vmm, NAME, &error);
        g_assert_no_error(error);
    }
}

/* The private libvirtd has only the bridges that its networks made; the test driver has a card. */
static void test_interfaces(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *why = NULL;
    g_autoptr(GPtrArray) list = vmm->ops->interfaces(vmm, &why, &error);
    g_assert_no_error(error);
    g_assert_null(why);
    g_assert_cmpuint(list->len, >=, 1);
    for (guint i = 0; i < list->len; i++) {
        const FctHostInterface *interface = g_ptr_array_index(list, i);
        g_assert_cmpstr(interface->name, !=, "lo");
        g_assert_true(interface->kind != FCT_INTERFACE_BRIDGE || *interface->network);
    }
}

static void check_taken(const char *subnet, const char *first, const char *last)
{
    g_autoptr(json_t) input = json_pack("{s:s, s:s, s:s}", "name", NAME, "kind", "isolated", "subnet", subnet);
    if (first)
        json_object_set_new(input, "dhcp", json_pack("{s:s, s:s}", "first", first, "last", last));
    g_autoptr(FctNetwork) network = fct_network_from_input(input, NULL);
    g_test_message("%s %s %s", subnet, first ? first : "", first ? last : "");
    if (!network) /* what is refused at the field is refused by libvirt too, or would be wrong */
        return;
    g_autofree char *xml = fct_network_xml(network);
    virNetworkPtr handle = virNetworkDefineXML(other, xml);
    g_assert_nonnull(handle);
    virNetworkUndefine(handle);
    virNetworkFree(handle);
}

/* What is not refused at its field libvirt takes: any subnet with its default range, any range (case 07). */
static void test_limits(void)
{
    for (int prefix = 8; prefix <= 30; prefix++)
        for (int i = 0; i < 20; i++) {
            guint32 base = (10u << 24 | (guint32)g_test_rand_int_range(0, 1 << 24)) & fct_ipv4_mask(prefix);
            guint32 room = ~fct_ipv4_mask(prefix);
            g_autofree char *address = fct_ipv4_text(base);
            g_autofree char *subnet = g_strdup_printf("%s/%d", address, prefix);
            guint32 a = base + (guint32)g_test_rand_int_range(0, (gint32)room),
                    b = base + (guint32)g_test_rand_int_range(0, (gint32)room);
            g_autofree char *first = fct_ipv4_text(MIN(a, b)), *last = fct_ipv4_text(MAX(a, b));
            check_taken(subnet, NULL, NULL);
            check_taken(subnet, first, last);
        }
    check_taken("10.0.0.0/8", "10.0.255.250", "10.1.0.5");
    check_taken("10.0.0.0/8", "10.9.0.0", "10.9.255.255");
}

static virConnectPtr open_other(const char *uri)
{
    static const char xml[] = "<network><name>" FOREIGN "</name><bridge stp='on' delay='0'/>"
                              "<ip address='10.99.0.1' prefix='24'/></network>";
    virConnectPtr conn = virConnectOpen(uri);
    g_assert_nonnull(conn);
    virNetworkPtr network = virNetworkDefineXML(conn, xml);
    g_assert_true(network && virNetworkCreate(network) == 0);
    virNetworkFree(network);
    return conn;
}

static void quiet(void *data, virErrorPtr error)
{
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_test_init(&argc, &argv, NULL);
    const char *uri = g_getenv("FACET_TEST_LIBVIRT_URI");
    gboolean qemu = !g_str_has_prefix(uri, "test:");
    const FctVmmOptions options = {uri, "tcg", NULL, "standin"};
    vmm = fct_vmm_libvirt_new(&options, &error);
    g_assert_no_error(error);
    virSetErrorFunc(NULL, quiet);
    other = open_other(uri);
    vmm->ops->watch(vmm, NULL, on_connection, NULL);
    vmm->ops->watch_networks(vmm, on_networks, NULL);
    gint64 until = g_get_monotonic_time() + PATIENCE_S * G_TIME_SPAN_SECOND;
    g_mutex_lock(&lock);
    while (!is_up)
        g_assert_true(g_cond_wait_until(&cond, &lock, until));
    g_mutex_unlock(&lock);
    g_test_add_func("/network/kinds", test_kinds);
    g_test_add_func("/network/others", test_others);
    g_test_add_func("/network/start", test_start);
    g_test_add_func("/network/events", test_events);
    g_test_add_func("/network/interfaces", test_interfaces);
    g_test_add_func("/network/limits", test_limits);
    if (qemu) { /* the test driver starts whatever it is given, and has no DHCP and no NICs */
        g_test_add_func("/network/life", test_life);
        g_test_add_func("/network/not-started", test_not_started);
        g_test_add_func("/network/replug", test_replug);
        g_test_add_func("/network/back", test_back);
        g_test_add_func("/network/meanwhile", test_meanwhile);
    }
    int rc = g_test_run();
    virConnectClose(other);
    fct_vmm_free(vmm);
    return rc;
}
