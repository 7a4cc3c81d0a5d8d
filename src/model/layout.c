/* SPDX-License-Identifier: Apache-2.0 */
#include "model/layout.h"

#include "base/read.h"

#include <string.h>

static void profile_count_free(gpointer data)
{
    FctProfileCount *count = data;
    g_free(count->profile);
    g_free(count);
}

static void profile_compute_free(gpointer data)
{
    FctProfileCompute *split = data;
    g_free(split->profile);
    g_clear_pointer(&split->compute, g_ptr_array_unref);
    g_free(split);
}

static void placement_free(gpointer data)
{
    FctPlacement *place = data;
    g_free(place->profile);
    g_clear_pointer(&place->compute, g_ptr_array_unref);
    g_free(place);
}

FctCarveRequest *fct_carve_request_new(void)
{
    FctCarveRequest *request = g_new0(FctCarveRequest, 1);
    request->profiles = g_ptr_array_new_with_free_func(profile_count_free);
    request->placements = g_ptr_array_new_with_free_func(placement_free);
    request->compute = g_ptr_array_new_with_free_func(profile_compute_free);
    return request;
}

void fct_carve_request_free(FctCarveRequest *request)
{
    if (!request)
        return;
    g_ptr_array_unref(request->profiles);
    g_ptr_array_unref(request->placements);
    g_ptr_array_unref(request->compute);
    g_free(request);
}

FctWantedLayout *fct_wanted_layout_new(void)
{
    FctWantedLayout *wanted = g_new0(FctWantedLayout, 1);
    wanted->profiles = g_ptr_array_new_with_free_func(profile_count_free);
    wanted->placements = g_ptr_array_new_with_free_func(placement_free);
    wanted->boot_id = g_strdup("");
    return wanted;
}

void fct_wanted_layout_free(FctWantedLayout *wanted)
{
    if (!wanted)
        return;
    g_ptr_array_unref(wanted->profiles);
    g_ptr_array_unref(wanted->placements);
    g_free(wanted->gpu_uuid);
    g_free(wanted->boot_id);
    g_free(wanted);
}

/* ---- reading ---- */

static gboolean read_counts(const json_t *json, GPtrArray *ret, GError **error)
{
    const char *name;
    json_t *value;
    if (!json_is_object(json))
        return fct_read_refuse(error, "profiles", "The field “profiles” must say how many of each profile.");
    json_object_foreach ((json_t *)json, name, value) {
        json_int_t n = json_integer_value(value);
        if (!json_is_integer(value) || n < 0 || n > FCT_MIG_UNITS_MAX)
            return fct_read_refuse(error, "profiles", "The number of %s must be from 0 to %d.", name,
                                   FCT_MIG_UNITS_MAX);
        FctProfileCount *count = g_new0(FctProfileCount, 1);
        count->profile = g_strdup(name);
        count->count = (int)n;
        g_ptr_array_add(ret, count);
    }
    return TRUE;
}

/* New list of names, or NULL with the refusal; @field is where they were said. */
static GPtrArray *read_compute(const json_t *json, const char *profile, const char *field, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    gsize i;
    json_t *name;
    gboolean good = json_is_array(json);
    json_array_foreach ((json_t *)json, i, name) {
        good = good && json_is_string(name);
        if (good)
            g_ptr_array_add(names, g_strdup(json_string_value(name)));
    }
    if (!good) {
        fct_read_refuse(error, field, "The compute instances of %s must be a list of names.", profile);
        return NULL;
    }
    return g_steal_pointer(&names);
}

static gboolean read_placement(const json_t *json, GPtrArray *ret, GError **error)
{
    static const char *const known[] = {"profile", "start", "compute", NULL};
    const json_t *compute = json_object_get(json, "compute");
    g_autoptr(GPtrArray) names = NULL;
    const char *profile;
    gint64 start;
    if (!fct_read_only(json, known, error) || !fct_read_str(json, "profile", &profile, error) ||
        !fct_read_int(json, "start", 0, FCT_MIG_UNITS_MAX - 1, &start, error))
        return FALSE;
    if (compute && !(names = read_compute(compute, profile, "placements", error)))
        return FALSE;
    fct_placements_add(ret, profile, (int)start, names);
    return TRUE;
}

static gboolean read_placements(const json_t *json, GPtrArray *ret, GError **error)
{
    gsize i;
    json_t *place;
    if (json && !json_is_array(json))
        return fct_read_refuse(error, "placements", "The field “placements” must be a list.");
    json_array_foreach ((json_t *)json, i, place)
        if (!read_placement(place, ret, error))
            return FALSE;
    return TRUE;
}

static void add_compute(GPtrArray *splits, const char *profile, GPtrArray *names)
{
    FctProfileCompute *split = g_new0(FctProfileCompute, 1);
    split->profile = g_strdup(profile);
    split->compute = names;
    g_ptr_array_add(splits, split);
}

static gboolean read_splits(const json_t *json, GPtrArray *ret, GError **error)
{
    const char *name;
    json_t *value;
    if (json && !json_is_object(json))
        return fct_read_refuse(error, "compute", "The field “compute” must be an object.");
    json_object_foreach ((json_t *)json, name, value) {
        GPtrArray *names = read_compute(value, name, "compute", error);
        if (!names)
            return FALSE;
        add_compute(ret, name, names);
    }
    return TRUE;
}

FctCarveRequest *fct_carve_request_from_json(const json_t *json, GError **error)
{
    g_autoptr(FctCarveRequest) request = fct_carve_request_new();
    if (!read_placements(json_object_get(json, "placements"), request->placements, error) ||
        !read_splits(json_object_get(json, "compute"), request->compute, error) ||
        !read_counts(json_object_get(json, "profiles"), request->profiles, error))
        return NULL;
    return g_steal_pointer(&request);
}

FctWantedLayout *fct_wanted_layout_from_json(const json_t *json, GError **error)
{
    g_autoptr(FctWantedLayout) wanted = fct_wanted_layout_new();
    const json_t *mig = json_object_get(json, "mig"), *profiles = json_object_get(json, "profiles");
    if (!json_is_boolean(mig)) {
        fct_read_refuse(error, "mig", "The field “mig” must be true or false.");
        return NULL;
    }
    wanted->mig = json_is_true(mig);
    wanted->gpu_uuid = g_strdup(fct_json_str(json, "gpu_uuid", NULL));
    g_free(wanted->boot_id);
    wanted->boot_id = g_strdup(fct_json_str(json, "boot_id", ""));
    if ((wanted->mig || profiles) && !read_counts(profiles, wanted->profiles, error))
        return NULL;
    if (!read_placements(json_object_get(json, "placements"), wanted->placements, error))
        return NULL;
    return g_steal_pointer(&wanted);
}

/* ---- writing ---- */

static json_t *names_to_json(const GPtrArray *names)
{
    json_t *json = json_array();
    for (guint i = 0; i < names->len; i++)
        json_array_append_new(json, json_string(names->pdata[i]));
    return json;
}

json_t *fct_profile_counts_to_json(const GPtrArray *profiles)
{
    json_t *json = json_object();
    for (guint i = 0; i < profiles->len; i++) {
        const FctProfileCount *count = profiles->pdata[i];
        json_object_set_new(json, count->profile, json_integer(count->count));
    }
    return json;
}

json_t *fct_profile_compute_to_json(const GPtrArray *splits)
{
    json_t *json = json_object();
    for (guint i = 0; i < splits->len; i++) {
        const FctProfileCompute *split = splits->pdata[i];
        json_object_set_new(json, split->profile, names_to_json(split->compute));
    }
    return json;
}

static json_t *placements_to_json(const GPtrArray *placements)
{
    json_t *json = json_array();
    for (guint i = 0; i < placements->len; i++) {
        const FctPlacement *place = placements->pdata[i];
        json_t *item = json_pack("{s:s, s:i}", "profile", place->profile, "start", place->start);
        if (place->compute)
            json_object_set_new(item, "compute", names_to_json(place->compute));
        json_array_append_new(json, item);
    }
    return json;
}

json_t *fct_wanted_layout_to_json(const FctWantedLayout *wanted)
{
    return json_pack("{s:b, s:o, s:o, s:s*, s:s}", "mig", wanted->mig, "profiles",
                     fct_profile_counts_to_json(wanted->profiles), "placements", placements_to_json(wanted->placements),
                     "gpu_uuid", wanted->gpu_uuid, "boot_id", wanted->boot_id);
}

/* ---- lists ---- */

static FctProfileCount *find_count(const GPtrArray *profiles, const char *profile)
{
    for (guint i = 0; i < profiles->len; i++) {
        FctProfileCount *count = profiles->pdata[i];
        if (strcmp(count->profile, profile) == 0)
            return count;
    }
    return NULL;
}

void fct_profile_counts_add(GPtrArray *profiles, const char *profile)
{
    FctProfileCount *count = find_count(profiles, profile);
    if (!count) {
        count = g_new0(FctProfileCount, 1);
        count->profile = g_strdup(profile);
        g_ptr_array_add(profiles, count);
    }
    count->count++;
}

void fct_profile_counts_copy(GPtrArray *profiles, const GPtrArray *from)
{
    for (guint i = 0; i < from->len; i++) {
        const FctProfileCount *count = from->pdata[i];
        FctProfileCount *copy = g_new0(FctProfileCount, 1);
        copy->profile = g_strdup(count->profile);
        copy->count = count->count;
        g_ptr_array_add(profiles, copy);
    }
}

static gpointer copy_text(gconstpointer text, gpointer data G_GNUC_UNUSED)
{
    return g_strdup(text);
}

static GPtrArray *copy_names(const GPtrArray *names)
{
    GPtrArray *copy = g_ptr_array_copy((GPtrArray *)names, copy_text, NULL);
    g_ptr_array_set_free_func(copy, g_free);
    return copy;
}

void fct_placements_add(GPtrArray *placements, const char *profile, int start, const GPtrArray *compute)
{
    FctPlacement *place = g_new0(FctPlacement, 1);
    place->profile = g_strdup(profile);
    place->start = start;
    place->compute = compute ? copy_names(compute) : NULL;
    g_ptr_array_add(placements, place);
}

GPtrArray *fct_wanted_layout_compute(const FctWantedLayout *wanted)
{
    GPtrArray *splits = g_ptr_array_new_with_free_func(profile_compute_free);
    for (guint i = 0; i < wanted->placements->len; i++) {
        const FctPlacement *place = wanted->placements->pdata[i];
        if (place->compute)
            add_compute(splits, place->profile, copy_names(place->compute));
    }
    return splits;
}
