/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NVML, loaded at run time. Every symbol is optional: a missing one answers NV_FUNCTION_NOT_FOUND, as an old driver
 * would. Lives only in the helper's children; one thread.
 */
#pragma once
#include "base/error.h"
#include "host/nvml_abi.h"

typedef struct {
    void *library;
    gboolean ready; /* initialised */
#define X(member, symbol, args) NvReturn(*member) args;
    NV_FUNCTIONS(X)
#undef X
    const char *(*error_string)(NvReturn);
    char *problem; /* why NVML is not ready: a sentence with what to do; "" */
    char *driver, *version;
    guint64 calls; /* how many calls were made, since the cost of a sample is counted in calls */
} FctNvml;

#define fct_nvml(nvml, member, ...)                                                                                    \
    ((nvml)->member ? ((nvml)->calls++, (nvml)->member(__VA_ARGS__)) : NV_FUNCTION_NOT_FOUND)

/*
 * Loads @path and initialises NVML. Never fails: when NVML cannot be used, `ready` is FALSE and `problem` says why.
 * @attach FALSE touches no card until one is asked for, so that a step touches only its own card.
 */
FctNvml *fct_nvml_open(const char *path, gboolean attach);
/* Shuts down and unloads; the cards are no longer held. */
void fct_nvml_close(FctNvml *nvml);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctNvml, fct_nvml_close)

/* The driver's own words for a code: "In use by another client". */
const char *fct_nvml_words(const FctNvml *nvml, NvReturn code);
