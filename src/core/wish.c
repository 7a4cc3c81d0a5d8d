/* SPDX-License-Identifier: Apache-2.0 */
#include "core/wish.h"

#include <string.h>

static int bad(GError **error, const FctGpu *gpu, const char *field, const char *name)
{
    g_autoptr(GString) names = g_string_new("It has ");
    for (guint i = 0; i < gpu->mig.profiles->len; i++)
        g_string_append_printf(names, "%s%s", i ? ", " : "",
                               ((const FctMigProfile *)gpu->mig.profiles->pdata[i])->name);
    g_string_append(names, ".");
    fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, names->str, json_pack("{s:s}", "field", field),
                       "GPU %d has no profile %s.", gpu->index, name);
    return -1;
}

/* "3g" stands for the one plain profile that is called "3g.…". */
static const FctMigProfile *by_short_name(const FctGpu *gpu, const char *name)
{
    const FctMigProfile *found = NULL;
    gsize length = strlen(name);
    for (guint i = 0; i < gpu->mig.profiles->len; i++) {
        const FctMigProfile *profile = gpu->mig.profiles->pdata[i];
        if (*profile->attributes || g_ascii_strncasecmp(profile->name, name, length) != 0 ||
            profile->name[length] != '.')
            continue;
        if (found)
            return NULL; /* 1g.10gb or 1g.20gb: say which */
        found = profile;
    }
    return found;
}

static int index_of(const FctWish *wish, const FctGpu *gpu, const char *field, const char *name, GError **error)
{
    const FctMigProfile *profile = fct_mig_profile_by_name(&gpu->mig, name);
    if (!profile)
        profile = by_short_name(gpu, name);
    int p = profile ? fct_mig_grid_index(&wish->grid, (guint32)profile->id) : -1;
    return p < 0 ? bad(error, gpu, field, name) : p;
}

static gboolean parse_profiles(FctWish *wish, const FctGpu *gpu, const json_t *profiles, GError **error)
{
    const char *name;
    json_t *count;
    if (!json_is_object(profiles)) {
        fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, NULL, json_pack("{s:s}", "field", "profiles"),
                           "The field “profiles” must say how many of each profile.");
        return FALSE;
    }
    json_object_foreach ((json_t *)profiles, name, count) {
        int p = index_of(wish, gpu, "profiles", name, error);
        if (p < 0)
            return FALSE;
        json_int_t n = json_integer_value(count);
        if (!json_is_integer(count) || n < 0 || n + wish->want.counts.n[p] > FCT_MIG_UNITS_MAX) {
            fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, NULL, json_pack("{s:s}", "field", "profiles"),
                               "The number of %s must be from 0 to %d.", name, FCT_MIG_UNITS_MAX);
            return FALSE;
        }
        wish->want.counts.n[p] = (guint8)(wish->want.counts.n[p] + n);
    }
    return TRUE;
}

static gboolean parse_pin(FctWish *wish, const FctGpu *gpu, const json_t *place, GError **error)
{
    const char *name;
    gint64 start;
    if (!fct_json_need_str(place, "profile", &name, error) ||
        !fct_json_need_int(place, "start", 0, FCT_MIG_UNITS_MAX - 1, &start, error))
        return FALSE;
    int p = index_of(wish, gpu, "placements", name, error), pinned = 0;
    if (p < 0)
        return FALSE;
    if (!(wish->grid.profiles[p].starts >> start & 1) || wish->want.pin.at[start]) {
        fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, NULL, json_pack("{s:s}", "field", "placements"),
                           wish->want.pin.at[start] ? "Two instances are to begin at the slot of %s at %d."
                                                    : "%s cannot begin at slot %d.",
                           name, (int)start);
        return FALSE;
    }
    wish->want.pin.at[start] = (guint8)(p + 1);
    for (int u = 0; u < FCT_MIG_UNITS_MAX; u++)
        pinned += wish->want.pin.at[u] == p + 1;
    if (pinned > wish->want.counts.n[p]) {
        fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, NULL, json_pack("{s:s}", "field", "placements"),
                           "More places are named for %s than there are to be.", name);
        return FALSE;
    }
    return TRUE;
}

static const FctMigProfile *profile_at(const FctWish *wish, const FctGpu *gpu, int p)
{
    return fct_mig_profile(&gpu->mig, (int)wish->grid.profiles[p].id);
}

static const FctCiProfile *ci_by_name(const FctMigProfile *profile, const char *name)
{
    for (guint i = 0; name && i < profile->ci_profiles->len; i++) {
        const FctCiProfile *ci = profile->ci_profiles->pdata[i];
        if (g_ascii_strcasecmp(ci->name, name) == 0)
            return ci;
    }
    return NULL;
}

static gboolean parse_split(FctWish *wish, const FctGpu *gpu, const char *name, const json_t *list, GError **error)
{
    int p = index_of(wish, gpu, "compute", name, error), slices = 0;
    gsize i;
    json_t *entry;
    if (p < 0)
        return FALSE;
    const FctMigProfile *profile = profile_at(wish, gpu, p);
    wish->split[p] = TRUE;
    g_array_set_size(wish->cis[p], 0);
    json_array_foreach ((json_t *)list, i, entry) {
        const FctCiProfile *ci = ci_by_name(profile, json_string_value(entry));
        slices += ci ? ci->slices : 0;
        if (!ci || slices > profile->compute_slices) {
            fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, NULL, json_pack("{s:s}", "field", "compute"),
                               ci ? "The compute instances for %s need more than its %d slices."
                                  : "%s (%d slices) has no such compute instance.",
                               profile->name, profile->compute_slices);
            return FALSE;
        }
        g_array_append_val(wish->cis[p], ci->id);
    }
    return TRUE;
}

/* One compute instance that takes the whole GPU instance, where the driver names such a one. */
static void default_compute(FctWish *wish, const FctGpu *gpu)
{
    for (int p = 0; p < wish->grid.n_profiles; p++) {
        const FctMigProfile *profile = profile_at(wish, gpu, p);
        const FctCiProfile *whole = NULL;
        wish->cis[p] = g_array_new(FALSE, FALSE, sizeof(int));
        for (guint i = 0; i < profile->ci_profiles->len; i++) {
            const FctCiProfile *ci = profile->ci_profiles->pdata[i];
            if (!whole || ci->whole || (!whole->whole && ci->slices > whole->slices))
                whole = ci;
        }
        if (whole)
            g_array_append_val(wish->cis[p], whole->id);
    }
}

gboolean fct_wish_parse(FctWish *wish, const FctGpu *gpu, const json_t *request, GError **error)
{
    const char *name;
    gsize i;
    json_t *value;
    *wish = (FctWish){0};
    if (!fct_card_grid(gpu, &wish->grid, error))
        return FALSE;
    default_compute(wish, gpu);
    if (!parse_profiles(wish, gpu, json_object_get(request, "profiles"), error))
        return FALSE;
    json_array_foreach (json_object_get(request, "placements"), i, value)
        if (!parse_pin(wish, gpu, value, error))
            return FALSE;
    json_object_foreach (json_object_get(request, "compute"), name, value)
        if (!parse_split(wish, gpu, name, value, error))
            return FALSE;
    for (int p = 0; p < wish->grid.n_profiles; p++)
        wish->want.cis.n[p] = (guint8)wish->cis[p]->len;
    return TRUE;
}

void fct_wish_clear(FctWish *wish)
{
    for (int p = 0; p < FCT_MIG_PROFILES_MAX; p++)
        if (wish->cis[p])
            g_array_unref(wish->cis[p]);
    memset(wish->cis, 0, sizeof wish->cis);
}

/* Whether a kept instance must be given other compute instances: it has none, or others than were asked for. */
static gboolean mends(const FctWish *wish, int profile, const FctGpuInstance *instance)
{
    const GArray *want = wish->cis[profile];
    int balance = 0;
    if (instance->compute->len == 0)
        return want->len > 0;
    if (!wish->split[profile])
        return FALSE;
    if (instance->compute->len != want->len)
        return TRUE;
    /* Same length: equal as multisets when every wanted id occurs equally often on both sides. */
    for (guint i = 0; i < want->len && balance == 0; i++)
        for (guint k = 0; k < want->len; k++) {
            int id = g_array_index(want, int, i);
            balance += g_array_index(want, int, k) == id;
            balance -= ((const FctComputeInstance *)instance->compute->pdata[k])->profile_id == id;
        }
    return balance != 0;
}

void fct_wish_state(const FctWish *wish, const FctGpu *gpu, const GPtrArray *reservations, FctMigState *ret_state)
{
    fct_card_state(gpu, reservations, &wish->grid, ret_state);
    for (int u = 0; u < wish->grid.n_units; u++) {
        guint8 what = ret_state->layout.at[u];
        const FctGpuInstance *instance = fct_mig_instance_at(&gpu->mig, u);
        if (!what || what == FCT_MIG_FOREIGN || ret_state->busy[u] || !mends(wish, what - 1, instance))
            continue;
        ret_state->mend[u] = (guint8)(instance->compute->len + wish->cis[what - 1]->len);
    }
}
