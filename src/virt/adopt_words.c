/* SPDX-License-Identifier: Apache-2.0 */
/* What people and programs wrote into a domain for others to read: it stays there as it is. */
#include "virt/adopt.h"

#include <string.h>

#define WORDS_MAX (256 * 1024) /* bytes of each: it is in every definition from then on */

static void adopt_take_word(FctAdoptReader *r, xmlNode *node, char **field, const char *what)
{
    xmlChar *content = node ? xmlNodeGetContent(node) : NULL;
    if (content && strlen((const char *)content) > WORDS_MAX)
        fct_adopt_refuse(r, "too-long", "Make it shorter with virsh first.", "%s has more than %d KiB.", what,
                         WORDS_MAX / 1024);
    else if (content)
        fct_text_set(field, (const char *)content);
    xmlFree(content);
    /* libvirt knows no attributes of these, and no elements in them. */
    fct_adopt_told_text(r, node);
    if (**field)
        fct_adopt_keep(r, "%s", what);
}

/* @node as XML that stands alone: what it uses of its parents' namespaces is declared in it. */
static char *node_is_alone(xmlNode *node)
{
    xmlDoc *doc = xmlNewDoc((const xmlChar *)"1.0");
    xmlNode *copy = doc ? xmlDocCopyNode(node, doc, 1) : NULL;
    xmlBuffer *buffer = xmlBufferCreate();
    char *text = NULL;
    if (copy && buffer) {
        xmlDocSetRootElement(doc, copy);
        xmlReconciliateNs(doc, copy);
        if (xmlNodeDump(buffer, doc, copy, 0, 0) > 0)
            text = g_strdup((const char *)xmlBufferContent(buffer));
    }
    xmlBufferFree(buffer);
    xmlFreeDoc(doc);
    return text;
}

static gboolean node_is_ours(const xmlNode *node)
{
    return node->ns && node->ns->href && strcmp((const char *)node->ns->href, FCT_VIRT_NS) == 0;
}

static void take_metadata(FctAdoptReader *r, xmlNode *metadata)
{
    g_autoptr(GString) all = g_string_new(NULL);
    for (xmlNode *node = metadata ? metadata->children : NULL; node; node = node->next) {
        if (node->type != XML_ELEMENT_NODE || node_is_ours(node))
            continue;
        g_autofree char *text = node_is_alone(node);
        const char *whose = node->ns && node->ns->href ? (const char *)node->ns->href : (const char *)node->name;
        if (!text || all->len + strlen(text) > WORDS_MAX) {
            fct_adopt_refuse(r, "too-long", "Take out with virsh metadata what nobody needs.",
                             "Other programs noted more than %d KiB in it.", WORDS_MAX / 1024);
            break;
        }
        g_string_append_printf(all, "    %s\n", text);
        fct_adopt_keep(r, "Notes of another program (%s)", whose);
    }
    fct_text_set(&r->adoption->spec->metadata, all->str);
    fct_adopt_told(r, metadata);
}

void fct_adopt_words(FctAdoptReader *r, xmlNode *domain)
{
    FctVmSpec *spec = r->adoption->spec;
    adopt_take_word(r, fct_tree_child(domain, "title"), &spec->title, "Its title");
    adopt_take_word(r, fct_tree_child(domain, "description"), &spec->text, "Its description");
    take_metadata(r, fct_tree_child(domain, "metadata"));
}
