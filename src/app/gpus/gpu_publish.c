/* SPDX-License-Identifier: Apache-2.0 */
#include "app/gpus/gpu_publish.h"

#include "app/gpus/gpu_view.h"
#include "app/gpus/groups.h"
#include "app/news/hub.h"
#include "app/news/records.h"

static void gpu_publish_card(FctApp *app, const FctInventory *inventory, const FctGpu *gpu)
{
    g_autoptr(GError) error = NULL;
    json_t *json = fct_gpu_view(app, inventory, gpu, TRUE, &error);
    if (json)
        fct_hub_publish(app->hub, "gpu", gpu->id, json);
    else
        g_warning("%s is not published: %s", gpu->id, error->message);
}

void fct_gpu_publish(FctApp *app, const char *id)
{
    g_autoptr(FctInventory) inventory = fct_observer_inventory(app->observer, NULL);
    const FctGpu *gpu = inventory ? fct_inventory_gpu(inventory, id) : NULL;
    if (!gpu)
        return;
    gpu_publish_card(app, inventory, gpu);
    fct_groups_publish(app);
}

/* ---- news ---- */

static void tell_state(FctApp *app, const FctGpu *before, const FctGpu *now)
{
    if (before && before->state == now->state)
        return;
    if (now->state == FCT_GPU_LOST || now->state == FCT_GPU_WEDGED)
        fct_event(app, "gpu.state", "error", "gpu", now->id, now->name, "GPU %d (%s) is %s: %s", now->index, now->name,
                  fct_gpu_state_name(now->state), now->state_reason);
    else if (before && (before->state == FCT_GPU_LOST || before->state == FCT_GPU_WEDGED))
        fct_event(app, "gpu.state", "info", "gpu", now->id, now->name, "GPU %d (%s) answers again.", now->index,
                  now->name);
}

static void tell_gone(FctApp *app, const FctObserverNews *news)
{
    for (guint i = 0; news->before && i < news->before->gpus->len; i++) {
        const FctGpu *gpu = news->before->gpus->pdata[i];
        if (fct_inventory_gpu(news->now, gpu->id))
            continue;
        fct_hub_publish_deleted(app->hub, "gpu", gpu->id);
        fct_event(app, "gpu.removed", "error", "gpu", gpu->id, gpu->name, "GPU %d (%s) is gone.", gpu->index,
                  gpu->name);
    }
}

void fct_gpu_publish_news(FctApp *app, const FctObserverNews *news, gpointer data)
{
    for (guint i = 0; i < news->gpus->len; i++) {
        const FctGpu *gpu = fct_inventory_gpu(news->now, news->gpus->pdata[i]);
        const FctGpu *old = news->before ? fct_inventory_gpu(news->before, gpu->id) : NULL;
        gpu_publish_card(app, news->now, gpu);
        tell_state(app, old, gpu);
        if (news->before && !old)
            fct_event(app, "gpu.added", "info", "gpu", gpu->id, gpu->name, "GPU %d (%s) is there now.", gpu->index,
                      gpu->name);
    }
    tell_gone(app, news);
    fct_groups_publish(app);
}
