/* SPDX-License-Identifier: Apache-2.0 */
#include "host/nvml_card.h"

#include "base/text.h"
#include "host/mig_read.h"
#include "host/sysfs.h"

#include <string.h>

#define MAX_PROCESSES 4096

FctCard *fct_card_new(const char *address)
{
    FctCard *card = g_new0(FctCard, 1);
    card->address = g_strdup(address);
    card->uuid = g_strdup("");
    card->name = g_strdup("");
    card->serial = g_strdup("");
    card->architecture = g_strdup("");
    card->minor = -1;
    card->instances = g_ptr_array_new();
    return card;
}

static void free_instance(FctNvml *nvml, FctCardInstance *instance)
{
    if (!instance)
        return;
    if (instance->previous)
        fct_nvml(nvml, gpm_free, instance->previous);
    if (instance->current)
        fct_nvml(nvml, gpm_free, instance->current);
    g_free(instance);
}

static void forget_instances(FctNvml *nvml, FctCard *card)
{
    for (guint i = 0; i < card->instances->len; i++)
        free_instance(nvml, card->instances->pdata[i]);
    g_ptr_array_set_size(card->instances, 0);
}

/* Handles become invalid by a change of mode, a reset, or a swapped card. */
static void card_forget(FctNvml *nvml, FctCard *card)
{
    forget_instances(nvml, card);
    free_instance(nvml, g_steal_pointer(&card->whole));
    g_clear_pointer(&card->profiles, g_ptr_array_unref);
    card->device = NULL;
}

void fct_card_free(FctNvml *nvml, FctCard *card)
{
    card_forget(nvml, card);
    g_ptr_array_unref(card->instances);
    g_free(card->address);
    g_free(card->uuid);
    g_free(card->name);
    g_free(card->serial);
    g_free(card->architecture);
    g_free(card);
}

gboolean fct_card_nvml_is_gone(NvReturn code)
{
    return code == NV_UNINITIALIZED || code == NV_DRIVER_NOT_LOADED || code == NV_LIB_RM_VERSION_MISMATCH;
}

static const char *architecture_name(guint32 architecture)
{
    static const char *const names[] = {
        [2] = "kepler", [3] = "maxwell", [4] = "pascal", [5] = "volta",      [6] = "turing",
        [7] = "ampere", [8] = "ada",     [9] = "hopper", [10] = "blackwell", [13] = "rubin"};
    const char *name = architecture < G_N_ELEMENTS(names) ? names[architecture] : NULL;
    return name ? name : "";
}

/*
 * Ampere cards reset for a change of MIG mode and keep the mode over a restart; later ones do neither (mig-semantics
 * §4).
 */
static gboolean changes_by_reset(FctNvml *nvml, NvDevice device, guint32 architecture)
{
    NvFieldValue field = {.field = NV_FIELD_RESETLESS_MIG};
    if (fct_nvml(nvml, fields, device, 1, &field) == NV_SUCCESS && field.status == NV_SUCCESS)
        return field.value.u32 == 0;
    return architecture <= 7;
}

static void read_static(FctNvml *nvml, FctCard *card)
{
    char text[128];
    guint32 number;
    NvMemory memory;
    NvGpmSupport gpm = {.version = NV_GPM_VERSION};
    fct_text_set(&card->name, fct_nvml(nvml, name, card->device, text, sizeof text) == NV_SUCCESS ? text : "");
    fct_text_set(&card->serial, fct_nvml(nvml, serial, card->device, text, sizeof text) == NV_SUCCESS ? text : "");
    guint32 architecture = 0;
    if (fct_nvml(nvml, architecture, card->device, &architecture) != NV_SUCCESS)
        architecture = 0;
    fct_text_set(&card->architecture, architecture_name(architecture));
    card->minor = fct_nvml(nvml, minor, card->device, &number) == NV_SUCCESS ? (int)number : -1;
    card->memory_mib = fct_nvml(nvml, memory, card->device, &memory) == NV_SUCCESS ? memory.total >> 20 : 0;
    card->host_vgpu =
        fct_nvml(nvml, virtualization, card->device, &number) == NV_SUCCESS && number == NV_VIRTUALIZATION_HOST_VGPU;
    card->needs_reset = changes_by_reset(nvml, card->device, architecture);
    card->gpm = architecture >= 9 && fct_nvml(nvml, gpm_support, card->device, &gpm) == NV_SUCCESS && gpm.supported;
    /* NVML says A100 in some places and "NVIDIA A100" in others; people see the full name. */
    if (*card->name && !g_str_has_prefix(card->name, "NVIDIA")) {
        char *full = g_strdup_printf("NVIDIA %s", card->name);
        g_free(card->name);
        card->name = full;
    }
}

/* Makes sure that the handle is valid and still means the same card. */
static NvReturn card_find(FctNvml *nvml, FctCard *card)
{
    char uuid[96] = "";
    NvReturn code;
    if (card->device) {
        code = fct_nvml(nvml, uuid, card->device, uuid, sizeof uuid);
        if (code == NV_SUCCESS && strcmp(uuid, card->uuid) == 0)
            return NV_SUCCESS;
        card_forget(nvml, card);
        if (code == NV_GPU_IS_LOST || fct_card_nvml_is_gone(code))
            return code;
    }
    NvDevice device = NULL;
    code = fct_nvml(nvml, handle_by_pci, card->address, &device);
    if (code != NV_SUCCESS)
        return code;
    code = fct_nvml(nvml, uuid, device, uuid, sizeof uuid);
    if (code != NV_SUCCESS)
        return code;
    card->device = device;
    fct_text_set(&card->uuid, uuid);
    read_static(nvml, card);
    return NV_SUCCESS;
}

static void card_explain(FctNvml *nvml, NvReturn code, FctGpu *gpu)
{
    if (code == NV_GPU_IS_LOST) {
        gpu->state = FCT_GPU_LOST;
        fct_text_set(&gpu->state_reason,
                     "The driver says that the card is lost. Check its power and seat, then restart the host.");
        return;
    }
    if (gpu->state != FCT_GPU_OK || gpu->mode == FCT_MODE_PASSTHROUGH)
        return; /* sysfs has given the reason already */
    gpu->state = FCT_GPU_UNMANAGED;
    g_free(gpu->state_reason);
    gpu->state_reason =
        g_strdup_printf("The NVIDIA library does not show this card: %s (code %d).", fct_nvml_words(nvml, code), code);
}

static FctProcess *process_of(GPtrArray *list, int pid, const char *name, FctReading memory)
{
    for (guint i = 0; i < list->len; i++) {
        FctProcess *known = list->pdata[i];
        if (known->pid != pid)
            continue;
        if (memory.have)
            known->memory_mib = memory;
        return known;
    }
    FctProcess *process = fct_process_new();
    process->pid = pid;
    fct_text_set(&process->name, name);
    process->memory_mib = memory;
    g_ptr_array_add(list, process);
    return process;
}

static char *process_name(FctNvml *nvml, const char *root, guint32 pid)
{
    char text[256];
    char *name = fct_sysfs_text(root, "proc/%u/comm", pid);
    if (name)
        return name;
    if (fct_nvml(nvml, process_name, pid, text, sizeof text) == NV_SUCCESS)
        return g_path_get_basename(text);
    return g_strdup("");
}

/* The parent's list names the instances, too; a caller without the right to see all gets an empty list. */
static void add_processes(FctNvml *nvml, const char *root, const NvProcessInfo *infos, guint32 count, FctGpu *gpu)
{
    for (guint32 i = 0; i < count; i++) {
        const NvProcessInfo *info = &infos[i];
        gboolean known = info->used_memory != G_MAXUINT64;
        FctReading memory = {known, known ? (double)(info->used_memory >> 20) : 0};
        g_autofree char *name = process_name(nvml, root, info->pid);
        process_of(gpu->processes, (int)info->pid, name, memory);
        for (guint g = 0; g < gpu->mig.instances->len; g++) {
            const FctGpuInstance *instance = gpu->mig.instances->pdata[g];
            if (info->gpu_instance_id == NV_NO_ID || instance->id != (int)info->gpu_instance_id)
                continue;
            for (guint c = 0; c < instance->compute->len; c++) {
                const FctComputeInstance *compute = instance->compute->pdata[c];
                if (info->compute_instance_id == NV_NO_ID || compute->id == (int)info->compute_instance_id)
                    process_of(compute->processes, (int)info->pid, name, memory);
            }
        }
    }
}

typedef NvReturn (*ListProcesses)(NvDevice, uint32_t *, NvProcessInfo *);

static void read_processes(FctNvml *nvml, FctCard *card, const char *root, FctGpu *gpu)
{
    const ListProcesses lists[] = {nvml->compute_processes, nvml->graphics_processes};
    for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
        guint32 count = 64;
        NvReturn code = lists[i] ? NV_INSUFFICIENT_SIZE : NV_FUNCTION_NOT_FOUND;
        g_autofree NvProcessInfo *infos = NULL;
        while (code == NV_INSUFFICIENT_SIZE && count <= MAX_PROCESSES) {
            guint32 room = count;
            g_free(infos);
            infos = g_new0(NvProcessInfo, room);
            nvml->calls++;
            code = lists[i](card->device, &count, infos);
            if (code == NV_INSUFFICIENT_SIZE)
                count = MAX(count, room) + 16; /* more processes may start meanwhile */
        }
        if (code == NV_SUCCESS)
            add_processes(nvml, root, infos, count, gpu);
    }
}

static gboolean instances_match(const FctCard *card, const FctMig *mig)
{
    if (card->instances->len != mig->instances->len)
        return FALSE;
    for (guint i = 0; i < mig->instances->len; i++) {
        const FctCardInstance *kept = card->instances->pdata[i];
        const FctGpuInstance *seen = mig->instances->pdata[i];
        if (kept->gi_id != seen->id || kept->start != seen->start || !kept->device != (seen->compute->len == 0))
            return FALSE;
    }
    return TRUE;
}

/* The sampler's handles are looked up again only when the layout has changed. */
static void remember_instances(FctNvml *nvml, FctCard *card, const FctMig *mig)
{
    card->mig = mig->current;
    if (instances_match(card, mig))
        return;
    forget_instances(nvml, card);
    for (guint i = 0; i < mig->instances->len; i++) {
        const FctGpuInstance *seen = mig->instances->pdata[i];
        FctCardInstance *kept = g_new0(FctCardInstance, 1);
        kept->gi_id = seen->id;
        kept->start = seen->start;
        kept->device = seen->compute->len ? fct_card_mig_device(nvml, card, seen->id) : NULL;
        g_ptr_array_add(card->instances, kept);
    }
}

static void read_mig(FctNvml *nvml, FctCard *card, FctGpu *gpu)
{
    guint32 current = 0, pending = 0;
    gpu->mig.capable = fct_nvml(nvml, get_mig, card->device, &current, &pending) == NV_SUCCESS;
    gpu->mig.current = gpu->mig.capable && current;
    gpu->mig.pending = gpu->mig.capable && pending;
    gpu->mig.mode_needs_reset = gpu->mig.mode_survives_boot = gpu->mig.capable && card->needs_reset;
    if (gpu->mig.capable) {
        if (!card->profiles)
            card->profiles = fct_mig_read_profiles(nvml, card->device, card->memory_mib);
        if (fct_mig_read(nvml, card->device, card->profiles, &gpu->mig) == NV_NO_PERMISSION &&
            gpu->state == FCT_GPU_OK) {
            gpu->state = FCT_GPU_UNMANAGED;
            fct_text_set(&gpu->state_reason, "Permission denied: the driver shows MIG instances only to root. Run "
                                             "facet-helper as root.");
        }
    }
    remember_instances(nvml, card, &gpu->mig);
}

NvReturn fct_card_observe(FctNvml *nvml, FctCard *card, const char *root, gboolean readings, FctGpu *gpu)
{
    NvReturn code = card_find(nvml, card);
    if (code != NV_SUCCESS) {
        card_explain(nvml, code, gpu);
        fct_text_set(&gpu->readings.source, "none");
        fct_text_set(&gpu->readings.why_not, gpu->mode == FCT_MODE_PASSTHROUGH
                                                 ? "The card belongs to a VM; the host cannot see its load."
                                                 : gpu->state_reason);
        return code;
    }
    fct_text_set(&gpu->name, card->name);
    fct_text_set(&gpu->uuid, card->uuid);
    fct_text_set(&gpu->serial, card->serial);
    fct_text_set(&gpu->architecture, card->architecture);
    read_mig(nvml, card, gpu);
    read_processes(nvml, card, root, gpu);
    if (gpu->mig.current)
        gpu->mode = card->host_vgpu ? FCT_MODE_MIG_VGPU : FCT_MODE_MIG;
    else
        gpu->mode = card->host_vgpu ? FCT_MODE_VGPU : FCT_MODE_HOST;
    if (readings)
        fct_card_read(nvml, card, &gpu->readings, NULL);
    return NV_SUCCESS;
}
