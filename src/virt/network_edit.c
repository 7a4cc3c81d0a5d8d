/* SPDX-License-Identifier: Apache-2.0 */
/* Passes XML through and changes a few elements, so that everything that Facet does not know is kept. Pure. */
#include "virt/xml.h"

#include <string.h>

typedef struct {
    GString *out;
    const FctNetwork *network; /* of fct_network_edit */
    const char *wanted;        /* for fct_domain_nics: name of the network */
    GPtrArray *nics;
    guint skip; /* depth of the element that is left out with its content; 0: none */
    gboolean had_ip, ours;
    FctNicXml nic; /* the NIC that is being read, without xml */
} Pass;

static const char *nic_edit_attribute(const char *name, const char **names, const char **values)
{
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], name) == 0)
            return values[i];
    return NULL;
}

static guint depth_of(GMarkupParseContext *context)
{
    return g_slist_length((GSList *)g_markup_parse_context_get_element_stack(context));
}

/* Writes an element with one attribute changed (NULL: none) and some left out. */
static void element_copy_start(GString *out, const char *element, const char **names, const char **values,
                               const char *name, const char *value, const char *const *without)
{
    g_string_append_printf(out, "<%s", element);
    for (int i = 0; names[i]; i++) {
        if (without && g_strv_contains(without, names[i]))
            continue;
        g_string_append_printf(out, " %s='", names[i]);
        fct_xml(out, "%s", name && strcmp(names[i], name) == 0 ? value : values[i]);
        g_string_append_c(out, '\'');
    }
    g_string_append_c(out, '>');
}

static void pass_end(GMarkupParseContext *context, const char *element, gpointer data, GError **error)
{
    Pass *pass = data;
    if (pass->skip) {
        if (pass->skip == depth_of(context))
            pass->skip = 0;
        return;
    }
    if (pass->network && depth_of(context) == 1)
        fct_network_write_place(pass->out, pass->network);
    g_string_append_printf(pass->out, "</%s>", element);
}

static void pass_text(GMarkupParseContext *context, const char *chars, gsize length, gpointer data, GError **error)
{
    Pass *pass = data;
    g_autofree char *text = g_strndup(chars, length);
    if (!pass->skip)
        fct_xml(pass->out, "%s", text);
}

static gboolean nic_edit_run(const GMarkupParser *parser, Pass *pass, const char *xml, GError **error)
{
    g_autoptr(GError) fault = NULL;
    g_autoptr(GMarkupParseContext) context = g_markup_parse_context_new(parser, 0, pass, NULL);
    if (g_markup_parse_context_parse(context, xml, -1, &fault) && g_markup_parse_context_end_parse(context, &fault))
        return TRUE;
    return fct_set_error(error, FCT_ERROR_LIBVIRT, "libvirt's XML could not be read: %s", fault->message);
}

/* ---- networks ---- */

/* Elements that fct_network_write_place writes. */
static gboolean is_replaced(Pass *pass, const char *element, const char **names, const char **values)
{
    static const char *const replaced[] = {"vlan", "virtualport", NULL};
    if (strcmp(element, "forward") == 0)
        return pass->network->kind == FCT_NETWORK_DIRECT;
    if (strcmp(element, "ip") == 0 && !pass->had_ip &&
        g_strcmp0(nic_edit_attribute("family", names, values), "ipv6") != 0)
        return pass->had_ip = TRUE;
    return g_strv_contains(replaced, element);
}

static void network_start(GMarkupParseContext *context, const char *element, const char **names, const char **values,
                          gpointer data, GError **error)
{
    Pass *pass = data;
    guint depth = depth_of(context);
    if (pass->skip)
        return;
    if (depth == 2 && is_replaced(pass, element, names, values)) {
        pass->skip = depth;
        return;
    }
    gboolean bridge = depth == 2 && strcmp(element, "bridge") == 0;
    element_copy_start(pass->out, element, names, values, bridge ? "name" : NULL, pass->network->bridge, NULL);
}

char *fct_network_edit(const char *xml, const FctNetwork *network, GError **error)
{
    static const GMarkupParser parser = {network_start, pass_end, pass_text, NULL, NULL};
    g_autoptr(GString) out = g_string_new(NULL);
    Pass pass = {.out = out, .network = network};
    return nic_edit_run(&parser, &pass, xml, error) ? g_strdup(out->str) : NULL;
}

/* ---- NICs of a domain ---- */

static void nic_clear(FctNicXml *nic)
{
    g_free(nic->mac);
    g_free(nic->bridge);
    g_free(nic->link);
    g_free(nic->xml);
    *nic = (FctNicXml){0};
}

static void nic_free(gpointer data)
{
    nic_clear(data);
    g_free(data);
}

static void nic_edit_note(char **member, const char *value)
{
    g_free(*member);
    *member = g_strdup(value ? value : "");
}

/* An element inside of <interface>; FALSE: it is left out of the XML. */
static gboolean nic_edit_read(Pass *pass, const char *element, const char **names, const char **values)
{
    if (strcmp(element, "mac") == 0)
        nic_edit_note(&pass->nic.mac, nic_edit_attribute("address", names, values));
    if (strcmp(element, "source") == 0) {
        pass->ours = g_strcmp0(nic_edit_attribute("network", names, values), pass->wanted) == 0;
        nic_edit_note(&pass->nic.bridge, nic_edit_attribute("bridge", names, values));
    }
    if (strcmp(element, "link") != 0)
        return TRUE;
    nic_edit_note(&pass->nic.link, nic_edit_attribute("state", names, values));
    return FALSE;
}

static void nic_start(GMarkupParseContext *context, const char *element, const char **names, const char **values,
                      gpointer data, GError **error)
{
    /* The bridge into which the NIC was plugged until now. */
    static const char *const old[] = {"portid", "bridge", NULL};
    Pass *pass = data;
    guint depth = depth_of(context);
    const GSList *path = g_markup_parse_context_get_element_stack(context);
    if (depth == 3 && strcmp(element, "interface") == 0 && strcmp(path->next->data, "devices") == 0) {
        g_string_truncate(pass->out, 0);
        pass->ours = FALSE;
        nic_clear(&pass->nic);
    }
    if (pass->skip)
        return;
    if (depth == 4 && !nic_edit_read(pass, element, names, values)) {
        pass->skip = depth;
        return;
    }
    element_copy_start(pass->out, element, names, values, NULL, NULL,
                       depth == 4 && strcmp(element, "source") == 0 ? old : NULL);
}

static void nic_end(GMarkupParseContext *context, const char *element, gpointer data, GError **error)
{
    Pass *pass = data;
    gboolean nic = depth_of(context) == 3 && strcmp(element, "interface") == 0;
    if (nic && pass->ours) {
        FctNicXml *found = g_new(FctNicXml, 1);
        *found = pass->nic;
        pass->nic = (FctNicXml){0};
        found->xml = g_strdup(pass->out->str);
        if (!found->link) /* libvirt mentions the link only when somebody has set it */
            found->link = g_strdup("up");
        g_ptr_array_add(pass->nics, found);
        pass->ours = FALSE;
    }
    pass_end(context, element, data, error);
}

char *fct_nic_with_link(const FctNicXml *nic, const char *state)
{
    GString *xml = g_string_new(nic->xml);
    fct_xml(xml, "<link state='%s'/></interface>", state);
    return g_string_free(xml, FALSE);
}

GPtrArray *fct_domain_nics(const char *xml, const char *network, GError **error)
{
    static const GMarkupParser parser = {nic_start, nic_end, pass_text, NULL, NULL};
    g_autoptr(GPtrArray) nics = g_ptr_array_new_with_free_func(nic_free);
    g_autoptr(GString) out = g_string_new(NULL);
    Pass pass = {.out = out, .wanted = network, .nics = nics};
    gboolean ok = nic_edit_run(&parser, &pass, xml, error);
    nic_clear(&pass.nic);
    return ok ? g_steal_pointer(&nics) : NULL;
}
