/* SPDX-License-Identifier: Apache-2.0 */
#include "core/layout_diff.h"

#include <string.h>

static const FctLayoutItem *equal_of(const GPtrArray *items, const FctLayoutItem *item)
{
    for (guint i = 0; i < items->len; i++) {
        const FctLayoutItem *other = items->pdata[i];
        if (other->start == item->start && other->profile_id == item->profile_id)
            return other;
    }
    return NULL;
}

static guint compute_count(const FctLayoutItem *item, const char *compute)
{
    guint n = 0;
    for (guint i = 0; item && i < item->compute->len; i++)
        n += strcmp(item->compute->pdata[i], compute) == 0;
    return n;
}

static gboolean same_compute(const FctLayoutItem *a, const FctLayoutItem *b)
{
    if (a->compute->len != b->compute->len)
        return FALSE;
    for (guint i = 0; i < a->compute->len; i++)
        if (compute_count(a, a->compute->pdata[i]) != compute_count(b, a->compute->pdata[i]))
            return FALSE;
    return TRUE;
}

gboolean fct_layout_same(const GPtrArray *a, const GPtrArray *b)
{
    if (a->len != b->len)
        return FALSE;
    for (guint i = 0; i < a->len; i++) {
        const FctLayoutItem *other = equal_of(b, a->pdata[i]);
        if (!other || !same_compute(a->pdata[i], other))
            return FALSE;
    }
    return TRUE;
}

GPtrArray *fct_layout_strangers(const GPtrArray *now, const GPtrArray *before, const GPtrArray *then)
{
    GPtrArray *strangers = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < now->len; i++) {
        const FctLayoutItem *item = now->pdata[i];
        const FctLayoutItem *was = equal_of(before, item), *shall = equal_of(then, item);
        if (!was && !shall) {
            g_ptr_array_add(strangers, g_strdup_printf("%s at slot %d", item->profile, item->start));
            continue;
        }
        for (guint k = 0; k < item->compute->len; k++) {
            const char *compute = item->compute->pdata[k];
            guint known = MAX(compute_count(was, compute), compute_count(shall, compute));
            if (compute_count(item, compute) <= known)
                continue;
            g_ptr_array_add(strangers, g_strdup_printf("%s in %s at slot %d", compute, item->profile, item->start));
            break;
        }
    }
    return strangers;
}

char *fct_layout_text(const GPtrArray *items)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < items->len; i++) {
        const FctLayoutItem *item = items->pdata[i];
        g_string_append_printf(text, "%s%s at slot %d", i ? ", " : "", item->profile, item->start);
        if (*item->not_whole)
            g_string_append_printf(text, " (%s)", item->not_whole);
    }
    return g_strdup(text->len ? text->str : "no instances");
}
