/* SPDX-License-Identifier: Apache-2.0 */
#include "app/metrics/sample_ring.h"

#include <math.h>
#include <string.h>

#define OF_VM G_N_ELEMENTS(vm_fields)

/* The readings of one VM; NAN: unknown. */
static const char *const vm_fields[] = {"cpu_percent", "memory_used_mib", "memory_total_mib"};

typedef struct {
    GRefString *id; /* one shared string for all samples */
    float values[3];
} OfVm;
G_STATIC_ASSERT(G_N_ELEMENTS(vm_fields) == G_N_ELEMENTS(((OfVm *)NULL)->values));

typedef struct {
    GRefString *id;
    char *text; /* JSON */
} OfGpu;

typedef struct {
    gint64 time_ms;
    char *host; /* JSON */
    OfGpu *gpus;
    OfVm *vms;
    guint n_gpus, n_vms;
} Sample;

static void drop_vms(Sample *sample)
{
    for (guint i = 0; i < sample->n_vms; i++)
        g_ref_string_release(sample->vms[i].id);
    g_clear_pointer(&sample->vms, g_free);
    sample->n_vms = 0;
}

static void sample_free(gpointer data)
{
    Sample *sample = data;
    drop_vms(sample);
    for (guint i = 0; i < sample->n_gpus; i++) {
        g_ref_string_release(sample->gpus[i].id);
        g_free(sample->gpus[i].text);
    }
    g_free(sample->gpus);
    g_free(sample->host);
    g_free(sample);
}

static Sample *sample_new(const json_t *json)
{
    Sample *sample = g_new0(Sample, 1);
    json_t *gpus = json_object_get(json, "gpus"), *vms = json_object_get(json, "vms"), *value;
    const char *id;
    sample->time_ms = fct_json_int(json, "time_ms", 0);
    sample->host = fct_json_text_unsorted(json_object_get(json, "host"));
    sample->gpus = g_new(OfGpu, json_object_size(gpus));
    sample->vms = g_new(OfVm, json_object_size(vms));
    json_object_foreach (gpus, id, value)
        sample->gpus[sample->n_gpus++] = (OfGpu){g_ref_string_new_intern(id), fct_json_text_unsorted(value)};
    json_object_foreach (vms, id, value) {
        OfVm *vm = &sample->vms[sample->n_vms++];
        vm->id = g_ref_string_new_intern(id);
        for (guint i = 0; i < OF_VM; i++) {
            const json_t *number = json_object_get(value, vm_fields[i]);
            vm->values[i] = json_is_number(number) ? (float)json_number_value(number) : NAN;
        }
    }
    return sample;
}

static void forget_vms(FctSampleRing *ring)
{
    GList *link = ring->with_vms;
    Sample *sample = link->data;
    ring->with_vms = link->next;
    ring->of_vms -= sample->n_vms;
    drop_vms(sample);
}

static void forget_oldest(FctSampleRing *ring)
{
    if (ring->with_vms == ring->samples.head)
        forget_vms(ring);
    sample_free(g_queue_pop_head(&ring->samples));
}

void fct_sample_ring_keep(FctSampleRing *ring, const json_t *json)
{
    Sample *sample = sample_new(json);
    gint64 oldest = sample->time_ms - FCT_SAMPLE_RING_MS;
    g_queue_push_tail(&ring->samples, sample);
    if (!ring->with_vms)
        ring->with_vms = ring->samples.tail;
    ring->of_vms += sample->n_vms;
    /* Drops readings of VMs from old samples; the newest sample stays whole, however many VMs there are. */
    while (ring->of_vms > FCT_SAMPLE_RING_VMS && ring->with_vms != ring->samples.tail)
        forget_vms(ring);
    while (((Sample *)g_queue_peek_head(&ring->samples))->time_ms < oldest)
        forget_oldest(ring);
}

/* ---- telling ---- */

static json_t *vm_json(const OfVm *vm)
{
    json_t *reading = json_object();
    for (guint i = 0; i < OF_VM; i++)
        json_object_set_new(reading, vm_fields[i], isnan(vm->values[i]) ? json_null() : json_real(vm->values[i]));
    return reading;
}

static void add_vm(const Sample *sample, const char *id, json_t *vms)
{
    GRefString *own = g_ref_string_new_intern(id); /* a set: comparing strings would be slow with a thousand VMs */
    for (guint i = 0; i < sample->n_vms; i++)
        if (sample->vms[i].id == own)
            json_object_set_new(vms, id, vm_json(&sample->vms[i]));
    g_ref_string_release(own);
}

/* @id NULL: all. */
static void add_gpus(const Sample *sample, const char *id, json_t *gpus)
{
    for (guint i = 0; i < sample->n_gpus; i++)
        if (!id || strcmp(sample->gpus[i].id, id) == 0)
            json_object_set_new(gpus, sample->gpus[i].id,
                                fct_json_parse(sample->gpus[i].text, strlen(sample->gpus[i].text), NULL));
}

static json_t *sample_json(const Sample *sample, const FctSampleWish *wish)
{
    json_t *gpus = json_object(), *vms = json_object();
    if (wish->gpus)
        add_gpus(sample, NULL, gpus);
    for (guint i = 0; wish->subjects && wish->subjects[i]; i++) {
        const char *subject = wish->subjects[i];
        if (g_str_has_prefix(subject, "vm/"))
            add_vm(sample, subject + strlen("vm/"), vms);
        else if (g_str_has_prefix(subject, "gpu/") && !wish->gpus)
            add_gpus(sample, subject + strlen("gpu/"), gpus);
    }
    return json_pack("{s:I, s:o?, s:o, s:o}", "time_ms", (json_int_t)sample->time_ms, "host",
                     fct_json_parse(sample->host, strlen(sample->host), NULL), "gpus", gpus, "vms", vms);
}

/* Keeps the newest sample of each time span: the one whose successor is in another span, or is missing. */
static gboolean is_last_of_step(const GList *at, gint64 step_ms)
{
    const Sample *sample = at->data, *next = at->next ? at->next->data : NULL;
    return step_ms <= 0 || !next || next->time_ms / step_ms != sample->time_ms / step_ms;
}

json_t *fct_sample_ring_list(const FctSampleRing *ring, const FctSampleWish *wish)
{
    json_t *items = json_array();
    for (const GList *at = ring->samples.head; at; at = at->next)
        if (((Sample *)at->data)->time_ms >= wish->oldest_ms && is_last_of_step(at, wish->step_ms))
            json_array_append_new(items, sample_json(at->data, wish));
    return items;
}

void fct_sample_ring_clear(FctSampleRing *ring)
{
    g_queue_clear_full(&ring->samples, sample_free);
    *ring = (FctSampleRing){0};
}
