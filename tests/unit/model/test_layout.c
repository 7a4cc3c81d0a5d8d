/* SPDX-License-Identifier: Apache-2.0 */
/* A request to carve and the wanted layout: what is read, what is refused and by which field, what is written. */
#include "model/layout.h"

static void test_request(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) json =
        json_loads("{\"kind\": \"carve\", \"profiles\": {\"3g\": 1, \"1g.10gb\": 2}, \"placements\": "
                   "[{\"profile\": \"3g\", \"start\": 4, \"compute\": [\"1c\", \"2c\"]}], "
                   "\"compute\": {\"1g.10gb\": []}}",
                   0, NULL);
    g_autoptr(FctCarveRequest) request = fct_carve_request_from_json(json, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(request->profiles->len, ==, 2);
    const FctPlacement *place = request->placements->pdata[0];
    g_assert_cmpint(place->start, ==, 4);
    g_assert_cmpstr(place->compute->pdata[1], ==, "2c");
    g_autoptr(json_t) counts = fct_profile_counts_to_json(request->profiles);
    g_assert_true(json_equal(counts, json_object_get(json, "profiles")));
    g_autoptr(json_t) splits = fct_profile_compute_to_json(request->compute);
    g_assert_true(json_equal(splits, json_object_get(json, "compute")));
}

static void test_refused(void)
{
    static const char *const cases[][2] = {
        {"{}", "profiles"},
        {"{\"profiles\": []}", "profiles"},
        {"{\"profiles\": {\"3g\": -1}}", "profiles"},
        {"{\"profiles\": {\"3g\": 17}}", "profiles"},
        {"{\"profiles\": {\"3g\": \"1\"}}", "profiles"},
        {"{\"profiles\": {}, \"placements\": {}}", "placements"},
        {"{\"profiles\": {}, \"placements\": [{\"start\": 1}]}", "profile"},
        {"{\"profiles\": {}, \"placements\": [{\"profile\": \"3g\", \"start\": 16}]}", "start"},
        {"{\"profiles\": {}, \"placements\": [{\"profile\": \"3g\", \"start\": 0, \"compute\": 1}]}", "placements"},
        {"{\"profiles\": {}, \"compute\": []}", "compute"},
        {"{\"profiles\": {}, \"compute\": {\"3g\": [1]}}", "compute"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(json_t) json = json_loads(cases[i][0], 0, NULL);
        g_assert_nonnull(json);
        g_autoptr(FctCarveRequest) request = fct_carve_request_from_json(json, &error);
        g_assert_null(request);
        g_assert_error(error, FCT_ERROR, FCT_ERROR_BAD_REQUEST);
        g_autoptr(json_t) told = fct_error_to_json(error);
        g_assert_cmpstr(fct_json_str(json_object_get(told, "details"), "field", ""), ==, cases[i][1]);
    }
}

static void test_wanted(void)
{
    static const char text[] =
        "{\"mig\": true, \"profiles\": {\"3g.40gb\": 2}, \"placements\": [{\"profile\": \"3g.40gb\", "
        "\"start\": 0}, {\"profile\": \"3g.40gb\", \"start\": 4, \"compute\": [\"1c.3g.40gb\"]}], "
        "\"gpu_uuid\": \"GPU-1\", \"boot_id\": \"b\"}";
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) json = json_loads(text, 0, NULL);
    g_autoptr(FctWantedLayout) wanted = fct_wanted_layout_from_json(json, &error);
    g_assert_no_error(error);
    g_autoptr(json_t) again = fct_wanted_layout_to_json(wanted);
    g_assert_true(json_equal(json, again));
    g_autoptr(GPtrArray) splits = fct_wanted_layout_compute(wanted);
    g_assert_cmpuint(splits->len, ==, 1);
}

/* The record of an older version has neither card nor boot nor places. */
static void test_wanted_old(void)
{
    g_autoptr(json_t) json = json_loads("{\"mig\": false}", 0, NULL);
    g_autoptr(FctWantedLayout) wanted = fct_wanted_layout_from_json(json, NULL);
    g_assert_nonnull(wanted);
    g_assert_null(wanted->gpu_uuid);
    g_assert_cmpstr(wanted->boot_id, ==, "");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/model/layout/request", test_request);
    g_test_add_func("/model/layout/refused", test_refused);
    g_test_add_func("/model/layout/wanted", test_wanted);
    g_test_add_func("/model/layout/wanted-old", test_wanted_old);
    return g_test_run();
}
