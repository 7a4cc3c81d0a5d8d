/* SPDX-License-Identifier: Apache-2.0 */
#include "app/sample_ring.h"

static gsize vms_of(const GList *link)
{
    return json_object_size(json_object_get(link->data, "vms"));
}

/* What is left of a sample is another object: the whole one may be on its way to somebody. */
static void forget_vms(FctSampleRing *ring)
{
    GList *link = ring->with_vms;
    ring->with_vms = link->next;
    if (!vms_of(link))
        return;
    ring->of_vms -= vms_of(link);
    json_t *rest = json_copy(link->data);
    json_object_set_new(rest, "vms", json_object());
    json_decref(link->data);
    link->data = rest;
}

static void forget_oldest(FctSampleRing *ring)
{
    if (ring->with_vms == ring->samples.head)
        forget_vms(ring);
    json_decref(g_queue_pop_head(&ring->samples));
}

void fct_sample_ring_keep(FctSampleRing *ring, json_t *sample)
{
    gint64 oldest = fct_json_int(sample, "time_ms", 0) - FCT_SAMPLE_RING_MS;
    g_queue_push_tail(&ring->samples, sample);
    if (!ring->with_vms)
        ring->with_vms = ring->samples.tail;
    ring->of_vms += vms_of(ring->samples.tail);
    /* The newest stays whole, however many VMs there are. */
    while (ring->of_vms > FCT_SAMPLE_RING_VMS && ring->with_vms != ring->samples.tail)
        forget_vms(ring);
    while (fct_json_int(g_queue_peek_head(&ring->samples), "time_ms", 0) < oldest)
        forget_oldest(ring);
}

json_t *fct_sample_ring_list(const FctSampleRing *ring, gint64 oldest_ms)
{
    json_t *items = json_array();
    for (const GList *at = ring->samples.head; at; at = at->next)
        if (fct_json_int(at->data, "time_ms", 0) >= oldest_ms)
            json_array_append(items, at->data);
    return items;
}

void fct_sample_ring_clear(FctSampleRing *ring)
{
    g_queue_clear_full(&ring->samples, (GDestroyNotify)json_decref);
    *ring = (FctSampleRing){0};
}
