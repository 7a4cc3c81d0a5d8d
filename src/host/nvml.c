/* SPDX-License-Identifier: Apache-2.0 */
#include "host/nvml.h"

#include <dlfcn.h>

static void load_symbols(FctNvml *nvml)
{
#define X(member, symbol, args) *(void **)&nvml->member = dlsym(nvml->library, symbol);
    NV_FUNCTIONS(X)
#undef X
    *(void **)&nvml->error_string = dlsym(nvml->library, "nvmlErrorString");
}

const char *fct_nvml_words(const FctNvml *nvml, NvReturn code)
{
    if (code == NV_FUNCTION_NOT_FOUND)
        return "Function Not Found";
    return nvml->error_string ? nvml->error_string(code) : "Unknown Error";
}

static char *init_problem(const FctNvml *nvml, NvReturn code)
{
    switch (code) {
    case NV_DRIVER_NOT_LOADED:
        return g_strdup("The NVIDIA driver is not loaded. Load it (modprobe nvidia) or install it.");
    case NV_LIB_RM_VERSION_MISMATCH:
        return g_strdup("The NVIDIA library and the loaded driver are of different versions. Restart the host, or "
                        "reload the driver.");
    case NV_NO_PERMISSION:
        return g_strdup("The helper may not open the NVIDIA device nodes. Run facet-helper as root.");
    case NV_GPU_NOT_FOUND:
        return g_strdup("The NVIDIA driver is loaded but finds no card that it supports.");
    default:
        return g_strdup_printf("The NVIDIA library does not start: %s (code %d).", fct_nvml_words(nvml, code), code);
    }
}

static void read_versions(FctNvml *nvml)
{
    char text[80];
    if (fct_nvml(nvml, driver_version, text, sizeof text) == NV_SUCCESS) {
        g_free(nvml->driver);
        nvml->driver = g_strndup(text, sizeof text - 1);
    }
    if (fct_nvml(nvml, nvml_version, text, sizeof text) == NV_SUCCESS) {
        g_free(nvml->version);
        nvml->version = g_strndup(text, sizeof text - 1);
    }
}

FctNvml *fct_nvml_open(const char *path, gboolean attach)
{
    FctNvml *nvml = g_new0(FctNvml, 1);
    nvml->driver = g_strdup("");
    nvml->version = g_strdup("");
    nvml->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!nvml->library) {
        const char *why = dlerror();
        nvml->problem =
            g_strdup_printf("The NVIDIA library cannot be loaded (%s). Install the NVIDIA driver.", why ? why : path);
        return nvml;
    }
    load_symbols(nvml);
    NvReturn code = NV_FUNCTION_NOT_FOUND;
    if (!attach)
        code = fct_nvml(nvml, init_flags, NV_INIT_NO_ATTACH);
    if (code == NV_FUNCTION_NOT_FOUND)
        code = fct_nvml(nvml, init);
    nvml->ready = code == NV_SUCCESS;
    nvml->problem = nvml->ready ? g_strdup("") : init_problem(nvml, code);
    read_versions(nvml);
    return nvml;
}

void fct_nvml_close(FctNvml *nvml)
{
    if (!nvml)
        return;
    if (nvml->ready)
        fct_nvml(nvml, shutdown);
    if (nvml->library)
        dlclose(nvml->library);
    g_free(nvml->problem);
    g_free(nvml->driver);
    g_free(nvml->version);
    g_free(nvml);
}
