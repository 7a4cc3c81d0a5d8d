/* SPDX-License-Identifier: Apache-2.0 */
/* Network XML, both ways. Pure. */
#include "model/address.h"
#include "virt/xml.h"

#include <gio/gio.h>
#include <string.h>

#define FCT_NETWORK_NS "urn:facet:network:1"

char *fct_lease_xml(const FctLease *lease)
{
    GString *xml = g_string_new(NULL);
    fct_xml(xml, "<host mac='%s'", lease->mac);
    if (*lease->name)
        fct_xml(xml, " name='%s'", lease->name);
    fct_xml(xml, " ip='%s'/>", lease->address);
    return g_string_free(xml, FALSE);
}

static void add_range(GPtrArray *list, const char *first, const char *last)
{
    GString *xml = g_string_new(NULL);
    fct_xml(xml, "<range start='%s' end='%s'/>", first, last);
    g_ptr_array_add(list, g_string_free(xml, FALSE));
}

GPtrArray *fct_network_ranges(const FctNetwork *network)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(g_free);
    if (*network->first)
        add_range(list, network->first, network->last);
    for (guint i = 0; i < network->more_ranges->len; i++) {
        const FctRange *range = g_ptr_array_index(network->more_ranges, i);
        add_range(list, range->first, range->last);
    }
    return list;
}

static void write_addresses(GString *xml, const FctNetwork *network)
{
    fct_xml(xml, "  <ip address='%s' prefix='%d'>\n", network->gateway, network->prefix);
    if (*network->first) {
        g_autoptr(GPtrArray) ranges = fct_network_ranges(network);
        g_string_append(xml, "    <dhcp>\n");
        for (guint i = 0; i < ranges->len; i++)
            g_string_append_printf(xml, "      %s\n", (char *)ranges->pdata[i]);
        for (guint i = 0; i < network->fixed->len; i++) {
            g_autofree char *host = fct_lease_xml(g_ptr_array_index(network->fixed, i));
            g_string_append_printf(xml, "      %s\n", host);
        }
        g_string_append(xml, "    </dhcp>\n");
    }
    g_string_append(xml, "  </ip>\n");
}

void fct_network_write_place(GString *xml, const FctNetwork *network)
{
    if (network->kind == FCT_NETWORK_DIRECT)
        fct_xml(xml, "  <forward mode='bridge'>\n    <interface dev='%s'/>\n  </forward>\n",
                *network->device ? network->device : network->interface);
    if (network->open_vswitch)
        g_string_append(xml, "  <virtualport type='openvswitch'/>\n");
    if (network->vlan && network->kind != FCT_NETWORK_DIRECT)
        fct_xml(xml, "  <vlan>\n    <tag id='%d'/>\n  </vlan>\n", network->vlan);
    if (fct_network_has_subnet(network->kind))
        write_addresses(xml, network);
}

char *fct_network_xml(const FctNetwork *network)
{
    GString *xml = g_string_new("<network>\n");
    fct_xml(xml, "  <name>%s</name>\n", network->name);
    fct_xml(xml, "  <metadata>\n    <facet:network xmlns:facet='" FCT_NETWORK_NS "' name='%s'", network->name);
    if (*network->device)
        fct_xml(xml, " interface='%s' vlan='%d'", network->interface, network->vlan);
    g_string_append(xml, "/>\n  </metadata>\n");
    if (network->kind == FCT_NETWORK_BRIDGE)
        fct_xml(xml, "  <forward mode='bridge'/>\n  <bridge name='%s'/>\n", network->bridge);
    else if (network->kind == FCT_NETWORK_NAT || network->kind == FCT_NETWORK_ROUTED)
        fct_xml(xml, "  <forward mode='%s'/>\n", network->kind == FCT_NETWORK_NAT ? "nat" : "route");
    if (fct_network_has_subnet(network->kind))
        g_string_append(xml, "  <bridge stp='on' delay='0'/>\n"); /* libvirt chooses an unused name */
    fct_network_write_place(xml, network);
    g_string_append(xml, "</network>\n");
    return g_string_free(xml, FALSE);
}

typedef struct {
    FctNetwork *network;
    GString *text;
    char *mark;   /* name in our metadata element */
    char *parent; /* the host's interface in it, when the network is on a VLAN's interface that Facet makes */
    int tag;
    gboolean ipv4, first_ip, bridged; /* bridged: <forward mode='bridge'> */
    FctSubnet *more;                  /* the subnet that is being read, unless it is the first one of IPv4; borrowed */
    guint sources;                    /* number of interfaces and PCI devices to which it forwards */
} Reader;

static const char *network_xml_attribute(const char *name, const char **names, const char **values)
{
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], name) == 0)
            return values[i];
    return NULL;
}

static void network_xml_set(char **member, const char *value)
{
    g_free(*member);
    *member = g_strdup(value ? value : "");
}

/* The prefix that libvirt assumes when none is given: 64, or by the address's class. */
static int default_prefix(const char *address)
{
    guint32 number;
    if (!fct_ipv4_parse(address, &number))
        return 64;
    return number >> 31 == 0 ? 8 : number >> 30 == 2 ? 16 : 24;
}

static int prefix_of(const char *address, const char **names, const char **values)
{
    const char *prefix = network_xml_attribute("prefix", names, values),
               *mask = network_xml_attribute("netmask", names, values);
    if (prefix)
        return (int)g_ascii_strtoll(prefix, NULL, 10);
    if (!mask)
        return default_prefix(address);
    int bits = 0;
    g_auto(GStrv) bytes = g_strsplit(mask, ".", 4);
    for (char **byte = bytes; *byte; byte++)
        for (guint64 n = g_ascii_strtoull(*byte, NULL, 10) & 255; n; n &= n - 1)
            bits++;
    return bits;
}

static void read_forward(Reader *r, const char *mode)
{
    static const struct {
        const char *mode;
        FctNetworkKind kind;
    } modes[] = {{"nat", FCT_NETWORK_NAT}, {"route", FCT_NETWORK_ROUTED}, {"bridge", FCT_NETWORK_BRIDGE}};
    r->network->kind = mode ? FCT_NETWORK_OTHER : FCT_NETWORK_NAT; /* libvirt assumes nat when no mode is given */
    for (guint i = 0; mode && i < G_N_ELEMENTS(modes); i++)
        if (strcmp(modes[i].mode, mode) == 0)
            r->network->kind = modes[i].kind;
    r->bridged = g_strcmp0(mode, "bridge") == 0;
}

static void take_mark(Reader *r, const char **names, const char **values)
{
    network_xml_set(&r->mark, network_xml_attribute("name", names, values));
    network_xml_set(&r->parent, network_xml_attribute("interface", names, values));
    r->tag = (int)g_ascii_strtoll(
        network_xml_attribute("vlan", names, values) ? network_xml_attribute("vlan", names, values) : "", NULL, 10);
}

/* A network of ours on a VLAN's interface: libvirt's device is that interface. */
static void settle_vlan(Reader *r)
{
    FctNetwork *network = r->network;
    if (!network->ours || network->kind != FCT_NETWORK_DIRECT || !r->tag || !r->parent || !*r->parent)
        return;
    g_free(network->device);
    network->device = network->interface;
    network->interface = g_strdup(r->parent);
    network->vlan = r->tag;
}

static void network_xml_read_mark(Reader *r, const char *element, const char **names, const char **values)
{
    const char *colon = strchr(element, ':');
    g_autofree char *declaration =
        colon ? g_strdup_printf("xmlns:%.*s", (int)(colon - element), element) : g_strdup("xmlns");
    if (strcmp(colon ? colon + 1 : element, "network") == 0 &&
        g_strcmp0(network_xml_attribute(declaration, names, values), FCT_NETWORK_NS) == 0)
        take_mark(r, names, values);
}

/* "fd00::1", 64 → "fd00::/64"; IPv4 too. */
static char *subnet_of(const char *address, int prefix)
{
    g_autoptr(GInetAddress) inet = g_inet_address_new_from_string(address);
    if (!inet)
        return g_strdup(address);
    gsize size = g_inet_address_get_native_size(inet);
    g_autofree guint8 *bytes = g_memdup2(g_inet_address_to_bytes(inet), size);
    for (gsize i = 0; i < size; i++)
        bytes[i] &= (guint8)(0xff00 >> CLAMP(prefix - (int)i * 8, 0, 8));
    g_autoptr(GInetAddress) base = g_inet_address_new_from_bytes(bytes, g_inet_address_get_family(inet));
    g_autofree char *text = g_inet_address_to_string(base);
    return g_strdup_printf("%s/%d", text, prefix);
}

/* Facet changes the first IPv4 subnet; all are shown. */
static void read_ip(Reader *r, const char **names, const char **values)
{
    const char *family = network_xml_attribute("family", names, values),
               *address = network_xml_attribute("address", names, values);
    r->ipv4 = r->first_ip && address && g_strcmp0(family, "ipv6") != 0;
    r->more = NULL;
    if (r->ipv4) {
        r->first_ip = FALSE;
        network_xml_set(&r->network->gateway, address);
        r->network->prefix = prefix_of(address, names, values);
    } else if (address) {
        g_autofree char *subnet = subnet_of(address, prefix_of(address, names, values));
        r->more = fct_subnet_new(subnet, address);
        g_ptr_array_add(r->network->more_subnets, r->more);
    }
}

static void network_xml_read_range(Reader *r, const char *first, const char *last)
{
    GPtrArray *further = r->more ? r->more->ranges : *r->network->first ? r->network->more_ranges : NULL;
    if (further) {
        g_ptr_array_add(further, fct_range_new(first, last));
        return;
    }
    network_xml_set(&r->network->first, first);
    network_xml_set(&r->network->last, last);
}

static void read_host(Reader *r, const char **names, const char **values)
{
    const char *mac = network_xml_attribute("mac", names, values);
    if (mac || r->more)
        g_ptr_array_add(r->more ? r->more->fixed : r->network->fixed,
                        fct_lease_new(mac, network_xml_attribute("ip", names, values),
                                      network_xml_attribute("name", names, values)));
}

static void read_child(Reader *r, const char *element, const char **names, const char **values)
{
    if (strcmp(element, "forward") == 0) {
        read_forward(r, network_xml_attribute("mode", names, values));
    } else if (strcmp(element, "bridge") == 0) {
        network_xml_set(&r->network->bridge, network_xml_attribute("name", names, values));
    } else if (strcmp(element, "mac") == 0) {
        network_xml_set(&r->network->bridge_mac, network_xml_attribute("address", names, values));
    } else if (strcmp(element, "virtualport") == 0) {
        r->network->open_vswitch = g_strcmp0(network_xml_attribute("type", names, values), "openvswitch") == 0;
    } else if (strcmp(element, "ip") == 0) {
        read_ip(r, names, values);
    }
}

/* Reads elements under <forward>, <vlan>, <dhcp>. */
static void read_grandchild(Reader *r, const char *parent, const char *element, const char **names, const char **values)
{
    FctNetwork *network = r->network;
    if (strcmp(parent, "forward") == 0 && (strcmp(element, "interface") == 0 || strcmp(element, "address") == 0)) {
        r->sources++;
        if (strcmp(element, "interface") == 0)
            network_xml_set(&network->interface, network_xml_attribute("dev", names, values));
    } else if (strcmp(parent, "vlan") == 0 && strcmp(element, "tag") == 0 &&
               network_xml_attribute("id", names, values)) {
        network->vlan = (int)g_ascii_strtoll(network_xml_attribute("id", names, values), NULL, 10);
    } else if (strcmp(parent, "dhcp") == 0 && (r->ipv4 || r->more)) {
        if (strcmp(element, "range") == 0)
            network_xml_read_range(r, network_xml_attribute("start", names, values),
                                   network_xml_attribute("end", names, values));
        else if (strcmp(element, "host") == 0)
            read_host(r, names, values);
    }
}

static void network_xml_start(GMarkupParseContext *context, const char *element, const char **names,
                              const char **values, gpointer data, GError **error)
{
    Reader *r = data;
    const GSList *path = g_markup_parse_context_get_element_stack(context);
    guint depth = g_slist_length((GSList *)path);
    const char *parent = depth > 1 ? path->next->data : "";
    g_string_truncate(r->text, 0);
    if (depth == 3 && strcmp(parent, "metadata") == 0)
        network_xml_read_mark(r, element, names, values);
    else if (depth == 2)
        read_child(r, element, names, values);
    else if (depth == 3 || depth == 4)
        read_grandchild(r, parent, element, names, values);
}

static void network_xml_end(GMarkupParseContext *context, const char *element, gpointer data, GError **error)
{
    Reader *r = data;
    if (g_slist_length((GSList *)g_markup_parse_context_get_element_stack(context)) == 2) {
        if (strcmp(element, "name") == 0)
            network_xml_set(&r->network->name, r->text->str);
        else if (strcmp(element, "uuid") == 0)
            network_xml_set(&r->network->uuid, r->text->str);
    }
    g_string_truncate(r->text, 0);
}

static void network_xml_text(GMarkupParseContext *context, const char *chars, gsize length, gpointer data,
                             GError **error)
{
    g_string_append_len(((Reader *)data)->text, chars, (gssize)length);
}

/* Changes whenever the definition does. Small enough for a number in JSON, never 0. */
static guint64 network_xml_revision_of(const char *xml)
{
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, xml, -1);
    sum[12] = '\0';
    return g_ascii_strtoull(sum, NULL, 16) + 1;
}

FctNetwork *fct_network_read(const char *xml, GError **error)
{
    static const GMarkupParser parser = {network_xml_start, network_xml_end, network_xml_text, NULL, NULL};
    g_autoptr(FctNetwork) network = fct_network_new();
    g_autoptr(GString) buffer = g_string_new(NULL);
    g_autoptr(GError) fault = NULL;
    Reader r = {.network = network, .text = buffer, .first_ip = TRUE};
    network->kind = FCT_NETWORK_ISOLATED; /* without a <forward> */
    g_autoptr(GMarkupParseContext) context = g_markup_parse_context_new(&parser, 0, &r, NULL);
    gboolean ok =
        g_markup_parse_context_parse(context, xml, -1, &fault) && g_markup_parse_context_end_parse(context, &fault);
    /*
     * A network that forwards to interfaces, not to a bridge. One interface can be shown as ours; of several libvirt
     * chooses.
     */
    if (r.bridged && r.sources)
        network->kind = r.sources == 1 && *network->interface ? FCT_NETWORK_DIRECT : FCT_NETWORK_OTHER;
    else
        network_xml_set(&network->interface, "");
    network->ours = ok && g_strcmp0(r.mark, network->name) == 0;
    settle_vlan(&r);
    g_free(r.mark);
    g_free(r.parent);
    if (!ok || !*network->name) {
        fct_set_error(error, FCT_ERROR_LIBVIRT, "libvirt's description of a network could not be read: %s",
                      fault ? fault->message : "no name");
        return NULL;
    }
    network->revision = network_xml_revision_of(xml);
    return g_steal_pointer(&network);
}
