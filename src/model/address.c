/* SPDX-License-Identifier: Apache-2.0 */
#include "model/address.h"

#include <string.h>

gboolean fct_ipv4_parse(const char *text, guint32 *ret)
{
    guint32 address = 0;
    for (int i = 0; i < 4; i++) {
        char *end;
        if (!g_ascii_isdigit(*text) || (*text == '0' && g_ascii_isdigit(text[1])))
            return FALSE;
        guint64 byte = g_ascii_strtoull(text, &end, 10);
        if (byte > 255 || *end != (i < 3 ? '.' : '\0'))
            return FALSE;
        address = address << 8 | (guint32)byte;
        text = end + 1;
    }
    *ret = address;
    return TRUE;
}

char *fct_ipv4_text(guint32 a)
{
    return g_strdup_printf("%u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
}

guint32 fct_ipv4_mask(int prefix)
{
    return prefix <= 0 ? 0 : ~(guint32)0 << (32 - MIN(prefix, 32));
}

gboolean fct_ipv4_cidr(const char *text, guint32 *ret_address, int *ret_prefix)
{
    const char *slash = strchr(text, '/');
    g_autofree char *address = slash ? g_strndup(text, (gsize)(slash - text)) : g_strdup(text);
    guint64 prefix = 32;
    if (!fct_ipv4_parse(address, ret_address) ||
        (slash && !g_ascii_string_to_unsigned(slash + 1, 10, 0, 32, &prefix, NULL)))
        return FALSE;
    *ret_prefix = (int)prefix;
    return TRUE;
}

gboolean fct_ipv4_overlaps(guint32 a, int a_prefix, guint32 b, int b_prefix)
{
    guint32 mask = fct_ipv4_mask(MIN(a_prefix, b_prefix));
    return mask && (a & mask) == (b & mask);
}

gboolean fct_ipv4_of_socket(const char *text, guint32 *ret)
{
    static const char mapped[] = "::ffff:";
    return fct_ipv4_parse(g_ascii_strncasecmp(text, mapped, strlen(mapped)) == 0 ? text + strlen(mapped) : text, ret);
}

FctIpv4Use fct_ipv4_use(guint32 address, int prefix, const char **ret_what)
{
    static const struct {
        guint32 address;
        int prefix;
        FctIpv4Use use;
        const char *what;
    } kept[] = {
        {0x00000000, 8, FCT_IPV4_UNUSABLE, "“this network”"},
        {0x7f000000, 8, FCT_IPV4_UNUSABLE, "loopback"},
        {0xa9fe0000, 16, FCT_IPV4_UNUSABLE, "link-local addresses"},
        {0xe0000000, 4, FCT_IPV4_UNUSABLE, "multicast"},
        {0xf0000000, 4, FCT_IPV4_UNUSABLE, "reserved"},
        {0x0a000000, 8, FCT_IPV4_PRIVATE, "private networks"},
        {0xac100000, 12, FCT_IPV4_PRIVATE, "private networks"},
        {0xc0a80000, 16, FCT_IPV4_PRIVATE, "private networks"},
        {0x64400000, 10, FCT_IPV4_SPECIAL, "carriers (CGNAT)"},
        {0xc0000000, 24, FCT_IPV4_SPECIAL, "protocols"},
        {0xc0000200, 24, FCT_IPV4_SPECIAL, "documents"},
        {0xc6336400, 24, FCT_IPV4_SPECIAL, "documents"},
        {0xcb007100, 24, FCT_IPV4_SPECIAL, "documents"},
        {0xc6120000, 15, FCT_IPV4_SPECIAL, "measurements"},
    };
    *ret_what = "";
    for (guint i = 0; i < G_N_ELEMENTS(kept); i++)
        if (fct_ipv4_overlaps(address, prefix, kept[i].address, kept[i].prefix) &&
            (kept[i].use == FCT_IPV4_UNUSABLE || prefix >= kept[i].prefix)) {
            *ret_what = kept[i].what;
            return kept[i].use;
        }
    return FCT_IPV4_PUBLIC;
}
