/* SPDX-License-Identifier: Apache-2.0 */
/* libvirt's descriptions of the host's interfaces. Pure. */
#include "virt/xml.h"

#include <string.h>

typedef struct {
    FctHostInterface *interface;
    GString *text;
    gboolean known; /* a type on which networks of VMs can be put */
} Reader;

static const char *interface_attribute(const char *name, const char **names, const char **values)
{
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], name) == 0)
            return values[i];
    return NULL;
}

static void interface_set(char **member, const char *value)
{
    g_free(*member);
    *member = g_strdup(value ? value : "");
}

static void set_mac(FctHostInterface *interface, const char *mac)
{
    g_free(interface->mac);
    interface->mac = g_ascii_strdown(mac ? mac : "", -1);
}

static void set_link(FctHostInterface *interface, const char *state)
{
    interface->link = g_strcmp0(state, "up") == 0                  ? FCT_LINK_UP
                      : !state || g_strcmp0(state, "unknown") == 0 ? FCT_LINK_UNKNOWN
                                                                   : FCT_LINK_DOWN;
}

/*
 * The loopback leads nowhere, and vnet and macvtap are the host's ends of VMs' own NICs: libvirt reserves these names.
 */
static gboolean is_for_vms(const FctHostInterface *interface)
{
    return *interface->name && strcmp(interface->name, "lo") != 0 && !g_str_has_prefix(interface->name, "vnet") &&
           !g_str_has_prefix(interface->name, "macvtap");
}

static void read_root(Reader *r, const char **names, const char **values)
{
    static const char *const kinds[] = {"ethernet", "bridge", "vlan", "bond"};
    const char *type = interface_attribute("type", names, values);
    interface_set(&r->interface->name, interface_attribute("name", names, values));
    for (guint i = 0; type && i < G_N_ELEMENTS(kinds); i++)
        if (strcmp(kinds[i], type) == 0) {
            r->interface->kind = (FctInterfaceKind)i;
            r->known = TRUE;
        }
}

static void interface_start(GMarkupParseContext *context, const char *element, const char **names, const char **values,
                            gpointer data, GError **error)
{
    Reader *r = data;
    const GSList *path = g_markup_parse_context_get_element_stack(context);
    guint depth = g_slist_length((GSList *)path);
    const char *parent = depth > 1 ? path->next->data : "";
    if (depth == 1)
        read_root(r, names, values);
    else if (depth == 2 && strcmp(element, "mac") == 0)
        set_mac(r->interface, interface_attribute("address", names, values));
    else if (depth == 2 && strcmp(element, "link") == 0)
        set_link(r->interface, interface_attribute("state", names, values));
    else if (depth == 2 && strcmp(element, "vlan") == 0 && interface_attribute("tag", names, values))
        r->interface->vlan = (int)g_ascii_strtoll(interface_attribute("tag", names, values), NULL, 10);
    else if (depth == 3 && strcmp(element, "interface") == 0 && strcmp(parent, "vlan") == 0)
        interface_set(&r->interface->parent, interface_attribute("name", names, values));
    else if (depth == 3 && strcmp(element, "interface") == 0 && interface_attribute("name", names, values))
        g_ptr_array_add(r->interface->members, g_strdup(interface_attribute("name", names, values)));
}

static void device_start(GMarkupParseContext *context, const char *element, const char **names, const char **values,
                         gpointer data, GError **error)
{
    Reader *r = data;
    g_string_truncate(r->text, 0);
    if (strcmp(element, "link") == 0)
        set_link(r->interface, interface_attribute("state", names, values));
}

static void device_end(GMarkupParseContext *context, const char *element, gpointer data, GError **error)
{
    Reader *r = data;
    r->known = TRUE;
    if (strcmp(element, "interface") == 0)
        interface_set(&r->interface->name, r->text->str);
    else if (strcmp(element, "address") == 0)
        set_mac(r->interface, r->text->str);
}

static void interface_text(GMarkupParseContext *context, const char *chars, gsize length, gpointer data, GError **error)
{
    g_string_append_len(((Reader *)data)->text, chars, (gssize)length);
}

static FctHostInterface *interface_parse(const GMarkupParser *parser, const char *xml, GError **error)
{
    g_autoptr(FctHostInterface) interface = fct_host_interface_new("");
    g_autoptr(GString) buffer = g_string_new(NULL);
    g_autoptr(GError) fault = NULL;
    Reader r = {.interface = interface, .text = buffer};
    g_autoptr(GMarkupParseContext) context = g_markup_parse_context_new(parser, 0, &r, NULL);
    if (!g_markup_parse_context_parse(context, xml, -1, &fault) || !g_markup_parse_context_end_parse(context, &fault)) {
        fct_set_error(error, FCT_ERROR_LIBVIRT, "libvirt's description of an interface could not be read: %s",
                      fault->message);
        return NULL;
    }
    return r.known && is_for_vms(interface) ? g_steal_pointer(&interface) : NULL;
}

FctHostInterface *fct_host_interface_read(const char *xml, GError **error)
{
    static const GMarkupParser parser = {interface_start, NULL, NULL, NULL, NULL};
    return interface_parse(&parser, xml, error);
}

FctHostInterface *fct_host_interface_read_device(const char *xml, GError **error)
{
    static const GMarkupParser parser = {device_start, device_end, interface_text, NULL, NULL};
    return interface_parse(&parser, xml, error);
}
