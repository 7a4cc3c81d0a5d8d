/* SPDX-License-Identifier: Apache-2.0 */
#include "core/card.h"

#include <string.h>

static gboolean profile_is_usable(const FctMigProfile *profile)
{
    return profile->size > 0 && profile->starts->len > 0;
}

static gboolean profile_read(const FctMigProfile *from, FctGridProfile *to, GError **error)
{
    *to = (FctGridProfile){
        .id = (guint32)from->id,
        .size = (guint8)MIN(from->size, 255),
        .max_count = (guint8)CLAMP(from->max_count, 0, 255),
        .need = {(gint16)from->compute_slices, (gint16)from->decoders, (gint16)from->encoders, (gint16)from->jpeg,
                 (gint16)from->ofa},
    };
    for (guint i = 0; i < from->starts->len; i++) {
        int start = g_array_index(from->starts, int, i);
        if (start < 0 || start >= FCT_MIG_UNITS_MAX)
            return fct_set_error(error, FCT_ERROR_UNSUPPORTED,
                                 "The profile %s begins at slot %d: more than Facet can plan.", from->name, start);
        to->starts |= (guint16)(1u << start);
    }
    return TRUE;
}

gboolean fct_card_grid(const FctGpu *gpu, FctMigGrid *ret_grid, GError **error)
{
    FctMigGrid grid = {.n_units = (guint8)CLAMP(gpu->mig.units, 0, 255)};
    for (guint i = 0; i < gpu->mig.profiles->len; i++) {
        const FctMigProfile *profile = gpu->mig.profiles->pdata[i];
        if (!profile_is_usable(profile))
            continue;
        if (grid.n_profiles == FCT_MIG_PROFILES_MAX)
            return fct_set_error(error, FCT_ERROR_UNSUPPORTED, "The card has more than %d profiles.",
                                 FCT_MIG_PROFILES_MAX);
        if (!profile_read(profile, &grid.profiles[grid.n_profiles++], error))
            return FALSE;
    }
    if (grid.n_profiles == 0)
        return fct_set_error(error, FCT_ERROR_UNSUPPORTED, "The driver names no MIG profile for this card.");
    if (!fct_mig_grid_finish(&grid, error))
        return FALSE;
    *ret_grid = grid;
    return TRUE;
}

const FctReservation *fct_card_reservation(const FctGpu *gpu, const FctGpuInstance *instance,
                                           const GPtrArray *reservations)
{
    g_autofree char *part = fct_part_id(gpu->id, instance->start, instance->profile_id);
    for (guint i = 0; reservations && i < reservations->len; i++) {
        const FctReservation *reservation = reservations->pdata[i];
        if (strcmp(reservation->part, part) == 0)
            return reservation;
    }
    return NULL;
}

void fct_card_state(const FctGpu *gpu, const GPtrArray *reservations, const FctMigGrid *grid, FctMigState *ret_state)
{
    *ret_state = (FctMigState){0};
    for (guint i = 0; i < gpu->mig.instances->len; i++) {
        const FctGpuInstance *instance = gpu->mig.instances->pdata[i];
        int p = fct_mig_grid_index(grid, (guint32)instance->profile_id);
        if (instance->start < 0 || instance->start >= grid->n_units)
            continue;
        ret_state->layout.at[instance->start] = p < 0 ? FCT_MIG_FOREIGN : (guint8)(p + 1);
        ret_state->cis[instance->start] = (guint8)MIN(instance->compute->len, 255);
        ret_state->busy[instance->start] = *gpu->holders_unknown || fct_gpu_instance_has_process(instance) ||
                                           fct_card_reservation(gpu, instance, reservations);
    }
}

GPtrArray *fct_card_holders(const FctGpu *gpu, const FctGpuInstance *instance, const GPtrArray *reservations)
{
    GPtrArray *holders = g_ptr_array_new_with_free_func(g_free);
    const FctReservation *reservation = fct_card_reservation(gpu, instance, reservations);
    if (reservation)
        g_ptr_array_add(holders, g_strdup_printf("VM %s", reservation->vm_name));
    for (guint i = 0; i < instance->compute->len; i++) {
        const FctComputeInstance *compute = instance->compute->pdata[i];
        for (guint k = 0; k < compute->processes->len; k++) {
            const FctProcess *process = compute->processes->pdata[k];
            g_ptr_array_add(holders, *process->name ? g_strdup_printf("process %d (%s)", process->pid, process->name)
                                                    : g_strdup_printf("process %d", process->pid));
        }
    }
    return holders;
}

/* "1c.3g.40gb + 2c.3g.40gb", "7 × 1c.7g.80gb": in the card's order of profiles. */
static char *cis_text(const FctMigProfile *profile, const GArray *cis, int *ret_slices)
{
    g_autoptr(GString) text = g_string_new(NULL);
    *ret_slices = 0;
    for (guint i = 0; i < profile->ci_profiles->len; i++) {
        const FctCiProfile *ci = profile->ci_profiles->pdata[i];
        guint n = 0;
        for (guint k = 0; k < cis->len; k++)
            n += g_array_index(cis, int, k) == ci->id;
        *ret_slices += (int)n * ci->slices;
        if (n > 0 && text->len)
            g_string_append(text, " + ");
        if (n > 1)
            g_string_append_printf(text, "%u × ", n);
        if (n > 0)
            g_string_append(text, ci->name);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

char *fct_card_not_whole(const FctMigProfile *profile, const GArray *cis)
{
    int slices = 0;
    if (cis->len == 0)
        return g_strdup("no compute instance");
    if (!profile)
        return cis->len == 1 ? g_strdup("") : g_strdup_printf("%u compute instances", cis->len);
    const FctCiProfile *first = fct_mig_ci_profile(profile, g_array_index(cis, int, 0));
    if (cis->len == 1 && (!first || first->whole))
        return g_strdup("");
    g_autofree char *text = cis_text(profile, cis, &slices);
    if (slices >= profile->compute_slices)
        return g_steal_pointer(&text);
    return g_strdup_printf("%s, %d of %d compute", text, slices, profile->compute_slices);
}

char *fct_card_instance_not_whole(const FctGpu *gpu, const FctGpuInstance *instance)
{
    g_autoptr(GArray) cis = g_array_new(FALSE, FALSE, sizeof(int));
    for (guint i = 0; i < instance->compute->len; i++)
        g_array_append_val(cis, ((FctComputeInstance *)instance->compute->pdata[i])->profile_id);
    return fct_card_not_whole(fct_mig_profile(&gpu->mig, instance->profile_id), cis);
}

char *fct_card_label(const FctGpu *gpu)
{
    return g_strdup_printf("GPU %d", gpu->index);
}

static const char *profile_name(const FctGpu *gpu, const FctMigGrid *grid, int p)
{
    const FctMigProfile *profile = fct_mig_profile(&gpu->mig, (int)grid->profiles[p].id);
    return profile ? profile->name : "?";
}

/* Profile indices, larger first; the card's own order between equals. */
static void by_size(const FctMigGrid *grid, int order[FCT_MIG_PROFILES_MAX])
{
    for (int i = 0; i < grid->n_profiles; i++) {
        int k = i;
        const FctGridProfile *mine = &grid->profiles[i];
        for (; k > 0; k--) {
            const FctGridProfile *other = &grid->profiles[order[k - 1]];
            if (other->size > mine->size ||
                (other->size == mine->size && other->need[FCT_MIG_COMPUTE] >= mine->need[FCT_MIG_COMPUTE]))
                break;
            order[k] = order[k - 1];
        }
        order[k] = i;
    }
}

char *fct_card_counts_text(const FctGpu *gpu, const FctMigGrid *grid, const FctMigCounts *counts)
{
    int order[FCT_MIG_PROFILES_MAX];
    g_autoptr(GString) text = g_string_new(NULL);
    by_size(grid, order);
    for (int i = 0; i < grid->n_profiles; i++)
        if (counts->n[order[i]])
            g_string_append_printf(text, "%s%d × %s", text->len ? ", " : "", counts->n[order[i]],
                                   profile_name(gpu, grid, order[i]));
    return text->len ? g_string_free(g_steal_pointer(&text), FALSE) : g_strdup("nothing");
}

/* Why @fit is not FCT_MIG_FITS, in a sentence; "" when it fits. */
static char *why_text(const FctGpu *gpu, const FctMigGrid *grid, const FctMigLayout *layout, const FctMigFit *fit)
{
    switch (fit->why) {
    case FCT_MIG_FITS:
        return g_strdup("");
    case FCT_MIG_OCCUPIED: {
        guint8 what = layout->at[fit->by];
        return g_strdup_printf("%s at slot %d is in the way.",
                               what == FCT_MIG_FOREIGN ? "An instance" : profile_name(gpu, grid, what - 1), fit->by);
    }
    case FCT_MIG_COUNT_USED:
        return g_strdup_printf("The card takes only %d × %s.", grid->profiles[fit->profile].max_count,
                               profile_name(gpu, grid, fit->profile));
    case FCT_MIG_RESOURCE_USED:
        return g_strdup_printf("All %s of the card that %s would need are taken.", fct_mig_resource_name(fit->resource),
                               profile_name(gpu, grid, fit->profile));
    case FCT_MIG_NO_PROFILE:
        return g_strdup("No profile of this card reaches this slot.");
    }
    g_assert_not_reached();
}

/* "3 × 1g.10gb or 1 × 2g.20gb": for each plain profile that still fits, how often it fits alone. */
static char *leaves_text(const FctGpu *gpu, const FctMigGrid *grid, const FctMigLayout *layout)
{
    int order[FCT_MIG_PROFILES_MAX];
    g_autoptr(GString) text = g_string_new(NULL);
    by_size(grid, order);
    for (int i = 0; i < grid->n_profiles; i++) {
        const FctMigProfile *profile = fct_mig_profile(&gpu->mig, (int)grid->profiles[order[i]].id);
        guint n = fct_mig_capacity(grid, layout, order[i]);
        if (n && !*profile->attributes)
            g_string_append_printf(text, "%s%u × %s", text->len ? " or " : "", n, profile->name);
    }
    return text->len ? g_string_free(g_steal_pointer(&text), FALSE) : g_strdup("nothing");
}

static gboolean grid_and_layout(const FctGpu *gpu, FctMigGrid *grid, FctMigState *state)
{
    if (!gpu->mig.current || !fct_card_grid(gpu, grid, NULL))
        return FALSE;
    fct_card_state(gpu, NULL, grid, state);
    return TRUE;
}

json_t *fct_card_fits_json(const FctGpu *gpu)
{
    json_t *json = json_array();
    FctMigGrid grid;
    FctMigState state;
    FctMigFit fits[FCT_MIG_FITS_MAX];
    if (!grid_and_layout(gpu, &grid, &state))
        return json;
    guint n = fct_mig_fits(&grid, &state.layout, fits);
    for (guint i = 0; i < n; i++) {
        const FctMigFit *fit = &fits[i];
        g_autofree char *why = why_text(gpu, &grid, &state.layout, fit);
        g_autofree char *leaves = NULL;
        if (fit->why == FCT_MIG_FITS) {
            FctMigLayout then = state.layout;
            then.at[fit->start] = (guint8)(fit->profile + 1);
            leaves = leaves_text(gpu, &grid, &then);
        }
        json_array_append_new(json, json_pack("{s:i, s:s, s:i, s:i, s:b, s:s, s:s}", "profile_id",
                                              (int)grid.profiles[fit->profile].id, "profile",
                                              profile_name(gpu, &grid, fit->profile), "start", fit->start, "size",
                                              grid.profiles[fit->profile].size, "ok", fit->why == FCT_MIG_FITS, "why",
                                              why, "leaves", leaves ? leaves : ""));
    }
    return json;
}

json_t *fct_card_stranded_json(const FctGpu *gpu)
{
    json_t *json = json_array();
    FctMigGrid grid;
    FctMigState state;
    FctMigStranded stranded;
    if (!grid_and_layout(gpu, &grid, &state))
        return json;
    fct_mig_stranded(&grid, &state.layout, &stranded);
    for (int u = 0; u < grid.n_units; u++) {
        if (!(stranded.units >> u & 1))
            continue;
        g_autofree char *why = why_text(gpu, &grid, &state.layout, &stranded.reason[u]);
        json_t *last = json_array_get(json, json_array_size(json) - 1);
        int end = last ? (int)(fct_json_int(last, "start", 0) + fct_json_int(last, "size", 0)) : -1;
        if (end == u && strcmp(fct_json_str(last, "why", ""), why) == 0)
            json_object_set_new(last, "size", json_integer(fct_json_int(last, "size", 0) + 1));
        else
            json_array_append_new(json, json_pack("{s:i, s:i, s:s}", "start", u, "size", 1, "why", why));
    }
    return json;
}
