/* SPDX-License-Identifier: Apache-2.0 */
#include "app/metrics/sampler.h"

#include "app/domains/domains.h"
#include "app/news/hub.h"
#include "base/scope.h"

#define PERIOD_S 2
#define VM_FRESH_MS 10000 /* VMs' readings older than this are not shown as present ones */

struct FctSampler {
    FctApp *app;
    GMutex lock; /* all below */
    GCond wake;
    gboolean stopping;
    FctSampleRing ring;
    json_t *vms; /* newest readings of VMs; NULL: none */
    gint64 vms_ms;
    GThread *hardware, *machines;
};

FctSampler *fct_sampler_new(FctApp *app)
{
    FctSampler *sampler = g_new0(FctSampler, 1);
    sampler->app = app;
    g_mutex_init(&sampler->lock);
    g_cond_init(&sampler->wake);
    return sampler;
}

/* FALSE when the sampler is to end. */
static gboolean pause_until(FctSampler *sampler, gint64 until)
{
    g_mutex_lock(&sampler->lock);
    while (!sampler->stopping && g_cond_wait_until(&sampler->wake, &sampler->lock, until))
        ;
    gboolean stopping = sampler->stopping;
    g_mutex_unlock(&sampler->lock);
    return !stopping;
}

/* Unknown readings are null in the answer, not left out. */
static json_t *sample_now(FctSampler *sampler)
{
    json_t *sample = sampler->app->hw->ops->sample(sampler->app->hw, NULL);
    if (!sample)
        sample = json_pack("{s:{s:n, s:n, s:n}, s:{}}", "host", "cpu_percent", "memory_used_mib", "memory_total_mib",
                           "gpus");
    gint64 now = fct_app_now_ms();
    json_object_set_new(sample, "time_ms", json_integer(now));
    fct_autolock(&sampler->lock);
    json_object_set_new(
        sample, "vms", sampler->vms && now - sampler->vms_ms < VM_FRESH_MS ? json_incref(sampler->vms) : json_object());
    return sample;
}

static void sampler_keep(FctSampler *sampler, const json_t *sample)
{
    fct_autolock(&sampler->lock);
    fct_sample_ring_keep(&sampler->ring, sample);
}

static gpointer sample_hardware(gpointer data)
{
    FctSampler *sampler = data;
    gint64 next = g_get_monotonic_time();
    do {
        json_t *sample = sample_now(sampler);
        sampler_keep(sampler, sample);
        fct_hub_publish(sampler->app->hub, "sample", "newest", sample);
        next = MAX(next + PERIOD_S * G_TIME_SPAN_SECOND, g_get_monotonic_time());
    } while (pause_until(sampler, next));
    return NULL;
}

static gpointer sample_machines(gpointer data)
{
    FctSampler *sampler = data;
    FctVmm *vmm = sampler->app->vmm;
    do {
        json_t *vms = vmm->ops->stats(vmm, NULL);
        fct_domains_note_stats(sampler->app->domains, vms);
        g_mutex_lock(&sampler->lock);
        json_decref(sampler->vms);
        sampler->vms = vms;
        sampler->vms_ms = fct_app_now_ms();
        g_mutex_unlock(&sampler->lock);
    } while (pause_until(sampler, g_get_monotonic_time() + PERIOD_S * G_TIME_SPAN_SECOND));
    return NULL;
}

void fct_sampler_start(FctSampler *sampler)
{
    sampler->hardware = g_thread_new("sampler", sample_hardware, sampler);
    if (sampler->app->vmm)
        sampler->machines = g_thread_new("vm-sampler", sample_machines, sampler);
}

void fct_sampler_stop(FctSampler *sampler)
{
    g_mutex_lock(&sampler->lock);
    sampler->stopping = TRUE;
    g_cond_broadcast(&sampler->wake);
    g_mutex_unlock(&sampler->lock);
    g_clear_pointer(&sampler->hardware, g_thread_join);
    g_clear_pointer(&sampler->machines, g_thread_join);
}

void fct_sampler_free(FctSampler *sampler)
{
    if (!sampler)
        return;
    fct_sample_ring_clear(&sampler->ring);
    json_decref(sampler->vms);
    g_mutex_clear(&sampler->lock);
    g_cond_clear(&sampler->wake);
    g_free(sampler);
}

json_t *fct_sampler_list(FctSampler *sampler, const FctSampleWish *wish)
{
    fct_autolock(&sampler->lock);
    return fct_sample_ring_list(&sampler->ring, wish);
}
