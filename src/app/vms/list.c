/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of VMs, in pages. Filtering and sorting use memory alone, so no call here waits for libvirt. What is costly
 * (parts, what blocks a start) is worked out only for the VMs of the page.
 */
#include "app/api/list.h"
#include "app/api/api.h"
#include "app/domains/domains.h"
#include "app/domains/vm_docs.h"
#include "app/gpus/holds.h"
#include "app/networks/networks.h"
#include "app/vms/api_vm.h"
#include "app/vms/power/choose.h"
#include "app/vms/publish.h"
#include "app/vms/view.h"
#include "base/read.h"
#include "core/vm_list.h"

#include <math.h>
#include <string.h>

/* What a row is made from. */
typedef struct {
    const FctVmKnown *known; /* NULL: another's */
    const FctVmInfo *info;   /* NULL: libvirt does not know the VM */
} Source;

typedef struct {
    GPtrArray *known; /* FctVmKnown* */
    GPtrArray *infos; /* FctVmInfo* */
    GArray *sources;  /* Source */
    GArray *rows;     /* FctVmRow; its data points into sources */
    GPtrArray *texts; /* of others' VMs */
} All;

static void all_clear(All *all)
{
    g_clear_pointer(&all->rows, g_array_unref);
    g_clear_pointer(&all->sources, g_array_unref);
    g_clear_pointer(&all->texts, g_ptr_array_unref);
    g_clear_pointer(&all->infos, g_ptr_array_unref);
    g_clear_pointer(&all->known, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(All, all_clear)

static double cpu_of(const json_t *stats, const char *id, const FctVmInfo *info)
{
    const json_t *cpu = json_object_get(json_object_get(stats, id), "cpu_percent");
    return fct_vm_info_active(info) && json_is_number(cpu) ? json_number_value(cpu) : -1;
}

static FctVmRow vm_list_row(FctApp *app, All *all, const json_t *stats, const Source *source)
{
    const FctVmInfo *info = source->info;
    FctVmRow row = {.data = source};
    if (source->known) {
        const FctVm *vm = source->known->vm;
        row.id = vm->id;
        row.name = vm->name;
        row.text = source->known->text;
        row.ours = TRUE;
        row.devices = vm->devices->len > 0;
        row.vcpus = vm->vcpus;
        row.memory_mib = vm->memory_mib;
        row.created_ms = vm->created_ms;
        row.blocked = !fct_vm_info_active(info) && fct_vms_is_blocked(app, vm->id);
    } else {
        char *text = fct_list_fold(info->name);
        g_ptr_array_add(all->texts, text);
        row.id = info->id;
        row.name = info->name;
        row.text = text;
        row.vcpus = info->vcpus;
        row.memory_mib = info->memory_mib;
    }
    row.state = fct_vms_state_name(app, row.id, info);
    row.cpu_percent = cpu_of(stats, row.id, info);
    return row;
}

static void vm_list_read(FctApp *app, All *all)
{
    g_autoptr(GHashTable) by_id = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(json_t) stats = fct_domains_stats(app->domains);
    all->known = fct_vm_docs_all(app->vm_docs);
    all->infos = fct_domains_infos(app->domains);
    all->texts = g_ptr_array_new_with_free_func(g_free);
    guint most = all->known->len + all->infos->len;
    all->sources = g_array_sized_new(FALSE, FALSE, sizeof(Source), most); /* does not move any more */
    all->rows = g_array_sized_new(FALSE, FALSE, sizeof(FctVmRow), most);
    for (guint i = 0; i < all->infos->len; i++)
        g_hash_table_insert(by_id, ((FctVmInfo *)all->infos->pdata[i])->id, all->infos->pdata[i]);
    for (guint i = 0; i < all->known->len; i++) {
        const FctVmKnown *known = all->known->pdata[i];
        Source source = {known, g_hash_table_lookup(by_id, known->vm->id)};
        g_hash_table_remove(by_id, known->vm->id);
        g_array_append_val(all->sources, source);
    }
    GHashTableIter iter;
    gpointer info;
    g_hash_table_iter_init(&iter, by_id);
    while (g_hash_table_iter_next(&iter, NULL, &info)) {
        Source source = {NULL, info};
        g_array_append_val(all->sources, source);
    }
    for (guint i = 0; i < all->sources->len; i++) {
        FctVmRow row = vm_list_row(app, all, stats, &g_array_index(all->sources, Source, i));
        g_array_append_val(all->rows, row);
    }
}

/* ---- what is asked for ---- */

static gboolean check_states(const GStrv states, GError **error)
{
    static const char *const known[] = {"off", "running", "paused", "stopping", "crashed", "unknown", "blocked", NULL};
    for (guint i = 0; states && states[i]; i++)
        if (!g_strv_contains(known, states[i]))
            return fct_read_refuse(error, "state",
                                   "A state is off, running, paused, stopping, crashed, unknown or blocked.");
    return TRUE;
}

/* What a request asks for, and what the query points to. */
typedef struct {
    FctVmQuery query;
    char *words;
    GStrv states;
    char *order; /* "name asc": the cursors of one order are none of another */
    FctListPage page;
    FctVmMark after;
} Asked;

static void asked_clear(Asked *asked)
{
    g_clear_pointer(&asked->words, g_free);
    g_clear_pointer(&asked->states, g_strfreev);
    g_clear_pointer(&asked->order, g_free);
    fct_list_page_clear(&asked->page);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Asked, asked_clear)

/* Where the page begins: behind a cursor, or at an offset. */
static gboolean read_place(const FctRequest *request, Asked *asked, GError **error)
{
    static const FctListOrder order = {.by = {"value", "name", "id"}};
    gint64 offset;
    if (!fct_list_page(request, &order, asked->order, &asked->page, error) ||
        !fct_request_query_int(request, "offset", 0, G_MAXINT32, 0, &offset, error))
        return FALSE;
    const json_t *after = asked->page.after, *value = json_array_get(after, 0);
    if (after && offset)
        return fct_read_refuse(error, "cursor", "A cursor says where the page begins: leave out “offset”.");
    asked->after =
        (FctVmMark){json_is_number(value) ? json_number_value(value) : (double)NAN,
                    json_string_value(json_array_get(after, 1)), json_string_value(json_array_get(after, 2))};
    asked->query.after = asked->after.name && asked->after.id ? &asked->after : NULL;
    asked->query.offset = (guint)offset;
    asked->query.limit = asked->page.limit;
    return !after || asked->query.after ||
           fct_read_refuse(error, "cursor", "This is no cursor of this list: begin again without one.");
}

static gboolean read_query(const FctRequest *request, Asked *asked, GError **error)
{
    FctVmQuery *query = &asked->query;
    const char *q = g_hash_table_lookup(request->query, "q"), *state = g_hash_table_lookup(request->query, "state");
    const char *sort = g_hash_table_lookup(request->query, "sort"), *ours = g_hash_table_lookup(request->query, "ours");
    const char *order = g_hash_table_lookup(request->query, "order");
    if (sort && !fct_vm_sort_from_name(sort, &query->sort))
        return fct_read_refuse(error, "sort",
                               "VMs are sorted by name, state, cpu, vcpus, memory, created or attention.");
    if (order && strcmp(order, "asc") != 0 && strcmp(order, "desc") != 0)
        return fct_read_refuse(error, "order", "The order is asc or desc.");
    asked->states = state && *state ? g_strsplit(state, ",", -1) : NULL;
    asked->words = q && *q ? fct_list_fold(q) : NULL;
    asked->order = g_strdup_printf("%s %s", sort ? sort : "name", order ? order : "asc");
    query->name = g_hash_table_lookup(request->query, "name");
    query->text = asked->words;
    query->states = (const char *const *)asked->states;
    query->ours = ours ? fct_request_query_bool(request, "ours", FALSE) : -1;
    query->descending = order && strcmp(order, "desc") == 0;
    return check_states(asked->states, error) && read_place(request, asked, error);
}

/* ---- the answer ---- */

/* @news: gets whether some VM on the page can start now and could not before, or the reverse. */
static json_t *items_of(FctApp *app, const GPtrArray *rows, gboolean *news, GError **error)
{
    g_autoptr(GPtrArray) holds = fct_holds_list(app->store, NULL, error);
    g_autoptr(FctVmOffer) offer = fct_vm_offer_new(app, FALSE, NULL); /* what cannot be seen, the verdicts say */
    if (!holds)
        return NULL;
    g_autoptr(json_t) addresses = fct_networks_addresses(app);
    json_t *items = json_array();
    *news = FALSE;
    for (guint i = 0; i < rows->len; i++) {
        const Source *source = ((const FctVmRow *)rows->pdata[i])->data;
        const FctVm *vm = source->known ? source->known->vm : NULL;
        json_t *view =
            vm ? fct_vm_view(app, offer, vm, source->info, holds, addresses) : fct_vm_view_foreign(app, source->info);
        if (vm && fct_vms_note_view(app, vm->id, view))
            *news = TRUE;
        json_array_append_new(items, view);
    }
    return items;
}

static char *cursor_behind(const FctRequest *request, const Asked *asked, const FctVmRow *row)
{
    double value = fct_vm_sort_value(row, asked->query.sort);
    json_t *values = json_pack("[o, s, s]", isnan(value) ? json_null() : json_real(value), row->name, row->id);
    return fct_list_cursor(request, asked->order, values);
}

static gboolean vm_list_answer(const FctRequest *request, const Asked *asked, FctReply *reply, gboolean *news,
                               GError **error)
{
    FctApp *app = request->app;
    g_auto(All) all = {0};
    g_auto(FctVmPage) page = {0};
    vm_list_read(app, &all);
    fct_vm_page_pick((const FctVmRow *)all.rows->data, all.rows->len, &asked->query, &page);
    json_t *items = items_of(app, page.rows, news, error);
    if (!items)
        return FALSE;
    json_decref(reply->json);
    reply->json = json_pack("{s:o, s:i, s:O}", "items", items, "total", (int)page.total, "counts", page.counts);
    if (page.more) {
        g_autofree char *next = cursor_behind(request, asked, page.rows->pdata[page.rows->len - 1]);
        json_object_set_new(reply->json, "next", json_string(next));
    }
    return TRUE;
}

gboolean fct_vm_list(const FctRequest *request, FctReply *reply, GError **error)
{
    g_auto(Asked) asked = {0};
    gboolean news = FALSE;
    if (!read_query(request, &asked, error) || !vm_list_answer(request, &asked, reply, &news, error))
        return FALSE;
    /* Rows are picked and counted by what was known before, so news means picking them once more. */
    return !news || vm_list_answer(request, &asked, reply, &news, error);
}
