/* SPDX-License-Identifier: Apache-2.0 */
/* A test as an NVML client: a host of its own in a temporary directory, and the library loaded from there. */
#pragma once

#include "model/host.h"
#include "model/ops.h"
#include "nvml/abi.h"

/* Makes a host from sim/hosts/NAME.json, or from a description as text, and loads and initialises its library. */
void client_open(const char *name);
void client_open_json(const char *json);
void client_close(void);

extern FsimState client_state;
const char *client_dir(void);
void *client_symbol(const char *name);

/* CALL(nvmlDeviceGetName, (nvmlDevice_t, char *, unsigned), device, buffer, 96) */
#define CALL(name, types, ...) (((nvmlReturn_t(*) types)client_symbol(#name))(__VA_ARGS__))

/* Shorthands that fail the test unless they succeed. */
nvmlDevice_t gpu_at(unsigned index);
nvmlDevice_t mig_gpu_at(unsigned index); /* with MIG turned on */
nvmlGpuInstanceInfo_t gi_info(nvmlGpuInstance_t gi);
/* `start` -1: the driver's choice. The result of the call. */
nvmlReturn_t make_gi(nvmlDevice_t gpu, unsigned profile, int start, unsigned size, nvmlGpuInstance_t *out);
nvmlReturn_t make_ci(nvmlGpuInstance_t gi, unsigned profile, nvmlComputeInstance_t *out);
nvmlReturn_t destroy_gi(nvmlGpuInstance_t gi);
nvmlReturn_t destroy_ci(nvmlComputeInstance_t ci);
unsigned capacity(nvmlDevice_t gpu, unsigned profile);

#define assert_ok(result) g_assert_cmpint((result), ==, NVML_SUCCESS)
