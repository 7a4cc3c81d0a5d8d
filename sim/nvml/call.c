/* SPDX-License-Identifier: Apache-2.0 */
#include "nvml/call.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

NvmlLibrary nvml = {.client = -1};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int trace_fd = -1;

enum { HANDLE_TAG = 0x6e76 };

static uintptr_t pack(HandleKind kind, unsigned gpu, unsigned gi, unsigned ci, uint32_t generation)
{
    return (uintptr_t)HANDLE_TAG << 48 | (uintptr_t)kind << 44 | (uintptr_t)gpu << 40 | (uintptr_t)gi << 36 |
           (uintptr_t)ci << 32 | generation;
}

uintptr_t handle_gpu(unsigned gpu)
{
    return pack(HANDLE_GPU, gpu, 0, 0, nvml.body.gpus[gpu].handles);
}

uintptr_t handle_gi(unsigned gpu, unsigned gi_slot)
{
    return pack(HANDLE_GI, gpu, gi_slot, 0, nvml.body.gpus[gpu].gis[gi_slot].serial);
}

uintptr_t handle_ci(HandleKind kind, unsigned gpu, unsigned gi_slot, unsigned ci_slot)
{
    return pack(kind, gpu, gi_slot, ci_slot, nvml.body.gpus[gpu].gis[gi_slot].cis[ci_slot].serial);
}

bool gpu_visible(unsigned gpu)
{
    const FsimGpu *g = &nvml.body.gpus[gpu];
    return !g->removed && strcmp(g->driver, "nvidia") == 0;
}

bool privileged(void)
{
    switch ((FsimPrivilege)nvml.body.privilege) {
    case FSIM_PRIVILEGE_UID:
        return geteuid() == 0;
    case FSIM_PRIVILEGE_DENY:
        return false;
    case FSIM_PRIVILEGE_ROOT:
        break;
    }
    return true;
}

static nvmlReturn_t resolve(uintptr_t handle, Dev *out, HandleKind *kind)
{
    memset(out, 0, sizeof *out);
    unsigned gpu = handle >> 40 & 15, gi = handle >> 36 & 15, ci = handle >> 32 & 15;
    uint32_t generation = (uint32_t)handle;
    *kind = (HandleKind)(handle >> 44 & 15);
    if (handle >> 48 != HANDLE_TAG || *kind < HANDLE_GPU || *kind > HANDLE_CI || gpu >= nvml.fixed->n_gpus ||
        ci >= FSIM_MAX_CIS || !gpu_visible(gpu))
        return NVML_ERROR_INVALID_ARGUMENT;
    fsim_client_attach(&nvml.st, nvml.client, gpu);
    out->gpu = gpu;
    out->fixed = &nvml.fixed->gpus[gpu];
    out->card = &out->fixed->card;
    out->state = &nvml.body.gpus[gpu];
    if (*kind == HANDLE_GPU) {
        if (generation != out->state->handles)
            return NVML_ERROR_INVALID_ARGUMENT;
        return out->state->lost ? NVML_ERROR_GPU_IS_LOST : NVML_SUCCESS;
    }
    if (out->state->lost)
        return NVML_ERROR_GPU_IS_LOST;
    out->gi = &out->state->gis[gi];
    out->ci = *kind == HANDLE_GI ? NULL : &out->gi->cis[ci];
    out->profile = fsim_card_profile(out->card, out->gi->profile);
    bool live = out->gi->used && out->profile &&
                (out->ci ? out->ci->used && out->ci->serial == generation : out->gi->serial == generation);
    return live ? NVML_SUCCESS : NVML_ERROR_INVALID_ARGUMENT;
}

nvmlReturn_t resolve_device(uintptr_t handle, Want want, Dev *out)
{
    HandleKind kind;
    nvmlReturn_t result = resolve(handle, out, &kind);
    if (result != NVML_SUCCESS)
        return result;
    if (kind == HANDLE_GPU || (kind == HANDLE_MIG && want == WANT_ANY))
        return NVML_SUCCESS;
    return kind == HANDLE_MIG ? NVML_ERROR_NOT_SUPPORTED : NVML_ERROR_INVALID_ARGUMENT;
}

nvmlReturn_t resolve_instance(uintptr_t handle, HandleKind kind, Dev *out)
{
    HandleKind found;
    nvmlReturn_t result = resolve(handle, out, &found);
    return result == NVML_SUCCESS && found != kind ? NVML_ERROR_INVALID_ARGUMENT : result;
}

nvmlReturn_t change_begin(FsimTxn *txn)
{
    return fsim_txn_begin(&nvml.st, txn) < 0 ? NVML_ERROR_UNKNOWN : NVML_SUCCESS;
}

static void refresh(void)
{
    if (nvml.references && fsim_state_generation(&nvml.st) != nvml.generation)
        nvml.generation = fsim_state_read(&nvml.st, &nvml.body);
}

void change_commit(FsimTxn *txn)
{
    fsim_txn_commit(txn);
    refresh();
}

int64_t call_clock(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void sleep_us(uint32_t us)
{
    struct timespec left = {.tv_sec = us / 1000000, .tv_nsec = (long)(us % 1000000) * 1000};
    while (us && nanosleep(&left, &left) < 0) {
    }
}

/* An injected fault for this function: its code, after its delay. */
static nvmlReturn_t take_fault(FsimLive *live, int function)
{
    uint32_t high = atomic_load_explicit(&live->fault_high, memory_order_acquire);
    for (uint32_t i = 0; i < high && i < FSIM_MAX_NVML_FAULTS; i++) {
        FsimNvmlFault *f = &live->faults[i];
        if (!atomic_load_explicit(&f->active, memory_order_acquire) ||
            (f->function != (uint32_t)function && f->function != FSIM_MAX_FUNCTIONS))
            continue;
        int32_t left = atomic_load(&f->count);
        while (left > 0 && !atomic_compare_exchange_weak(&f->count, &left, left - 1)) {
        }
        if (left == 0)
            continue;
        uint32_t delay = f->delay_us;
        nvmlReturn_t code = (nvmlReturn_t)f->code;
        sleep_us(delay);
        return code;
    }
    return NVML_SUCCESS;
}

void call_count(int function)
{
    if (nvml.st.file)
        atomic_fetch_add_explicit(&nvml.st.file->live.calls[function], 1, memory_order_relaxed);
}

/* On return without SUCCESS the mutex is held all the same: call_end lets go of it. */
nvmlReturn_t call_begin(int function)
{
    pthread_mutex_lock(&mutex);
    if (nvml.references == 0)
        return NVML_ERROR_UNINITIALIZED;
    FsimLive *live = &nvml.st.file->live;
    call_count(function);
    if (nvml_functions[function].since > (int)nvml.fixed->driver_branch)
        return NVML_ERROR_FUNCTION_NOT_FOUND;
    uint32_t latency = atomic_load_explicit(&live->latency_us, memory_order_relaxed);
    nvmlReturn_t fault = NVML_SUCCESS;
    if (latency || atomic_load_explicit(&live->fault_high, memory_order_relaxed)) {
        pthread_mutex_unlock(&mutex);
        sleep_us(latency);
        fault = take_fault(live, function);
        pthread_mutex_lock(&mutex);
        if (nvml.references == 0)
            return NVML_ERROR_UNINITIALIZED;
    }
    refresh();
    return fault;
}

static void trace(int function, uintptr_t handle, int64_t start, nvmlReturn_t result)
{
    if (trace_fd < 0) {
        char path[sizeof nvml.st.path + 16];
        size_t folder = strlen(nvml.st.path) - strlen("state.bin");
        snprintf(path, sizeof path, "%.*strace.log", (int)folder, nvml.st.path);
        trace_fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    }
    char line[160];
    int n = snprintf(line, sizeof line, "%d %s %#llx %d %lld\n", (int)getpid(), nvml_functions[function].name,
                     (unsigned long long)handle, (int)result, (long long)(call_clock() - start));
    /* A lost line of a full disk is no reason to fail the call. */
    if (n > 0 && write(trace_fd, line, (size_t)n) < 0)
        return;
}

nvmlReturn_t call_end(int function, uintptr_t handle, int64_t start, nvmlReturn_t result)
{
    if (nvml.references && atomic_load_explicit(&nvml.st.file->live.trace, memory_order_relaxed))
        trace(function, handle, start, result);
    pthread_mutex_unlock(&mutex);
    return result;
}

void call_pause(void)
{
    pthread_mutex_unlock(&mutex);
}

void call_resume(void)
{
    pthread_mutex_lock(&mutex);
    refresh();
}

nvmlReturn_t call_stub(int function, uintptr_t first)
{
    int64_t start = call_clock();
    nvmlReturn_t result = call_begin(function);
    /* Most of these take a handle first; an argument that looks like one is checked like one. */
    if (result == NVML_SUCCESS && first >> 48 == HANDLE_TAG) {
        Dev dev;
        HandleKind kind;
        result = resolve(first, &dev, &kind);
    }
    return call_end(function, first, start, result == NVML_SUCCESS ? NVML_ERROR_NOT_SUPPORTED : result);
}

nvmlReturn_t put_string(char *out, unsigned length, const char *text)
{
    NEED(out);
    if (strlen(text) + 1 > length)
        return NVML_ERROR_INSUFFICIENT_SIZE;
    memcpy(out, text, strlen(text) + 1);
    return NVML_SUCCESS;
}
