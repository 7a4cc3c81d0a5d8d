/* SPDX-License-Identifier: Apache-2.0 */
#include "app/api/proxies.h"

#include "base/error.h"

#include <string.h>

struct FctProxies {
    GPtrArray *masks; /* GInetAddressMask* */
};

void fct_proxies_free(FctProxies *proxies)
{
    if (!proxies)
        return;
    g_ptr_array_unref(proxies->masks);
    g_free(proxies);
}

FctProxies *fct_proxies_new(const char *const *texts, GError **error)
{
    FctProxies *proxies = g_new(FctProxies, 1);
    proxies->masks = g_ptr_array_new_with_free_func(g_object_unref);
    for (; texts && *texts; texts++) {
        GInetAddressMask *mask = g_inet_address_mask_new_from_string(*texts, NULL);
        if (!mask) {
            fct_set_error(error, FCT_ERROR_BAD_REQUEST,
                          "“%s” is no address of a proxy: write 192.0.2.7, or a network as 10.0.0.0/8.", *texts);
            fct_proxies_free(proxies);
            return NULL;
        }
        g_ptr_array_add(proxies->masks, mask);
    }
    return proxies;
}

static gboolean proxies_trusts(const FctProxies *proxies, GInetAddress *address)
{
    for (guint i = 0; i < proxies->masks->len; i++)
        if (g_inet_address_mask_matches(proxies->masks->pdata[i], address))
            return TRUE;
    return FALSE;
}

gboolean fct_proxies_trusts(const FctProxies *proxies, GSocketAddress *remote)
{
    return G_IS_INET_SOCKET_ADDRESS(remote) &&
           proxies_trusts(proxies, g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(remote)));
}

/* "192.0.2.7", "192.0.2.7:4711", "[2001:db8::1]:4711" */
static GInetAddress *read_address(char *text)
{
    g_strstrip(text);
    char *colon = strchr(text, ':');
    if (*text == '[') {
        char *end = strchr(text, ']');
        if (end)
            *end = '\0';
        text++;
    } else if (colon && !strchr(colon + 1, ':')) {
        *colon = '\0';
    }
    return g_inet_address_new_from_string(text);
}

char *fct_proxies_client(const FctProxies *proxies, const char *peer, const char *forwarded_for)
{
    g_autoptr(GInetAddress) at = g_inet_address_new_from_string(peer);
    g_auto(GStrv) names = g_strsplit(forwarded_for ? forwarded_for : "", ",", -1);
    for (guint i = g_strv_length(names); at && i-- && proxies_trusts(proxies, at);) {
        GInetAddress *before = read_address(names[i]);
        if (!before)
            break;
        g_object_unref(at);
        at = before;
    }
    return at ? g_inet_address_to_string(at) : g_strdup(peer);
}

char *fct_place_of_address(const char *address)
{
    g_autoptr(GInetAddress) inet = g_inet_address_new_from_string(address);
    if (!inet || g_inet_address_get_family(inet) != G_SOCKET_FAMILY_IPV6)
        return g_strdup(address);
    guint8 bytes[16] = {0};
    memcpy(bytes, g_inet_address_to_bytes(inet), 8);
    g_autoptr(GInetAddress) net = g_inet_address_new_from_bytes(bytes, G_SOCKET_FAMILY_IPV6);
    g_autofree char *text = g_inet_address_to_string(net);
    return g_strconcat(text, "/64", NULL);
}
