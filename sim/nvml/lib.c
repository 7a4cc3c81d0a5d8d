/* SPDX-License-Identifier: Apache-2.0 */
/* Loading, initialising, versions, texts. */
#include "nvml/call.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INIT_NO_ATTACH = 2 };

/* $SIM/state.bin as seen from the path by which the library was loaded: taken at load time, before any chdir. */
static char state_path[4096];

__attribute__((constructor)) static void find_state(void)
{
    const char *dir = getenv("FACET_SIM_DIR");
    Dl_info info;
    char here[2048] = "";
    if (dir) {
        if (*dir != '/' && !getcwd(here, sizeof here))
            return;
        snprintf(state_path, sizeof state_path, "%s%s%s/state.bin", here, *here ? "/" : "", dir);
        return;
    }
    if (!dladdr((void *)&state_path, &info) || !info.dli_fname)
        return;
    const char *slash = strrchr(info.dli_fname, '/');
    if (*info.dli_fname != '/' && !getcwd(here, sizeof here))
        return;
    int folder = slash ? (int)(slash - info.dli_fname) : 0;
    snprintf(state_path, sizeof state_path, "%s%s%.*s/../state.bin", here, *here ? "/" : "", folder ? folder : 1,
             folder ? info.dli_fname : ".");
}

__attribute__((destructor)) static void leave(void)
{
    if (nvml.st.file && nvml.references)
        fsim_client_remove(&nvml.st, nvml.client);
}

static nvmlReturn_t init(unsigned flags)
{
    if (nvml.references++ > 0)
        return NVML_SUCCESS;
    /* The state stays mapped after nvmlShutdown so that calls can still be counted, and is looked for afresh here:
     * the host may have been made anew. */
    FsimState fresh;
    if (!*state_path || fsim_state_open(state_path, &fresh) < 0) {
        nvml.references = 0;
        return NVML_ERROR_DRIVER_NOT_LOADED;
    }
    fsim_state_close(&nvml.st);
    nvml.st = fresh;
    nvml.fixed = &nvml.st.file->fixed;
    nvml.generation = fsim_state_read(&nvml.st, &nvml.body);
    /* Without the flag all cards are held from here on; with it, each from the first question to it. */
    nvml.client = fsim_client_add(&nvml.st, getpid(), flags & INIT_NO_ATTACH ? 0 : UINT32_MAX);
    return NVML_SUCCESS;
}

/* The functions below work before initialisation, so they cannot go through call_begin. */
static nvmlReturn_t locked_init(int function, unsigned flags)
{
    call_resume();
    int64_t start = call_clock();
    nvmlReturn_t result = init(flags);
    call_count(function);
    call_pause();
    if (result != NVML_SUCCESS)
        return result;
    /* Faults and delays of init act once the state is known. */
    result = call_begin(function);
    if (result != NVML_SUCCESS && --nvml.references == 0)
        fsim_client_remove(&nvml.st, nvml.client);
    return call_end(function, 0, start, result);
}

NVML_EARLY(nvmlInit, nvmlReturn_t, (void))
{
    return locked_init(FN_nvmlInit, 0);
}

NVML_EARLY(nvmlInit_v2, nvmlReturn_t, (void))
{
    return locked_init(FN_nvmlInit_v2, 0);
}

NVML_EARLY(nvmlInitWithFlags, nvmlReturn_t, (unsigned flags))
{
    return locked_init(FN_nvmlInitWithFlags, flags);
}

NVML_FN(nvmlShutdown, (void), ())
{
    if (--nvml.references == 0) {
        fsim_client_remove(&nvml.st, nvml.client);
        nvml.client = -1;
    }
    return NVML_SUCCESS;
}

NVML_EARLY(nvmlErrorString, const char *, (nvmlReturn_t result))
{
    static const char *const texts[] = {
        "Success",
        "Uninitialized",
        "Invalid Argument",
        "Not Supported",
        "Insufficient Permissions",
        "Already Initialized",
        "Not Found",
        "Insufficient Size",
        "Insufficient External Power",
        "Driver Not Loaded",
        "Timeout",
        "Interrupt Request Issue",
        "NVML Shared Library Not Found",
        "Function Not Found",
        "Corrupted infoROM",
        "GPU is lost",
        "GPU requires reset",
        "GPU access blocked by the operating system",
        "Driver/library version mismatch",
        "In use by another client",
        "Insufficient Memory",
        "No data",
        "vGPU ECC not supported",
        "Insufficient Resources",
        "Invalid Frequency",
        "Argument version mismatch",
        "Requested functionality has been deprecated",
        "System is not in ready state",
        "No supported GPUs were found",
        "Resource not in correct state to perform requested operation",
    };
    return (unsigned)result < sizeof texts / sizeof *texts ? texts[result] : "Unknown Error";
}

static int cuda_version(unsigned branch)
{
    return branch >= 580 ? 13000 : branch >= 550 ? 12040 : 12020;
}

NVML_EARLY(nvmlSystemGetNVMLVersion, nvmlReturn_t, (char *version, unsigned length))
{
    char text[64];
    call_resume();
    const char *driver = nvml.st.file ? nvml.st.file->fixed.driver_version : "550.163.01";
    snprintf(text, sizeof text, "%d.%s", cuda_version((unsigned)atoi(driver)) / 1000, driver);
    call_count(FN_nvmlSystemGetNVMLVersion);
    call_pause();
    return put_string(version, length, text);
}

NVML_FN(nvmlSystemGetDriverVersion, (char *version, unsigned length), (version, length))
{
    return put_string(version, length, nvml.fixed->driver_version);
}

NVML_FN(nvmlSystemGetDriverBranch, (nvmlSystemDriverBranchInfo_v1_t * info, unsigned length), (info, length))
{
    NEED(info);
    if (info->version != NVML_VERSION_WORD(*info, 1))
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    char text[16];
    snprintf(text, sizeof text, "r%u_00", nvml.fixed->driver_branch);
    return put_string(info->branch, length < sizeof info->branch ? length : sizeof info->branch, text);
}

NVML_FN(nvmlSystemGetCudaDriverVersion, (int *version), (version))
{
    NEED(version);
    *version = cuda_version(nvml.fixed->driver_branch);
    return NVML_SUCCESS;
}

NVML_FN(nvmlSystemGetCudaDriverVersion_v2, (int *version), (version))
{
    NEED(version);
    *version = cuda_version(nvml.fixed->driver_branch);
    return NVML_SUCCESS;
}

NVML_FN(nvmlSystemGetProcessName, (unsigned pid, char *name, unsigned length), (pid, name, length))
{
    for (unsigned gpu = 0; gpu < nvml.fixed->n_gpus; gpu++)
        for (unsigned i = 0; i < FSIM_MAX_PROCS; i++) {
            const FsimProc *p = &nvml.body.gpus[gpu].procs[i];
            if (p->pid && (unsigned)p->pid == pid && *p->name)
                return put_string(name, length, p->name);
        }
    char path[32], text[256];
    snprintf(path, sizeof path, "/proc/%u/cmdline", pid);
    FILE *in = fopen(path, "re");
    if (!in)
        return NVML_ERROR_NOT_FOUND;
    size_t n = fread(text, 1, sizeof text - 1, in);
    fclose(in);
    text[n] = '\0';
    return put_string(name, length, text);
}

NVML_FN(nvmlUnitGetCount, (unsigned *count), (count))
{
    NEED(count);
    *count = 0;
    return NVML_SUCCESS;
}

NVML_FN(nvmlGetExcludedDeviceCount, (unsigned *count), (count))
{
    NEED(count);
    *count = 0;
    return NVML_SUCCESS;
}

/*
 * NVIDIA's own tools ask for a table of functions that are nowhere documented, and do not start without one. They take
 * an empty one: its size in bytes comes first, as in CUDA's tables, and every function in it answers NOT_SUPPORTED,
 * upon which the tool shows N/A or goes on by the public names.
 */
enum { TABLE_FUNCTIONS = 511 };
typedef union TableWord {
    size_t size;
    nvmlReturn_t (*function)(void);
} TableWord;

static nvmlReturn_t undocumented(void)
{
    return NVML_ERROR_NOT_SUPPORTED;
}

NVML_EARLY(nvmlInternalGetExportTable, nvmlReturn_t, (const void **out, const void *id))
{
    static TableWord table[1 + TABLE_FUNCTIONS];
    NEED(out && id);
    call_resume();
    call_count(FN_nvmlInternalGetExportTable);
    table[0].size = sizeof table;
    for (size_t i = 1; i <= TABLE_FUNCTIONS; i++)
        table[i].function = undocumented;
    call_pause();
    *out = table;
    return NVML_SUCCESS;
}
