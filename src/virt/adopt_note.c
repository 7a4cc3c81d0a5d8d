/* SPDX-License-Identifier: Apache-2.0 */
/* What the readers of a domain note while they read: what is kept, lost or refused, and what people were told of. */
#include "virt/adopt.h"

#include <stdarg.h>

#define SAID_MAX 1000
#define SHOWN_MAX 400 /* characters of one sentence: the rest would be a value that somebody made long */

const char *fct_adopt_attr(FctAdoptReader *r, xmlNode *node, const char *name)
{
    g_autofree char *text = fct_tree_attr(node, name);
    return g_string_chunk_insert(r->texts, text);
}

const char *fct_adopt_text(FctAdoptReader *r, xmlNode *node)
{
    g_autofree char *text = fct_tree_text(node);
    return g_string_chunk_insert(r->texts, text);
}

/* Once each: nine PCI slots without a use need not be told nine times. */
static void G_GNUC_PRINTF(3, 0) adopt_note_add(FctAdoptReader *r, GPtrArray *list, const char *format, va_list ap)
{
    g_autofree char *raw = g_strdup_vprintf(format, ap);
    g_autofree char *valid = g_utf8_make_valid(raw, -1);
    gboolean fits = g_utf8_strlen(valid, -1) <= SHOWN_MAX;
    g_autofree char *begin = fits ? NULL : g_utf8_substring(valid, 0, SHOWN_MAX);
    char *text = fits ? g_steal_pointer(&valid) : g_strconcat(begin, "…", NULL);
    if (g_hash_table_contains(r->said, text) || list->len >= SAID_MAX) {
        r->unsaid += !g_hash_table_contains(r->said, text);
        g_free(text);
        return;
    }
    g_hash_table_add(r->said, text);
    g_ptr_array_add(list, text);
}

void fct_adopt_keep(FctAdoptReader *r, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    adopt_note_add(r, r->adoption->kept, format, ap);
    va_end(ap);
}

void fct_adopt_lose(FctAdoptReader *r, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    adopt_note_add(r, r->adoption->lost, format, ap);
    va_end(ap);
}

void fct_adopt_refuse(FctAdoptReader *r, const char *code, const char *next, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    g_ptr_array_add(r->adoption->verdicts, fct_verdict_new(FCT_REFUSE, code, "", next, "%s", text));
}

void fct_adopt_told(FctAdoptReader *r, xmlNode *node)
{
    if (node)
        g_hash_table_add(r->told, node);
}

void fct_adopt_told_attrs(FctAdoptReader *r, xmlNode *node, ...)
{
    va_list ap;
    va_start(ap, node);
    for (const char *name = va_arg(ap, const char *); name; name = va_arg(ap, const char *)) {
        xmlAttr *attr = node ? xmlHasNsProp(node, (const xmlChar *)name, NULL) : NULL;
        if (attr)
            g_hash_table_add(r->told, attr);
    }
    va_end(ap);
}

void fct_adopt_told_text(FctAdoptReader *r, xmlNode *node)
{
    if (node)
        g_hash_table_add(r->read, node);
}

gboolean fct_adopt_was_told(const FctAdoptReader *r, gconstpointer node_or_attr)
{
    return g_hash_table_contains(r->told, node_or_attr);
}

void fct_adopt_others(FctAdoptReader *r, xmlNode *node, const char *const *known, const char *what)
{
    for (xmlNode *child = node ? node->children : NULL; child; child = child->next)
        if (child->type == XML_ELEMENT_NODE && !child->ns && !g_strv_contains(known, (const char *)child->name)) {
            fct_adopt_lose(r, "%s: the setting <%s>", what, (const char *)child->name);
            fct_adopt_told(r, child);
        }
}
