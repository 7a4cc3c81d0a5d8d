/* SPDX-License-Identifier: Apache-2.0 */
#include "core/preflight.h"

#include <string.h>

static void preflight_say(GPtrArray *verdicts, FctVerdict *verdict)
{
    g_ptr_array_add(verdicts, verdict);
}

/*
 * A card of the NVIDIA driver is unmanaged for the reason in its state; where the remedy is known the reason ends with
 * it.
 */
static const char *out_of_unmanaged(const FctGpu *gpu)
{
    return strcmp(gpu->driver, "nvidia") == 0 ? "Mend what is said here on the host, then try again."
                                              : "Give the card to the NVIDIA driver first.";
}

static gboolean card_state(const FctGpu *gpu, const char *label, GPtrArray *verdicts)
{
    switch (gpu->state) {
    case FCT_GPU_OK:
        return TRUE;
    case FCT_GPU_LOST:
        preflight_say(verdicts,
                      fct_verdict_new(FCT_BLOCK, "gpu-lost", label, "Check the card and its power; restart the host.",
                                      "%s no longer answers. %s", label, gpu->state_reason));
        return FALSE;
    case FCT_GPU_WEDGED:
        preflight_say(verdicts,
                      fct_verdict_new(FCT_BLOCK, "gpu-wedged", label, "Restart the host when it suits you.",
                                      "%s hung in an earlier step and is left alone. %s", label, gpu->state_reason));
        return FALSE;
    case FCT_GPU_RELEASED:
        preflight_say(verdicts, fct_verdict_new(FCT_BLOCK, "gpu-released", label, "Take the card back first.",
                                                "%s was let go for other programs. %s", label, gpu->state_reason));
        return FALSE;
    case FCT_GPU_UNMANAGED:
        preflight_say(verdicts, fct_verdict_new(FCT_BLOCK, "gpu-unmanaged", label, out_of_unmanaged(gpu),
                                                "%s cannot be changed now. %s", label, gpu->state_reason));
        return FALSE;
    }
    g_assert_not_reached();
}

gboolean fct_preflight_card(const FctGpu *gpu, GPtrArray *verdicts)
{
    g_autofree char *label = fct_card_label(gpu);
    if (!card_state(gpu, label, verdicts))
        return FALSE;
    if (strcmp(gpu->driver, "nvidia") != 0) {
        preflight_say(verdicts,
                      fct_verdict_new(FCT_BLOCK, "gpu-driver", label, "Give the card to the NVIDIA driver first.",
                                      "%s is held by %s, not by the NVIDIA driver.", label,
                                      *gpu->driver ? gpu->driver : "no driver"));
        return FALSE;
    }
    if (*gpu->holders_unknown) {
        preflight_say(verdicts,
                      fct_verdict_new(FCT_REFUSE, "holders-unknown", label, "Try again when they can be seen.",
                                      "Who uses %s is not known. %s", label, gpu->holders_unknown));
        return FALSE;
    }
    if (!gpu->mig.capable) {
        preflight_say(verdicts, fct_verdict_new(FCT_BLOCK, "no-mig", label, "Choose a card that has MIG.",
                                                "%s (%s) cannot be cut into MIG instances.", label, gpu->name));
        return FALSE;
    }
    return TRUE;
}

/* What to do about a holder, by the name of its process. */
static const char *process_advice(const char *process)
{
    static const struct {
        const char *name, *next;
    } known[] = {
        {"nvidia-persistenced", "Stop the service nvidia-persistenced, then try again."},
        {"nv-hostengine", "Stop the service nvidia-dcgm, then try again."},
        {"dcgm-exporter", "Stop dcgm-exporter, then try again."},
        {"nv-fabricmanager", "Stop the service nvidia-fabricmanager, then try again."},
        {"Xorg", "Stop the desktop of this host, then try again."},
        {"gnome-shell", "Stop the desktop of this host, then try again."},
    };
    /* The kernel cuts process names at 15 characters. */
    for (guint i = 0; i < G_N_ELEMENTS(known); i++)
        if (strncmp(process, known[i].name, 15) == 0)
            return known[i].next;
    return "Stop it, then try again.";
}

static void process_holds(const FctProcess *process, const char *what, GPtrArray *verdicts)
{
    const char *name = *process->name ? process->name : "name unknown";
    g_autofree char *subject = g_strdup_printf("process %d %s", process->pid, process->name);
    preflight_say(verdicts,
                  fct_verdict_new(FCT_REFUSE, "held-by-process", g_strchomp(subject), process_advice(process->name),
                                  "Process %d (%s) uses %s.", process->pid, name, what));
}

static void vm_holds(const FctReservation *reservation, const char *what, GPtrArray *verdicts)
{
    g_autofree char *subject = g_strdup_printf("vm %s", reservation->vm_name);
    g_autofree char *next = g_strdup_printf("Stop VM %s, then try again.", reservation->vm_name);
    preflight_say(verdicts,
                  fct_verdict_new(FCT_REFUSE, "held-by-vm", subject, next, "VM %s %s %s.", reservation->vm_name,
                                  reservation->state == FCT_RELEASING ? "is just releasing" : "uses", what));
}

static void instance_holders(const FctGpu *gpu, const FctGpuInstance *instance, const GPtrArray *reservations,
                             const char *what, GPtrArray *verdicts)
{
    const FctReservation *reservation = fct_card_reservation(gpu, instance, reservations);
    if (reservation)
        vm_holds(reservation, what, verdicts);
    for (guint i = 0; i < instance->compute->len; i++) {
        const FctComputeInstance *compute = instance->compute->pdata[i];
        for (guint k = 0; k < compute->processes->len; k++)
            process_holds(compute->processes->pdata[k], what, verdicts);
    }
}

static gboolean is_of_card(const FctGpu *gpu, const FctReservation *reservation)
{
    gsize length = strlen(gpu->id);
    return strncmp(reservation->part, gpu->id, length) == 0 && reservation->part[length] == '.';
}

static gboolean part_is_there(const FctGpu *gpu, const FctReservation *reservation)
{
    for (guint i = 0; i < gpu->mig.instances->len; i++) {
        const FctGpuInstance *instance = gpu->mig.instances->pdata[i];
        g_autofree char *part = fct_part_id(gpu->id, instance->start, instance->profile_id);
        if (strcmp(part, reservation->part) == 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean comes_back(const FctGpu *gpu, const FctReservation *reservation, const GPtrArray *steps)
{
    for (guint i = 0; i < steps->len; i++) {
        const FctStep *step = steps->pdata[i];
        g_autofree char *part = fct_part_id(gpu->id, step->start, step->profile_id);
        if (step->kind == FCT_STEP_GI_CREATE && strcmp(part, reservation->part) == 0)
            return TRUE;
    }
    return FALSE;
}

/*
 * A holder of a part that another program has removed still holds the card, and what runs on it is not known. Only
 * making that very part again is harmless.
 */
static void gone_holders(const FctGpu *gpu, const GPtrArray *reservations, const GPtrArray *steps, GPtrArray *verdicts)
{
    g_autofree char *label = fct_card_label(gpu);
    g_autofree char *what = g_strdup_printf("a part of %s that another program has removed", label);
    for (guint i = 0; steps->len && reservations && i < reservations->len; i++) {
        const FctReservation *reservation = reservations->pdata[i];
        if (is_of_card(gpu, reservation) && !part_is_there(gpu, reservation) && !comes_back(gpu, reservation, steps))
            vm_holds(reservation, what, verdicts);
    }
}

static gboolean on_an_instance(const FctGpu *gpu, int pid)
{
    for (guint i = 0; i < gpu->mig.instances->len; i++) {
        const FctGpuInstance *instance = gpu->mig.instances->pdata[i];
        for (guint k = 0; k < instance->compute->len; k++) {
            const FctComputeInstance *compute = instance->compute->pdata[k];
            for (guint p = 0; p < compute->processes->len; p++)
                if (((const FctProcess *)compute->processes->pdata[p])->pid == pid)
                    return TRUE;
        }
    }
    return FALSE;
}

static void mode_costs(const FctGpu *gpu, const char *label, gboolean enabled, GPtrArray *verdicts)
{
    guint n = gpu->mig.instances->len;
    if (!enabled && n > 0)
        preflight_say(verdicts, fct_verdict_new(FCT_CONFIRM, "instances-go", label, "",
                                                "%u instance%s of %s will be removed.", n, n == 1 ? "" : "s", label));
    if (gpu->mig.mode_needs_reset)
        preflight_say(verdicts, fct_verdict_new(FCT_WARN, "card-resets", label, "",
                                                "%s resets itself for this; that takes a few seconds.", label));
    if (enabled && !gpu->mig.mode_survives_boot)
        preflight_say(verdicts,
                      fct_verdict_new(FCT_WARN, "mode-forgotten", label, "",
                                      "%s forgets MIG when the host restarts; Facet then restores what is wanted.",
                                      label));
}

/*
 * Another program has requested a change of mode that waits for a reset of the card: this plan finishes it or takes it
 * back.
 */
static void tell_pending(const FctGpu *gpu, const char *label, gboolean enabled, GPtrArray *verdicts)
{
    if (gpu->mig.pending == gpu->mig.current)
        return;
    const char *mode = gpu->mig.pending ? "on" : "off";
    if (enabled == gpu->mig.pending)
        preflight_say(verdicts,
                      fct_verdict_new(FCT_WARN, "mig-pending", label, "",
                                      "%s waits for a reset before MIG is %s. Facet lets go of it and finishes that.",
                                      label, mode));
    else
        preflight_say(verdicts,
                      fct_verdict_new(FCT_WARN, "mig-pending", label, "",
                                      "%s waits for a reset before MIG is %s. That is taken back.", label, mode));
}

/* Turning MIG on or off: who holds the card, what is removed, what it costs. @enabled: the wanted mode. */
static void check_mode(const FctGpu *gpu, const GPtrArray *reservations, gboolean enabled, GPtrArray *verdicts)
{
    g_autofree char *label = fct_card_label(gpu);
    for (guint i = 0; i < gpu->mig.instances->len; i++) {
        const FctGpuInstance *instance = gpu->mig.instances->pdata[i];
        g_autofree char *what = g_strdup_printf("%s at slot %d of %s", instance->profile, instance->start, label);
        instance_holders(gpu, instance, reservations, what, verdicts);
    }
    for (guint i = 0; i < gpu->processes->len; i++) {
        const FctProcess *process = gpu->processes->pdata[i];
        if (!on_an_instance(gpu, process->pid))
            process_holds(process, label, verdicts);
    }
    mode_costs(gpu, label, enabled, verdicts);
}

/* The instances that @steps (of FctStep) remove: a busy one refuses the plan, by its holder. */
static void check_steps(const FctGpu *gpu, const GPtrArray *reservations, const GPtrArray *steps, GPtrArray *verdicts)
{
    g_autofree char *label = fct_card_label(gpu);
    guint32 seen = 0;
    for (guint i = 0; i < steps->len; i++) {
        const FctStep *step = steps->pdata[i];
        if (step->kind != FCT_STEP_GI_DESTROY && step->kind != FCT_STEP_CI_DESTROY)
            continue;
        const FctGpuInstance *instance = fct_mig_instance_at(&gpu->mig, step->start);
        if (!instance || instance->profile_id != step->profile_id || (seen >> instance->start & 1))
            continue;
        seen |= 1u << instance->start;
        g_autofree char *what =
            g_strdup_printf("%s at slot %d of %s, which would go", instance->profile, instance->start, label);
        instance_holders(gpu, instance, reservations, what, verdicts);
    }
}

GPtrArray *fct_preflight_plan(const FctGpu *gpu, const GPtrArray *reservations, const GPtrArray *steps)
{
    GPtrArray *verdicts = g_ptr_array_new_with_free_func((GDestroyNotify)fct_verdict_free);
    if (!fct_preflight_card(gpu, verdicts))
        return verdicts;
    g_autofree char *label = fct_card_label(gpu);
    gone_holders(gpu, reservations, steps, verdicts);
    for (guint i = 0; i < steps->len; i++) {
        const FctStep *step = steps->pdata[i];
        if (step->kind == FCT_STEP_MIG_MODE)
            tell_pending(gpu, label, step->enabled, verdicts);
        /* When the card has that mode already, nothing is reset and no holder matters. */
        if (step->kind == FCT_STEP_MIG_MODE && step->enabled != gpu->mig.current) {
            /* The check of the mode speaks about every holder of the card, so instances need no check of their own. */
            check_mode(gpu, reservations, step->enabled, verdicts);
            return verdicts;
        }
    }
    check_steps(gpu, reservations, steps, verdicts);
    return verdicts;
}

GError *fct_preflight_error(const GPtrArray *verdicts, gboolean confirmed)
{
    GError *error = NULL;
    if (fct_verdicts_allow(verdicts, confirmed))
        return NULL;
    for (guint i = 0; i < verdicts->len; i++) {
        const FctVerdict *verdict = verdicts->pdata[i];
        if (verdict->severity == FCT_WARN || (verdict->severity == FCT_CONFIRM && confirmed))
            continue;
        const char *next = verdict->severity == FCT_CONFIRM ? "Confirm it, then try again." : verdict->next;
        fct_set_error_full(&error, FCT_ERROR_REFUSED, *next ? next : NULL,
                           json_pack("{s:o}", "verdicts", fct_verdicts_to_json(verdicts)), "%s", verdict->sentence);
        break;
    }
    return error;
}
