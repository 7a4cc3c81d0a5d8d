/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include <dlfcn.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

FsimState client_state;

static char *dir;
static void *library;

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    return remove(path);
}

const char *client_dir(void)
{
    return dir;
}

void *client_symbol(const char *name)
{
    void *symbol = dlsym(library, name);
    if (!symbol)
        g_error("no symbol %s", name);
    return symbol;
}

static void open_host(const char *file)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *catalogue = g_build_filename(g_getenv("FSIM_SOURCE"), "catalogue", NULL);
    g_autoptr(FsimHost) host = fsim_host_load(file, catalogue, &error);
    g_assert_no_error(error);
    fsim_host_create(host, dir, g_getenv("FSIM_NVML"), &error);
    g_assert_no_error(error);
    fsim_host_open(dir, NULL, &client_state, &error);
    g_assert_no_error(error);
    g_autofree char *path = g_build_filename(dir, "lib", "libnvidia-ml.so.1", NULL);
    library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        g_error("%s", dlerror());
    assert_ok(CALL(nvmlInit_v2, (void)));
}

void client_open(const char *name)
{
    dir = g_dir_make_tmp("fsim-test-XXXXXX", NULL);
    g_autofree char *base = g_strconcat(name, ".json", NULL);
    g_autofree char *file = g_build_filename(g_getenv("FSIM_SOURCE"), "hosts", base, NULL);
    open_host(file);
}

void client_open_json(const char *json)
{
    dir = g_dir_make_tmp("fsim-test-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "given.json", NULL);
    g_assert_true(g_file_set_contents(file, json, -1, NULL));
    open_host(file);
}

void client_close(void)
{
    CALL(nvmlShutdown, (void));
    /* Unloads it, so that the next test's copy looks for its own state. */
    dlclose(library);
    fsim_state_close(&client_state);
    nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    g_clear_pointer(&dir, g_free);
}

nvmlDevice_t gpu_at(unsigned index)
{
    nvmlDevice_t device;
    assert_ok(CALL(nvmlDeviceGetHandleByIndex_v2, (unsigned, nvmlDevice_t *), index, &device));
    return device;
}

nvmlDevice_t mig_gpu_at(unsigned index)
{
    nvmlReturn_t activation = NVML_ERROR_UNKNOWN;
    assert_ok(CALL(nvmlDeviceSetMigMode, (nvmlDevice_t, unsigned, nvmlReturn_t *), gpu_at(index), 1, &activation));
    assert_ok(activation);
    return gpu_at(index);
}

nvmlGpuInstanceInfo_t gi_info(nvmlGpuInstance_t gi)
{
    nvmlGpuInstanceInfo_t info;
    assert_ok(CALL(nvmlGpuInstanceGetInfo, (nvmlGpuInstance_t, nvmlGpuInstanceInfo_t *), gi, &info));
    return info;
}

nvmlReturn_t make_gi(nvmlDevice_t gpu, unsigned profile, int start, unsigned size, nvmlGpuInstance_t *out)
{
    nvmlGpuInstance_t mine;
    const nvmlGpuInstancePlacement_t place = {.start = (unsigned)start, .size = size};
    if (start < 0)
        return CALL(nvmlDeviceCreateGpuInstance, (nvmlDevice_t, unsigned, nvmlGpuInstance_t *), gpu, profile,
                    out ? out : &mine);
    return CALL(nvmlDeviceCreateGpuInstanceWithPlacement,
                (nvmlDevice_t, unsigned, const nvmlGpuInstancePlacement_t *, nvmlGpuInstance_t *), gpu, profile, &place,
                out ? out : &mine);
}

nvmlReturn_t make_ci(nvmlGpuInstance_t gi, unsigned profile, nvmlComputeInstance_t *out)
{
    nvmlComputeInstance_t mine;
    return CALL(nvmlGpuInstanceCreateComputeInstance, (nvmlGpuInstance_t, unsigned, nvmlComputeInstance_t *), gi,
                profile, out ? out : &mine);
}

nvmlReturn_t destroy_gi(nvmlGpuInstance_t gi)
{
    return CALL(nvmlGpuInstanceDestroy, (nvmlGpuInstance_t), gi);
}

nvmlReturn_t destroy_ci(nvmlComputeInstance_t ci)
{
    return CALL(nvmlComputeInstanceDestroy, (nvmlComputeInstance_t), ci);
}

unsigned capacity(nvmlDevice_t gpu, unsigned profile)
{
    unsigned n = 0;
    assert_ok(CALL(nvmlDeviceGetGpuInstanceRemainingCapacity, (nvmlDevice_t, unsigned, unsigned *), gpu, profile, &n));
    return n;
}
