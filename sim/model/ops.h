/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can happen to a simulated host, as changes of its state. Each function that takes a FsimState is one
 * transaction; each that takes a FsimBody works inside a transaction of the caller.
 *
 * GPUs are named by their index in FsimFixed.gpus, which is their order by PCI address.
 * Functions return 0 or a negative errno.
 */
#pragma once

#include "model/state.h"

/* Called by the FUSE half on bind and unbind; `driver` "" means none. Bumps the handle generation. */
int fsim_gpu_set_driver(FsimState *st, unsigned gpu, const char *driver);
int fsim_gpu_set_vfs(FsimState *st, unsigned gpu, unsigned vfs);
/* Taken out of the bus by `remove` (true), found again by `rescan` (false). */
int fsim_gpu_set_removed(FsimState *st, unsigned gpu, bool removed);
int fsim_gpu_set_lost(FsimState *st, unsigned gpu, bool lost);
/* How busy a card looks; or one of its GPU instances, unless `gi` is FSIM_NO_INSTANCE. -ENOENT: no such instance. */
int fsim_gpu_set_load(FsimState *st, unsigned gpu, uint32_t gi, const FsimLoad *load);
/* A function level or bus reset: instances go, the pending MIG mode becomes current, a lost card stays lost. */
int fsim_gpu_reset(FsimState *st, unsigned gpu);
/* A reboot of the whole host: new boot id, drivers as at first boot, no instances and holders, VFs gone, modes by the
 * rules of each generation. */
int fsim_reboot(FsimState *st);

/*
 * Who holds a card: processes on it, and NVML clients (which hold those cards on "nvidia"
 * that they have attached to: all, unless they asked not to).
 * `self` is left out when it is not 0. An unbind from "nvidia" waits until this is 0.
 */
unsigned fsim_gpu_users(const FsimState *st, const FsimBody *body, unsigned gpu, pid_t self);
/* The same as pids; returns how many there are, and writes at most `max`. */
unsigned fsim_gpu_user_pids(const FsimState *st, const FsimBody *body, unsigned gpu, pid_t self, pid_t *pids,
                            unsigned max);

/* Registers the calling process, or another one, as a user of a card. gi and ci: ids or FSIM_NO_INSTANCE. */
int fsim_proc_add(FsimState *st, unsigned gpu, const FsimProc *proc);
int fsim_proc_remove(FsimState *st, pid_t pid);
/* Whether the process lives and is the one that registered. */
bool fsim_proc_alive(pid_t pid, uint64_t started);
/* Start time of a process as in /proc/PID/stat; 0 if it cannot be read. */
uint64_t fsim_proc_started(pid_t pid);

/* NVML clients. Entry number or -1 when the table is full (then the client is not counted). */
int fsim_client_add(FsimState *st, pid_t pid, uint32_t gpus);
/* It holds this card too from now on. */
void fsim_client_attach(FsimState *st, int entry, unsigned gpu);
/* Only the calling process's own entry. */
void fsim_client_remove(FsimState *st, int entry);

/*
 * Faults of the tree. add gives the fault's id. take looks for a fault that matches and uses up one of its count;
 * false if there is none (the usual case, and then cheap).
 */
int fsim_tree_fault_add(FsimState *st, const FsimTreeFault *fault, uint32_t *id);
int fsim_tree_fault_clear(FsimState *st, uint32_t id); /* 0: all */
bool fsim_tree_fault_take(FsimState *st, const char *path, FsimTreeOp op, FsimTreeFault *fault);

/* Inside a transaction: an event for those who wait for NVML events. */
FsimEvent *fsim_event(FsimBody *body, unsigned gpu, uint64_t type, uint64_t data, uint32_t gi, uint32_t ci);
/* Inside a transaction: all that a reset does to one GPU. */
void fsim_body_reset_gpu(FsimBody *body, const FsimFixed *fixed, unsigned gpu);
/* Inside a transaction, before what decides a card's power changes: adds up the energy used so far. */
void fsim_body_settle(FsimBody *body, const FsimFixed *fixed, unsigned gpu);
/* The first body of a host. */
void fsim_body_init(FsimBody *body, const FsimFixed *fixed);
