/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of NVML's binary interface that the stand-in implements, declared from reference/nvidia/nvml-abi.md
 * (sections 1, 3 and 4). Sizes are checked at compile time against the table there.
 */
#pragma once

#include <stdint.h>

typedef struct nvmlDevice_st *nvmlDevice_t;
typedef struct nvmlGpuInstance_st *nvmlGpuInstance_t;
typedef struct nvmlComputeInstance_st *nvmlComputeInstance_t;
typedef struct nvmlEventSet_st *nvmlEventSet_t;
typedef struct nvmlGpmSample_st *nvmlGpmSample_t;

typedef enum nvmlReturn_enum {
    NVML_SUCCESS = 0,
    NVML_ERROR_UNINITIALIZED = 1,
    NVML_ERROR_INVALID_ARGUMENT = 2,
    NVML_ERROR_NOT_SUPPORTED = 3,
    NVML_ERROR_NO_PERMISSION = 4,
    NVML_ERROR_NOT_FOUND = 6,
    NVML_ERROR_INSUFFICIENT_SIZE = 7,
    NVML_ERROR_DRIVER_NOT_LOADED = 9,
    NVML_ERROR_TIMEOUT = 10,
    NVML_ERROR_FUNCTION_NOT_FOUND = 13,
    NVML_ERROR_GPU_IS_LOST = 15,
    NVML_ERROR_RESET_REQUIRED = 16,
    NVML_ERROR_LIB_RM_VERSION_MISMATCH = 18,
    NVML_ERROR_IN_USE = 19,
    NVML_ERROR_MEMORY = 20,
    NVML_ERROR_NO_DATA = 21,
    NVML_ERROR_INSUFFICIENT_RESOURCES = 23,
    NVML_ERROR_ARGUMENT_VERSION_MISMATCH = 25,
    NVML_ERROR_UNKNOWN = 999,
} nvmlReturn_t;

#define NVML_VERSION_WORD(type, n) ((unsigned)sizeof(type) | (unsigned)(n) << 24)

typedef struct nvmlPciInfo_st {
    char busIdLegacy[16];
    unsigned domain, bus, device, pciDeviceId, pciSubSystemId;
    char busId[32];
} nvmlPciInfo_t;

/* What nvmlDeviceGetPciInfo and _v2 filled: they end before the long bus id; v1 also lacks pciSubSystemId's meaning. */
typedef struct nvmlPciInfoOld_st {
    char busId[16];
    unsigned domain, bus, device, pciDeviceId, pciSubSystemId;
    unsigned reserved[4];
} nvmlPciInfoOld_t;

typedef struct nvmlPciInfoExt_v1_st {
    unsigned version, domain, bus, device, pciDeviceId, pciSubSystemId, baseClass, subClass;
    char busId[32];
} nvmlPciInfoExt_v1_t;

typedef struct nvmlUtilization_st {
    unsigned gpu, memory;
} nvmlUtilization_t;

typedef struct nvmlMemory_st {
    unsigned long long total, free, used;
} nvmlMemory_t;

typedef struct nvmlMemory_v2_st {
    unsigned version;
    unsigned long long total, reserved, free, used;
} nvmlMemory_v2_t;

typedef struct nvmlBAR1Memory_st {
    unsigned long long bar1Total, bar1Free, bar1Used;
} nvmlBAR1Memory_t;

typedef struct nvmlProcessInfo_v1_st {
    unsigned pid;
    unsigned long long usedGpuMemory;
} nvmlProcessInfo_v1_t;

typedef struct nvmlProcessInfo_st {
    unsigned pid;
    unsigned long long usedGpuMemory;
    unsigned gpuInstanceId, computeInstanceId;
} nvmlProcessInfo_t;

typedef struct nvmlProcessDetail_v1_st {
    unsigned pid;
    unsigned long long usedGpuMemory;
    unsigned gpuInstanceId, computeInstanceId;
    unsigned long long usedGpuCcProtectedMemory;
} nvmlProcessDetail_v1_t;

typedef struct nvmlProcessDetailList_v1_st {
    unsigned version, mode, numProcArrayEntries;
    nvmlProcessDetail_v1_t *procArray;
} nvmlProcessDetailList_v1_t;

typedef struct nvmlProcessUtilizationSample_st {
    unsigned pid;
    unsigned long long timeStamp;
    unsigned smUtil, memUtil, encUtil, decUtil;
} nvmlProcessUtilizationSample_t;

typedef struct nvmlDeviceAttributes_st {
    unsigned multiprocessorCount, sharedCopyEngineCount, sharedDecoderCount, sharedEncoderCount, sharedJpegCount,
        sharedOfaCount, gpuInstanceSliceCount, computeInstanceSliceCount;
    unsigned long long memorySizeMB;
} nvmlDeviceAttributes_t;

typedef struct nvmlEccErrorCounts_st {
    unsigned long long l1Cache, l2Cache, deviceMemory, registerFile;
} nvmlEccErrorCounts_t;

typedef struct nvmlRowRemapperHistogramValues_st {
    unsigned max, high, partial, low, none;
} nvmlRowRemapperHistogramValues_t;

typedef struct nvmlViolationTime_st {
    unsigned long long referenceTime, violationTime;
} nvmlViolationTime_t;

typedef union nvmlValue_st {
    double dVal;
    int siVal;
    unsigned uiVal;
    unsigned long ulVal;
    unsigned long long ullVal;
    long long sllVal;
    unsigned short usVal;
} nvmlValue_t;

enum { NVML_VALUE_TYPE_UNSIGNED_INT = 1, NVML_VALUE_TYPE_UNSIGNED_LONG_LONG = 3, NVML_VALUE_TYPE_SIGNED_INT = 5 };

typedef struct nvmlSample_st {
    unsigned long long timeStamp;
    nvmlValue_t sampleValue;
} nvmlSample_t;

typedef struct nvmlFieldValue_st {
    unsigned fieldId, scopeId;
    long long timestamp, latencyUsec;
    unsigned valueType;
    nvmlReturn_t nvmlReturn;
    nvmlValue_t value;
} nvmlFieldValue_t;

typedef struct nvmlUUID_v1_st {
    unsigned version, type;
    union {
        char str[41];
        unsigned char bytes[16];
    } value;
} nvmlUUID_v1_t;

typedef struct nvmlTemperature_v1_st {
    unsigned version, sensorType;
    int temperature;
} nvmlTemperature_v1_t;

typedef struct nvmlMarginTemperature_v1_st {
    unsigned version;
    int marginTemperature;
} nvmlMarginTemperature_v1_t;

typedef struct nvmlPowerValue_v2_st {
    unsigned version;
    unsigned char powerScope;
    unsigned powerValueMw;
} nvmlPowerValue_v2_t;

typedef struct nvmlFBCStats_st {
    unsigned sessionsCount, averageFPS, averageLatency;
} nvmlFBCStats_t;

typedef struct nvmlEccSramErrorStatus_v1_st {
    unsigned version;
    unsigned long long aggregateUncParity, aggregateUncSecDed, aggregateCor;
    unsigned long long volatileUncParity, volatileUncSecDed, volatileCor;
    unsigned long long aggregateUncBucketL2, aggregateUncBucketSm, aggregateUncBucketPcie, aggregateUncBucketMcu,
        aggregateUncBucketOther;
    unsigned bThresholdExceeded;
} nvmlEccSramErrorStatus_v1_t;

typedef struct nvmlSystemDriverBranchInfo_v1_st {
    unsigned version;
    char branch[80];
} nvmlSystemDriverBranchInfo_v1_t;

typedef struct nvmlEventData_st {
    nvmlDevice_t device;
    unsigned long long eventType, eventData;
    unsigned gpuInstanceId, computeInstanceId;
} nvmlEventData_t;

typedef struct nvmlGpuInstancePlacement_st {
    unsigned start, size;
} nvmlGpuInstancePlacement_t;
typedef nvmlGpuInstancePlacement_t nvmlComputeInstancePlacement_t;

typedef struct nvmlGpuInstanceProfileInfo_st {
    unsigned id, isP2pSupported, sliceCount, instanceCount, multiprocessorCount, copyEngineCount, decoderCount,
        encoderCount, jpegCount, ofaCount;
    unsigned long long memorySizeMB;
} nvmlGpuInstanceProfileInfo_t;

typedef struct nvmlGpuInstanceProfileInfo_v2_st {
    unsigned version, id, isP2pSupported, sliceCount, instanceCount, multiprocessorCount, copyEngineCount, decoderCount,
        encoderCount, jpegCount, ofaCount;
    unsigned long long memorySizeMB;
    char name[96];
} nvmlGpuInstanceProfileInfo_v2_t;

typedef struct nvmlGpuInstanceProfileInfo_v3_st {
    unsigned version, id, sliceCount, instanceCount, multiprocessorCount, copyEngineCount, decoderCount, encoderCount,
        jpegCount, ofaCount;
    unsigned long long memorySizeMB;
    char name[96];
    unsigned capabilities;
} nvmlGpuInstanceProfileInfo_v3_t;

typedef struct nvmlGpuInstanceInfo_st {
    nvmlDevice_t device;
    unsigned id, profileId;
    nvmlGpuInstancePlacement_t placement;
} nvmlGpuInstanceInfo_t;

typedef struct nvmlComputeInstanceProfileInfo_st {
    unsigned id, sliceCount, instanceCount, multiprocessorCount, sharedCopyEngineCount, sharedDecoderCount,
        sharedEncoderCount, sharedJpegCount, sharedOfaCount;
} nvmlComputeInstanceProfileInfo_t;

/* v3 is v2 with a capability word behind the name. */
typedef struct nvmlComputeInstanceProfileInfo_v2_st {
    unsigned version, id, sliceCount, instanceCount, multiprocessorCount, sharedCopyEngineCount, sharedDecoderCount,
        sharedEncoderCount, sharedJpegCount, sharedOfaCount;
    char name[96];
} nvmlComputeInstanceProfileInfo_v2_t;

typedef struct nvmlComputeInstanceProfileInfo_v3_st {
    nvmlComputeInstanceProfileInfo_v2_t v2;
    unsigned capabilities;
} nvmlComputeInstanceProfileInfo_v3_t;

typedef struct nvmlComputeInstanceInfo_v1_st {
    nvmlDevice_t device;
    nvmlGpuInstance_t gpuInstance;
    unsigned id, profileId;
} nvmlComputeInstanceInfo_v1_t;

typedef struct nvmlComputeInstanceInfo_st {
    nvmlDevice_t device;
    nvmlGpuInstance_t gpuInstance;
    unsigned id, profileId;
    nvmlComputeInstancePlacement_t placement;
} nvmlComputeInstanceInfo_t;

typedef struct nvmlGpmMetric_st {
    unsigned metricId;
    nvmlReturn_t nvmlReturn;
    double value;
    struct {
        const char *shortName, *longName, *unit;
    } metricInfo;
} nvmlGpmMetric_t;

typedef struct nvmlGpmMetricsGet_st {
    unsigned version, numMetrics;
    nvmlGpmSample_t sample1, sample2;
    nvmlGpmMetric_t metrics[333];
} nvmlGpmMetricsGet_t;

typedef struct nvmlGpmSupport_st {
    unsigned version, isSupportedDevice;
} nvmlGpmSupport_t;

typedef struct nvmlGpuFabricInfo_st {
    unsigned char clusterUuid[16];
    nvmlReturn_t status;
    unsigned cliqueId;
    unsigned char state;
} nvmlGpuFabricInfo_t;

typedef struct nvmlGpuFabricInfo_v2_st {
    unsigned version;
    unsigned char clusterUuid[16];
    nvmlReturn_t status;
    unsigned cliqueId;
    unsigned char state;
    unsigned healthMask;
} nvmlGpuFabricInfo_v2_t;

/* v3 is v2 with a summary behind it. */
typedef struct nvmlGpuFabricInfo_v3_st {
    union {
        unsigned version;
        nvmlGpuFabricInfo_v2_t v2;
    };
    unsigned char healthSummary;
} nvmlGpuFabricInfo_v3_t;

#define NVML_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type)
NVML_SIZE(nvmlPciInfo_t, 68);
NVML_SIZE(nvmlPciInfoExt_v1_t, 64);
NVML_SIZE(nvmlMemory_v2_t, 40);
NVML_SIZE(nvmlProcessInfo_v1_t, 16);
NVML_SIZE(nvmlProcessInfo_t, 24);
NVML_SIZE(nvmlProcessDetail_v1_t, 32);
NVML_SIZE(nvmlProcessDetailList_v1_t, 24);
NVML_SIZE(nvmlProcessUtilizationSample_t, 32);
NVML_SIZE(nvmlDeviceAttributes_t, 40);
NVML_SIZE(nvmlFieldValue_t, 40);
NVML_SIZE(nvmlUUID_v1_t, 52);
NVML_SIZE(nvmlSystemDriverBranchInfo_v1_t, 84);
NVML_SIZE(nvmlPowerValue_v2_t, 12);
NVML_SIZE(nvmlFBCStats_t, 12);
NVML_SIZE(nvmlEccSramErrorStatus_v1_t, 104);
NVML_SIZE(nvmlEventData_t, 32);
NVML_SIZE(nvmlGpuInstanceProfileInfo_t, 48);
NVML_SIZE(nvmlGpuInstanceProfileInfo_v2_t, 152);
NVML_SIZE(nvmlGpuInstanceProfileInfo_v3_t, 152);
NVML_SIZE(nvmlGpuInstanceInfo_t, 24);
NVML_SIZE(nvmlComputeInstanceProfileInfo_t, 36);
NVML_SIZE(nvmlComputeInstanceProfileInfo_v2_t, 136);
NVML_SIZE(nvmlComputeInstanceProfileInfo_v3_t, 140);
NVML_SIZE(nvmlComputeInstanceInfo_t, 32);
NVML_SIZE(nvmlGpmMetricsGet_t, 13344);
NVML_SIZE(nvmlGpuFabricInfo_t, 28);
NVML_SIZE(nvmlGpuFabricInfo_v2_t, 36);
NVML_SIZE(nvmlGpuFabricInfo_v3_t, 40);
