/* SPDX-License-Identifier: Apache-2.0 */
#include "app/sample_ring.h"

#define PERIOD_MS 2000

static json_t *sample(gint64 time_ms, int vms)
{
    json_t *of_vms = json_object();
    for (int i = 0; i < vms; i++) {
        g_autofree char *id = g_strdup_printf("vm-%d", i);
        json_object_set_new(of_vms, id, json_pack("{s:i}", "cpu_percent", 7));
    }
    return json_pack("{s:I, s:{s:i}, s:o}", "time_ms", (json_int_t)time_ms, "host", "cpu_percent", 5, "vms", of_vms);
}

static gsize vms_in(const json_t *items, gsize i)
{
    return json_object_size(json_object_get(json_array_get(items, i), "vms"));
}

static void fill(FctSampleRing *ring, int samples, int vms)
{
    for (int i = 0; i < samples; i++)
        fct_sample_ring_keep(ring, sample((gint64)i * PERIOD_MS, vms));
}

static void check(int vms, gsize whole)
{
    const int samples = 1000;
    FctSampleRing ring = {0};
    fill(&ring, samples, vms);
    g_autoptr(json_t) items = fct_sample_ring_list(&ring, 0);
    gsize n = json_array_size(items);
    g_assert_cmpuint(n, ==, FCT_SAMPLE_RING_MS / PERIOD_MS + 1);
    for (gsize i = 0; i < n; i++) {
        const json_t *at = json_array_get(items, i);
        g_assert_cmpint(fct_json_int(at, "time_ms", -1), ==, (samples - (gint64)n + (gint64)i) * PERIOD_MS);
        g_assert_cmpint(fct_json_int(json_object_get(at, "host"), "cpu_percent", -1), ==, 5);
        g_assert_cmpuint(vms_in(items, i), ==, i >= n - MIN(n, whole) ? (gsize)vms : 0);
    }
    g_assert_cmpuint(ring.of_vms, ==, MIN(n, whole) * (gsize)vms);
    fct_sample_ring_clear(&ring);
}

static void test_bounds(void)
{
    check(0, 1000);
    check(10, 1000);
    check(300, FCT_SAMPLE_RING_VMS / 300);
    check(1000, FCT_SAMPLE_RING_VMS / 1000);
}

/* However many VMs there are, the newest sample has all. */
static void test_newest_stays(void)
{
    FctSampleRing ring = {0};
    fill(&ring, 3, FCT_SAMPLE_RING_VMS + 1);
    g_autoptr(json_t) items = fct_sample_ring_list(&ring, 0);
    g_assert_cmpuint(vms_in(items, 2), ==, FCT_SAMPLE_RING_VMS + 1);
    g_assert_cmpuint(vms_in(items, 0) + vms_in(items, 1), ==, 0);
    fct_sample_ring_clear(&ring);
}

/* What somebody has been given does not change under him. */
static void test_given_stays(void)
{
    FctSampleRing ring = {0};
    fill(&ring, 1, 1000);
    g_autoptr(json_t) given = fct_sample_ring_list(&ring, 0);
    fill(&ring, 200, 1000);
    g_assert_cmpuint(vms_in(given, 0), ==, 1000);
    g_autoptr(json_t) late = fct_sample_ring_list(&ring, 199 * PERIOD_MS);
    g_assert_cmpuint(json_array_size(late), ==, 1);
    fct_sample_ring_clear(&ring);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sample-ring/bounds", test_bounds);
    g_test_add_func("/sample-ring/newest-stays", test_newest_stays);
    g_test_add_func("/sample-ring/given-stays", test_given_stays);
    return g_test_run();
}
