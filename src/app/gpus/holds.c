/* SPDX-License-Identifier: Apache-2.0 */
#include "app/gpus/holds.h"

#include "app/news/aside.h"

#include <string.h>

static const char *const state_names[] = {"reserved", "in-use", "releasing"};

const char *fct_hold_state_name(FctHoldState state)
{
    return state_names[state];
}

FctHold *fct_hold_new(const char *part, const char *vm, const char *vm_name, int device, const json_t *what)
{
    FctHold *hold = g_new0(FctHold, 1);
    hold->part = g_strdup(part);
    hold->vm = g_strdup(vm);
    hold->vm_name = g_strdup(vm_name);
    hold->device = device;
    hold->what = json_deep_copy(what);
    return hold;
}

void fct_hold_free(FctHold *hold)
{
    if (!hold)
        return;
    g_free(hold->part);
    g_free(hold->vm);
    g_free(hold->vm_name);
    json_decref(hold->what);
    g_free(hold);
}

static FctHold *hold_from(const FctDoc *doc)
{
    FctHold *hold = fct_hold_new(doc->key + strlen("hold/"), fct_json_str(doc->value, "vm", ""),
                                 fct_json_str(doc->value, "vm_name", ""), (int)fct_json_int(doc->value, "device", 0),
                                 json_object_get(doc->value, "what"));
    const char *state = fct_json_str(doc->value, "state", "");
    hold->state = FCT_HOLD_RELEASING; /* a hold in an unknown state is still a hold */
    for (guint i = 0; i < G_N_ELEMENTS(state_names); i++)
        if (strcmp(state, state_names[i]) == 0)
            hold->state = (FctHoldState)i;
    hold->revision = doc->revision;
    return hold;
}

GPtrArray *fct_holds_list(FctStore *store, const char *vm, GError **error)
{
    g_autoptr(GPtrArray) docs = store->ops->list(store, "hold/", error);
    if (!docs)
        return NULL;
    GPtrArray *holds = g_ptr_array_new_with_free_func((GDestroyNotify)fct_hold_free);
    for (guint i = 0; i < docs->len; i++) {
        const FctDoc *doc = g_ptr_array_index(docs, i);
        if (!vm || strcmp(fct_json_str(doc->value, "vm", ""), vm) == 0)
            g_ptr_array_add(holds, hold_from(doc));
    }
    return holds;
}

gboolean fct_holds_set_aside(FctApp *app, GError **error)
{
    g_autoptr(GPtrArray) docs = app->store->ops->list(app->store, "hold/", error);
    for (guint i = 0; docs && i < docs->len; i++) {
        const FctDoc *doc = g_ptr_array_index(docs, i);
        g_autoptr(GError) why = NULL;
        if (*fct_json_str(doc->value, "vm", ""))
            continue;
        fct_set_error(&why, FCT_ERROR_BAD_REQUEST, "it names no VM");
        if (!fct_aside_put(app, doc, why, error))
            return FALSE;
    }
    return docs != NULL;
}

const FctHold *fct_holds_find(const GPtrArray *holds, const char *part)
{
    for (guint i = 0; i < holds->len; i++) {
        const FctHold *hold = g_ptr_array_index(holds, i);
        if (strcmp(hold->part, part) == 0)
            return hold;
    }
    return NULL;
}

static void add_hold(FctWrites *writes, const FctHold *hold, FctHoldState state, guint64 expect)
{
    json_t *value = json_pack("{s:s, s:s, s:i, s:s, s:O?}", "vm", hold->vm, "vm_name", hold->vm_name, "device",
                              hold->device, "state", state_names[state], "what", hold->what);
    fct_writes_add(writes, g_strconcat("hold/", hold->part, NULL), value, expect);
}

void fct_writes_reserve(FctWrites *writes, const FctHold *hold)
{
    add_hold(writes, hold, hold->state, FCT_REV_NONE);
}

void fct_writes_move(FctWrites *writes, const GPtrArray *holds, FctHoldState state)
{
    for (guint i = 0; i < holds->len; i++) {
        const FctHold *hold = g_ptr_array_index(holds, i);
        if (hold->state != state)
            add_hold(writes, hold, state, hold->revision);
    }
}

void fct_writes_drop(FctWrites *writes, const GPtrArray *holds)
{
    for (guint i = 0; i < holds->len; i++) {
        const FctHold *hold = g_ptr_array_index(holds, i);
        fct_writes_add(writes, g_strconcat("hold/", hold->part, NULL), NULL, hold->revision);
    }
}
