/* SPDX-License-Identifier: Apache-2.0 */
#include "core/foresee.h"

#include <string.h>

typedef struct {
    int id, profile_id;
} Ci;

typedef struct {
    FctLayoutItem *item;
    GArray *cis; /* Ci: its compute instances */
} Piece;

typedef struct {
    gboolean mig;
    Piece at[FCT_MIG_UNITS_MAX];
} Vision;

static FctLayoutItem *item_of(int profile_id, const char *profile, int start, int size)
{
    FctLayoutItem *item = fct_layout_item_new();
    g_free(item->profile);
    item->profile_id = profile_id;
    item->profile = g_strdup(profile);
    item->start = start;
    item->size = size;
    return item;
}

/* What the item says of its compute. */
static void describe_compute(FctLayoutItem *item, const FctGpu *gpu, const GArray *cis)
{
    const FctMigProfile *profile = fct_mig_profile(&gpu->mig, item->profile_id);
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int));
    g_ptr_array_set_size(item->compute, 0);
    item->slices_used = 0;
    for (guint i = 0; i < cis->len; i++) {
        const Ci *one = &g_array_index(cis, Ci, i);
        const FctCiProfile *ci = fct_mig_ci_profile(profile, one->profile_id);
        item->slices_used += ci ? ci->slices : 0;
        g_ptr_array_add(item->compute, g_strdup(ci ? ci->name : ""));
        g_array_append_val(ids, one->profile_id);
    }
    item->ci_profile_id = cis->len == 1 ? g_array_index(cis, Ci, 0).profile_id : -1;
    g_free(item->not_whole);
    item->not_whole = fct_card_not_whole(profile, ids);
}

static GArray *cis_of(const FctGpuInstance *instance)
{
    GArray *cis = g_array_new(FALSE, FALSE, sizeof(Ci));
    for (guint i = 0; i < instance->compute->len; i++) {
        const FctComputeInstance *compute = instance->compute->pdata[i];
        const Ci one = {compute->id, compute->profile_id};
        g_array_append_val(cis, one);
    }
    return cis;
}

static void piece_clear(Piece *piece)
{
    if (piece->item)
        fct_layout_item_free(piece->item);
    if (piece->cis)
        g_array_unref(piece->cis);
    *piece = (Piece){0};
}

static void vision_init(Vision *vision, const FctGpu *gpu)
{
    *vision = (Vision){.mig = gpu->mig.current};
    for (guint i = 0; i < gpu->mig.instances->len; i++) {
        const FctGpuInstance *instance = gpu->mig.instances->pdata[i];
        if (instance->start < 0 || instance->start >= FCT_MIG_UNITS_MAX)
            continue;
        Piece *piece = &vision->at[instance->start];
        piece->item = item_of(instance->profile_id, instance->profile, instance->start, instance->size);
        piece->item->kept = TRUE;
        piece->cis = cis_of(instance);
    }
}

static Piece *piece_named(Vision *vision, const FctStep *step)
{
    if (step->start < 0 || step->start >= FCT_MIG_UNITS_MAX)
        return NULL;
    Piece *piece = &vision->at[step->start];
    return piece->item && piece->item->profile_id == step->profile_id ? piece : NULL;
}

static gboolean room_for(const Vision *vision, const FctStep *step)
{
    for (int u = 0; u < FCT_MIG_UNITS_MAX; u++) {
        const FctLayoutItem *item = vision->at[u].item;
        if (item && item->start < step->start + step->size && step->start < item->start + item->size)
            return FALSE;
    }
    return step->start >= 0 && step->size > 0 && step->start < FCT_MIG_UNITS_MAX;
}

static gboolean remove_ci(Piece *piece, int id)
{
    for (guint i = 0; piece && i < piece->cis->len; i++)
        if (g_array_index(piece->cis, Ci, i).id == id) {
            g_array_remove_index(piece->cis, i);
            piece->item->kept = FALSE;
            return TRUE;
        }
    return FALSE;
}

static gboolean add_ci(Piece *piece, const FctStep *step)
{
    if (!piece)
        return FALSE;
    const Ci one = {step->ci_id < 0 ? (int)piece->cis->len : step->ci_id, step->ci_profile_id};
    g_array_append_val(piece->cis, one);
    piece->item->kept = FALSE;
    return TRUE;
}

static gboolean vision_create_gi(Vision *vision, const FctStep *step, const FctGpu *gpu)
{
    const FctMigProfile *profile = fct_mig_profile(&gpu->mig, step->profile_id);
    if (!vision->mig || !room_for(vision, step))
        return FALSE;
    vision->at[step->start].item = item_of(step->profile_id, profile ? profile->name : "", step->start, step->size);
    vision->at[step->start].cis = g_array_new(FALSE, FALSE, sizeof(Ci));
    return TRUE;
}

static gboolean vision_set_mode(Vision *vision, gboolean enabled)
{
    if (vision->mig == enabled)
        return TRUE; /* only a pending change is taken back */
    for (int u = 0; u < FCT_MIG_UNITS_MAX; u++)
        if (vision->at[u].item)
            return FALSE;
    vision->mig = enabled;
    return TRUE;
}

static gboolean vision_run(Vision *vision, const FctStep *step, const FctGpu *gpu)
{
    Piece *piece = piece_named(vision, step);
    switch (step->kind) {
    case FCT_STEP_MIG_MODE:
        return vision_set_mode(vision, step->enabled);
    case FCT_STEP_CI_DESTROY:
        return remove_ci(piece, step->ci_id);
    case FCT_STEP_GI_DESTROY:
        if (!piece || piece->cis->len > 0)
            return FALSE;
        piece_clear(piece);
        return TRUE;
    case FCT_STEP_GI_CREATE:
        return vision_create_gi(vision, step, gpu);
    case FCT_STEP_CI_CREATE:
        return add_ci(piece, step);
    case FCT_N_STEP_KINDS:
        break;
    }
    g_assert_not_reached();
}

GPtrArray *fct_foresee(const FctGpu *gpu, const GPtrArray *steps, gboolean *ret_mig, GError **error)
{
    Vision vision;
    GPtrArray *items = g_ptr_array_new_with_free_func((GDestroyNotify)fct_layout_item_free);
    gboolean sound = TRUE;
    vision_init(&vision, gpu);
    for (guint i = 0; i < steps->len && sound; i++) {
        const FctStep *step = steps->pdata[i];
        sound = vision_run(&vision, step, gpu);
        if (!sound)
            fct_set_error(error, FCT_ERROR_STALE, "Step %u (%s) could not run on the card as it is.", i + 1,
                          step->title);
    }
    for (int u = 0; u < FCT_MIG_UNITS_MAX; u++) {
        if (vision.at[u].item && sound)
            describe_compute(vision.at[u].item, gpu, vision.at[u].cis);
        if (vision.at[u].item && sound)
            g_ptr_array_add(items, g_steal_pointer(&vision.at[u].item));
        piece_clear(&vision.at[u]);
    }
    if (!sound) {
        g_ptr_array_unref(items);
        return NULL;
    }
    if (ret_mig)
        *ret_mig = vision.mig;
    return items;
}

static void set_holder(FctLayoutItem *item, const char *kind, char *name)
{
    g_free(item->holder);
    g_free(item->holder_kind);
    item->holder = name;
    item->holder_kind = g_strdup(kind);
    item->busy = *kind != '\0';
}

/* The bare name, as pictures show it and colour by it. */
static void item_find_holder(FctLayoutItem *item, const FctGpu *gpu, const FctGpuInstance *instance,
                             const GPtrArray *reservations)
{
    const FctReservation *reservation = fct_card_reservation(gpu, instance, reservations);
    if (reservation) {
        set_holder(item, "vm", g_strdup(reservation->vm_name));
        return;
    }
    for (guint i = 0; i < instance->compute->len; i++) {
        const FctComputeInstance *compute = instance->compute->pdata[i];
        const FctProcess *process = compute->processes->len ? compute->processes->pdata[0] : NULL;
        if (!process)
            continue;
        set_holder(item, "process",
                   *process->name ? g_strdup(process->name) : g_strdup_printf("process %d", process->pid));
        return;
    }
}

void fct_layout_keep_holders(GPtrArray *then, const GPtrArray *now)
{
    for (guint i = 0; i < then->len; i++) {
        FctLayoutItem *item = then->pdata[i];
        for (guint k = 0; item->kept && k < now->len; k++) {
            const FctLayoutItem *before = now->pdata[k];
            if (before->start != item->start)
                continue;
            set_holder(item, before->holder_kind, g_strdup(before->holder));
        }
    }
}

GPtrArray *fct_layout_now(const FctGpu *gpu, const GPtrArray *reservations)
{
    GPtrArray *items = g_ptr_array_new_with_free_func((GDestroyNotify)fct_layout_item_free);
    for (guint i = 0; i < gpu->mig.instances->len; i++) {
        const FctGpuInstance *instance = gpu->mig.instances->pdata[i];
        FctLayoutItem *item = item_of(instance->profile_id, instance->profile, instance->start, instance->size);
        g_autoptr(GArray) cis = cis_of(instance);
        describe_compute(item, gpu, cis);
        item_find_holder(item, gpu, instance, reservations);
        g_ptr_array_add(items, item);
    }
    return items;
}

GPtrArray *fct_undo_steps(const FctGpu *before, const GPtrArray *done)
{
    GPtrArray *undo = g_ptr_array_new_with_free_func((GDestroyNotify)fct_step_free);
    for (guint i = done->len; i > 0; i--) {
        FctStep *step = fct_step_undo(done->pdata[i - 1], before);
        if (step)
            g_ptr_array_add(undo, step);
    }
    return undo;
}
