/* SPDX-License-Identifier: Apache-2.0 */
#include "model/inventory.h"

#include "model/codec.h"

static const char *const state_names[] = {"ok", "lost", "wedged", "unmanaged", "released", NULL};
static const char *const mode_names[] = {"host", "passthrough", "vgpu", "mig", "mig-vgpu", NULL};

/* Defines the table's type, its maker and its release. */
#define TYPE(ctype, label, fields)                                                                                     \
    static void free_##label(gpointer object);                                                                         \
    static const FctType type_##label = {#label, sizeof(ctype), fields, free_##label};                                 \
    static void free_##label(gpointer object)                                                                          \
    {                                                                                                                  \
        fct_type_free(&type_##label, object);                                                                          \
    }

static const FctField process_fields[] = {
    FCT_FIELD(FctProcess, pid, INT, .empty = -1),
    FCT_FIELD(FctProcess, name, STR),
    FCT_FIELD(FctProcess, memory_mib, READING),
    {0},
};
TYPE(FctProcess, process, process_fields)

static const FctField compute_fields[] = {
    FCT_FIELD(FctComputeInstance, id, INT, .empty = -1),
    FCT_FIELD(FctComputeInstance, profile_id, INT, .empty = -1),
    FCT_FIELD(FctComputeInstance, profile, STR),
    FCT_FIELD(FctComputeInstance, slices, INT),
    FCT_FIELD(FctComputeInstance, start, INT, .empty = -1),
    FCT_FIELD(FctComputeInstance, uuid, STR),
    FCT_FIELD(FctComputeInstance, processes, LIST, .type = &type_process),
    {0},
};
TYPE(FctComputeInstance, compute, compute_fields)

static const FctField instance_fields[] = {
    FCT_FIELD(FctGpuInstance, id, INT, .empty = -1),
    FCT_FIELD(FctGpuInstance, profile_id, INT, .empty = -1),
    FCT_FIELD(FctGpuInstance, profile, STR),
    FCT_FIELD(FctGpuInstance, start, INT, .empty = -1),
    FCT_FIELD(FctGpuInstance, size, INT),
    FCT_FIELD(FctGpuInstance, memory_used_mib, READING),
    FCT_FIELD(FctGpuInstance, memory_total_mib, READING),
    FCT_FIELD(FctGpuInstance, compute, LIST, .type = &type_compute),
    {0},
};
TYPE(FctGpuInstance, instance, instance_fields)

static const FctField ci_profile_fields[] = {
    FCT_FIELD(FctCiProfile, id, INT, .empty = -1), FCT_FIELD(FctCiProfile, name, STR),
    FCT_FIELD(FctCiProfile, slices, INT),          FCT_FIELD(FctCiProfile, max_count, INT),
    FCT_FIELD(FctCiProfile, whole, BOOL),          {0},
};
TYPE(FctCiProfile, ci_profile, ci_profile_fields)

static const FctField profile_fields[] = {
    FCT_FIELD(FctMigProfile, id, INT, .empty = -1),
    FCT_FIELD(FctMigProfile, enum_value, INT, .empty = -1),
    FCT_FIELD(FctMigProfile, name, STR),
    FCT_FIELD(FctMigProfile, attributes, STR),
    FCT_FIELD(FctMigProfile, compute_slices, INT),
    FCT_FIELD(FctMigProfile, size, INT),
    FCT_FIELD(FctMigProfile, memory_mib, INT),
    FCT_FIELD(FctMigProfile, sm_count, INT),
    FCT_FIELD(FctMigProfile, max_count, INT),
    FCT_FIELD(FctMigProfile, remaining, INT, .empty = -1),
    FCT_FIELD(FctMigProfile, decoders, INT, .empty = -1),
    FCT_FIELD(FctMigProfile, encoders, INT, .empty = -1),
    FCT_FIELD(FctMigProfile, jpeg, INT, .empty = -1),
    FCT_FIELD(FctMigProfile, ofa, INT, .empty = -1),
    FCT_FIELD(FctMigProfile, copy_engines, INT, .empty = -1),
    FCT_FIELD(FctMigProfile, starts, INTS),
    FCT_FIELD(FctMigProfile, ci_profiles, LIST, .type = &type_ci_profile),
    {0},
};
TYPE(FctMigProfile, profile, profile_fields)

static const FctField mig_fields[] = {
    FCT_FIELD(FctMig, capable, BOOL),
    FCT_FIELD(FctMig, current, BOOL),
    FCT_FIELD(FctMig, pending, BOOL),
    FCT_FIELD(FctMig, mode_survives_boot, BOOL),
    FCT_FIELD(FctMig, mode_needs_reset, BOOL),
    FCT_FIELD(FctMig, units, INT),
    FCT_FIELD(FctMig, profiles, LIST, .type = &type_profile),
    FCT_FIELD(FctMig, instances, LIST, .type = &type_instance),
    {0},
};
static const FctType type_mig = {"mig", sizeof(FctMig), mig_fields, NULL};

static const FctField function_fields[] = {
    FCT_FIELD(FctFunction, address, STR),       FCT_FIELD(FctFunction, class_code, STR),
    FCT_FIELD(FctFunction, vendor_device, STR), FCT_FIELD(FctFunction, driver, STR),
    FCT_FIELD(FctFunction, label, STR),         FCT_FIELD(FctFunction, same_slot, BOOL),
    FCT_FIELD(FctFunction, bridge, BOOL),       {0},
};
TYPE(FctFunction, function, function_fields)

static const FctField readings_fields[] = {
    FCT_FIELD(FctGpuReadings, gpu_percent, READING),
    FCT_FIELD(FctGpuReadings, memory_used_mib, READING),
    FCT_FIELD(FctGpuReadings, memory_total_mib, READING),
    FCT_FIELD(FctGpuReadings, power_w, READING),
    FCT_FIELD(FctGpuReadings, power_limit_w, READING),
    FCT_FIELD(FctGpuReadings, temperature_c, READING),
    FCT_FIELD(FctGpuReadings, sm_clock_mhz, READING),
    FCT_FIELD(FctGpuReadings, ecc_corrected, READING),
    FCT_FIELD(FctGpuReadings, ecc_uncorrected, READING),
    FCT_FIELD(FctGpuReadings, source, STR),
    FCT_FIELD(FctGpuReadings, why_not, STR),
    {0},
};
static const FctType type_readings = {"readings", sizeof(FctGpuReadings), readings_fields, NULL};

static const FctField gpu_fields[] = {
    FCT_FIELD(FctGpu, id, STR),
    FCT_FIELD(FctGpu, address, STR),
    FCT_FIELD(FctGpu, index, INT, .empty = -1),
    FCT_FIELD(FctGpu, name, STR),
    FCT_FIELD(FctGpu, architecture, STR),
    FCT_FIELD(FctGpu, vendor_device, STR),
    FCT_FIELD(FctGpu, subsystem, STR),
    FCT_FIELD(FctGpu, uuid, STR),
    FCT_FIELD(FctGpu, serial, STR),
    FCT_FIELD(FctGpu, driver, STR),
    FCT_FIELD(FctGpu, numa_node, INT, .empty = -1),
    FCT_FIELD(FctGpu, iommu_group, INT, .empty = -1),
    FCT_FIELD(FctGpu, boot_vga, BOOL),
    FCT_FIELD(FctGpu, state, ENUM, .names = state_names),
    FCT_FIELD(FctGpu, state_reason, STR),
    FCT_FIELD(FctGpu, mode, ENUM, .names = mode_names),
    FCT_FIELD(FctGpu, mig, STRUCT, .type = &type_mig),
    FCT_FIELD(FctGpu, readings, STRUCT, .type = &type_readings),
    FCT_FIELD(FctGpu, functions, LIST, .type = &type_function),
    FCT_FIELD(FctGpu, processes, LIST, .type = &type_process),
    FCT_FIELD(FctGpu, holders_unknown, STR),
    {0},
};
TYPE(FctGpu, gpu, gpu_fields)

static const FctField inventory_fields[] = {
    FCT_FIELD(FctInventory, revision, UINT64),
    FCT_FIELD(FctInventory, node, STR),
    FCT_FIELD(FctInventory, boot_id, STR),
    FCT_FIELD(FctInventory, vendor, STR),
    FCT_FIELD(FctInventory, product, STR),
    FCT_FIELD(FctInventory, kernel, STR),
    FCT_FIELD(FctInventory, cpu_model, STR),
    FCT_FIELD(FctInventory, cpus, INT),
    FCT_FIELD(FctInventory, memory_mib, INT64),
    FCT_FIELD(FctInventory, driver_version, STR),
    FCT_FIELD(FctInventory, nvml_version, STR),
    FCT_FIELD(FctInventory, nvml_problem, STR),
    FCT_FIELD(FctInventory, iommu, STR),
    FCT_FIELD(FctInventory, nvswitches, INT),
    FCT_FIELD(FctInventory, gpus, LIST, .type = &type_gpu),
    {0},
};
static const FctType type_inventory = {"inventory", sizeof(FctInventory), inventory_fields, NULL};

FctInventory *fct_inventory_new(void)
{
    FctInventory *inventory = g_atomic_rc_box_new0(FctInventory);
    fct_type_init(&type_inventory, inventory);
    return inventory;
}

FctInventory *fct_inventory_ref(FctInventory *inventory)
{
    return g_atomic_rc_box_acquire(inventory);
}

static void inventory_clear(gpointer inventory)
{
    fct_type_clear(&type_inventory, inventory);
}

void fct_inventory_unref(FctInventory *inventory)
{
    if (inventory)
        g_atomic_rc_box_release_full(inventory, inventory_clear);
}

FctGpu *fct_gpu_new(void)
{
    return fct_type_new(&type_gpu);
}

FctGpuInstance *fct_gpu_instance_new(void)
{
    return fct_type_new(&type_instance);
}

FctComputeInstance *fct_compute_instance_new(void)
{
    return fct_type_new(&type_compute);
}

FctMigProfile *fct_mig_profile_new(void)
{
    return fct_type_new(&type_profile);
}

FctMigProfile *fct_mig_profile_copy(const FctMigProfile *profile)
{
    g_autoptr(json_t) json = fct_type_to_json(&type_profile, profile);
    return fct_type_new_from_json(&type_profile, json, NULL); /* what was just written always reads */
}

void fct_mig_profile_free(FctMigProfile *profile)
{
    free_profile(profile);
}

FctCiProfile *fct_ci_profile_new(void)
{
    return fct_type_new(&type_ci_profile);
}

FctFunction *fct_function_new(void)
{
    return fct_type_new(&type_function);
}

FctProcess *fct_process_new(void)
{
    return fct_type_new(&type_process);
}

json_t *fct_inventory_to_json(const FctInventory *inventory)
{
    return fct_type_to_json(&type_inventory, inventory);
}

FctInventory *fct_inventory_from_json(const json_t *json, GError **error)
{
    g_autoptr(FctInventory) inventory = fct_inventory_new();
    if (!fct_type_from_json(&type_inventory, inventory, json, error))
        return NULL;
    return g_steal_pointer(&inventory);
}

json_t *fct_gpu_to_json(const FctGpu *gpu)
{
    return fct_type_to_json(&type_gpu, gpu);
}

json_t *fct_gpu_readings_to_json(const FctGpuReadings *readings)
{
    return fct_type_to_json(&type_readings, readings);
}

const char *fct_gpu_state_name(FctGpuState state)
{
    return state_names[state];
}

const char *fct_gpu_mode_name(FctGpuMode mode)
{
    return mode_names[mode];
}
