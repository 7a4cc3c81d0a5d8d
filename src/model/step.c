/* SPDX-License-Identifier: Apache-2.0 */
/* A step as data: making, copying, JSON, words, and the step that undoes it. */
#include "model/plan.h"

#include "base/text.h"
#include "model/step_type.h"

static const char *const kind_names[FCT_N_STEP_KINDS + 1] = {
    [FCT_STEP_MIG_MODE] = "mig.mode",   [FCT_STEP_CI_DESTROY] = "ci.destroy", [FCT_STEP_GI_DESTROY] = "gi.destroy",
    [FCT_STEP_GI_CREATE] = "gi.create", [FCT_STEP_CI_CREATE] = "ci.create",
};

/*
 * Deadlines. Changing an instance takes hundreds of milliseconds; a change of mode resets the card. A step that passes
 * its deadline is not slow but stuck.
 */
static const int deadlines_ms[FCT_N_STEP_KINDS] = {
    [FCT_STEP_MIG_MODE] = 60000,  [FCT_STEP_CI_DESTROY] = 30000, [FCT_STEP_GI_DESTROY] = 30000,
    [FCT_STEP_GI_CREATE] = 30000, [FCT_STEP_CI_CREATE] = 30000,
};

static const FctField step_fields[] = {
    FCT_FIELD(FctStep, kind, ENUM, .names = kind_names),
    FCT_FIELD(FctStep, gpu, STR),
    FCT_FIELD(FctStep, gpu_uuid, STR),
    FCT_FIELD(FctStep, title, STR),
    FCT_FIELD(FctStep, enabled, BOOL),
    FCT_FIELD(FctStep, start, INT, .empty = -1),
    FCT_FIELD(FctStep, size, INT),
    FCT_FIELD(FctStep, profile_id, INT, .empty = -1),
    FCT_FIELD(FctStep, ci_profile_id, INT, .empty = -1),
    FCT_FIELD(FctStep, ci_id, INT, .empty = -1),
    FCT_FIELD(FctStep, deadline_ms, INT),
    {0},
};

static void free_step(gpointer step)
{
    fct_type_free(&fct_step_type, step);
}

const FctType fct_step_type = {"step", sizeof(FctStep), step_fields, free_step};

FctStep *fct_step_new(FctStepKind kind, const FctGpu *gpu)
{
    FctStep *step = fct_type_new(&fct_step_type);
    step->kind = kind;
    step->deadline_ms = deadlines_ms[kind];
    fct_text_set(&step->gpu, gpu->id);
    fct_text_set(&step->gpu_uuid, gpu->uuid);
    return step;
}

FctStep *fct_step_copy(const FctStep *step)
{
    FctStep *copy = g_memdup2(step, sizeof *step);
    copy->gpu = g_strdup(step->gpu);
    copy->gpu_uuid = g_strdup(step->gpu_uuid);
    copy->title = g_strdup(step->title);
    return copy;
}

void fct_step_free(FctStep *step)
{
    free_step(step);
}

json_t *fct_step_to_json(const FctStep *step)
{
    return fct_type_to_json(&fct_step_type, step);
}

FctStep *fct_step_from_json(const json_t *json, GError **error)
{
    if (!json_is_string(json_object_get(json, "kind"))) {
        fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, NULL, json_pack("{s:s}", "field", "kind"),
                           "A step must name its kind.");
        return NULL;
    }
    return fct_type_new_from_json(&fct_step_type, json, error);
}

/* "the compute instance" when it takes the whole GPU instance, its name when that is split. */
static char *ci_words(const FctMigProfile *profile, int ci_profile_id)
{
    const FctCiProfile *ci = fct_mig_ci_profile(profile, ci_profile_id);
    return ci && !ci->whole ? g_strdup_printf("compute instance %s", ci->name) : g_strdup("the compute instance");
}

static char *mode_title(const FctStep *step, const FctGpu *gpu)
{
    const char *mode = step->enabled ? "on" : "off";
    if (gpu->mig.current == step->enabled)
        return g_strdup_printf("Take the pending change of MIG back, so that it stays %s", mode);
    return g_strdup_printf("Turn MIG %s", mode);
}

void fct_step_set_title(FctStep *step, const FctGpu *gpu)
{
    const FctMigProfile *profile = fct_mig_profile(&gpu->mig, step->profile_id);
    const char *name = profile ? profile->name : "instance";
    g_free(step->title);
    switch (step->kind) {
    case FCT_STEP_MIG_MODE:
        step->title = mode_title(step, gpu);
        return;
    case FCT_STEP_CI_DESTROY: {
        g_autofree char *what = ci_words(profile, step->ci_profile_id);
        step->title = g_strdup_printf("Remove %s of %s at slot %d", what, name, step->start);
        return;
    }
    case FCT_STEP_GI_DESTROY:
        step->title = g_strdup_printf("Remove %s at slot %d", name, step->start);
        return;
    case FCT_STEP_GI_CREATE:
        step->title = g_strdup_printf("Create %s at slot %d", name, step->start);
        return;
    case FCT_STEP_CI_CREATE: {
        g_autofree char *what = ci_words(profile, step->ci_profile_id);
        step->title = g_strdup_printf("Create %s of %s at slot %d", what, name, step->start);
        return;
    }
    case FCT_N_STEP_KINDS:
        break;
    }
    g_assert_not_reached();
}

static const FctComputeInstance *step_compute(const FctGpuInstance *instance, int ci_id)
{
    for (guint i = 0; instance && i < instance->compute->len; i++) {
        const FctComputeInstance *compute = instance->compute->pdata[i];
        if (compute->id == ci_id)
            return compute;
    }
    return NULL;
}

/*
 * Compute instances of a GPU instance are removed from the last to the first and made again from the first: then they
 * get the ids from 0 on, whatever gaps there were before.
 */
static int id_made_again(const FctGpuInstance *instance, int ci_id)
{
    int below = 0;
    for (guint i = 0; i < instance->compute->len; i++)
        below += ((const FctComputeInstance *)instance->compute->pdata[i])->id < ci_id;
    return below;
}

/* Compute instance ids count from 0 in each GPU instance (mig-semantics §5): the id that a new one gets. */
static int next_ci_id(const FctGpuInstance *instance)
{
    int id = 0;
    while (step_compute(instance, id))
        id++;
    return id;
}

FctStep *fct_step_undo(const FctStep *step, const FctGpu *gpu_before)
{
    static const FctStepKind reverse[FCT_N_STEP_KINDS] = {
        [FCT_STEP_MIG_MODE] = FCT_STEP_MIG_MODE,    [FCT_STEP_CI_DESTROY] = FCT_STEP_CI_CREATE,
        [FCT_STEP_GI_DESTROY] = FCT_STEP_GI_CREATE, [FCT_STEP_GI_CREATE] = FCT_STEP_GI_DESTROY,
        [FCT_STEP_CI_CREATE] = FCT_STEP_CI_DESTROY,
    };
    const FctGpuInstance *at = fct_mig_instance_at(&gpu_before->mig, step->start);
    const FctComputeInstance *compute = step_compute(at, step->ci_id);
    if (step->kind == FCT_STEP_MIG_MODE && gpu_before->mig.current == step->enabled)
        return NULL;
    if (step->kind == FCT_STEP_GI_DESTROY && (!at || at->profile_id != step->profile_id))
        return NULL;
    if (step->kind == FCT_STEP_GI_CREATE && at && at->profile_id == step->profile_id)
        return NULL;
    if (step->kind == FCT_STEP_CI_DESTROY && !compute)
        return NULL;

    FctStep *undo = fct_step_copy(step);
    undo->kind = reverse[step->kind];
    undo->deadline_ms = deadlines_ms[undo->kind];
    undo->enabled = step->kind == FCT_STEP_MIG_MODE && !step->enabled;
    if (step->kind == FCT_STEP_GI_DESTROY)
        undo->size = at->size;
    if (step->kind == FCT_STEP_CI_DESTROY) {
        undo->ci_profile_id = compute->profile_id;
        undo->ci_id = id_made_again(at, step->ci_id);
    }
    if (step->kind == FCT_STEP_CI_CREATE && undo->ci_id < 0)
        undo->ci_id = next_ci_id(at);
    fct_step_set_title(undo, gpu_before);
    return undo;
}
