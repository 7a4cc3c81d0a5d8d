/* SPDX-License-Identifier: Apache-2.0 */
#include "core/wish.h"

#include "base/read.h"

#include <string.h>

static int wish_refuse(GError **error, const FctGpu *gpu, const char *field, const char *name)
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
    return p < 0 ? wish_refuse(error, gpu, field, name) : p;
}

static gboolean parse_profiles(FctWish *wish, const FctGpu *gpu, const GPtrArray *profiles, GError **error)
{
    for (guint i = 0; i < profiles->len; i++) {
        const FctProfileCount *count = profiles->pdata[i];
        int p = index_of(wish, gpu, "profiles", count->profile, error);
        if (p < 0)
            return FALSE;
        /* Two names may stand for one profile ("3g", "3g.40gb"). */
        if (count->count + wish->want.counts.n[p] > FCT_MIG_UNITS_MAX)
            return fct_read_refuse(error, "profiles", "The number of %s must be from 0 to %d.", count->profile,
                                   FCT_MIG_UNITS_MAX);
        wish->want.counts.n[p] = (guint8)(wish->want.counts.n[p] + count->count);
    }
    return TRUE;
}

static const FctMigProfile *profile_at(const FctWish *wish, const FctGpu *gpu, int p)
{
    return fct_mig_profile(&gpu->mig, (int)wish->grid.profiles[p].id);
}

/* "1c" stands for "1c.3g.40gb". */
static const FctCiProfile *ci_by_name(const FctMigProfile *profile, const char *name)
{
    gsize length = name ? strlen(name) : 0;
    for (guint i = 0; length && i < profile->ci_profiles->len; i++) {
        const FctCiProfile *ci = profile->ci_profiles->pdata[i];
        if (g_ascii_strncasecmp(ci->name, name, length) == 0 && (!ci->name[length] || ci->name[length] == '.'))
            return ci;
    }
    return NULL;
}

static char *ci_names(const FctMigProfile *profile)
{
    g_autoptr(GString) text = g_string_new("It takes ");
    for (guint i = 0; i < profile->ci_profiles->len; i++)
        g_string_append_printf(text, "%s%s", i ? ", " : "", ((FctCiProfile *)profile->ci_profiles->pdata[i])->name);
    g_string_append_c(text, '.');
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static gboolean bad_split(GError **error, const FctMigProfile *profile, const char *field, char *sentence)
{
    g_autofree char *names = ci_names(profile), *text = sentence;
    return fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, names, json_pack("{s:s}", "field", field), "%s", text);
}

/* Largest first: in that order, all that fit together find places. */
static int larger_first(gconstpointer left, gconstpointer right, gpointer data)
{
    const FctCiProfile *a = fct_mig_ci_profile(data, *(const int *)left);
    const FctCiProfile *b = fct_mig_ci_profile(data, *(const int *)right);
    return a->slices != b->slices ? b->slices - a->slices : a->id - b->id;
}

static guint wish_count(const GArray *ids, int id)
{
    guint n = 0;
    for (guint i = 0; i < ids->len; i++)
        n += g_array_index(ids, int, i) == id;
    return n;
}

/* Fills @ids with what @names says; @field is where it was said. */
static gboolean parse_cis(const FctMigProfile *profile, const GPtrArray *names, const char *field, GArray *ids,
                          GError **error)
{
    int slices = 0;
    g_array_set_size(ids, 0);
    for (guint i = 0; i < names->len; i++) {
        const FctCiProfile *ci = ci_by_name(profile, names->pdata[i]);
        if (!ci)
            return bad_split(
                error, profile, field,
                g_strdup_printf("%s has no compute instance “%s”.", profile->name, (char *)names->pdata[i]));
        slices += ci->slices;
        g_array_append_val(ids, ci->id);
        if (slices > profile->compute_slices || wish_count(ids, ci->id) > (guint)MAX(ci->max_count, 1))
            return bad_split(error, profile, field,
                             g_strdup_printf("The compute instances for %s need more than its %d slices.",
                                             profile->name, profile->compute_slices));
    }
    g_array_sort_with_data(ids, larger_first, (gpointer)profile);
    return TRUE;
}

static gboolean parse_split(FctWish *wish, const FctGpu *gpu, const FctProfileCompute *split, GError **error)
{
    int p = index_of(wish, gpu, "compute", split->profile, error);
    return p >= 0 && parse_cis(profile_at(wish, gpu, p), split->compute, "compute", wish->cis[p], error);
}

static int pinned_count(const FctWish *wish, int p)
{
    int pinned = 0;
    for (int u = 0; u < FCT_MIG_UNITS_MAX; u++)
        pinned += wish->want.pin.at[u] == p + 1;
    return pinned;
}

static gboolean parse_pin(FctWish *wish, const FctGpu *gpu, const FctPlacement *place, GError **error)
{
    int p = index_of(wish, gpu, "placements", place->profile, error), start = place->start;
    if (p < 0)
        return FALSE;
    if (wish->want.pin.at[start])
        return fct_read_refuse(error, "placements", "Two instances are to begin at the slot of %s at %d.",
                               place->profile, start);
    if (!(wish->grid.profiles[p].starts >> start & 1))
        return fct_read_refuse(error, "placements", "%s cannot begin at slot %d.", place->profile, start);
    wish->want.pin.at[start] = (guint8)(p + 1);
    if (pinned_count(wish, p) > wish->want.counts.n[p])
        return fct_read_refuse(error, "placements", "More places are named for %s than there are to be.",
                               place->profile);
    if (!place->compute)
        return TRUE;
    wish->cis_at[start] = g_array_new(FALSE, FALSE, sizeof(int));
    return parse_cis(profile_at(wish, gpu, p), place->compute, "placements", wish->cis_at[start], error);
}

/* One compute instance that takes the whole GPU instance, where the driver offers one. */
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

gboolean fct_wish_parse(FctWish *wish, const FctGpu *gpu, const FctCarveRequest *request, GError **error)
{
    *wish = (FctWish){0};
    if (!fct_card_grid(gpu, &wish->grid, error))
        return FALSE;
    default_compute(wish, gpu);
    if (!parse_profiles(wish, gpu, request->profiles, error))
        return FALSE;
    for (guint i = 0; i < request->placements->len; i++)
        if (!parse_pin(wish, gpu, request->placements->pdata[i], error))
            return FALSE;
    for (guint i = 0; i < request->compute->len; i++)
        if (!parse_split(wish, gpu, request->compute->pdata[i], error))
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
    for (int u = 0; u < FCT_MIG_UNITS_MAX; u++)
        if (wish->cis_at[u])
            g_array_unref(wish->cis_at[u]);
    memset(wish->cis, 0, sizeof wish->cis);
    memset(wish->cis_at, 0, sizeof wish->cis_at);
}

const GArray *fct_wish_cis(const FctWish *wish, int p, int start)
{
    return start >= 0 && start < FCT_MIG_UNITS_MAX && wish->cis_at[start] && wish->want.pin.at[start] == p + 1
               ? wish->cis_at[start]
               : wish->cis[p];
}

gboolean fct_wish_differs(const FctWish *wish, const FctGpuInstance *instance)
{
    int p = fct_mig_grid_index(&wish->grid, (guint32)instance->profile_id);
    if (p < 0)
        return FALSE;
    const GArray *want = fct_wish_cis(wish, p, instance->start);
    g_autoptr(GArray) have = g_array_new(FALSE, FALSE, sizeof(int));
    for (guint i = 0; i < instance->compute->len; i++)
        g_array_append_val(have, ((FctComputeInstance *)instance->compute->pdata[i])->profile_id);
    if (have->len != want->len)
        return TRUE;
    for (guint i = 0; i < want->len; i++) {
        int id = g_array_index(want, int, i);
        if (wish_count(want, id) != wish_count(have, id))
            return TRUE;
    }
    return FALSE;
}

void fct_wish_state(const FctWish *wish, const FctGpu *gpu, const GPtrArray *reservations, FctMigState *ret_state)
{
    fct_card_state(gpu, reservations, &wish->grid, ret_state);
    for (int u = 0; u < wish->grid.n_units; u++) {
        guint8 what = ret_state->layout.at[u];
        const FctGpuInstance *instance = fct_mig_instance_at(&gpu->mig, u);
        if (!what || what == FCT_MIG_FOREIGN || ret_state->busy[u] || !fct_wish_differs(wish, instance))
            continue;
        ret_state->mend[u] = (guint8)(instance->compute->len + fct_wish_cis(wish, what - 1, u)->len);
    }
}
