/* SPDX-License-Identifier: Apache-2.0 */
#include "virt/xml_tree.h"

#include <libxml/parser.h>
#include <string.h>

xmlDoc *fct_tree_parse(const char *xml)
{
    xmlDoc *doc =
        xmlReadMemory(xml, (int)strlen(xml), NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (doc && !xmlGetIntSubset(doc))
        return doc;
    xmlFreeDoc(doc);
    return NULL;
}

gboolean fct_tree_is(const xmlNode *node, const char *name)
{
    return node && node->type == XML_ELEMENT_NODE && !node->ns && strcmp((const char *)node->name, name) == 0;
}

xmlNode *fct_tree_child(xmlNode *node, const char *name)
{
    for (xmlNode *child = node ? node->children : NULL; child; child = child->next)
        if (fct_tree_is(child, name))
            return child;
    return NULL;
}

char *fct_tree_attr(xmlNode *node, const char *name)
{
    xmlChar *value = node ? xmlGetNoNsProp(node, (const xmlChar *)name) : NULL;
    char *text = g_strdup(value ? (const char *)value : "");
    xmlFree(value);
    return text;
}

char *fct_tree_text(xmlNode *node)
{
    xmlChar *value = node ? xmlNodeGetContent(node) : NULL;
    char *text = g_strstrip(g_strdup(value ? (const char *)value : ""));
    xmlFree(value);
    return text;
}
