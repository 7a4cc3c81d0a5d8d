/* SPDX-License-Identifier: Apache-2.0 */
#include "app/api/list.h"

#include "base/read.h"

#include <string.h>

void fct_list_page_clear(FctListPage *page)
{
    g_clear_pointer(&page->after, json_decref);
}

/* ---- cursors ---- */

/* Base64 of an array in JSON: the list, the variant, the values. In an address without escapes: RFC 4648, section 5. */
char *fct_list_cursor(const FctRequest *request, const char *variant, json_t *values)
{
    g_autoptr(json_t) own = values;
    g_autoptr(json_t) all = json_pack("[s, s, s]", request->route->path, request->id ? request->id : "", variant);
    json_array_extend(all, own);
    g_autofree char *text = fct_json_text(all);
    char *cursor = g_base64_encode((const guchar *)text, strlen(text));
    g_strdelimit(g_strdelimit(cursor, "+", '-'), "/", '_');
    return g_strdelimit(cursor, "=", '\0');
}

static json_t *decode(const char *cursor)
{
    g_autofree char *padded = g_strconcat(cursor, &"==="[3 - (4 - strlen(cursor) % 4) % 4], NULL);
    g_strdelimit(g_strdelimit(padded, "-", '+'), "_", '/');
    gsize length;
    g_autofree guchar *text = g_base64_decode(padded, &length);
    return fct_json_parse((const char *)text, length, NULL);
}

/* Whether @all begins with what names this list in this order. */
static gboolean is_of(const json_t *all, const FctRequest *request, const char *variant)
{
    const char *const wanted[] = {request->route->path, request->id ? request->id : "", variant};
    for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++)
        if (g_strcmp0(json_string_value(json_array_get(all, i)), wanted[i]) != 0)
            return FALSE;
    return TRUE;
}

/* NULL: @cursor is none of this list. */
static json_t *values_of(const FctRequest *request, const char *variant, const char *cursor)
{
    g_autoptr(json_t) all = decode(cursor);
    if (!json_is_array(all) || !is_of(all, request, variant))
        return NULL;
    json_t *values = json_array();
    for (gsize i = 3; i < json_array_size(all); i++)
        json_array_append(values, json_array_get(all, i));
    return values;
}

static gsize count_keys(const FctListOrder *order)
{
    gsize n = 0;
    while (n < G_N_ELEMENTS(order->by) && order->by[n])
        n++;
    return n;
}

gboolean fct_list_page(const FctRequest *request, const FctListOrder *order, const char *variant, FctListPage *ret,
                       GError **error)
{
    const char *cursor = g_hash_table_lookup(request->query, "cursor");
    gint64 limit;
    *ret = (FctListPage){0};
    if (!fct_request_query_int(request, "limit", 1, order->most ? order->most : FCT_LIST_MAX, order->usual, &limit,
                               error))
        return FALSE;
    ret->limit = (guint)limit;
    ret->after = cursor ? values_of(request, variant, cursor) : NULL;
    if (!cursor || json_array_size(ret->after) == count_keys(order))
        return TRUE;
    fct_list_page_clear(ret);
    return fct_read_refuse(error, "cursor",
                           "This is no cursor of this list in this order: begin again without one, or send “next” as "
                           "the last page gave it.");
}

/* ---- order ---- */

static int compare_values(const json_t *a, const json_t *b)
{
    if (json_is_string(a) && json_is_string(b))
        return strcmp(json_string_value(a), json_string_value(b));
    gint64 x = json_is_true(a) ? 1 : json_integer_value(a), y = json_is_true(b) ? 1 : json_integer_value(b);
    return x < y ? -1 : x > y;
}

static const json_t *value_of(const json_t *item, const FctListOrder *order, gsize key)
{
    return json_object_get(item, order->by[key] + (order->by[key][0] == '-'));
}

/* @after: the values of a cursor, to compare @item with; or NULL, then @other. */
static int compare(const FctListOrder *order, const json_t *item, const json_t *other, const json_t *after)
{
    int result = 0;
    for (gsize i = 0, n = count_keys(order); i < n && !result; i++) {
        const json_t *value = after ? json_array_get(after, i) : value_of(other, order, i);
        result = compare_values(value_of(item, order, i), value);
        if (order->by[i][0] == '-')
            result = -result;
    }
    return result;
}

static int compare_items(gconstpointer a, gconstpointer b, gpointer data)
{
    return compare(data, *(json_t *const *)a, *(json_t *const *)b, NULL);
}

/* Most lists come in their order, so that looking is cheaper than sorting. */
static gboolean is_sorted(const json_t *items, const FctListOrder *order)
{
    for (gsize i = 1; i < json_array_size(items); i++)
        if (compare(order, json_array_get(items, i - 1), json_array_get(items, i), NULL) > 0)
            return FALSE;
    return TRUE;
}

/* Takes @items over. */
static json_t *sort(json_t *items, const FctListOrder *order)
{
    if (is_sorted(items, order))
        return items;
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    json_t *sorted = json_array();
    for (gsize i = 0; i < json_array_size(items); i++)
        g_ptr_array_add(all, json_array_get(items, i));
    g_ptr_array_sort_with_data(all, compare_items, (gpointer)order);
    for (guint i = 0; i < all->len; i++)
        json_array_append(sorted, all->pdata[i]);
    json_decref(items);
    return sorted;
}

/* ---- the answer ---- */

static json_t *values_at(const json_t *item, const FctListOrder *order)
{
    json_t *values = json_array();
    for (gsize i = 0, n = count_keys(order); i < n; i++) {
        json_t *value = (json_t *)value_of(item, order, i);
        json_array_append(values, value ? value : json_null());
    }
    return values;
}

/* *ret_more: something comes behind the page. */
static json_t *cut(const json_t *items, const FctListOrder *order, const FctListPage *page, gboolean *ret_more)
{
    json_t *part = json_array();
    gsize i = 0, n = json_array_size(items);
    while (page->after && i < n && compare(order, json_array_get(items, i), NULL, page->after) <= 0)
        i++;
    for (; i < n && (!page->limit || json_array_size(part) < page->limit); i++)
        json_array_append(part, json_array_get(items, i));
    *ret_more = i < n;
    return part;
}

gboolean fct_reply_list(const FctRequest *request, FctReply *reply, const FctListOrder *order, json_t *items,
                        GError **error)
{
    g_auto(FctListPage) page = {0};
    gboolean more;
    if (!items)
        return FALSE;
    g_autoptr(json_t) sorted = sort(items, order);
    if (!fct_list_page(request, order, "", &page, error))
        return FALSE;
    json_t *part = cut(sorted, order, &page, &more);
    if (!reply->json)
        reply->json = json_object();
    json_object_set_new(reply->json, "items", part);
    if (more) {
        const json_t *last = json_array_get(part, json_array_size(part) - 1);
        g_autofree char *next = fct_list_cursor(request, "", values_at(last, order));
        json_object_set_new(reply->json, "next", json_string(next));
    }
    return TRUE;
}
