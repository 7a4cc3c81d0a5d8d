/* SPDX-License-Identifier: Apache-2.0 */
/* Helpers for the readers of libvirt's XML. A NULL node is an element that is not there. Pure. */
#pragma once
#include <glib.h>
#include <libxml/tree.h>

/* Nothing outside is opened. NULL when it is no XML, or has a document type, which libvirt never writes. */
xmlDoc *fct_tree_parse(const char *xml);
/* Elements of other namespaces never have that name. */
gboolean fct_tree_is(const xmlNode *node, const char *name);
xmlNode *fct_tree_child(xmlNode *node, const char *name);
/* "" when there is none; the text without space around it. Free them with g_free. */
char *fct_tree_attr(xmlNode *node, const char *name);
char *fct_tree_text(xmlNode *node);
