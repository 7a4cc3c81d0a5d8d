/* SPDX-License-Identifier: Apache-2.0 */
#include "hw_model.h"

#include "../core/gpus.h"

#include <string.h>

typedef struct {
    FctHw port;
    GMutex lock;
    GCond cond;
    FctInventory *world; /* ours alone; given out as copies */
    GString *log;
    int countdown; /* steps until the fault; 0: none ordered */
    HwFault fault;
    int boots;
    gboolean down, touched_busy, block;
    int released;
    GString *vlans; /* what was asked of VLAN interfaces */
} Model;

static void replace(char **text, const char *with)
{
    g_free(*text);
    *text = g_strdup(with);
}

static FctInventory *copy_of(const FctInventory *inventory)
{
    g_autoptr(json_t) json = fct_inventory_to_json(inventory);
    g_autoptr(GError) error = NULL;
    FctInventory *copy = fct_inventory_from_json(json, &error);
    g_assert_no_error(error);
    return copy;
}

static FctInventory *model_inventory(FctHw *hw, GError **error)
{
    Model *model = (Model *)hw;
    g_mutex_lock(&model->lock);
    FctInventory *copy = model->down ? NULL : copy_of(model->world);
    g_mutex_unlock(&model->lock);
    if (!copy)
        fct_set_error(error, FCT_ERROR_HELPER, "The hardware helper is not there (model).");
    return copy;
}

static json_t *model_sample(FctHw *hw, GError **error)
{
    return json_pack("{s:{s:f, s:f, s:f}, s:{}}", "host", "cpu_percent", 3.0, "memory_used_mib", 1000.0,
                     "memory_total_mib", 4000.0, "gpus");
}

static gboolean model_hold(FctHw *hw, const char *gpu_id, gboolean hold, GError **error)
{
    Model *model = (Model *)hw;
    g_mutex_lock(&model->lock);
    FctGpu *gpu = fct_inventory_gpu(model->world, gpu_id);
    gpu->state = hold ? FCT_GPU_OK : FCT_GPU_RELEASED;
    replace(&gpu->state_reason, hold ? "" : "Facet does not look at it until it is taken back.");
    model->world->revision++;
    g_mutex_unlock(&model->lock);
    return TRUE;
}

static void model_watch(FctHw *hw, FctHwChanged changed, gpointer data)
{
}

static gboolean refuse(GError **error, const char *words)
{
    fct_set_error(error, FCT_ERROR_HW, "%s", words);
    return FALSE;
}

static gboolean busy(const FctGpuInstance *instance)
{
    return instance && fct_gpu_instance_has_process(instance);
}

static gboolean create_instance(FctGpu *gpu, const FctStep *step, GError **error)
{
    const FctMigProfile *profile = fct_mig_profile(&gpu->mig, step->profile_id);
    guint at = 0;
    if (!gpu->mig.current || !profile)
        return refuse(error, "NVML_ERROR_NOT_SUPPORTED");
    for (guint i = 0; i < gpu->mig.instances->len; i++) {
        const FctGpuInstance *other = gpu->mig.instances->pdata[i];
        if (other->start < step->start + profile->size && step->start < other->start + other->size)
            return refuse(error, "NVML_ERROR_INSUFFICIENT_RESOURCES");
        at += other->start < step->start;
    }
    FctGpuInstance *instance = fct_gpu_instance_new();
    instance->start = step->start;
    instance->size = profile->size;
    instance->profile_id = profile->id;
    instance->id = 7 + step->start;
    replace(&instance->profile, profile->name);
    g_ptr_array_insert(gpu->mig.instances, (int)at, instance);
    return TRUE;
}

static gboolean create_compute(FctGpuInstance *instance, const FctStep *step, GError **error)
{
    if (!instance)
        return refuse(error, "NVML_ERROR_NOT_FOUND");
    FctComputeInstance *compute = fct_compute_instance_new();
    compute->id = (int)instance->compute->len;
    compute->profile_id = step->ci_profile_id;
    compute->slices = 1;
    g_ptr_array_add(instance->compute, compute);
    return TRUE;
}

static gboolean destroy_compute(Model *model, FctGpuInstance *instance, const FctStep *step, GError **error)
{
    model->touched_busy |= busy(instance);
    for (guint i = 0; instance && i < instance->compute->len; i++)
        if (((FctComputeInstance *)instance->compute->pdata[i])->id == step->ci_id) {
            g_ptr_array_remove_index(instance->compute, i);
            return TRUE;
        }
    return refuse(error, "NVML_ERROR_NOT_FOUND");
}

static gboolean destroy_instance(Model *model, FctGpu *gpu, FctGpuInstance *instance, GError **error)
{
    model->touched_busy |= busy(instance);
    if (!instance)
        return refuse(error, "NVML_ERROR_NOT_FOUND");
    if (instance->compute->len)
        return refuse(error, "NVML_ERROR_IN_USE");
    g_ptr_array_remove(gpu->mig.instances, instance);
    return TRUE;
}

static gboolean effect(Model *model, const FctStep *step, GError **error)
{
    FctGpu *gpu = fct_inventory_gpu(model->world, step->gpu);
    FctGpuInstance *instance = gpu ? fct_mig_instance_at(&gpu->mig, step->start) : NULL;
    if (!gpu)
        return refuse(error, "NVML_ERROR_GPU_IS_LOST");
    if (model->log->len)
        g_string_append_c(model->log, ' ');
    switch (step->kind) {
    case FCT_STEP_MIG_MODE:
        g_string_append_printf(model->log, "mig=%d", step->enabled);
        if (!step->enabled && gpu->mig.instances->len)
            return refuse(error, "NVML_ERROR_IN_USE");
        gpu->mig.current = gpu->mig.pending = step->enabled;
        return TRUE;
    case FCT_STEP_CI_DESTROY:
        g_string_append_printf(model->log, "-ci%d@%d", step->ci_id, step->start);
        return destroy_compute(model, instance, step, error);
    case FCT_STEP_GI_DESTROY:
        g_string_append_printf(model->log, "-gi@%d", step->start);
        return destroy_instance(model, gpu, instance, error);
    case FCT_STEP_GI_CREATE:
        g_string_append_printf(model->log, "+gi%d@%d", step->profile_id, step->start);
        return create_instance(gpu, step, error);
    case FCT_STEP_CI_CREATE:
        g_string_append_printf(model->log, "+ci%d@%d", step->ci_profile_id, step->start);
        return create_compute(instance, step, error);
    case FCT_N_STEP_KINDS:
        break;
    }
    g_assert_not_reached();
}

static FctStepOutcome with_fault(Model *model, HwFault fault, const FctStep *step, GError **error)
{
    FctGpu *gpu = fct_inventory_gpu(model->world, step->gpu);
    switch (fault) {
    case HW_FINE:
        return effect(model, step, error) ? FCT_STEP_OUTCOME_DONE : FCT_STEP_OUTCOME_FAILED;
    case HW_REFUSE:
        refuse(error, "NVML_ERROR_UNKNOWN (ordered by the test)");
        return FCT_STEP_OUTCOME_FAILED;
    case HW_LIE:
        return FCT_STEP_OUTCOME_DONE;
    case HW_LATE:
        effect(model, step, NULL);
        refuse(error, "NVML_ERROR_TIMEOUT (ordered by the test)");
        return FCT_STEP_OUTCOME_FAILED;
    case HW_WEDGE:
        fct_set_error(error, FCT_ERROR_TIMEOUT, "It did not come back.");
        return FCT_STEP_OUTCOME_WEDGED;
    case HW_LOSE:
        g_ptr_array_remove(model->world->gpus, gpu);
        refuse(error, "NVML_ERROR_GPU_IS_LOST");
        return FCT_STEP_OUTCOME_FAILED;
    case HW_AWAY_AFTER:
        effect(model, step, NULL);
        /* fall through */
    case HW_AWAY:
        fct_set_error(error, FCT_ERROR_HELPER, "The hardware helper went away.");
        return FCT_STEP_OUTCOME_FAILED;
    }
    g_assert_not_reached();
}

static FctStepOutcome model_run_step(FctHw *hw, const FctStep *step, GError **error)
{
    Model *model = (Model *)hw;
    g_mutex_lock(&model->lock);
    while (model->block && model->released == 0)
        g_cond_wait(&model->cond, &model->lock);
    if (model->block)
        model->released--;
    HwFault fault = model->countdown && --model->countdown == 0 ? model->fault : HW_FINE;
    FctStepOutcome outcome = with_fault(model, fault, step, error);
    model->world->revision++;
    g_mutex_unlock(&model->lock);
    return outcome;
}

static FctHostNetwork *model_network(FctHw *hw, const char *const *within, GError **error)
{
    return fct_host_network_new();
}

static void note_vlan(FctHw *hw, const char *name, char sign)
{
    Model *model = (Model *)hw;
    g_mutex_lock(&model->lock);
    g_string_append_printf(model->vlans, "%s%c%s", model->vlans->len ? " " : "", sign, name);
    g_mutex_unlock(&model->lock);
}

static gboolean model_vlan_make(FctHw *hw, const char *parent, int tag, const char *name, GError **error)
{
    note_vlan(hw, name, '+');
    return TRUE;
}

static gboolean model_vlan_take(FctHw *hw, const char *name, char **ret_kept, GError **error)
{
    note_vlan(hw, name, '-');
    *ret_kept = g_strdup("");
    return TRUE;
}

char *hw_model_vlans(FctHw *hw)
{
    Model *model = (Model *)hw;
    g_mutex_lock(&model->lock);
    char *text = g_strdup(model->vlans->str);
    g_mutex_unlock(&model->lock);
    return text;
}

static void model_free(FctHw *hw)
{
    Model *model = (Model *)hw;
    fct_inventory_unref(model->world);
    g_string_free(model->log, TRUE);
    g_string_free(model->vlans, TRUE);
    g_mutex_clear(&model->lock);
    g_cond_clear(&model->cond);
    g_free(model);
}

static Model *model_alloc(FctInventory *world)
{
    static const FctHwOps ops = {model_inventory, model_run_step,  model_sample,    model_hold, model_watch,
                                 model_network,   model_vlan_make, model_vlan_take, model_free};
    Model *model = g_new0(Model, 1);
    model->port.ops = &ops;
    model->world = world;
    model->log = g_string_new(NULL);
    model->vlans = g_string_new(NULL);
    g_mutex_init(&model->lock);
    g_cond_init(&model->cond);
    return model;
}

FctHw *hw_model_new(const char *const *cards)
{
    FctInventory *world = fct_inventory_new();
    world->revision = 1;
    replace(&world->boot_id, "boot-1");
    replace(&world->node, "test-node");
    replace(&world->iommu, "intel");
    for (; *cards; cards++)
        test_gpu_a100(world, *cards);
    return &model_alloc(world)->port;
}

FctHw *hw_model_copy(FctHw *hw)
{
    Model *model = (Model *)hw;
    g_mutex_lock(&model->lock);
    Model *copy = model_alloc(copy_of(model->world));
    copy->boots = model->boots;
    g_mutex_unlock(&model->lock);
    return &copy->port;
}

void hw_model_fault(FctHw *hw, int nth, HwFault fault)
{
    Model *model = (Model *)hw;
    g_mutex_lock(&model->lock);
    model->countdown = nth;
    model->fault = fault;
    g_mutex_unlock(&model->lock);
}

void hw_model_down(FctHw *hw, gboolean down)
{
    Model *model = (Model *)hw;
    g_mutex_lock(&model->lock);
    model->down = down;
    g_mutex_unlock(&model->lock);
}

void hw_model_reboot(FctHw *hw)
{
    Model *model = (Model *)hw;
    g_mutex_lock(&model->lock);
    g_free(model->world->boot_id);
    model->world->boot_id = g_strdup_printf("boot-%d", ++model->boots + 1);
    for (guint i = 0; i < model->world->gpus->len; i++)
        g_ptr_array_set_size(((FctGpu *)model->world->gpus->pdata[i])->mig.instances, 0);
    g_mutex_unlock(&model->lock);
}

void hw_model_hold(FctHw *hw, guint index, int start, gboolean hold)
{
    Model *model = (Model *)hw;
    g_mutex_lock(&model->lock);
    FctGpu *gpu = model->world->gpus->pdata[index];
    FctComputeInstance *compute = fct_mig_instance_at(&gpu->mig, start)->compute->pdata[0];
    g_ptr_array_set_size(compute->processes, 0);
    if (hold) {
        FctProcess *process = fct_process_new();
        process->pid = 4711;
        replace(&process->name, "python3");
        g_ptr_array_add(compute->processes, process);
    }
    g_mutex_unlock(&model->lock);
}

void hw_model_make(FctHw *hw, guint index, int profile_id, int start)
{
    Model *model = (Model *)hw;
    g_mutex_lock(&model->lock);
    FctGpu *gpu = model->world->gpus->pdata[index];
    g_autoptr(FctStep) step = fct_step_new(FCT_STEP_GI_CREATE, gpu);
    step->profile_id = profile_id;
    step->start = start;
    const FctMigProfile *profile = fct_mig_profile(&gpu->mig, profile_id);
    step->ci_profile_id =
        ((const FctCiProfile *)profile->ci_profiles->pdata[profile->ci_profiles->len - 1])->id; /* the whole one */
    g_assert_true(create_instance(gpu, step, NULL));
    g_assert_true(create_compute(fct_mig_instance_at(&gpu->mig, start), step, NULL));
    g_mutex_unlock(&model->lock);
}

void hw_model_mig(FctHw *hw, guint index, gboolean on)
{
    Model *model = (Model *)hw;
    g_mutex_lock(&model->lock);
    FctGpu *gpu = model->world->gpus->pdata[index];
    gpu->mig.current = gpu->mig.pending = on;
    if (!on)
        g_ptr_array_set_size(gpu->mig.instances, 0);
    g_mutex_unlock(&model->lock);
}

char *hw_model_text(FctHw *hw, guint index)
{
    Model *model = (Model *)hw;
    GString *text = g_string_new(NULL);
    g_mutex_lock(&model->lock);
    const FctGpu *gpu = index < model->world->gpus->len ? model->world->gpus->pdata[index] : NULL;
    if (!gpu || !gpu->mig.current)
        g_string_append(text, gpu ? "mig off" : "gone");
    for (guint i = 0; gpu && i < gpu->mig.instances->len; i++) {
        const FctGpuInstance *instance = gpu->mig.instances->pdata[i];
        g_string_append_printf(text, "%s%d@%d%s", i ? " " : "", instance->profile_id, instance->start,
                               instance->compute->len == 0 ? "!"
                               : busy(instance)            ? "*"
                                                           : "");
    }
    g_mutex_unlock(&model->lock);
    return g_string_free(text, FALSE);
}

char *hw_model_log(FctHw *hw)
{
    Model *model = (Model *)hw;
    g_mutex_lock(&model->lock);
    char *text = g_strdup(model->log->str);
    g_mutex_unlock(&model->lock);
    return text;
}

gboolean hw_model_touched_busy(FctHw *hw)
{
    Model *model = (Model *)hw;
    g_mutex_lock(&model->lock);
    gboolean touched = model->touched_busy;
    g_mutex_unlock(&model->lock);
    return touched;
}

void hw_model_block(FctHw *hw, gboolean block)
{
    Model *model = (Model *)hw;
    g_mutex_lock(&model->lock);
    model->block = block;
    g_cond_broadcast(&model->cond);
    g_mutex_unlock(&model->lock);
}

void hw_model_release(FctHw *hw)
{
    Model *model = (Model *)hw;
    g_mutex_lock(&model->lock);
    model->released++;
    g_cond_broadcast(&model->cond);
    g_mutex_unlock(&model->lock);
}
