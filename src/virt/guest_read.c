/* SPDX-License-Identifier: Apache-2.0 */
#include "virt/guest.h"

#include "model/network.h"

#include <arpa/inet.h>
#include <string.h>

#define LIST_MAX 64
#define TEXT_MAX 256

typedef struct {
    virTypedParameterPtr params;
    int n;
} Said;

/* NULL when the guest did not say it, or not as text that can be shown. */
static const char *said_text(const Said *said, const char *key)
{
    const char *text = NULL;
    if (virTypedParamsGetString(said->params, said->n, key, &text) != 1 || !text || !*text)
        return NULL;
    if (strnlen(text, TEXT_MAX + 1) > TEXT_MAX || !g_utf8_validate(text, -1, NULL))
        return NULL;
    for (const char *c = text; *c; c = g_utf8_next_char(c))
        if (g_unichar_iscntrl(g_utf8_get_char(c)) || g_unichar_type(g_utf8_get_char(c)) == G_UNICODE_FORMAT)
            return NULL; /* the latter turn the direction of the text beside them */
    return text;
}

static json_t *text_json(const Said *said, const char *key)
{
    const char *text = said_text(said, key);
    return text ? json_string(text) : json_null();
}

static const char *G_GNUC_PRINTF(3, 4) item_text(const Said *said, char **key, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_free(*key);
    *key = g_strdup_vprintf(format, ap);
    va_end(ap);
    return said_text(said, *key);
}

/* -1: the guest did not say it. */
static int said_count(const Said *said, const char *key)
{
    unsigned int count = 0;
    if (virTypedParamsGetUInt(said->params, said->n, key, &count) != 1)
        return -1;
    return (int)MIN(count, LIST_MAX);
}

static json_t *bytes_json(const Said *said, int i, const char *what)
{
    g_autofree char *key = g_strdup_printf("fs.%d.%s-bytes", i, what);
    unsigned long long bytes;
    if (virTypedParamsGetULLong(said->params, said->n, key, &bytes) != 1 || bytes > G_MAXINT64)
        return json_null();
    return json_integer((json_int_t)bytes);
}

/* "10.0.0.5/24"; NULL when it is no address. */
static char *address_of(const Said *said, int i, int k)
{
    g_autofree char *key = NULL;
    guint8 bytes[16];
    const char *text = item_text(said, &key, "if.%d.addr.%d.addr", i, k);
    gboolean v4 = text && inet_pton(AF_INET, text, bytes) == 1;
    if (!v4 && !(text && inet_pton(AF_INET6, text, bytes) == 1))
        return NULL;
    unsigned int prefix = 0;
    g_free(key);
    key = g_strdup_printf("if.%d.addr.%d.prefix", i, k);
    if (virTypedParamsGetUInt(said->params, said->n, key, &prefix) != 1 || prefix > (v4 ? 32 : 128))
        return NULL;
    return g_strdup_printf("%s/%u", text, prefix);
}

static json_t *interface_json(const Said *said, int i)
{
    g_autofree char *key = NULL, *count_key = g_strdup_printf("if.%d.addr.count", i);
    const char *name = item_text(said, &key, "if.%d.name", i);
    if (!name)
        return NULL;
    const char *hardware = item_text(said, &key, "if.%d.hwaddr", i);
    g_autofree char *mac = hardware ? fct_mac_parse(hardware) : NULL;
    json_t *addresses = json_array();
    for (int k = 0; k < said_count(said, count_key); k++) {
        g_autofree char *address = address_of(said, i, k);
        if (address)
            json_array_append_new(addresses, json_string(address));
    }
    return json_pack("{s:s, s:s?, s:o}", "name", name, "mac", mac, "addresses", addresses);
}

static json_t *filesystem_json(const Said *said, int i)
{
    g_autofree char *key = NULL, *type_key = NULL;
    const char *mountpoint = item_text(said, &key, "fs.%d.mountpoint", i);
    if (!mountpoint)
        return NULL;
    const char *type = item_text(said, &type_key, "fs.%d.fstype", i);
    json_t *total = bytes_json(said, i, "total"), *used = bytes_json(said, i, "used");
    if (json_is_integer(total) && json_is_integer(used) && json_integer_value(used) > json_integer_value(total)) {
        json_decref(used);
        used = json_null();
    }
    return json_pack("{s:s, s:s?, s:o, s:o}", "mountpoint", mountpoint, "type", type, "total_bytes", total,
                     "used_bytes", used);
}

static json_t *said_list_json(const Said *said, const char *count_key, json_t *(*item)(const Said *said, int i))
{
    int count = said_count(said, count_key);
    if (count < 0)
        return json_null();
    json_t *list = json_array();
    for (int i = 0; i < count; i++) {
        json_t *json = item(said, i);
        if (json)
            json_array_append_new(list, json);
    }
    return list;
}

json_t *fct_guest_read(virTypedParameterPtr params, int n)
{
    const Said said = {params, n};
    json_t *os = text_json(&said, "os.pretty-name");
    if (json_is_null(os)) {
        json_decref(os);
        os = text_json(&said, "os.name");
    }
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "hostname", text_json(&said, "hostname"), "os", os, "kernel",
                     text_json(&said, "os.kernel-release"), "interfaces",
                     said_list_json(&said, "if.count", interface_json), "filesystems",
                     said_list_json(&said, "fs.count", filesystem_json));
}
