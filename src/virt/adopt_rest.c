/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The domain of others beside the one that Facet generates from what was read of it. Whatever is in theirs and neither
 * in ours, nor told of, nor harmless by a row of adopt_harmless.c is named by its path.
 */
#include "virt/adopt.h"

#include <string.h>

#define VALUE_SHOWN 120 /* characters */

typedef struct {
    FctAdoptReader *r;
    GString *path; /* "devices/disk/source" */
    gsize title;   /* so much of it stands for `name` */
    const char *name;
} Walk;

/* "Disk vda: source/slices", "cpu/cache". */
static char *walk_place(const Walk *w, const char *suffix)
{
    const char *rest = w->path->str + w->title;
    if (*rest == '/')
        rest++;
    return g_strdup_printf("%s%s%s%s%s", w->name ? w->name : "", w->name ? ": the setting " : "The setting ", rest,
                           *rest && *suffix ? "/" : "", suffix);
}

static void walk_lose(const Walk *w, const char *suffix, const char *value)
{
    g_autofree char *where = walk_place(w, suffix);
    g_autofree char *valid = value ? g_utf8_make_valid(value, -1) : NULL;
    if (!value) {
        fct_adopt_lose(w->r, "%s", where);
    } else if (g_utf8_strlen(valid, -1) > VALUE_SHOWN) {
        g_autofree char *begin = g_utf8_substring(valid, 0, VALUE_SHOWN);
        fct_adopt_lose(w->r, "%s = %s…", where, begin);
    } else {
        fct_adopt_lose(w->r, "%s = %s", where, valid);
    }
}

static char *qualified_name(const xmlNs *ns, const xmlChar *name)
{
    return ns && ns->prefix ? g_strdup_printf("%s:%s", (const char *)ns->prefix, (const char *)name)
                            : g_strdup((const char *)name);
}

static gboolean same_name(const xmlNode *a, const xmlNode *b)
{
    const char *x = a->ns && a->ns->href ? (const char *)a->ns->href : "";
    const char *y = b->ns && b->ns->href ? (const char *)b->ns->href : "";
    return strcmp((const char *)a->name, (const char *)b->name) == 0 && strcmp(x, y) == 0;
}

/* The text that stands in @node itself, without that of its children. */
static char *own_text(const xmlNode *node)
{
    GString *text = g_string_new(NULL);
    for (const xmlNode *child = node->children; child; child = child->next)
        if (child->type != XML_ELEMENT_NODE && child->type != XML_COMMENT_NODE && child->type != XML_PI_NODE &&
            child->content)
            g_string_append(text, (const char *)child->content);
    return g_strstrip(g_string_free(text, FALSE));
}

static void compare_text(const Walk *w, xmlNode *theirs, const xmlNode *ours)
{
    g_autofree char *text = own_text(theirs);
    g_autofree char *same = ours ? own_text(ours) : NULL;
    if (*text && g_strcmp0(text, same) != 0 && !g_hash_table_contains(w->r->read, theirs))
        walk_lose(w, "", text);
}

static void compare_attrs(Walk *w, xmlNode *theirs, xmlNode *ours)
{
    for (xmlAttr *attr = theirs->properties; attr; attr = attr->next) {
        if (fct_adopt_was_told(w->r, attr))
            continue;
        g_autofree char *name = qualified_name(attr->ns, attr->name), *suffix = g_strconcat("@", name, NULL);
        g_autofree char *path = g_strdup_printf("%s%s%s", w->path->str, w->path->len ? "/" : "", suffix);
        xmlChar *value = xmlNodeGetContent((xmlNode *)attr);
        xmlChar *same = ours && !attr->ns ? xmlGetNoNsProp(ours, attr->name) : NULL;
        if (!(same && xmlStrEqual(same, value)) && !fct_adopt_is_harmless(path, (const char *)value))
            walk_lose(w, suffix, (const char *)value);
        xmlFree(value);
        xmlFree(same);
    }
}

static gboolean same_attr(xmlNode *a, xmlNode *b, const char *name)
{
    xmlChar *x = xmlGetNoNsProp(a, (const xmlChar *)name), *y = xmlGetNoNsProp(b, (const xmlChar *)name);
    gboolean same = (!x && !y) || (x && y && xmlStrEqual(x, y));
    xmlFree(x);
    xmlFree(y);
    return same;
}

/* Whether two elements of one name are about the same thing. */
static gboolean same_thing(xmlNode *a, xmlNode *b)
{
    static const char *const keys[][3] = {{"timer", "name", NULL},
                                          {"feature", "name", NULL},
                                          {"input", "type", "bus"},
                                          {"graphics", "type", NULL},
                                          {"serial", "type", NULL}};
    if (!same_name(a, b))
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        if (strcmp((const char *)a->name, keys[i][0]) == 0)
            return same_attr(a, b, keys[i][1]) && (!keys[i][2] || same_attr(a, b, keys[i][2]));
    return TRUE;
}

static xmlNode *nth_named(xmlNode *parent, const char *name, guint n)
{
    for (xmlNode *child = parent ? parent->children : NULL; child; child = child->next)
        if (fct_tree_is(child, name) && n-- == 0)
            return child;
    return NULL;
}

/* Disks and NICs stand in our domain in the order of the spec. */
static xmlNode *pair_of_drive(const Walk *w, xmlNode *theirs, xmlNode *parent, gboolean nic)
{
    const FctVmSpec *spec = w->r->adoption->spec;
    GPtrArray *all = nic ? spec->nics : spec->disks;
    gpointer one = g_hash_table_lookup(w->r->pairs, theirs);
    guint at;
    return one && g_ptr_array_find(all, one, &at) ? nth_named(parent, nic ? "interface" : "disk", at) : NULL;
}

/* The element below @parent that @theirs became, which none of its siblings before it has become already. */
static xmlNode *pair_of(const Walk *w, xmlNode *theirs, xmlNode *parent, GHashTable *taken)
{
    gboolean device = strcmp(w->path->str, "devices") == 0;
    if (device && fct_tree_is(theirs, "disk"))
        return pair_of_drive(w, theirs, parent, FALSE);
    if (device && fct_tree_is(theirs, "interface"))
        return pair_of_drive(w, theirs, parent, TRUE);
    if (device && fct_tree_is(theirs, "controller")) /* libvirt's, not one for one */
        return NULL;
    for (xmlNode *child = parent ? parent->children : NULL; child; child = child->next)
        if (child->type == XML_ELEMENT_NODE && same_thing(theirs, child) && g_hash_table_add(taken, child))
            return child;
    return NULL;
}

static void walk_compare(Walk *w, xmlNode *theirs, xmlNode *ours);

static void compare_child(Walk *w, xmlNode *theirs, xmlNode *ours)
{
    const gsize before = w->path->len, title = w->title;
    const char *name = w->name, *own = g_hash_table_lookup(w->r->titles, theirs);
    g_autofree char *element = qualified_name(theirs->ns, theirs->name);
    if (!g_str_has_suffix(w->path->str, "/backingStore") || strcmp(element, "backingStore") != 0)
        g_string_append_printf(w->path, "%s%s", before ? "/" : "", element);
    if (own) {
        w->title = w->path->len;
        w->name = own;
    }
    if (ours || fct_adopt_is_harmless(w->path->str, NULL))
        walk_compare(w, theirs, ours);
    else
        walk_lose(w, "", NULL);
    g_string_truncate(w->path, before);
    w->title = title;
    w->name = name;
}

/* The parser lets nothing be deeper than 256 elements. */
static void walk_compare(Walk *w, xmlNode *theirs, xmlNode *ours)
{
    g_autoptr(GHashTable) taken = g_hash_table_new(NULL, NULL);
    compare_attrs(w, theirs, ours);
    compare_text(w, theirs, ours);
    for (xmlNode *child = theirs->children; child; child = child->next)
        if (child->type == XML_ELEMENT_NODE && !fct_adopt_was_told(w->r, child))
            compare_child(w, child, pair_of(w, child, ours, taken));
}

void fct_adopt_rest(FctAdoptReader *r, xmlNode *domain)
{
    g_autofree char *xml = fct_domain_xml(r->adoption->spec, &r->host->xml, FALSE);
    xmlDoc *doc = fct_tree_parse(xml);
    g_assert(doc); /* ours */
    g_autoptr(GString) path = g_string_new(NULL);
    Walk walk = {.r = r, .path = path};
    walk_compare(&walk, domain, xmlDocGetRootElement(doc));
    xmlFreeDoc(doc);
}
