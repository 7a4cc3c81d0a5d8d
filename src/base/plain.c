/* SPDX-License-Identifier: Apache-2.0 */
#include "base/plain.h"

#include <string.h>

#define JOINER_NOT 0x200c /* Persian and the languages of India cannot be written without these two */
#define JOINER 0x200d

static gboolean char_is_plain(gunichar c)
{
    if (c == JOINER || c == JOINER_NOT)
        return TRUE;
    switch (g_unichar_type(c)) {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT: /* bidirectional marks, overrides and isolates; zero-width space; tags */
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
    case G_UNICODE_SURROGATE:
    case G_UNICODE_UNASSIGNED:
        return FALSE;
    default:
        return TRUE;
    }
}

gboolean fct_plain_is(const char *text, gboolean lines)
{
    if (!g_utf8_validate(text, -1, NULL))
        return FALSE;
    for (const char *at = text; *at; at = g_utf8_next_char(at))
        if (!char_is_plain(g_utf8_get_char(at)) && !(lines && strchr("\t\n\r", *at)))
            return FALSE;
    return TRUE;
}

char *fct_plain_shown(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *shown = g_string_new(NULL);
    for (const char *at = valid; *at; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);
        if (char_is_plain(c))
            g_string_append_unichar(shown, c);
        else
            g_string_append_printf(shown, "\\u{%04X}", c);
    }
    return g_string_free(shown, FALSE);
}

char *fct_plain_cut(const char *text, gsize max)
{
    static const char ellipsis[] = "…";
    g_autofree char *shown = fct_plain_shown(text);
    if (strlen(shown) <= max)
        return g_steal_pointer(&shown);
    const char *end = g_utf8_find_prev_char(shown, shown + max - sizeof ellipsis + 2);
    g_autofree char *begin = g_strndup(shown, (gsize)(end - shown));
    return g_strconcat(begin, ellipsis, NULL);
}
