/* SPDX-License-Identifier: Apache-2.0 */
#include "model/first_boot.h"

#include "model/user_data.h"

#include <arpa/inet.h>
#include <string.h>

#define KEYS_MAX 32
#define PACKAGES_MAX 64
#define DNS_MAX 4
#define KEY_MAX 16384
#define PASSWORD_MAX 128
#define USER_DATA_MAX 32768 /* less than a request may carry */

static const char *const kind_names[] = {"cloud-init", "windows"};

static FctFirstBoot *boot_new(FctFirstBootKind kind)
{
    FctFirstBoot *boot = g_new0(FctFirstBoot, 1);
    char **texts[] = {&boot->user,        &boot->password,     &boot->hash,      &boot->instance, &boot->hostname,
                      &boot->address,     &boot->gateway,      &boot->user_data, &boot->language, &boot->time_zone,
                      &boot->product_key, &boot->organization, &boot->edition};
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        *texts[i] = g_strdup("");
    char ***lists[] = {&boot->ssh_keys, &boot->packages, &boot->dns};
    for (guint i = 0; i < G_N_ELEMENTS(lists); i++)
        *lists[i] = g_new0(char *, 1);
    boot->kind = kind;
    return boot;
}

static void secret_wipe(char *secret)
{
    explicit_bzero(secret, strlen(secret));
    g_free(secret);
}

void fct_first_boot_free(FctFirstBoot *boot)
{
    if (!boot)
        return;
    secret_wipe(boot->password);
    secret_wipe(boot->product_key);
    char *texts[] = {boot->user,      boot->hash,     boot->instance,  boot->hostname,     boot->address, boot->gateway,
                     boot->user_data, boot->language, boot->time_zone, boot->organization, boot->edition};
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    g_strfreev(boot->ssh_keys);
    g_strfreev(boot->packages);
    g_strfreev(boot->dns);
    g_free(boot);
}

/* ---- input ---- */

/* One of the two objects while it is read, with its name for errors: "cloud_init.user". */
typedef struct {
    const char *name;
    const json_t *json;
    GError **error;
} Input;

static gboolean input_refuse(const Input *in, const char *field, const char *sentence)
{
    g_autofree char *path = g_strdup_printf("%s.%s", in->name, field);
    return fct_set_error_full(in->error, FCT_ERROR_BAD_REQUEST, NULL, json_pack("{s:s}", "field", path), "%s",
                              sentence);
}

static gboolean input_only(const Input *in, const char *const *known)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)in->json, key, value) {
        if (g_strv_contains(known, key))
            continue;
        g_autofree char *sentence = g_strdup_printf("The field “%s” is not known here.", key);
        return input_refuse(in, key, sentence);
    }
    return TRUE;
}

static gboolean is_text(const char *text, gsize max)
{
    if (strlen(text) > max)
        return FALSE;
    for (const char *c = text; *c; c++)
        if (g_ascii_iscntrl(*c))
            return FALSE;
    return TRUE;
}

/* One line of at most @max bytes; without the member *ret keeps its value. */
static gboolean input_text(const Input *in, const char *field, gsize max, char **ret)
{
    const json_t *value = json_object_get(in->json, field);
    if (!value || json_is_null(value))
        return TRUE;
    if (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value))
        return input_refuse(in, field, "This must be a text.");
    if (!is_text(json_string_value(value), max)) {
        g_autofree char *sentence = g_strdup_printf("This must be one line of at most %d characters.", (int)max);
        return input_refuse(in, field, sentence);
    }
    g_free(*ret);
    *ret = g_strdup(json_string_value(value));
    return TRUE;
}

static gboolean read_list(const Input *in, const json_t *json, const char *field, guint max,
                          gboolean (*good)(const char *text), const char *sentence, char ***ret)
{
    const json_t *list = json_object_get(json, field);
    if (!list || json_is_null(list))
        return TRUE;
    if (!json_is_array(list) || json_array_size(list) > max)
        return input_refuse(in, field, sentence);
    g_autoptr(GPtrArray) read = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const char *text = json_string_value(item);
        if (!text || strlen(text) != json_string_length(item))
            return input_refuse(in, field, sentence);
        g_autofree char *line = g_strstrip(g_strdup(text));
        if (!good(line))
            return input_refuse(in, field, sentence);
        g_ptr_array_add(read, g_steal_pointer(&line));
    }
    g_ptr_array_add(read, NULL);
    g_strfreev(*ret);
    *ret = (char **)g_ptr_array_free(g_steal_pointer(&read), FALSE);
    return TRUE;
}

static gboolean user_is_good(const char *user)
{
    gsize length = strlen(user);
    if (length < 1 || length > 32 || !(g_ascii_islower(user[0]) || user[0] == '_'))
        return FALSE;
    for (const char *c = user; *c; c++)
        if (!g_ascii_islower(*c) && !g_ascii_isdigit(*c) && !strchr("_-", *c))
            return FALSE;
    return TRUE;
}

/* Labels of RFC 1123, 253 bytes at most. */
static gboolean hostname_is_good(const char *name)
{
    g_auto(GStrv) labels = g_strsplit(name, ".", -1);
    if (strlen(name) > 253)
        return FALSE;
    for (char **label = labels; *label; label++) {
        gsize length = strlen(*label);
        if (length < 1 || length > 63 || **label == '-' || (*label)[length - 1] == '-')
            return FALSE;
        for (const char *c = *label; *c; c++)
            if (!g_ascii_isalnum(*c) && *c != '-')
                return FALSE;
    }
    return TRUE;
}

static gboolean package_is_good(const char *name)
{
    gsize length = strlen(name);
    if (length < 1 || length > 100 || !g_ascii_isalnum(name[0]))
        return FALSE;
    for (const char *c = name; *c; c++)
        if (!g_ascii_isalnum(*c) && !strchr("+-._:@/", *c))
            return FALSE;
    return TRUE;
}

/* A public key as ssh-keygen writes it: its blob begins with its own type. */
static gboolean key_is_good(const char *line)
{
    static const char *const types[] = {"ssh-ed25519",
                                        "ssh-rsa",
                                        "ecdsa-sha2-nistp256",
                                        "ecdsa-sha2-nistp384",
                                        "ecdsa-sha2-nistp521",
                                        "sk-ssh-ed25519@openssh.com",
                                        "sk-ecdsa-sha2-nistp256@openssh.com",
                                        NULL};
    if (!is_text(line, KEY_MAX))
        return FALSE;
    g_auto(GStrv) words = g_strsplit(line, " ", 3);
    if (g_strv_length(words) < 2 || !g_strv_contains(types, words[0]) || strlen(words[1]) % 4 != 0 || !words[1][0])
        return FALSE;
    for (const char *c = words[1]; *c; c++)
        if (!g_ascii_isalnum(*c) && !strchr("+/=", *c))
            return FALSE;
    gsize length, type = strlen(words[0]);
    g_autofree guchar *blob = g_base64_decode(words[1], &length);
    return length > type + 4 && blob[0] == 0 && blob[1] == 0 && blob[2] == 0 && blob[3] == type &&
           memcmp(blob + 4, words[0], type) == 0;
}

static int family_of(const char *address)
{
    guint8 bytes[16];
    return inet_pton(AF_INET, address, bytes) == 1 ? AF_INET : inet_pton(AF_INET6, address, bytes) == 1 ? AF_INET6 : 0;
}

static gboolean address_is_good(const char *address)
{
    return family_of(address) != 0;
}

/* The first @bits of both are the same. */
static gboolean same_bits(const guint8 *a, const guint8 *b, guint bits)
{
    const guint whole = bits / 8, rest = bits % 8;
    const guint8 mask = (guint8)(0xff << (8 - rest));
    return memcmp(a, b, whole) == 0 && (!rest || ((a[whole] ^ b[whole]) & mask) == 0);
}

gboolean fct_first_boot_gateway_is_near(const FctFirstBoot *boot)
{
    static const guint8 link_local[16] = {0xfe, 0x80};
    guint8 address[16] = {0}, gateway[16] = {0};
    guint64 bits = 0;
    g_auto(GStrv) halves = g_strsplit(boot->address, "/", 2);
    int family = g_strv_length(halves) == 2 ? family_of(halves[0]) : 0;
    if (!family || !g_ascii_string_to_unsigned(halves[1], 10, 0, family == AF_INET ? 32 : 128, &bits, NULL) ||
        inet_pton(family, halves[0], address) != 1 || inet_pton(family, boot->gateway, gateway) != 1)
        return TRUE;
    return same_bits(address, gateway, (guint)bits) || (family == AF_INET6 && same_bits(gateway, link_local, 10));
}

/* Addresses that no host can have: unspecified, loopback, multicast; in IPv4 also everything above multicast. */
static gboolean is_of_a_host(int family, const guint8 *address)
{
    static const guint8 nobody[16] = {0}, loopback[16] = {[15] = 1};
    if (family == AF_INET)
        return address[0] != 0 && address[0] != 127 && address[0] < 224;
    return memcmp(address, nobody, 16) != 0 && memcmp(address, loopback, 16) != 0 && address[0] != 0xff;
}

/* All bits after the first @bits are zeros, or ones. */
static gboolean ends_in(const guint8 *address, int size, guint bits, gboolean ones)
{
    for (guint i = bits; i < (guint)size * 8; i++)
        if (((address[i / 8] >> (7 - i % 8)) & 1) != ones)
            return FALSE;
    return TRUE;
}

/*
 * The first address of a network is the network itself (in IPv6 that of all its routers), the last one of an IPv4
 * network is its broadcast address. A network of one or two addresses has neither (RFC 3021, RFC 6164).
 */
static gboolean is_of_a_network(int family, const guint8 *address, guint bits)
{
    int size = family == AF_INET ? 4 : 16;
    if (bits + 1 >= (guint)size * 8)
        return FALSE;
    return ends_in(address, size, bits, FALSE) || (family == AF_INET && ends_in(address, size, bits, TRUE));
}

/* The texts that are addresses of @family. */
static gboolean check_usable(Input *in, const FctFirstBoot *boot, const char *own, int family, guint bits)
{
    guint8 address[16] = {0}, gateway[16] = {0};
    inet_pton(family, own, address);
    if (!is_of_a_host(family, address))
        return input_refuse(in, "address", "No VM can have this address: it is kept for other uses.");
    if (is_of_a_network(family, address, bits))
        return input_refuse(in, "address", "This address stands for the whole network: choose one within it.");
    if (!*boot->gateway)
        return TRUE;
    inet_pton(family, boot->gateway, gateway);
    if (memcmp(address, gateway, sizeof address) == 0)
        return input_refuse(in, "gateway", "This is the VM's own address: name the router of its network.");
    if (!is_of_a_host(family, gateway))
        return input_refuse(in, "gateway", "No router can have this address: it is kept for other uses.");
    if (same_bits(address, gateway, bits) && family == AF_INET && is_of_a_network(family, gateway, bits))
        return input_refuse(in, "gateway", "This address stands for the whole network: name the router in it.");
    return TRUE;
}

static gboolean read_network(Input *in, FctFirstBoot *boot)
{
    static const char *const known[] = {"address", "gateway", "dns", NULL};
    const json_t *json = json_object_get(in->json, "network");
    guint64 prefix;
    if (!json || json_is_null(json))
        return TRUE;
    if (!json_is_object(json))
        return input_refuse(in, "network", "The network must be an object with an address.");
    Input inner = {"cloud_init.network", json, in->error};
    if (!input_only(&inner, known) || !input_text(&inner, "address", 64, &boot->address) ||
        !input_text(&inner, "gateway", 64, &boot->gateway) ||
        !read_list(&inner, json, "dns", DNS_MAX, address_is_good, "Name servers are at most 4 addresses.", &boot->dns))
        return FALSE;
    g_auto(GStrv) halves = g_strsplit(boot->address, "/", 2);
    int family = g_strv_length(halves) == 2 ? family_of(halves[0]) : 0;
    if (!family || !g_ascii_string_to_unsigned(halves[1], 10, 1, family == AF_INET ? 32 : 128, &prefix, NULL))
        return input_refuse(&inner, "address",
                            "The address must be written with its network's bits, like 10.0.0.5/24.");
    if (*boot->gateway && family_of(boot->gateway) != family)
        return input_refuse(&inner, "gateway", "The gateway must be an address like that of the VM.");
    return check_usable(&inner, boot, halves[0], family, (guint)prefix);
}

static gboolean read_user_data(const Input *in, FctFirstBoot *boot)
{
    const json_t *value = json_object_get(in->json, "user_data");
    const char *text = json_string_value(value);
    static const char *const instead[] = {"user", "password", "ssh_keys", "packages"};
    if (!value || json_is_null(value))
        return TRUE;
    if (!text || strlen(text) != json_string_length(value) || strlen(text) > USER_DATA_MAX)
        return input_refuse(in, "user_data", "The user-data must be a text of at most 32 KiB.");
    g_auto(FctUserDataFault) fault = {0};
    if (!fct_user_data_check(text, &fault)) {
        json_t *details = json_pack("{s:s}", "field", "cloud_init.user_data");
        if (fault.line)
            json_object_set_new(details, "line", json_integer(fault.line));
        if (fault.column)
            json_object_set_new(details, "column", json_integer(fault.column));
        return fct_set_error_full(in->error, FCT_ERROR_BAD_REQUEST, NULL, details, "%s", fault.sentence);
    }
    for (guint i = 0; i < G_N_ELEMENTS(instead); i++)
        if (json_object_get(in->json, instead[i]))
            return input_refuse(in, instead[i], "Write this into the user-data, which stands for everything else.");
    g_free(boot->user_data);
    boot->user_data = g_strdup(text);
    return TRUE;
}

static gboolean read_cloud_init(Input *in, FctFirstBoot *boot)
{
    static const char *const known[] = {"hostname", "user",    "password",  "ssh_keys",
                                        "packages", "network", "user_data", NULL};
    if (!input_only(in, known) || !input_text(in, "hostname", 253, &boot->hostname) ||
        !input_text(in, "user", 32, &boot->user) || !input_text(in, "password", PASSWORD_MAX, &boot->password) ||
        !read_list(in, in->json, "ssh_keys", KEYS_MAX, key_is_good,
                   "Each key must be one line as in a .pub file, like “ssh-ed25519 AAAA… anna@desk”; at most 32.",
                   &boot->ssh_keys) ||
        !read_list(in, in->json, "packages", PACKAGES_MAX, package_is_good,
                   "The packages must be at most 64 names of packages.", &boot->packages) ||
        !read_network(in, boot) || !read_user_data(in, boot))
        return FALSE;
    if (*boot->hostname && !hostname_is_good(boot->hostname))
        return input_refuse(in, "hostname", "A host name has letters, digits and dashes, and dots between its parts.");
    if (*boot->user_data)
        return TRUE;
    if (*boot->user && !user_is_good(boot->user))
        return input_refuse(
            in, "user", "A user name begins with a lower-case letter; up to 32 lower-case letters, digits, _ or -.");
    if (!*boot->user && (*boot->password || *boot->ssh_keys))
        return input_refuse(in, "user", "Name the user whom the password and the keys are for.");
    if (*boot->user && !*boot->password && !*boot->ssh_keys)
        return input_refuse(in, "password", "The user needs a password or an SSH key, or nobody can log in.");
    return TRUE;
}

static gboolean windows_user_is_good(const char *user)
{
    static const char *const taken[] = {"administrator", "guest", "defaultaccount", "system", "none", NULL};
    gsize length = strlen(user);
    g_autofree char *lower = g_ascii_strdown(user, -1);
    return length >= 1 && g_utf8_strlen(user, -1) <= 20 && !strpbrk(user, "\"/\\[]:;|=,+*?<>@%") &&
           user[length - 1] != '.' && user[0] != ' ' && !g_strv_contains(taken, lower);
}

static gboolean letters_in_groups(const char *key)
{
    for (int i = 0; i < 29; i++)
        if (i % 6 == 5 ? key[i] != '-' : !g_ascii_isalnum(key[i]))
            return FALSE;
    return key[29] == '\0';
}

/* "de-DE", "zh-Hans-CN" */
static gboolean language_is_good(const char *language)
{
    for (const char *c = language; *c; c++)
        if (!g_ascii_isalnum(*c) && *c != '-')
            return FALSE;
    return strlen(language) >= 2 && g_ascii_isalpha(language[0]) && g_ascii_isalpha(language[1]);
}

static gboolean read_windows(Input *in, FctFirstBoot *boot)
{
    static const char *const known[] = {"user",        "password",     "language", "time_zone",
                                        "product_key", "organization", "edition",  NULL};
    if (!input_only(in, known) || !input_text(in, "user", 80, &boot->user) ||
        !input_text(in, "password", PASSWORD_MAX, &boot->password) ||
        !input_text(in, "language", 20, &boot->language) || !input_text(in, "time_zone", 80, &boot->time_zone) ||
        !input_text(in, "product_key", 40, &boot->product_key) ||
        !input_text(in, "organization", 60, &boot->organization) || !input_text(in, "edition", 80, &boot->edition))
        return FALSE;
    if (!windows_user_is_good(boot->user))
        return input_refuse(
            in, "user",
            "A user name of Windows has up to 20 characters, none of \" / \\ [ ] : ; | = , + * ? < > @ %, and is "
            "not a built-in one such as Administrator.");
    if (!*boot->password)
        return input_refuse(in, "password", "The administrator needs a password.");
    if (*boot->language && !language_is_good(boot->language))
        return input_refuse(in, "language", "A language is written like en-US or de-DE.");
    if (*boot->product_key && (strlen(boot->product_key) != 29 || !letters_in_groups(boot->product_key)))
        return input_refuse(in, "product_key",
                            "A product key has five groups of five letters and digits, with dashes between.");
    return TRUE;
}

FctFirstBoot *fct_first_boot_from_input(const json_t *input, GError **error)
{
    const json_t *cloud = json_object_get(input, "cloud_init"), *windows = json_object_get(input, "windows");
    gboolean for_windows = windows && !json_is_null(windows);
    Input in = {for_windows ? "windows" : "cloud_init", for_windows ? windows : cloud, error};
    if (!in.json || json_is_null(in.json))
        return NULL;
    if (for_windows && cloud && !json_is_null(cloud)) {
        fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, NULL, json_pack("{s:s}", "field", "windows"),
                           "A VM takes answers for cloud-init or for Windows, not both.");
        return NULL;
    }
    if (!json_is_object(in.json)) {
        fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, NULL, json_pack("{s:s}", "field", in.name),
                           "This must be an object.");
        return NULL;
    }
    g_autoptr(FctFirstBoot) boot = boot_new(for_windows ? FCT_FIRST_BOOT_WINDOWS : FCT_FIRST_BOOT_CLOUD_INIT);
    return (for_windows ? read_windows : read_cloud_init)(&in, boot) ? g_steal_pointer(&boot) : NULL;
}

/* ---- documents ---- */

static json_t *words_json(char **list)
{
    json_t *json = json_array();
    for (; *list; list++)
        json_array_append_new(json, json_string(*list));
    return json;
}

static char **list_from(const json_t *json)
{
    char **list = g_new0(char *, json_array_size(json) + 1);
    guint n = 0;
    for (size_t i = 0; i < json_array_size(json); i++)
        if (json_is_string(json_array_get(json, i)))
            list[n++] = g_strdup(json_string_value(json_array_get(json, i)));
    return list;
}

/* The stored texts one after the other; NULL past the last. Password and product key are not among them. */
static char **first_boot_text(FctFirstBoot *boot, guint i, const char **ret_key)
{
    static const char *const keys[] = {"user",      "hash",     "instance",  "hostname",     "address", "gateway",
                                       "user_data", "language", "time_zone", "organization", "edition"};
    char **texts[] = {&boot->user,      &boot->hash,         &boot->instance,  &boot->hostname,
                      &boot->address,   &boot->gateway,      &boot->user_data, &boot->language,
                      &boot->time_zone, &boot->organization, &boot->edition};
    if (i >= G_N_ELEMENTS(keys))
        return NULL;
    *ret_key = keys[i];
    return texts[i];
}

json_t *fct_first_boot_to_doc(const FctFirstBoot *boot)
{
    if (!boot)
        return json_null();
    json_t *doc =
        json_pack("{s:s, s:o, s:o, s:o}", "kind", kind_names[boot->kind], "ssh_keys", words_json(boot->ssh_keys),
                  "packages", words_json(boot->packages), "dns", words_json(boot->dns));
    const char *key;
    char **text;
    for (guint i = 0; (text = first_boot_text((FctFirstBoot *)boot, i, &key)); i++)
        json_object_set_new(doc, key, json_string(*text));
    json_object_set_new(doc, "spent", json_boolean(boot->spent));
    json_object_set_new(doc, "had_password", json_boolean(boot->had_password));
    json_object_set_new(doc, "had_user_data", json_boolean(boot->had_user_data));
    return doc;
}

static void words_take(char ***field, const json_t *doc, const char *key)
{
    g_strfreev(*field);
    *field = list_from(json_object_get(doc, key));
}

FctFirstBoot *fct_first_boot_from_doc(const json_t *doc)
{
    const char *kind = fct_json_str(doc, "kind", ""), *key;
    if (strcmp(kind, kind_names[0]) != 0 && strcmp(kind, kind_names[1]) != 0)
        return NULL;
    FctFirstBoot *boot =
        boot_new(strcmp(kind, kind_names[0]) == 0 ? FCT_FIRST_BOOT_CLOUD_INIT : FCT_FIRST_BOOT_WINDOWS);
    words_take(&boot->ssh_keys, doc, "ssh_keys");
    words_take(&boot->packages, doc, "packages");
    words_take(&boot->dns, doc, "dns");
    char **text;
    for (guint i = 0; (text = first_boot_text(boot, i, &key)); i++) {
        g_free(*text);
        *text = g_strdup(fct_json_str(doc, key, ""));
    }
    boot->spent = fct_json_bool(doc, "spent", FALSE);
    boot->had_password = fct_json_bool(doc, "had_password", FALSE);
    boot->had_user_data = fct_json_bool(doc, "had_user_data", FALSE);
    return boot;
}

json_t *fct_first_boot_view(const FctFirstBoot *boot, FctFirstBootKind kind)
{
    if (!boot || boot->kind != kind)
        return json_null();
    if (kind == FCT_FIRST_BOOT_WINDOWS)
        return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "user", boot->user, "language", boot->language, "time_zone",
                         boot->time_zone, "organization", boot->organization, "edition", boot->edition, "used",
                         boot->spent);
    json_t *network = !*boot->address ? json_null()
                                      : json_pack("{s:s, s:s, s:o}", "address", boot->address, "gateway", boot->gateway,
                                                  "dns", words_json(boot->dns));
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:b, s:b, s:b}", "user", boot->user, "hostname", boot->hostname,
                     "ssh_keys", words_json(boot->ssh_keys), "packages", words_json(boot->packages), "network", network,
                     "has_password", *boot->hash || boot->had_password, "has_user_data",
                     *boot->user_data || boot->had_user_data, "used", boot->spent);
}

static void put_text(json_t *input, const char *key, const char *text)
{
    if (*text)
        json_object_set_new(input, key, json_string(text));
}

static void put_list(json_t *input, const char *key, char **list)
{
    if (*list)
        json_object_set_new(input, key, words_json(list));
}

json_t *fct_first_boot_to_input(const FctFirstBoot *boot)
{
    json_t *input = json_object();
    put_text(input, "user", boot->user);
    put_text(input, "user_data", boot->user_data);
    put_list(input, "ssh_keys", boot->ssh_keys);
    put_list(input, "packages", boot->packages);
    put_text(input, "language", boot->language);
    put_text(input, "time_zone", boot->time_zone);
    put_text(input, "organization", boot->organization);
    put_text(input, "edition", boot->edition);
    return input;
}
