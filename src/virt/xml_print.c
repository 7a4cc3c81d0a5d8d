/* SPDX-License-Identifier: Apache-2.0 */
/* Puts text into XML so that the XML stays well-formed, whatever hardware and people send. */
#include "virt/xml.h"

/* XML 1.0 cannot express most control characters, not even escaped; hardware and people may send them. */
static char *xml_text(const char *text, gboolean lines)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *clean = g_string_new(NULL);
    for (const char *c = valid; *c; c = g_utf8_next_char(c)) {
        gunichar ch = g_utf8_get_char(c);
        if ((ch >= 0x20 || (lines && (ch == '\n' || ch == '\t'))) && ch != 0x7f && ch != 0xfffe && ch != 0xffff)
            g_string_append_unichar(clean, ch);
    }
    g_autofree char *kept = g_string_free(clean, FALSE);
    return g_markup_escape_text(kept, -1);
}

void fct_xml(GString *xml, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    for (const char *c = format; *c; c++) {
        if (*c != '%') {
            g_string_append_c(xml, *c);
            continue;
        }
        c++;
        if (*c == 's') {
            g_autofree char *text = xml_text(va_arg(ap, const char *), FALSE);
            g_string_append(xml, text);
        } else {
            g_assert(*c == 'd');
            g_string_append_printf(xml, "%d", va_arg(ap, int));
        }
    }
    va_end(ap);
}

void fct_xml_words(GString *xml, const char *element, const char *text)
{
    g_autofree char *safe = xml_text(text, TRUE);
    g_string_append_printf(xml, "  <%s>%s</%s>\n", element, safe, element);
}
