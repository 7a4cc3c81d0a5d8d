/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of a running simulated host: one file, $SIM/state.bin, mapped by every process that takes part
 * (NVML clients, the FUSE tree, facet-sim).
 *
 * Four parts: a header; `live`, words that are changed by themselves with atomics (call counts, clients, faults);
 * `fixed`, written once when the host is created; and two copies of the body. The body of generation g is copy g & 1.
 * A writer takes flock(2), copies the live body into the other copy, changes that, and publishes it by storing
 * generation g+1. So kill -9 at any instant leaves the old state or the new one, and a reader never waits: it copies
 * the body and looks whether the generation is still the same.
 *
 * Only libc is used here, because the NVML library is loaded into any program.
 *
 * Threads: a FsimState may be read from several threads; a transaction belongs to one thread.
 */
#pragma once

#include "model/card.h"

#include <stdatomic.h>
#include <stddef.h>
#include <sys/types.h>

enum {
    FSIM_STATE_MAGIC = 0x4d495346, /* "FSIM" */
    FSIM_STATE_VERSION = 2,
    FSIM_MAX_GPUS = 16,
    FSIM_MAX_GIS = 16,
    FSIM_MAX_CIS = 8,
    FSIM_MAX_PROCS = 64,
    FSIM_MAX_CLIENTS = 256,
    FSIM_MAX_FUNCTIONS = 512,
    FSIM_MAX_NVML_FAULTS = 32,
    FSIM_MAX_TREE_FAULTS = 32,
    FSIM_MAX_EVENTS = 64,
    FSIM_MAX_CPUS = 1024,
};

typedef enum FsimLoadMode { FSIM_LOAD_AUTO, FSIM_LOAD_FIXED, FSIM_LOAD_CURVE } FsimLoadMode;

typedef struct FsimLoad {
    uint32_t mode;
    uint32_t percent;   /* FIXED: the value; CURVE: the middle */
    uint32_t amplitude; /* CURVE: how far it swings to either side */
    uint32_t period_s;  /* CURVE */
} FsimLoad;

/* ---- fixed: written by `facet-sim create` ---- */

typedef struct FsimGpuFixed {
    FsimCard card;
    char bus_id[16]; /* "0000:3b:00.0" */
    uint32_t domain, bus, device;
    int32_t numa;    /* -1: not known */
    char wiring;     /* 'I' or 'S', see mig.h */
    char serial[32]; /* decimal digits */
    char uuid[48];   /* "GPU-…" */
    uint64_t pdi;    /* the die's own number: all UUIDs follow from it */
    uint64_t seed;   /* of the load curves */
    char port[16];   /* address of the bridge above, or empty */
    char driver[32]; /* bound at boot */
    uint32_t boot_vga;
    FsimLoad load; /* from the first boot on, until `facet-sim load` changes it */
} FsimGpuFixed;

typedef struct FsimFixed {
    char name[64];
    char driver_version[32]; /* "550.163.01" */
    uint32_t driver_branch;  /* 535, 550, 580 */
    uint32_t n_cpus, n_numa;
    uint64_t numa_cpus[8][FSIM_MAX_CPUS / 64];
    uint32_t n_nvswitches, nvswitch_bus[8];
    uint32_t n_gpus;
    FsimGpuFixed gpus[FSIM_MAX_GPUS];
} FsimFixed;

/* ---- body: changes in transactions ---- */

typedef struct FsimCi {
    uint32_t used;
    uint32_t id, profile, start, size; /* start and size in compute slices of the GPU instance */
    uint32_t serial;                   /* never used twice: catches stale handles */
} FsimCi;

typedef struct FsimGi {
    uint32_t used;
    uint32_t id, profile, start, size; /* start and size in memory units */
    uint32_t serial;
    FsimLoad load;
    FsimCi cis[FSIM_MAX_CIS];
} FsimGi;

#define FSIM_NO_INSTANCE 0xffffffffu

typedef struct FsimProc {
    int32_t pid; /* 0: free entry */
    uint32_t graphics;
    uint64_t started; /* start time of the process in clock ticks, so that a reused pid is not taken for it */
    uint64_t memory;  /* bytes */
    uint32_t gi, ci;  /* instance ids, or FSIM_NO_INSTANCE */
    char name[64];
} FsimProc;

typedef struct FsimGpu {
    char driver[32];  /* bound driver; NVML sees the card only on "nvidia". Empty: none */
    uint32_t lost;    /* fell off the bus */
    uint32_t removed; /* taken out of sysfs by `remove` */
    uint32_t handles; /* generation of device handles: +1 on each reset, re-bind and MIG mode change */
    uint32_t minor;
    uint32_t num_vfs;
    uint32_t mig_current, mig_pending;
    uint32_t ecc_current, ecc_pending;
    uint32_t persistence, compute_mode, accounting, draining;
    uint32_t power_limit; /* mW */
    uint32_t clock_lock_min, clock_lock_max;
    uint64_t ecc_corrected, ecc_uncorrected;
    uint64_t energy_mj; /* up to `energy_at` */
    int64_t energy_at;  /* µs since the epoch */
    FsimLoad load;
    FsimGi gis[FSIM_MAX_GIS];
    FsimProc procs[FSIM_MAX_PROCS];
} FsimGpu;

typedef enum FsimPrivilege { FSIM_PRIVILEGE_ROOT, FSIM_PRIVILEGE_UID, FSIM_PRIVILEGE_DENY } FsimPrivilege;

typedef struct FsimEvent {
    uint64_t number;     /* 1, 2, 3 … */
    uint64_t type, data; /* type 0: of no card, in the kernel's log alone */
    uint32_t gpu, gi, ci;
    /* What the kernel's log says of it beside the number. */
    int32_t pid; /* FSIM_NO_PROCESS: the driver does not know; FSIM_SAYS_NO_PROCESS: its line has no such words */
    uint32_t caused_by; /* number of the XID that it follows from; 0: none */
    uint32_t nvswitch;  /* an SXID of that switch, counted from 1; 0: an XID */
    char name[64];      /* of the process */
    char text[192];     /* empty: what the driver says of this number */
} FsimEvent;

enum { FSIM_NO_PROCESS = -1, FSIM_SAYS_NO_PROCESS = -2 };

/* A fault of the tree: what the FUSE half does when a write or read matches. */
typedef enum FsimTreeAction { FSIM_TREE_HANG = 1, FSIM_TREE_FAIL, FSIM_TREE_LATE } FsimTreeAction;
typedef enum FsimTreeOp { FSIM_TREE_READ = 1, FSIM_TREE_WRITE = 2, FSIM_TREE_ANY = 3 } FsimTreeOp;

typedef struct FsimTreeFault {
    uint32_t id; /* 0: free entry */
    uint32_t op, action;
    int32_t error; /* errno of FAIL */
    uint32_t delay_ms;
    int32_t count;   /* how many more times; -1 for ever */
    char match[256]; /* shell pattern on the path below the mount, "sys/bus/pci/devices/0000:3b:00.0/driver/unbind" */
} FsimTreeFault;

typedef struct FsimBody {
    char boot_id[40];
    uint64_t boots;
    int64_t booted_at; /* µs since the epoch */
    uint32_t serial;   /* last given serial of an instance */
    uint32_t privilege;
    uint64_t events; /* last given event number */
    FsimEvent event[FSIM_MAX_EVENTS];
    FsimTreeFault tree_faults[FSIM_MAX_TREE_FAULTS];
    FsimGpu gpus[FSIM_MAX_GPUS];
} FsimBody;

/* ---- live: single words, each changed atomically by itself ---- */

typedef struct FsimNvmlFault {
    _Atomic uint32_t active;
    uint32_t function; /* index in the names list; FSIM_MAX_FUNCTIONS: every call */
    int32_t code;      /* result to give; 0: only the delay */
    uint32_t delay_us;
    _Atomic int32_t count; /* calls left; -1 for ever */
} FsimNvmlFault;

typedef struct FsimLive {
    _Atomic uint64_t clients[FSIM_MAX_CLIENTS];     /* pid | low half of the start time << 32 of each NVML client */
    _Atomic uint32_t client_gpus[FSIM_MAX_CLIENTS]; /* bits: the cards that it holds */
    _Atomic uint64_t calls[FSIM_MAX_FUNCTIONS];
    _Atomic uint32_t latency_us;  /* added to every NVML call */
    _Atomic uint32_t create_ms;   /* added to creating and destroying instances */
    _Atomic uint32_t trace;       /* 1: append to $SIM/trace.log */
    _Atomic uint32_t crash_armed; /* 1: the next process to pass crash_point is killed there */
    char crash_point[32];
    _Atomic uint32_t fault_high; /* entries of `faults` ever used: 0 makes the common case one load */
    FsimNvmlFault faults[FSIM_MAX_NVML_FAULTS];
} FsimLive;

typedef struct FsimStateFile {
    uint32_t magic, version;
    uint64_t size;
    _Atomic uint64_t generation;
    FsimLive live;
    FsimFixed fixed;
    FsimBody body[2];
} FsimStateFile;

typedef struct FsimState {
    FsimStateFile *file;
    char path[4096]; /* of state.bin */
} FsimState;

/* All functions return 0 or a negative errno unless they say otherwise. */

/* Writes a new state file. `fixed` and `body` are copied. Replaces an existing one atomically. */
int fsim_state_create(const char *path, const FsimFixed *fixed, const FsimBody *body);
/* Maps an existing file. -EPROTO: written by another version. */
int fsim_state_open(const char *path, FsimState *st);
void fsim_state_close(FsimState *st);

static inline uint64_t fsim_state_generation(const FsimState *st)
{
    return atomic_load_explicit(&st->file->generation, memory_order_acquire);
}
/* Copies the body as of one instant and returns its generation. Only the GPUs that exist are copied. */
uint64_t fsim_state_read(const FsimState *st, FsimBody *out);

/*
 * A change. Between begin and commit the caller alone writes to `body`, which no reader sees yet. abort gives it up.
 * begin blocks while another process is in a transaction.
 */
typedef struct FsimTxn {
    FsimState *st;
    FsimBody *body;
    int lock;
} FsimTxn;
int fsim_txn_begin(FsimState *st, FsimTxn *txn);
void fsim_txn_commit(FsimTxn *txn);
void fsim_txn_abort(FsimTxn *txn);

/* Kills this process with SIGKILL if `facet-sim inject crash POINT` named this point. Used once per arming. */
void fsim_crash_point(FsimState *st, const char *point);

/* µs since the epoch */
int64_t fsim_now(void);
