/* SPDX-License-Identifier: Apache-2.0 */
#include "host/observe.h"

#include "base/text.h"
#include "host/helper_numbers.h"
#include "host/sysfs.h"

#include <string.h>

#define TELL_US (20 * 1000) /* how often progress is reported: a host has thousands of processes */

struct FctObserver {
    char *root, *nvml_path, *boot_id;
    gboolean attach;
    FctNvml *nvml;      /* NULL: not opened */
    GHashTable *cards;  /* address → FctCard */
    FctInventory *last; /* of the last observation of all cards */
    json_t *numbers;    /* numbers of cards in this boot */
    GHashTable *stuck;  /* addresses of cards whose unbinding is stuck while no driver has them */
    FctCpuTimes cpu;    /* time of the last sample */
    FctObserverAt at;
    gpointer at_data;
    gint64 told_us; /* when progress of the search for processes was last reported */
};

static void ignore_card(const char *gpu, gpointer data)
{
}

FctObserver *fct_observer_new(const char *root, const char *nvml_path, gboolean attach)
{
    FctObserver *observer = g_new0(FctObserver, 1);
    observer->root = g_strdup(root);
    observer->nvml_path = g_strdup(nvml_path);
    observer->boot_id = g_strdup("");
    observer->attach = attach;
    observer->cards = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    observer->stuck = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    observer->at = ignore_card;
    return observer;
}

void fct_observer_on_card(FctObserver *observer, FctObserverAt at, gpointer data)
{
    observer->at = at;
    observer->at_data = data;
}

static void close_nvml(FctObserver *observer)
{
    GHashTableIter iter;
    gpointer card;
    g_hash_table_iter_init(&iter, observer->cards);
    while (g_hash_table_iter_next(&iter, NULL, &card)) {
        fct_card_free(observer->nvml, card);
        g_hash_table_iter_remove(&iter);
    }
    g_clear_pointer(&observer->nvml, fct_nvml_close);
}

void fct_observer_free(FctObserver *observer)
{
    if (!observer)
        return;
    close_nvml(observer);
    g_hash_table_unref(observer->cards);
    g_hash_table_unref(observer->stuck);
    json_decref(observer->numbers);
    fct_inventory_unref(observer->last);
    g_free(observer->root);
    g_free(observer->nvml_path);
    g_free(observer->boot_id);
    g_free(observer);
}

/* Opening NVML takes all cards, so it is not opened while one of them belongs to another program. */
static gboolean may_attach(const FctObserver *observer, const json_t *avoid)
{
    const char *gpu;
    json_t *why;
    gboolean may = observer->attach;
    json_object_foreach ((json_t *)avoid, gpu, why)
        may = may && strcmp(fct_json_str(why, "state", ""), "released") != 0;
    return may;
}

/* A driver may have been loaded since, and after a restart of the host every handle is stale. */
static void open_nvml(FctObserver *observer, const FctInventory *inventory, const json_t *avoid)
{
    if (strcmp(observer->boot_id, inventory->boot_id) != 0 || (observer->nvml && !observer->nvml->ready))
        close_nvml(observer);
    fct_text_set(&observer->boot_id, inventory->boot_id);
    if (observer->nvml)
        return;
    observer->at("", observer->at_data);
    observer->nvml = fct_nvml_open(observer->nvml_path, may_attach(observer, avoid));
}

static FctCard *card_of(FctObserver *observer, const FctGpu *gpu)
{
    FctCard *card = g_hash_table_lookup(observer->cards, gpu->address);
    if (!card) {
        card = fct_card_new(gpu->address);
        g_hash_table_insert(observer->cards, g_strdup(gpu->address), card);
    }
    return card;
}

/* What was known of the card in that slot, if it is of the same model. */
static const json_t *known_before(const FctScan *scan, const FctGpu *gpu)
{
    const json_t *card = json_object_get(scan->known, gpu->id);
    return card && strcmp(fct_json_str(card, "vendor_device", ""), gpu->vendor_device) == 0 ? card : NULL;
}

/* A card that must be left alone keeps the identity that was known before. */
static gboolean card_is_avoided(const FctScan *scan, FctGpu *gpu)
{
    const json_t *why = json_object_get(scan->avoid, gpu->id), *before = known_before(scan, gpu);
    if (!why)
        return FALSE;
    const char *state = fct_json_str(why, "state", "");
    gpu->state = strcmp(state, "wedged") == 0     ? FCT_GPU_WEDGED
                 : strcmp(state, "released") == 0 ? FCT_GPU_RELEASED
                                                  : FCT_GPU_LOST;
    fct_text_set(&gpu->state_reason, fct_json_str(why, "reason", "The card is left alone."));
    fct_text_set(&gpu->readings.source, "none");
    fct_text_set(&gpu->readings.why_not, gpu->state_reason);
    fct_text_set(&gpu->uuid, fct_json_str(before, "uuid", ""));
    fct_text_set(&gpu->serial, fct_json_str(before, "serial", ""));
    fct_text_set(&gpu->architecture, fct_json_str(before, "architecture", ""));
    return TRUE;
}

/* Names for cards that NVML does not show: the former name, or one that clearly is no product's name. */
static void name_without_nvml(const FctScan *scan, FctGpu *gpu)
{
    if (*gpu->name)
        return;
    g_free(gpu->name);
    gpu->name = g_strdup(fct_json_str(known_before(scan, gpu), "name", ""));
    if (*gpu->name)
        return;
    g_free(gpu->name);
    gpu->name = g_strdup_printf("NVIDIA GPU %s", gpu->vendor_device);
}

/*
 * Nobody can end the unbinding of a card that is in use from NVIDIA's driver (reference host.md §0.1): the card then
 * has no driver and never gets one. What the kernel logged about it is remembered, since its log overwrites old
 * messages.
 */
static void judge_stuck(FctObserver *observer, FctGpu *gpu)
{
    if (*gpu->driver || gpu->state != FCT_GPU_UNMANAGED) {
        g_hash_table_remove(observer->stuck, gpu->address);
        return;
    }
    if (!g_hash_table_contains(observer->stuck, gpu->address) && fct_sysfs_remove_hangs(observer->root, gpu->address))
        g_hash_table_add(observer->stuck, g_strdup(gpu->address));
    if (!g_hash_table_contains(observer->stuck, gpu->address))
        return;
    gpu->state = FCT_GPU_WEDGED;
    fct_text_set(&gpu->state_reason, "It is stuck: another program took it from the NVIDIA driver while it was in use, "
                                     "and the driver never finishes that. Restart the host.");
}

static void scan_card(FctObserver *observer, const FctScan *scan, const FctInventory *inventory, FctGpu *gpu)
{
    if (card_is_avoided(scan, gpu)) {
        name_without_nvml(scan, gpu);
        return;
    }
    observer->at(gpu->id, observer->at_data);
    fct_sysfs_judge(observer->root, gpu);
    judge_stuck(observer, gpu);
    if (observer->nvml && observer->nvml->ready && !scan->no_nvml) {
        NvReturn code = fct_card_observe(observer->nvml, card_of(observer, gpu), observer->root, scan->readings, gpu);
        if (fct_card_nvml_is_gone(code))
            observer->nvml->ready = FALSE; /* opened again at the next observation */
    } else {
        if (gpu->state == FCT_GPU_OK && gpu->mode != FCT_MODE_PASSTHROUGH) {
            gpu->state = FCT_GPU_UNMANAGED;
            fct_text_set(&gpu->state_reason, inventory->nvml_problem);
        }
        fct_text_set(&gpu->readings.source, "none");
        fct_text_set(&gpu->readings.why_not, inventory->nvml_problem);
    }
    name_without_nvml(scan, gpu);
}

static void at_processes(gpointer data)
{
    FctObserver *observer = data;
    gint64 now = g_get_monotonic_time();
    if (now - observer->told_us < TELL_US)
        return;
    observer->told_us = now;
    observer->at(FCT_AT_PROCESSES, observer->at_data);
}

static void observer_add_holders(FctObserver *observer, FctInventory *inventory)
{
    g_autoptr(GHashTable) minors = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < inventory->gpus->len; i++) {
        FctGpu *gpu = inventory->gpus->pdata[i];
        const FctCard *card = g_hash_table_lookup(observer->cards, gpu->address);
        if (card && card->minor >= 0)
            g_hash_table_insert(minors, gpu->id, GINT_TO_POINTER(card->minor + 1));
    }
    observer->told_us = 0;
    fct_sysfs_holders(observer->root, inventory, minors, at_processes, observer);
}

FctInventory *fct_observer_scan(FctObserver *observer, const FctScan *scan)
{
    FctInventory *inventory = fct_inventory_new();
    fct_sysfs_host(observer->root, inventory);
    fct_sysfs_cards(observer->root, inventory);
    json_t *numbers = fct_numbers_give(inventory, observer->numbers ? observer->numbers : scan->numbers);
    json_decref(observer->numbers);
    observer->numbers = numbers;
    if (scan->no_nvml) {
        fct_text_set(&inventory->nvml_problem, scan->no_nvml);
    } else {
        open_nvml(observer, inventory, scan->avoid);
        fct_text_set(&inventory->driver_version, observer->nvml->driver);
        fct_text_set(&inventory->nvml_version, observer->nvml->version);
        fct_text_set(&inventory->nvml_problem, observer->nvml->problem);
    }
    for (guint i = 0; i < inventory->gpus->len; i++) {
        FctGpu *gpu = inventory->gpus->pdata[i];
        if (!scan->only || strcmp(scan->only, gpu->id) == 0)
            scan_card(observer, scan, inventory, gpu);
    }
    if (scan->holders && !scan->no_search)
        observer_add_holders(observer, inventory);
    for (guint i = 0; scan->no_search && i < inventory->gpus->len; i++)
        fct_text_set(&((FctGpu *)inventory->gpus->pdata[i])->holders_unknown, scan->no_search);
    if (!scan->only) {
        fct_inventory_unref(observer->last);
        observer->last = fct_inventory_ref(inventory);
    }
    return inventory;
}

static json_t *host_sample(FctObserver *observer)
{
    FctCpuTimes now;
    FctReading percent = {FALSE, 0};
    gint64 total = 0, used = 0;
    gboolean memory = fct_sysfs_memory(observer->root, &total, &used);
    if (fct_sysfs_cpu_times(observer->root, &now)) {
        guint64 span = now.total - observer->cpu.total;
        if (observer->cpu.total > 0 && now.total > observer->cpu.total)
            percent = (FctReading){TRUE, 100.0 * (double)(now.busy - observer->cpu.busy) / (double)span};
        observer->cpu = now;
    }
    return json_pack("{s:o, s:o, s:o}", "cpu_percent", fct_reading_to_json(percent), "memory_used_mib",
                     fct_reading_to_json((FctReading){memory, (double)used}), "memory_total_mib",
                     fct_reading_to_json((FctReading){memory, (double)total}));
}

static json_t *card_sample(FctObserver *observer, const FctGpu *gpu, const json_t *avoid)
{
    g_autoptr(FctInventory) owner = fct_inventory_new();
    FctGpu *now = fct_gpu_new();
    g_ptr_array_add(owner->gpus, now);
    json_t *instances = json_array();
    FctCard *card = g_hash_table_lookup(observer->cards, gpu->address);
    gboolean readable = card && card->device && observer->nvml && observer->nvml->ready;
    if (readable && !json_object_get(avoid, gpu->id)) {
        observer->at(gpu->id, observer->at_data);
        fct_card_read(observer->nvml, card, &now->readings, instances);
    } else {
        const char *why = *gpu->readings.why_not ? gpu->readings.why_not : "The card cannot be read now.";
        fct_text_set(&now->readings.source, "none");
        fct_text_set(&now->readings.why_not, why);
    }
    json_t *json = fct_gpu_readings_to_json(&now->readings);
    json_object_set_new(json, "instances", instances);
    return json;
}

json_t *fct_observer_sample(FctObserver *observer, const json_t *avoid)
{
    if (!observer->last) {
        FctScan scan = {.avoid = avoid};
        g_autoptr(FctInventory) first G_GNUC_UNUSED = fct_observer_scan(observer, &scan);
    }
    json_t *gpus = json_object();
    for (guint i = 0; i < observer->last->gpus->len; i++) {
        const FctGpu *gpu = observer->last->gpus->pdata[i];
        json_object_set_new(gpus, gpu->id, card_sample(observer, gpu, avoid));
    }
    return json_pack("{s:I, s:o, s:o}", "time_ms", (json_int_t)(g_get_real_time() / 1000), "host",
                     host_sample(observer), "gpus", gpus);
}

const json_t *fct_observer_numbers(const FctObserver *observer)
{
    return observer->numbers;
}

NvDevice fct_observer_device(FctObserver *observer, const char *gpu_id)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, observer->cards);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const FctCard *card = value;
        g_autofree char *id = g_strdup_printf("gpu-%s", card->address);
        if (strcmp(g_strdelimit(id, ":.", '-'), gpu_id) == 0)
            return card->device;
    }
    return NULL;
}

FctNvml *fct_observer_nvml(FctObserver *observer)
{
    return observer->nvml;
}

char *fct_inventory_digest(const FctInventory *inventory)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(text, "%s\n%s\n%s\n%s\n%d\n", inventory->boot_id, inventory->driver_version,
                           inventory->nvml_problem, inventory->iommu, inventory->nvswitches);
    for (guint i = 0; i < inventory->gpus->len; i++) {
        g_autofree char *one = fct_gpu_digest(inventory->gpus->pdata[i]);
        g_string_append_printf(text, "%s\n", one);
    }
    return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text->str, (gssize)text->len);
}
