/* SPDX-License-Identifier: Apache-2.0 */
#include "core/chooser.h"

#include "base/text.h"

#include <string.h>

/* ---- Parts ---- */

static const FctProcess *first_process(const FctGpuInstance *instance)
{
    for (guint i = 0; i < instance->compute->len; i++) {
        const FctComputeInstance *compute = instance->compute->pdata[i];
        if (compute->processes->len)
            return compute->processes->pdata[0];
    }
    return NULL;
}

static void part_holder(FctPart *part, const FctGpu *gpu, const FctGpuInstance *instance, const GPtrArray *reservations)
{
    static const FctPartState states[] = {
        [FCT_RESERVED] = FCT_PART_RESERVED, [FCT_IN_USE] = FCT_PART_IN_USE, [FCT_RELEASING] = FCT_PART_RELEASING};
    const FctReservation *reservation = fct_card_reservation(gpu, instance, reservations);
    const FctProcess *process = first_process(instance);
    if (reservation) {
        part->state = states[reservation->state];
        fct_text_set(&part->holder_kind, "vm");
        fct_text_set(&part->holder_id, reservation->vm_id);
        fct_text_set(&part->holder_name, reservation->vm_name);
    } else if (process) {
        g_autofree char *pid = g_strdup_printf("%d", process->pid);
        part->state = FCT_PART_IN_USE;
        fct_text_set(&part->holder_kind, "process");
        fct_text_set(&part->holder_id, pid);
        fct_text_set(&part->holder_name, process->name);
    }
}

static void part_faults(FctPart *part, const FctGpu *gpu, const FctGpuInstance *instance)
{
    if (gpu->state != FCT_GPU_OK) {
        part->state = FCT_PART_UNAVAILABLE;
        fct_text_set(&part->why, *gpu->state_reason ? gpu->state_reason : "The card does not answer.");
    } else if (*gpu->holders_unknown &&
               part->state == FCT_PART_FREE) { /* nobody is known to hold it, which is not free */
        part->state = FCT_PART_UNAVAILABLE;
        fct_text_set(&part->why, gpu->holders_unknown);
    } else if (*part->not_whole && part->state == FCT_PART_FREE) {
        part->state = FCT_PART_UNAVAILABLE;
        g_free(part->why);
        part->why = instance->compute->len == 0
                        ? g_strdup("It has no compute instance yet. Carve the card again to complete it.")
                        : g_strdup_printf("It is not whole: %s. Carve the card again to complete it.", part->not_whole);
    }
}

static FctPart *part_of(const FctGpu *gpu, const FctGpuInstance *instance, const GPtrArray *reservations)
{
    const FctMigProfile *profile = fct_mig_profile(&gpu->mig, instance->profile_id);
    FctPart *part = fct_part_new();
    g_free(part->id);
    part->id = fct_part_id(gpu->id, instance->start, instance->profile_id);
    g_free(part->gpu_label);
    part->gpu_label = fct_card_label(gpu);
    fct_text_set(&part->gpu, gpu->id);
    fct_text_set(&part->gpu_name, gpu->name);
    fct_text_set(&part->profile, instance->profile);
    part->profile_id = instance->profile_id;
    part->start = instance->start;
    part->size = instance->size;
    part->units = gpu->mig.units;
    part->compute_slices = profile ? profile->compute_slices : 0;
    part->memory_mib = profile                           ? profile->memory_mib
                       : instance->memory_total_mib.have ? (int)instance->memory_total_mib.value
                                                         : 0;
    g_free(part->not_whole);
    part->not_whole = fct_card_instance_not_whole(gpu, instance);
    part_holder(part, gpu, instance, reservations);
    part_faults(part, gpu, instance);
    return part;
}

GPtrArray *fct_parts_of(const FctInventory *inventory, const GPtrArray *reservations)
{
    GPtrArray *parts = g_ptr_array_new_with_free_func((GDestroyNotify)fct_part_free);
    for (guint i = 0; i < inventory->gpus->len; i++) {
        const FctGpu *gpu = inventory->gpus->pdata[i];
        for (guint k = 0; k < gpu->mig.instances->len; k++)
            g_ptr_array_add(parts, part_of(gpu, gpu->mig.instances->pdata[k], reservations));
    }
    return parts;
}

/* ---- Groups ---- */

static gboolean rule_ok(const char *rule, const char *value)
{
    return !*rule || strcmp(rule, value) == 0;
}

gboolean fct_group_takes(const FctGroup *group, const FctPart *part)
{
    const FctGroupRules *rules = &group->rules;
    return rule_ok(rules->model, part->gpu_name) && rule_ok(rules->profile, part->profile) &&
           rule_ok(rules->gpu, part->gpu) && rule_ok(rules->mode, fct_gpu_mode_name(FCT_MODE_MIG));
}

/* "all-nvidia-a100-80gb-pcie-3g-40gb": the same kind of part has the same group id on every node. */
static char *builtin_id(const FctPart *part)
{
    g_autofree char *text = g_strdup_printf("all-%s-%s", part->gpu_name, part->profile);
    g_autoptr(GString) id = g_string_new(NULL);
    for (const char *c = text; *c; c++)
        if (g_ascii_isalnum(*c) || *c == '+')
            g_string_append_c(id, *c == '+' ? 'p' : g_ascii_tolower(*c));
        else if (id->len && id->str[id->len - 1] != '-')
            g_string_append_c(id, '-');
    return g_string_free(g_steal_pointer(&id), FALSE);
}

gboolean fct_group_id_is_builtin(const char *id)
{
    return g_str_has_prefix(id, "all-");
}

const FctGpu *fct_card_unseen(const FctInventory *inventory)
{
    for (guint i = 0; i < inventory->gpus->len; i++) {
        const FctGpu *gpu = inventory->gpus->pdata[i];
        if (gpu->state == FCT_GPU_RELEASED || gpu->state == FCT_GPU_LOST || gpu->state == FCT_GPU_WEDGED)
            return gpu;
    }
    return NULL;
}

void fct_verdicts_name_unseen(GPtrArray *verdicts, const FctInventory *inventory)
{
    const FctGpu *gpu = fct_card_unseen(inventory);
    for (guint i = 0; gpu && i < verdicts->len; i++) {
        FctVerdict *verdict = verdicts->pdata[i];
        if (strcmp(verdict->code, "group-missing") != 0 && strcmp(verdict->code, "group-empty") != 0)
            continue;
        gboolean released = gpu->state == FCT_GPU_RELEASED;
        char *sentence = g_strdup_printf("%s GPU %d (%s) %s, so its parts are not seen.", verdict->sentence, gpu->index,
                                         gpu->name, released ? "is let go for other programs" : "does not answer");
        char *next =
            released
                ? g_strdup_printf("Take GPU %d back, or give the device another resource group.", gpu->index)
                : g_strdup_printf("See the page of GPU %d, or give the device another resource group.", gpu->index);
        g_free(verdict->sentence);
        g_free(verdict->next);
        verdict->sentence = sentence;
        verdict->next = next;
    }
}

GPtrArray *fct_groups_builtin(const GPtrArray *parts)
{
    GPtrArray *groups = g_ptr_array_new_with_free_func((GDestroyNotify)fct_group_free);
    for (guint i = 0; i < parts->len; i++) {
        const FctPart *part = parts->pdata[i];
        gboolean have = FALSE;
        for (guint k = 0; k < groups->len && !have; k++)
            have = fct_group_takes(groups->pdata[k], part);
        if (have)
            continue;
        FctGroup *group = fct_group_new();
        const char *model = g_str_has_prefix(part->gpu_name, "NVIDIA ") ? part->gpu_name + 7 : part->gpu_name;
        g_free(group->id);
        group->id = builtin_id(part);
        g_free(group->name);
        group->name = g_strdup_printf("%s %s", model, part->profile);
        fct_text_set(&group->description, "All parts of this kind.");
        fct_text_set(&group->rules.model, part->gpu_name);
        fct_text_set(&group->rules.profile, part->profile);
        group->builtin = TRUE;
        g_ptr_array_add(groups, group);
    }
    return groups;
}

/* ---- Choice ---- */

typedef struct {
    const FctGroup *group; /* NULL: there is no such group */
    guint device;
    gboolean optional;
    int part; /* index, -1 none */
    guint rank_n;
    guint *rank; /* indices of candidates, preferred first */
} Claim;

typedef struct {
    const GPtrArray *parts;
    const char *vm_id;
    FctSpreading spreading;
} Context;

/* A part that was split meanwhile is not the one that was reserved. */
static gboolean part_is_mine(const Context *context, const FctPart *part)
{
    return !*part->not_whole && part->state != FCT_PART_FREE && part->state != FCT_PART_UNAVAILABLE &&
           part->state != FCT_PART_RELEASING && strcmp(part->holder_kind, "vm") == 0 &&
           strcmp(part->holder_id, context->vm_id) == 0;
}

static gboolean part_is_available(const Context *context, const FctPart *part)
{
    return part->state == FCT_PART_FREE || part_is_mine(context, part);
}

static int used_units(const Context *context, const FctPart *of)
{
    int used = 0;
    for (guint i = 0; i < context->parts->len; i++) {
        const FctPart *part = context->parts->pdata[i];
        if (strcmp(part->gpu, of->gpu) == 0 && !part_is_available(context, part))
            used += part->size;
    }
    return used;
}

/* The longest run of units of the card that nobody would use if @taken were used too. */
static int hole_without(const Context *context, const FctPart *taken)
{
    guint64 used = 0;
    int run = 0, longest = 0;
    for (guint i = 0; i < context->parts->len; i++) {
        const FctPart *part = context->parts->pdata[i];
        if (strcmp(part->gpu, taken->gpu) == 0 && (part == taken || !part_is_available(context, part)))
            used |= ((1ull << MIN(part->size, 32)) - 1) << part->start;
    }
    for (int u = 0; u < taken->units; u++) {
        run = used >> u & 1 ? 0 : run + 1;
        longest = MAX(longest, run);
    }
    return longest;
}

/* Negative when a is preferred. */
static int part_prefer(gconstpointer left, gconstpointer right, gpointer data)
{
    const Context *context = data;
    guint left_index = *(const guint *)left, right_index = *(const guint *)right;
    const FctPart *a = context->parts->pdata[left_index], *b = context->parts->pdata[right_index];
    if (part_is_mine(context, a) != part_is_mine(context, b))
        return part_is_mine(context, a) ? -1 : 1;
    if (a->memory_mib != b->memory_mib)
        return a->memory_mib < b->memory_mib ? -1 : 1;
    if (a->compute_slices != b->compute_slices)
        return a->compute_slices < b->compute_slices ? -1 : 1;
    int more_used = used_units(context, a) - used_units(context, b);
    if (more_used)
        return context->spreading == FCT_PACK ? -more_used : more_used;
    int hole = hole_without(context, a) - hole_without(context, b);
    if (hole)
        return -hole;
    return left_index < right_index ? -1 : 1;
}

static void rank_candidates(Claim *claim, const Context *context)
{
    claim->rank = g_new(guint, MAX(context->parts->len, 1));
    for (guint i = 0; claim->group && i < context->parts->len; i++)
        if (fct_group_takes(claim->group, context->parts->pdata[i]) &&
            part_is_available(context, context->parts->pdata[i]))
            claim->rank[claim->rank_n++] = i;
    g_qsort_with_data(claim->rank, (int)claim->rank_n, sizeof *claim->rank, part_prefer, (gpointer)context);
}

/*
 * Finds a part for claim @c, moving earlier claims to others of their candidates where that helps (augmenting paths):
 * an earlier claim never loses its part, and a later one fails only when no assignment at all gives it one.
 */
static gboolean claims_assign(GArray *claims, guint c, int *owner, gboolean *tried)
{
    Claim *claim = &g_array_index(claims, Claim, c);
    for (int pass = 0; pass < 2; pass++)
        for (guint i = 0; i < claim->rank_n; i++) {
            guint part = claim->rank[i];
            if (pass == 0 ? owner[part] >= 0 : tried[part])
                continue;
            tried[part] = TRUE;
            if (owner[part] >= 0 && !claims_assign(claims, (guint)owner[part], owner, tried))
                continue;
            owner[part] = (int)c;
            claim->part = (int)part;
            return TRUE;
        }
    return FALSE;
}

static char *holders_text(const FctGroup *group, const GPtrArray *parts, guint *ret_n)
{
    g_autoptr(GString) text = g_string_new(NULL);
    *ret_n = 0;
    for (guint i = 0; i < parts->len; i++) {
        const FctPart *part = parts->pdata[i];
        if (!fct_group_takes(group, part))
            continue;
        ++*ret_n;
        g_string_append_printf(text, "%s%s slot %d: ", text->len ? "; " : "", part->gpu_label, part->start);
        if (part->state == FCT_PART_UNAVAILABLE)
            g_string_append(text, part->why);
        else if (strcmp(part->holder_kind, "vm") == 0)
            g_string_append_printf(text, "VM %s", part->holder_name);
        else if (*part->holder_kind)
            g_string_append_printf(text, "process %s %s", part->holder_id, part->holder_name);
        else
            g_string_append(text, "goes to another device of this VM");
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void claim_refuse(const Claim *claim, const char *group_id, const GPtrArray *parts, GPtrArray *verdicts)
{
    FctSeverity severity = claim->optional ? FCT_WARN : FCT_REFUSE;
    g_autofree char *subject = g_strdup_printf("device %u", claim->device + 1);
    guint n = 0;
    if (!claim->group) {
        g_ptr_array_add(verdicts, fct_verdict_new(severity, "group-missing", subject,
                                                  "Give the device another resource group, or carve a card again.",
                                                  "There is no resource group “%s” (any more).", group_id));
        return;
    }
    g_autofree char *holders = holders_text(claim->group, parts, &n);
    if (n == 0)
        g_ptr_array_add(verdicts,
                        fct_verdict_new(severity, "group-empty", subject, "Carve a card so that there is such a part.",
                                        "The resource group “%s” has no parts.", claim->group->name));
    else
        g_ptr_array_add(verdicts,
                        fct_verdict_new(severity, "all-taken", subject, "Stop one of these, or carve another part.",
                                        "No part of “%s” is free (%s).", claim->group->name, holders));
}

static GArray *claims_of(const GPtrArray *devices, const GPtrArray *groups, const Context *context)
{
    GArray *claims = g_array_new(FALSE, TRUE, sizeof(Claim));
    for (guint d = 0; d < devices->len; d++) {
        const FctDevice *device = devices->pdata[d];
        const FctGroup *group = NULL;
        for (guint g = 0; g < groups->len && !group; g++)
            if (strcmp(((const FctGroup *)groups->pdata[g])->id, device->group) == 0)
                group = groups->pdata[g];
        for (int i = 0; i < device->count; i++) {
            Claim claim = {.group = group, .device = d, .optional = device->optional, .part = -1};
            rank_candidates(&claim, context);
            g_array_append_val(claims, claim);
        }
    }
    return claims;
}

GPtrArray *fct_choose_parts(const GPtrArray *devices, const GPtrArray *groups, const GPtrArray *parts,
                            const char *vm_id, FctSpreading spreading, GPtrArray *verdicts)
{
    Context context = {parts, vm_id, spreading};
    GPtrArray *chosen = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GArray) claims = claims_of(devices, groups, &context);
    int *owner = g_new(int, MAX(parts->len, 1));
    gboolean *tried = g_new(gboolean, MAX(parts->len, 1));
    for (guint i = 0; i < parts->len; i++)
        owner[i] = -1;
    /* Required devices first: an optional one takes only what is left. */
    for (int optional = 0; optional < 2; optional++)
        for (guint c = 0; c < claims->len; c++) {
            if (g_array_index(claims, Claim, c).optional != optional)
                continue;
            memset(tried, 0, parts->len * sizeof *tried);
            claims_assign(claims, c, owner, tried);
        }
    for (guint c = 0; c < claims->len; c++) {
        Claim *claim = &g_array_index(claims, Claim, c);
        const FctDevice *device = devices->pdata[claim->device];
        FctChosen *entry = g_new(FctChosen, 1);
        *entry = (FctChosen){claim->device, device->group, claim->part < 0 ? NULL : parts->pdata[claim->part]};
        g_ptr_array_add(chosen, entry);
        /* One verdict for each device, not for each missing part. */
        if (claim->part < 0 && (c == 0 || g_array_index(claims, Claim, c - 1).device != claim->device ||
                                g_array_index(claims, Claim, c - 1).part >= 0))
            claim_refuse(claim, device->group, parts, verdicts);
        g_free(claim->rank);
        claim->rank = NULL;
    }
    g_free(owner);
    g_free(tried);
    return chosen;
}
