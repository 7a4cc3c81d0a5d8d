/* SPDX-License-Identifier: Apache-2.0 */
#include "app/server/own_names.h"

#include <string.h>

struct FctOwnNames {
    GHashTable *names;   /* char*, lower case; addresses as GIO writes them */
    GPtrArray *suffixes; /* ".example.com" of "*.example.com" */
};

/* One spelling for each name: 2001:DB8::0:1 and 2001:db8::1 are the same. */
static char *plain_form(const char *name)
{
    g_autoptr(GInetAddress) address = g_inet_address_new_from_string(name);
    if (address)
        return g_inet_address_to_string(address);
    char *lower = g_ascii_strdown(name, -1);
    gsize length = strlen(lower);
    if (length > 1 && lower[length - 1] == '.')
        lower[length - 1] = '\0';
    return lower;
}

static void own_names_add(FctOwnNames *names, const char *name)
{
    if (!name || !*name)
        return;
    if (g_str_has_prefix(name, "*."))
        g_ptr_array_add(names->suffixes, g_ascii_strdown(name + 1, -1));
    else
        g_hash_table_add(names->names, plain_form(name));
}

static void add_certificate(FctOwnNames *names, GTlsCertificate *certificate)
{
    g_autoptr(GPtrArray) dns = certificate ? g_tls_certificate_get_dns_names(certificate) : NULL;
    g_autoptr(GPtrArray) addresses = certificate ? g_tls_certificate_get_ip_addresses(certificate) : NULL;
    for (guint i = 0; dns && i < dns->len; i++) {
        g_autofree char *name = g_strndup(g_bytes_get_data(dns->pdata[i], NULL), g_bytes_get_size(dns->pdata[i]));
        own_names_add(names, name);
    }
    for (guint i = 0; addresses && i < addresses->len; i++) {
        g_autofree char *name = g_inet_address_to_string(addresses->pdata[i]);
        own_names_add(names, name);
    }
}

FctOwnNames *fct_own_names_new(const char *const *given, const char *node, const char *bind,
                               GTlsCertificate *certificate)
{
    FctOwnNames *names = g_new(FctOwnNames, 1);
    names->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    names->suffixes = g_ptr_array_new_with_free_func(g_free);
    const char *const known[] = {"localhost", "127.0.0.1", "::1", g_get_host_name(), node, bind};
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
        own_names_add(names, known[i]);
    for (; given && *given; given++)
        own_names_add(names, *given);
    add_certificate(names, certificate);
    g_hash_table_remove(names->names, "0.0.0.0"); /* values of --bind that name no host */
    g_hash_table_remove(names->names, "::");
    return names;
}

void fct_own_names_free(FctOwnNames *names)
{
    if (!names)
        return;
    g_hash_table_unref(names->names);
    g_ptr_array_unref(names->suffixes);
    g_free(names);
}

static char *without_port(const char *host)
{
    const char *colon = strrchr(host, ':');
    if (*host == '[')
        return g_strndup(host + 1, strcspn(host + 1, "]"));
    return colon && strchr(host, ':') == colon ? g_strndup(host, (gsize)(colon - host)) : g_strdup(host);
}

gboolean fct_own_names_has(const FctOwnNames *names, const char *host, const char *local)
{
    if (!host)
        return FALSE;
    g_autofree char *bare = without_port(host);
    g_autofree char *name = plain_form(bare);
    if (g_hash_table_contains(names->names, name) || g_strcmp0(name, local) == 0)
        return TRUE;
    for (guint i = 0; i < names->suffixes->len; i++) {
        const char *suffix = names->suffixes->pdata[i], *dot = strchr(name, '.');
        if (dot && strcmp(dot, suffix) == 0)
            return TRUE;
    }
    return FALSE;
}
