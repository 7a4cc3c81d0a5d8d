/* SPDX-License-Identifier: Apache-2.0 */
/* The observing child: one request at a time until the parent goes. */
#include "host/frame.h"
#include "host/helper.h"
#include "host/observe.h"

#include <string.h>

#define CHANNEL 3

static void tell_card(const char *gpu, gpointer data)
{
    g_autoptr(json_t) frame = json_pack("{s:s}", "at", gpu);
    fct_frame_send(CHANNEL, frame, 0, NULL); /* when the parent is gone the next receive fails */
}

/* The identities of the cards that NVML has shown. */
static json_t *worker_identities(const FctInventory *inventory)
{
    json_t *cards = json_object();
    for (guint i = 0; i < inventory->gpus->len; i++) {
        const FctGpu *gpu = inventory->gpus->pdata[i];
        if (*gpu->uuid)
            json_object_set_new(cards, gpu->id,
                                json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", gpu->name, "uuid", gpu->uuid, "serial",
                                          gpu->serial, "architecture", gpu->architecture, "vendor_device",
                                          gpu->vendor_device));
    }
    return cards;
}

static json_t *worker_observe(FctObserver *observer, const json_t *request)
{
    const FctScan how = {.avoid = json_object_get(request, "avoid"),
                         .known = json_object_get(request, "known"),
                         .numbers = json_object_get(request, "numbers"),
                         .no_nvml = fct_json_str(request, "no_nvml", NULL),
                         .holders = fct_json_bool(request, "full", FALSE),
                         .no_search = fct_json_str(request, "no_search", NULL),
                         .readings = fct_json_bool(request, "full", FALSE)};
    g_autoptr(FctInventory) inventory = fct_observer_scan(observer, &how);
    g_autofree char *digest = fct_inventory_digest(inventory);
    json_t *answer = json_pack("{s:s, s:s, s:o, s:O}", "digest", digest, "boot_id", inventory->boot_id, "cards",
                               worker_identities(inventory), "numbers", fct_observer_numbers(observer));
    if (how.holders)
        json_object_set_new(answer, "inventory", fct_inventory_to_json(inventory));
    return answer;
}

static json_t *worker_answer(FctObserver *observer, const json_t *request)
{
    if (strcmp(fct_json_str(request, "verb", ""), "sample") == 0)
        return json_pack("{s:o}", "sample", fct_observer_sample(observer, json_object_get(request, "avoid")));
    return worker_observe(observer, request);
}

int fct_helper_worker(const FctHelperConfig *config)
{
    FctFrames frames;
    json_t *request;
    g_autoptr(FctObserver) observer = fct_observer_new(config->root, config->nvml, TRUE);
    fct_observer_on_card(observer, tell_card, NULL);
    fct_frames_init(&frames, FCT_FRAME_LIMIT);
    while ((request = fct_frame_receive(CHANNEL, &frames, 0, NULL))) {
        g_autoptr(json_t) result = worker_answer(observer, request);
        json_decref(request);
        if (!fct_frame_send(CHANNEL, result, 0, NULL))
            break;
    }
    fct_frames_clear(&frames);
    return 0;
}
