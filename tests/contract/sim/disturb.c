/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disturb SIM lose GPU | gone GPU | return GPU | reboot | hold GPU PID | clear
 * disturb SIM count | client                 how many cards NVML sees; client stays until its input ends
 * disturb SIM fault PATTERN read|write hang|fail|late ERRNO MS COUNT
 *
 * Changes the state of a simulated host as another process would, below all verbs of facet-sim.
 */
#include "model/host.h"
#include "model/ops.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int add_fault(FsimState *st, char **argv)
{
    FsimTreeFault fault = {0};
    fault.op = strcmp(argv[1], "read") == 0 ? FSIM_TREE_READ : FSIM_TREE_WRITE;
    fault.action = argv[2][0] == 'h' ? FSIM_TREE_HANG : argv[2][0] == 'f' ? FSIM_TREE_FAIL : FSIM_TREE_LATE;
    fault.error = atoi(argv[3]);
    fault.delay_ms = (uint32_t)atoi(argv[4]);
    fault.count = atoi(argv[5]);
    snprintf(fault.match, sizeof fault.match, "%s", argv[0]);
    uint32_t id;
    return fsim_tree_fault_add(st, &fault, &id);
}

/* An NVML client, which has the library from wherever the loader finds it. */
static int use_nvml(gboolean stay)
{
    void *library = dlopen("libnvidia-ml.so.1", RTLD_NOW);
    if (library == NULL)
        return -2;
    int (*init)(void);
    int (*count_cards)(unsigned *);
    *(void **)&init = dlsym(library, "nvmlInit_v2");
    *(void **)&count_cards = dlsym(library, "nvmlDeviceGetCount_v2");
    unsigned count;
    if (init() != 0 || count_cards(&count) != 0)
        return -5;
    printf("%u\n", count);
    fflush(stdout);
    while (stay && getchar() != EOF)
        continue;
    return 0;
}

static int disturb(FsimState *st, int argc, char **argv)
{
    const char *what = argv[0];
    unsigned gpu = argc > 1 ? (unsigned)atoi(argv[1]) : 0;
    if (strcmp(what, "fault") == 0 && argc == 7)
        return add_fault(st, argv + 1);
    if (strcmp(what, "count") == 0 || strcmp(what, "client") == 0)
        return use_nvml(what[1] == 'l');
    if (strcmp(what, "clear") == 0)
        return fsim_tree_fault_clear(st, 0);
    if (strcmp(what, "reboot") == 0)
        return fsim_reboot(st);
    if (strcmp(what, "hold") == 0 && argc == 3) {
        FsimProc proc = {.pid = atoi(argv[2]), .gi = FSIM_NO_INSTANCE, .ci = FSIM_NO_INSTANCE, .memory = 1 << 20};
        proc.started = fsim_proc_started(proc.pid);
        snprintf(proc.name, sizeof proc.name, "holder");
        return fsim_proc_add(st, gpu, &proc);
    }
    if (strcmp(what, "gone") == 0) {
        int result = fsim_gpu_set_lost(st, gpu, true);
        return result < 0 ? result : fsim_gpu_set_removed(st, gpu, true);
    }
    if (strcmp(what, "lose") == 0)
        return fsim_gpu_set_lost(st, gpu, true);
    if (strcmp(what, "return") == 0) {
        int result = fsim_gpu_set_lost(st, gpu, false);
        return result < 0 ? result : fsim_gpu_set_removed(st, gpu, false);
    }
    return -22;
}

int main(int argc, char **argv)
{
    FsimState st;
    if (argc < 3 || !fsim_host_open(argv[1], NULL, &st, NULL))
        return 2;
    int result = disturb(&st, argc - 2, argv + 2);
    fsim_state_close(&st);
    if (result < 0)
        fprintf(stderr, "%s: %s\n", argv[2], strerror(-result));
    return result < 0 ? 1 : 0;
}
