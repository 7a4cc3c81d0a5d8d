/* SPDX-License-Identifier: Apache-2.0 */
#include "app/metrics/sample_ring.h"

#define PERIOD_MS 2000

static json_t *sample(int vms)
{
    json_t *of_vms = json_object();
    for (int i = 0; i < vms; i++) {
        g_autofree char *id = g_strdup_printf("vm-%d", i);
        json_object_set_new(of_vms, id, json_pack("{s:f, s:n}", "cpu_percent", 7.5 + i % 2, "memory_used_mib"));
    }
    return json_pack("{s:i, s:{s:i}, s:{s:{s:i, s:[{s:i}]}, s:{s:i}}, s:o}", "time_ms", 0, "host", "cpu_percent", 5,
                     "gpus", "gpu-a", "gpu_percent", 40, "instances", "start", 2, "gpu-b", "gpu_percent", 60, "vms",
                     of_vms);
}

static gboolean has_vm(const json_t *items, gsize i)
{
    return json_object_get(json_object_get(json_array_get(items, i), "vms"), "vm-0") != NULL;
}

static void fill(FctSampleRing *ring, int samples, int vms)
{
    g_autoptr(json_t) one = sample(vms);
    for (int i = 0; i < samples; i++) {
        json_object_set_new(one, "time_ms", json_integer((json_int_t)i * PERIOD_MS));
        fct_sample_ring_keep(ring, one);
    }
}

/* @subjects: with commas between. */
static json_t *list(const FctSampleRing *ring, gint64 oldest_ms, gint64 step_ms, const char *subjects)
{
    g_auto(GStrv) each = g_strsplit(subjects, ",", -1);
    FctSampleWish wish = {oldest_ms, step_ms, g_strv_contains((const char *const *)each, "gpus"), each};
    return fct_sample_ring_list(ring, &wish);
}

/* Of @samples samples with @vms VMs each the newest @whole have the VMs' readings, all that are kept have the rest. */
static void check(int samples, int vms, gsize whole)
{
    FctSampleRing ring = {0};
    fill(&ring, samples, vms);
    g_autoptr(json_t) items = list(&ring, 0, 0, "vm/vm-0");
    gsize n = json_array_size(items);
    g_assert_cmpuint(n, ==, MIN((gsize)samples, FCT_SAMPLE_RING_MS / PERIOD_MS + 1));
    for (gsize i = 0; i < n; i++) {
        const json_t *at = json_array_get(items, i);
        g_assert_cmpint(fct_json_int(at, "time_ms", -1), ==, (samples - (gint64)n + (gint64)i) * PERIOD_MS);
        g_assert_cmpint(fct_json_int(json_object_get(at, "host"), "cpu_percent", -1), ==, 5);
        g_assert_cmpint(has_vm(items, i), ==, vms > 0 && i >= n - MIN(n, whole));
    }
    g_assert_cmpuint(ring.of_vms, ==, MIN(n, whole) * (gsize)vms);
    fct_sample_ring_clear(&ring);
}

static void test_bounds(void)
{
    check(1000, 0, 1000);
    check(1000, 10, 1000);
    check(200, 3000, FCT_SAMPLE_RING_VMS / 3000);
    check(20, 30000, FCT_SAMPLE_RING_VMS / 30000);
}

/* However many VMs there are, the newest sample has all. */
static void test_newest_stays(void)
{
    FctSampleRing ring = {0};
    fill(&ring, 3, FCT_SAMPLE_RING_VMS + 1);
    g_autoptr(json_t) items = list(&ring, 0, 0, "vm/vm-0");
    g_assert_true(has_vm(items, 2));
    g_assert_false(has_vm(items, 0) || has_vm(items, 1));
    g_assert_cmpuint(ring.of_vms, ==, FCT_SAMPLE_RING_VMS + 1);
    fct_sample_ring_clear(&ring);
}

/* An answer has what was asked for and nothing else, as it was read. */
static void test_subjects(void)
{
    static const struct {
        const char *subjects, *json;
    } cases[] = {
        {"host", "{'gpus':{},'host':{'cpu_percent':5},'time_ms':0,'vms':{}}"},
        {"gpu/gpu-b,gpu/none", "{'gpus':{'gpu-b':{'gpu_percent':60}},'host':{'cpu_percent':5},'time_ms':0,'vms':{}}"},
        {"gpus", "{'gpus':{'gpu-a':{'gpu_percent':40,'instances':[{'start':2}]},'gpu-b':{'gpu_percent':60}},"
                 "'host':{'cpu_percent':5},'time_ms':0,'vms':{}}"},
        {"vm/vm-1,vm/vm-9", "{'gpus':{},'host':{'cpu_percent':5},'time_ms':0,"
                            "'vms':{'vm-1':{'cpu_percent':8.5,'memory_total_mib':null,'memory_used_mib':null}}}"},
    };
    FctSampleRing ring = {0};
    fill(&ring, 1, 3);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(json_t) items = list(&ring, 0, 0, cases[i].subjects);
        g_autofree char *text = fct_json_text(json_array_get(items, 0));
        g_assert_cmpstr(g_strdelimit(text, "\"", '\''), ==, cases[i].json);
    }
    fct_sample_ring_clear(&ring);
}

/* Of each step its newest sample, and the newest there is in any case. */
static void test_step(void)
{
    FctSampleRing ring = {0};
    fill(&ring, 9, 1); /* at 0, 2 … 16 s */
    g_autoptr(json_t) items = list(&ring, 3000, 5000, "host");
    static const gint64 wanted[] = {4000, 8000, 14000, 16000};
    g_assert_cmpuint(json_array_size(items), ==, G_N_ELEMENTS(wanted));
    for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++)
        g_assert_cmpint(fct_json_int(json_array_get(items, i), "time_ms", -1), ==, wanted[i]);
    fct_sample_ring_clear(&ring);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sample-ring/bounds", test_bounds);
    g_test_add_func("/sample-ring/newest-stays", test_newest_stays);
    g_test_add_func("/sample-ring/subjects", test_subjects);
    g_test_add_func("/sample-ring/step", test_step);
    return g_test_run();
}
