/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of NVML's binary interface that Facet uses: own declarations, made from the published reference
 * (https://docs.nvidia.com/deploy/nvml-api/) and checked against the sizes that the versioned structs announce.
 * No header of NVIDIA is needed to build. Names follow NVML's so that its manual can be read beside this file.
 */
#pragma once
#include <stdint.h>

typedef int NvReturn;
typedef struct NvDeviceOpaque *NvDevice;
typedef struct NvGpuInstanceOpaque *NvGpuInstance;
typedef struct NvComputeInstanceOpaque *NvComputeInstance;
typedef struct NvGpmSampleOpaque *NvGpmSample;

enum {
    NV_SUCCESS = 0,
    NV_UNINITIALIZED = 1,
    NV_INVALID_ARGUMENT = 2,
    NV_NOT_SUPPORTED = 3,
    NV_NO_PERMISSION = 4,
    NV_NOT_FOUND = 6,
    NV_INSUFFICIENT_SIZE = 7,
    NV_DRIVER_NOT_LOADED = 9,
    NV_TIMEOUT = 10,
    NV_LIBRARY_NOT_FOUND = 12,
    NV_FUNCTION_NOT_FOUND = 13,
    NV_GPU_IS_LOST = 15,
    NV_RESET_REQUIRED = 16,
    NV_LIB_RM_VERSION_MISMATCH = 18,
    NV_IN_USE = 19,
    NV_INSUFFICIENT_RESOURCES = 23,
    NV_ARGUMENT_VERSION_MISMATCH = 25,
    NV_GPU_NOT_FOUND = 28
};

/* First word of a versioned struct. */
#define NV_VERSION(type, n) ((uint32_t)(sizeof(type) | ((uint32_t)(n) << 24)))

#define NV_INIT_NO_ATTACH 2u
#define NV_NO_ID 0xffffffffu
#define NV_TEMPERATURE_GPU 0
#define NV_CLOCK_SM 1
#define NV_ECC_CORRECTED 0
#define NV_ECC_UNCORRECTED 1
#define NV_ECC_VOLATILE 0
#define NV_VIRTUALIZATION_HOST_VGPU 3
#define NV_GI_PROFILE_2_SLICE_REV1 8
#define NV_FIELD_RESETLESS_MIG 184
#define NV_VALUE_UNSIGNED_INT 1
#define NV_CI_ENGINE_SHARED 0
#define NV_GPM_VERSION 1 /* not the sizeof form */
#define NV_GPM_GRAPHICS_UTIL 1

typedef struct {
    uint32_t pid;
    uint64_t used_memory;
    uint32_t gpu_instance_id;
    uint32_t compute_instance_id;
} NvProcessInfo;

typedef struct {
    uint32_t gpu;
    uint32_t memory;
} NvUtilization;

typedef struct {
    uint64_t total, free, used;
} NvMemory;

typedef struct {
    uint32_t version;
    uint64_t total, reserved, free, used;
} NvMemoryV2;

typedef struct {
    uint32_t start, size;
} NvPlacement;

typedef struct {
    uint32_t id, p2p, slices, instances, multiprocessors, copy_engines, decoders, encoders, jpeg, ofa;
    uint64_t memory_mib;
} NvGiProfile;

typedef struct {
    uint32_t version, id, p2p, slices, instances, multiprocessors, copy_engines, decoders, encoders, jpeg, ofa;
    uint64_t memory_mib;
    char name[96];
} NvGiProfileV2;

typedef struct {
    uint32_t version, id, slices, instances, multiprocessors, copy_engines, decoders, encoders, jpeg, ofa;
    uint64_t memory_mib;
    char name[96];
    uint32_t capabilities;
} NvGiProfileV3;

typedef struct {
    NvDevice device;
    uint32_t id, profile_id;
    NvPlacement placement;
} NvGpuInstanceInfo;

typedef struct {
    uint32_t id, slices, instances, multiprocessors, copy_engines, decoders, encoders, jpeg, ofa;
} NvCiProfile;

typedef struct {
    uint32_t version, id, slices, instances, multiprocessors, copy_engines, decoders, encoders, jpeg, ofa;
    char name[96];
} NvCiProfileV2;

typedef struct {
    NvDevice device;
    NvGpuInstance gpu_instance;
    uint32_t id, profile_id;
    NvPlacement placement;
} NvComputeInstanceInfo;

typedef union {
    double d;
    uint32_t u32;
    uint64_t u64;
} NvValue;

typedef struct {
    uint32_t field, scope;
    int64_t timestamp, latency;
    uint32_t value_type;
    NvReturn status;
    NvValue value;
} NvFieldValue;

typedef struct {
    uint32_t metric;
    NvReturn status;
    double value;
    char *names[3];
} NvGpmMetric;

typedef struct {
    uint32_t version, count;
    NvGpmSample first, second;
    NvGpmMetric metrics[333];
} NvGpmMetricsGet;

typedef struct {
    uint32_t version, supported;
} NvGpmSupport;

_Static_assert(sizeof(NvProcessInfo) == 24, "nvmlProcessInfo_t");
_Static_assert(sizeof(NvMemoryV2) == 40, "nvmlMemory_v2_t");
_Static_assert(sizeof(NvGiProfile) == 48, "nvmlGpuInstanceProfileInfo_t");
_Static_assert(sizeof(NvGiProfileV2) == 152, "nvmlGpuInstanceProfileInfo_v2_t");
_Static_assert(sizeof(NvGiProfileV3) == 152, "nvmlGpuInstanceProfileInfo_v3_t");
_Static_assert(sizeof(NvGpuInstanceInfo) == 24, "nvmlGpuInstanceInfo_t");
_Static_assert(sizeof(NvCiProfile) == 36, "nvmlComputeInstanceProfileInfo_t");
_Static_assert(sizeof(NvCiProfileV2) == 136, "nvmlComputeInstanceProfileInfo_v2_t");
_Static_assert(sizeof(NvComputeInstanceInfo) == 32, "nvmlComputeInstanceInfo_t");
_Static_assert(sizeof(NvFieldValue) == 40, "nvmlFieldValue_t");
_Static_assert(sizeof(NvGpmMetric) == 40, "nvmlGpmMetric_t");
_Static_assert(sizeof(NvGpmMetricsGet) == 13344, "nvmlGpmMetricsGet_t");

/* X(member, exported name, arguments). The suffixed names are asked for: the plain ones take older structs. */
#define NV_FUNCTIONS(X)                                                                                                \
    X(init, "nvmlInit_v2", (void))                                                                                     \
    X(init_flags, "nvmlInitWithFlags", (uint32_t))                                                                     \
    X(shutdown, "nvmlShutdown", (void))                                                                                \
    X(driver_version, "nvmlSystemGetDriverVersion", (char *, uint32_t))                                                \
    X(nvml_version, "nvmlSystemGetNVMLVersion", (char *, uint32_t))                                                    \
    X(process_name, "nvmlSystemGetProcessName", (uint32_t, char *, uint32_t))                                          \
    X(handle_by_pci, "nvmlDeviceGetHandleByPciBusId_v2", (const char *, NvDevice *))                                   \
    X(name, "nvmlDeviceGetName", (NvDevice, char *, uint32_t))                                                         \
    X(uuid, "nvmlDeviceGetUUID", (NvDevice, char *, uint32_t))                                                         \
    X(serial, "nvmlDeviceGetSerial", (NvDevice, char *, uint32_t))                                                     \
    X(minor, "nvmlDeviceGetMinorNumber", (NvDevice, uint32_t *))                                                       \
    X(architecture, "nvmlDeviceGetArchitecture", (NvDevice, uint32_t *))                                               \
    X(virtualization, "nvmlDeviceGetVirtualizationMode", (NvDevice, uint32_t *))                                       \
    X(fields, "nvmlDeviceGetFieldValues", (NvDevice, int, NvFieldValue *))                                             \
    X(memory, "nvmlDeviceGetMemoryInfo", (NvDevice, NvMemory *))                                                       \
    X(memory_v2, "nvmlDeviceGetMemoryInfo_v2", (NvDevice, NvMemoryV2 *))                                               \
    X(utilization, "nvmlDeviceGetUtilizationRates", (NvDevice, NvUtilization *))                                       \
    X(temperature, "nvmlDeviceGetTemperature", (NvDevice, uint32_t, uint32_t *))                                       \
    X(power, "nvmlDeviceGetPowerUsage", (NvDevice, uint32_t *))                                                        \
    X(power_limit, "nvmlDeviceGetEnforcedPowerLimit", (NvDevice, uint32_t *))                                          \
    X(clock, "nvmlDeviceGetClockInfo", (NvDevice, uint32_t, uint32_t *))                                               \
    X(ecc_errors, "nvmlDeviceGetTotalEccErrors", (NvDevice, uint32_t, uint32_t, uint64_t *))                           \
    X(compute_processes, "nvmlDeviceGetComputeRunningProcesses_v3", (NvDevice, uint32_t *, NvProcessInfo *))           \
    X(graphics_processes, "nvmlDeviceGetGraphicsRunningProcesses_v3", (NvDevice, uint32_t *, NvProcessInfo *))         \
    X(set_mig, "nvmlDeviceSetMigMode", (NvDevice, uint32_t, NvReturn *))                                               \
    X(get_mig, "nvmlDeviceGetMigMode", (NvDevice, uint32_t *, uint32_t *))                                             \
    X(gi_profile, "nvmlDeviceGetGpuInstanceProfileInfo", (NvDevice, uint32_t, NvGiProfile *))                          \
    X(gi_profile_v, "nvmlDeviceGetGpuInstanceProfileInfoV", (NvDevice, uint32_t, void *))                              \
    X(gi_placements, "nvmlDeviceGetGpuInstancePossiblePlacements_v2", (NvDevice, uint32_t, NvPlacement *, uint32_t *)) \
    X(gi_capacity, "nvmlDeviceGetGpuInstanceRemainingCapacity", (NvDevice, uint32_t, uint32_t *))                      \
    X(gi_create, "nvmlDeviceCreateGpuInstanceWithPlacement",                                                           \
      (NvDevice, uint32_t, const NvPlacement *, NvGpuInstance *))                                                      \
    X(gi_destroy, "nvmlGpuInstanceDestroy", (NvGpuInstance))                                                           \
    X(gi_list, "nvmlDeviceGetGpuInstances", (NvDevice, uint32_t, NvGpuInstance *, uint32_t *))                         \
    X(gi_info, "nvmlGpuInstanceGetInfo", (NvGpuInstance, NvGpuInstanceInfo *))                                         \
    X(ci_profile, "nvmlGpuInstanceGetComputeInstanceProfileInfo", (NvGpuInstance, uint32_t, uint32_t, NvCiProfile *))  \
    X(ci_profile_v, "nvmlGpuInstanceGetComputeInstanceProfileInfoV", (NvGpuInstance, uint32_t, uint32_t, void *))      \
    X(ci_create, "nvmlGpuInstanceCreateComputeInstance", (NvGpuInstance, uint32_t, NvComputeInstance *))               \
    X(ci_destroy, "nvmlComputeInstanceDestroy", (NvComputeInstance))                                                   \
    X(ci_list, "nvmlGpuInstanceGetComputeInstances", (NvGpuInstance, uint32_t, NvComputeInstance *, uint32_t *))       \
    X(ci_info, "nvmlComputeInstanceGetInfo_v2", (NvComputeInstance, NvComputeInstanceInfo *))                          \
    X(mig_count, "nvmlDeviceGetMaxMigDeviceCount", (NvDevice, uint32_t *))                                             \
    X(mig_handle, "nvmlDeviceGetMigDeviceHandleByIndex", (NvDevice, uint32_t, NvDevice *))                             \
    X(mig_gi_id, "nvmlDeviceGetGpuInstanceId", (NvDevice, uint32_t *))                                                 \
    X(mig_ci_id, "nvmlDeviceGetComputeInstanceId", (NvDevice, uint32_t *))                                             \
    X(gpm_support, "nvmlGpmQueryDeviceSupport", (NvDevice, NvGpmSupport *))                                            \
    X(gpm_alloc, "nvmlGpmSampleAlloc", (NvGpmSample *))                                                                \
    X(gpm_free, "nvmlGpmSampleFree", (NvGpmSample))                                                                    \
    X(gpm_sample, "nvmlGpmSampleGet", (NvDevice, NvGpmSample))                                                         \
    X(gpm_mig_sample, "nvmlGpmMigSampleGet", (NvDevice, uint32_t, NvGpmSample))                                        \
    X(gpm_metrics, "nvmlGpmMetricsGet", (NvGpmMetricsGet *))
