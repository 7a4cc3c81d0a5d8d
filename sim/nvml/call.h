/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every exported function goes through: it is counted, may be delayed or made to fail by `facet-sim inject`,
 * is refused before nvmlInit, and works on a copy of the state of one instant. One mutex is held during a call, so
 * the implementations see `nvml` as theirs.
 *
 * Handles are numbers, never pointers: a tag in the top bits (no address looks like it), kind, GPU, slots, and a
 * generation that tells a stale handle.
 */
#pragma once

#include "model/load.h"
#include "model/mig.h"
#include "model/ops.h"
#include "nvml/abi.h"
#include "nvml/functions.h"

#include <stdbool.h>

typedef struct NvmlLibrary {
    FsimState st;
    const FsimFixed *fixed;
    FsimBody body; /* as of `generation` */
    uint64_t generation;
    unsigned references; /* nvmlInit minus nvmlShutdown */
    int client;          /* entry in FsimLive.clients */
    bool attached;       /* not NVML_INIT_FLAG_NO_ATTACH */
} NvmlLibrary;
extern NvmlLibrary nvml;

/* A device handle, resolved. `gi` and `ci` are set for a MIG device. */
typedef struct Dev {
    unsigned gpu;
    const FsimGpuFixed *fixed;
    const FsimCard *card;
    const FsimGpu *state;
    const FsimGi *gi;
    const FsimCi *ci;
    const FsimGiProfile *profile;
} Dev;

typedef enum Want {
    WANT_GPU, /* a MIG device gives NOT_SUPPORTED */
    WANT_ANY,
} Want;

typedef enum HandleKind { HANDLE_GPU = 1, HANDLE_MIG, HANDLE_GI, HANDLE_CI } HandleKind;

uintptr_t handle_gpu(unsigned gpu);
uintptr_t handle_gi(unsigned gpu, unsigned gi_slot);
uintptr_t handle_ci(HandleKind kind, unsigned gpu, unsigned gi_slot, unsigned ci_slot);
/* SUCCESS, INVALID_ARGUMENT for a stale or foreign handle, GPU_IS_LOST, or NOT_SUPPORTED (see Want). */
nvmlReturn_t resolve_device(uintptr_t handle, Want want, Dev *out);
/* `kind` HANDLE_GI sets gi; HANDLE_CI sets gi and ci. */
nvmlReturn_t resolve_instance(uintptr_t handle, HandleKind kind, Dev *out);
/* Whether NVML sees the card at all. */
bool gpu_visible(unsigned gpu);
/* Whether the simulated caller may do what needs root. */
bool privileged(void);

/*
 * A change of state from within a call: begin copies (so look at txn.body, not at nvml.body, for what holds now), and
 * commit refreshes nvml.body. NVML_ERROR_UNKNOWN if the state cannot be written.
 */
nvmlReturn_t change_begin(FsimTxn *txn);
void change_commit(FsimTxn *txn);

nvmlReturn_t call_begin(int function);
nvmlReturn_t call_end(int function, uintptr_t handle, int64_t start, nvmlReturn_t result);
int64_t call_clock(void);
/* Lets go of the mutex inside a call that waits, and takes it back with a fresh copy of the state. */
void call_pause(void);
void call_resume(void);
nvmlReturn_t call_stub(int function, uintptr_t first);
/* For the few functions that work before nvmlInit: only counted. */
void call_count(int function);

/* Puts a string in a caller's buffer, the way NVML does. */
nvmlReturn_t put_string(char *out, unsigned length, const char *text);

#define NEED(pointer)                                                                                                  \
    do {                                                                                                               \
        if (!(pointer))                                                                                                \
            return NVML_ERROR_INVALID_ARGUMENT;                                                                        \
    } while (0)

#define NVML_EXPORT __attribute__((visibility("default")))
#define NVML_WITH_DEV(...) (const Dev *d, __VA_ARGS__)
#define NVML_PASS_DEV(...) (&dev, __VA_ARGS__)

/* A function without a device: parameters and arguments in parentheses, then the body. */
#define NVML_FN(name, params, args)                                                                                    \
    static nvmlReturn_t impl_##name params;                                                                            \
    NVML_EXPORT nvmlReturn_t name params;                                                                              \
    NVML_EXPORT nvmlReturn_t name params                                                                               \
    {                                                                                                                  \
        int64_t start = call_clock();                                                                                  \
        nvmlReturn_t result = call_begin(FN_##name);                                                                   \
        if (result == NVML_SUCCESS)                                                                                    \
            result = impl_##name args;                                                                                 \
        return call_end(FN_##name, 0, start, result);                                                                  \
    }                                                                                                                  \
    static nvmlReturn_t impl_##name params

/* A function whose first parameter is `nvmlDevice_t device`; the body also has `const Dev *d`. */
#define NVML_DEVICE_FN(name, want, params, args)                                                                       \
    static nvmlReturn_t impl_##name NVML_WITH_DEV params;                                                              \
    NVML_EXPORT nvmlReturn_t name params;                                                                              \
    NVML_EXPORT nvmlReturn_t name params                                                                               \
    {                                                                                                                  \
        Dev dev;                                                                                                       \
        int64_t start = call_clock();                                                                                  \
        nvmlReturn_t result = call_begin(FN_##name);                                                                   \
        if (result == NVML_SUCCESS)                                                                                    \
            result = resolve_device((uintptr_t)device, want, &dev);                                                    \
        if (result == NVML_SUCCESS)                                                                                    \
            result = impl_##name NVML_PASS_DEV args;                                                                   \
        return call_end(FN_##name, (uintptr_t)device, start, result);                                                  \
    }                                                                                                                  \
    static nvmlReturn_t impl_##name NVML_WITH_DEV params

/* Physical cards only; cards and MIG devices; a GPU instance first; a compute instance first. */
#define NVML_GPU(name, params, args) NVML_DEVICE_FN(name, WANT_GPU, params, args)
#define NVML_ANY(name, params, args) NVML_DEVICE_FN(name, WANT_ANY, params, args)

#define NVML_INSTANCE_FN(name, kind, params, args)                                                                     \
    static nvmlReturn_t impl_##name NVML_WITH_DEV params;                                                              \
    NVML_EXPORT nvmlReturn_t name params;                                                                              \
    NVML_EXPORT nvmlReturn_t name params                                                                               \
    {                                                                                                                  \
        Dev dev;                                                                                                       \
        int64_t start = call_clock();                                                                                  \
        nvmlReturn_t result = call_begin(FN_##name);                                                                   \
        if (result == NVML_SUCCESS)                                                                                    \
            result = resolve_instance((uintptr_t)instance, kind, &dev);                                                \
        if (result == NVML_SUCCESS)                                                                                    \
            result = impl_##name NVML_PASS_DEV args;                                                                   \
        return call_end(FN_##name, (uintptr_t)instance, start, result);                                                \
    }                                                                                                                  \
    static nvmlReturn_t impl_##name NVML_WITH_DEV params
#define NVML_GI(name, params, args) NVML_INSTANCE_FN(name, HANDLE_GI, params, args)
#define NVML_CI(name, params, args) NVML_INSTANCE_FN(name, HANDLE_CI, params, args)

/* Works before nvmlInit: the body is the exported function itself. Only names it for make_exports.py. */
#define NVML_EARLY(name, type, params)                                                                                 \
    NVML_EXPORT type name params;                                                                                      \
    NVML_EXPORT type name params

#define NVML_STUB(name)                                                                                                \
    NVML_EXPORT nvmlReturn_t name(void *first);                                                                        \
    NVML_EXPORT nvmlReturn_t name(void *first)                                                                         \
    {                                                                                                                  \
        return call_stub(FN_##name, (uintptr_t)first);                                                                 \
    }
