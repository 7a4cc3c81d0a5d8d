/* SPDX-License-Identifier: Apache-2.0 */
#include "model/ops.h"

#include "model/load.h"
#include "model/mig.h"

#include <errno.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The bits of NVML events that the simulator raises. */
enum { EVENT_XID = 0x8, EVENT_MIG_CHANGE = 0x100, XID_FALLEN_OFF_BUS = 79 };

static void set_text(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text);
}

/* Energy is an integral of power over time: it is settled whenever what decides the power changes. */
static void settle_energy(FsimBody *body, const FsimFixed *fixed, unsigned gpu)
{
    FsimGpu *g = &body->gpus[gpu];
    int64_t now = fsim_now();
    g->energy_mj = fsim_load_energy(&fixed->gpus[gpu], g, fsim_gpu_busy(g), now);
    g->energy_at = now;
}

static void new_boot(FsimBody *body)
{
    uint64_t a = (uint64_t)fsim_now() * 0x9e3779b97f4a7c15u ^ ++body->boots;
    uint64_t b = (a ^ (a >> 32)) * 0xbf58476d1ce4e5b9u;
    snprintf(body->boot_id, sizeof body->boot_id, "%08x-%04x-4%03x-8%03x-%012llx", (unsigned)(a >> 32),
             (unsigned)(a >> 16) & 0xffff, (unsigned)a & 0xfff, (unsigned)(b >> 48) & 0xfff,
             (unsigned long long)(b & 0xffffffffffff));
    body->booted_at = fsim_now();
}

static void boot_gpu(FsimBody *body, const FsimFixed *fixed, unsigned gpu)
{
    const FsimGpuFixed *f = &fixed->gpus[gpu];
    FsimGpu *g = &body->gpus[gpu], old = *g;
    memset(g, 0, sizeof *g);
    memcpy(g->driver, f->driver, sizeof g->driver);
    g->handles = old.handles + 1;
    g->minor = gpu;
    g->mig_pending = f->card.mig.survives_reboot ? old.mig_pending : 0;
    g->mig_current = g->mig_pending;
    g->ecc_pending = g->ecc_current = old.ecc_pending;
    g->power_limit = f->card.power_default;
    g->ecc_uncorrected = old.ecc_uncorrected;
    g->load = old.load;
    g->energy_at = body->booted_at;
}

void fsim_body_init(FsimBody *body, const FsimFixed *fixed)
{
    memset(body, 0, sizeof *body);
    new_boot(body);
    for (unsigned i = 0; i < fixed->n_gpus; i++) {
        body->gpus[i].ecc_pending = fixed->gpus[i].card.ecc;
        body->gpus[i].load = fixed->gpus[i].load;
        boot_gpu(body, fixed, i);
    }
}

int fsim_reboot(FsimState *st)
{
    FsimTxn txn;
    int result = fsim_txn_begin(st, &txn);
    if (result < 0)
        return result;
    new_boot(txn.body);
    for (unsigned i = 0; i < st->file->fixed.n_gpus; i++)
        boot_gpu(txn.body, &st->file->fixed, i);
    fsim_txn_commit(&txn);
    return 0;
}

void fsim_body_reset_gpu(FsimBody *body, const FsimFixed *fixed, unsigned gpu)
{
    FsimGpu *g = &body->gpus[gpu];
    settle_energy(body, fixed, gpu);
    memset(g->gis, 0, sizeof g->gis);
    memset(g->procs, 0, sizeof g->procs);
    g->mig_current = g->mig_pending;
    g->ecc_current = g->ecc_pending;
    g->handles++;
}

void fsim_event(FsimBody *body, unsigned gpu, uint64_t type, uint64_t data, uint32_t gi, uint32_t ci)
{
    FsimEvent *e = &body->event[body->events % FSIM_MAX_EVENTS];
    *e = (FsimEvent){.number = ++body->events, .type = type, .data = data, .gpu = gpu, .gi = gi, .ci = ci};
}

static int begin_gpu(FsimState *st, FsimTxn *txn, unsigned gpu)
{
    return gpu < st->file->fixed.n_gpus ? fsim_txn_begin(st, txn) : -EINVAL;
}

int fsim_gpu_reset(FsimState *st, unsigned gpu)
{
    FsimTxn txn;
    int result = begin_gpu(st, &txn, gpu);
    if (result < 0)
        return result;
    fsim_body_reset_gpu(txn.body, &st->file->fixed, gpu);
    fsim_txn_commit(&txn);
    return 0;
}

int fsim_gpu_set_driver(FsimState *st, unsigned gpu, const char *driver)
{
    FsimTxn txn;
    int result = begin_gpu(st, &txn, gpu);
    if (result < 0)
        return result;
    FsimGpu *g = &txn.body->gpus[gpu];
    settle_energy(txn.body, &st->file->fixed, gpu);
    /* Leaving "nvidia" tears the instances down; the modes stay with the card. */
    if (strcmp(g->driver, "nvidia") == 0 && strcmp(driver, "nvidia") != 0) {
        memset(g->gis, 0, sizeof g->gis);
        memset(g->procs, 0, sizeof g->procs);
        g->num_vfs = 0;
    }
    set_text(g->driver, sizeof g->driver, driver);
    g->handles++;
    fsim_txn_commit(&txn);
    return 0;
}

int fsim_gpu_set_vfs(FsimState *st, unsigned gpu, unsigned vfs)
{
    FsimTxn txn;
    int result = begin_gpu(st, &txn, gpu);
    if (result < 0)
        return result;
    if (vfs > st->file->fixed.gpus[gpu].card.vfs) {
        fsim_txn_abort(&txn);
        return -EINVAL;
    }
    txn.body->gpus[gpu].num_vfs = vfs;
    fsim_txn_commit(&txn);
    return 0;
}

int fsim_gpu_set_removed(FsimState *st, unsigned gpu, bool removed)
{
    FsimTxn txn;
    int result = begin_gpu(st, &txn, gpu);
    if (result < 0)
        return result;
    FsimGpu *g = &txn.body->gpus[gpu];
    g->removed = removed;
    g->handles++;
    fsim_txn_commit(&txn);
    return 0;
}

int fsim_gpu_set_lost(FsimState *st, unsigned gpu, bool lost)
{
    FsimTxn txn;
    int result = begin_gpu(st, &txn, gpu);
    if (result < 0)
        return result;
    FsimGpu *g = &txn.body->gpus[gpu];
    settle_energy(txn.body, &st->file->fixed, gpu);
    if (lost && !g->lost)
        fsim_event(txn.body, gpu, EVENT_XID, XID_FALLEN_OFF_BUS, FSIM_NO_INSTANCE, FSIM_NO_INSTANCE);
    g->lost = lost;
    fsim_txn_commit(&txn);
    return 0;
}

int fsim_gpu_set_load(FsimState *st, unsigned gpu, uint32_t gi, const FsimLoad *load)
{
    FsimTxn txn;
    int result = begin_gpu(st, &txn, gpu);
    if (result < 0)
        return result;
    FsimGpu *g = &txn.body->gpus[gpu];
    int slot = gi == FSIM_NO_INSTANCE ? -1 : fsim_mig_gi_slot(g, gi);
    if (gi != FSIM_NO_INSTANCE && slot < 0) {
        fsim_txn_abort(&txn);
        return -ENOENT;
    }
    settle_energy(txn.body, &st->file->fixed, gpu);
    if (slot >= 0)
        g->gis[slot].load = *load;
    else
        g->load = *load;
    fsim_txn_commit(&txn);
    return 0;
}

/* ---- who holds a card ---- */

/* Field 22 (start time) and 3 (state) of /proc/PID/stat. False if it cannot be read. */
static bool read_stat(pid_t pid, char *state, uint64_t *started)
{
    char path[32], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *in = fopen(path, "re");
    if (!in)
        return false;
    size_t n = fread(text, 1, sizeof text - 1, in);
    fclose(in);
    text[n] = '\0';
    /* The name may hold anything; fields go on after its last parenthesis. */
    char *at = strrchr(text, ')');
    if (!at || !at[1] || !at[2])
        return false;
    *state = at[2];
    at += 2;
    for (int field = 3; field < 22; field++) {
        at = strchr(at, ' ');
        if (!at)
            return false;
        at++;
    }
    *started = strtoull(at, NULL, 10);
    return true;
}

uint64_t fsim_proc_started(pid_t pid)
{
    char state;
    uint64_t started;
    return read_stat(pid, &state, &started) ? started : 0;
}

bool fsim_proc_alive(pid_t pid, uint64_t started)
{
    char state;
    uint64_t now;
    if (pid <= 0 || (kill(pid, 0) < 0 && errno == ESRCH))
        return false;
    /* A private /proc may hide it: then the signal's answer is all there is. */
    if (!read_stat(pid, &state, &now))
        return true;
    return state != 'Z' && state != 'X' && (started == 0 || now == 0 || (uint32_t)now == (uint32_t)started);
}

static unsigned note_pid(pid_t pid, pid_t *pids, unsigned n, unsigned max)
{
    for (unsigned i = 0; i < n && i < max; i++)
        if (pids[i] == pid)
            return n;
    if (n < max)
        pids[n] = pid;
    return n + 1;
}

unsigned fsim_gpu_user_pids(const FsimState *st, const FsimBody *body, unsigned gpu, pid_t self, pid_t *pids,
                            unsigned max)
{
    const FsimGpu *g = &body->gpus[gpu];
    unsigned n = 0;
    for (unsigned i = 0; i < FSIM_MAX_PROCS; i++) {
        const FsimProc *p = &g->procs[i];
        if (p->pid && p->pid != self && fsim_proc_alive(p->pid, p->started))
            n = note_pid(p->pid, pids, n, max);
    }
    if (strcmp(g->driver, "nvidia") != 0)
        return n;
    for (unsigned i = 0; i < FSIM_MAX_CLIENTS; i++) {
        uint64_t client = atomic_load_explicit(&st->file->live.clients[i], memory_order_relaxed);
        pid_t pid = (pid_t)(uint32_t)client;
        if (client && pid != self && fsim_proc_alive(pid, client >> 32))
            n = note_pid(pid, pids, n, max);
    }
    return n;
}

unsigned fsim_gpu_users(const FsimState *st, const FsimBody *body, unsigned gpu, pid_t self)
{
    pid_t pids[FSIM_MAX_PROCS + FSIM_MAX_CLIENTS];
    return fsim_gpu_user_pids(st, body, gpu, self, pids, FSIM_MAX_PROCS + FSIM_MAX_CLIENTS);
}

int fsim_proc_add(FsimState *st, unsigned gpu, const FsimProc *proc)
{
    FsimTxn txn;
    int result = begin_gpu(st, &txn, gpu);
    if (result < 0)
        return result;
    settle_energy(txn.body, &st->file->fixed, gpu);
    FsimProc *procs = txn.body->gpus[gpu].procs;
    for (unsigned i = 0; i < FSIM_MAX_PROCS; i++) {
        if (procs[i].pid && fsim_proc_alive(procs[i].pid, procs[i].started))
            continue;
        procs[i] = *proc;
        fsim_txn_commit(&txn);
        return 0;
    }
    fsim_txn_abort(&txn);
    return -ENOSPC;
}

int fsim_proc_remove(FsimState *st, pid_t pid)
{
    FsimTxn txn;
    int result = fsim_txn_begin(st, &txn);
    if (result < 0)
        return result;
    result = -ESRCH;
    for (unsigned gpu = 0; gpu < st->file->fixed.n_gpus; gpu++) {
        FsimProc *procs = txn.body->gpus[gpu].procs;
        for (unsigned i = 0; i < FSIM_MAX_PROCS; i++) {
            if (procs[i].pid != pid)
                continue;
            settle_energy(txn.body, &st->file->fixed, gpu);
            memset(&procs[i], 0, sizeof procs[i]);
            result = 0;
        }
    }
    if (result == 0)
        fsim_txn_commit(&txn);
    else
        fsim_txn_abort(&txn);
    return result;
}

int fsim_client_add(FsimState *st, pid_t pid)
{
    uint64_t mine = (uint32_t)pid | fsim_proc_started(pid) << 32;
    for (int i = 0; i < FSIM_MAX_CLIENTS; i++) {
        _Atomic uint64_t *entry = &st->file->live.clients[i];
        uint64_t old = atomic_load(entry);
        if (old && fsim_proc_alive((pid_t)(uint32_t)old, old >> 32))
            continue;
        if (atomic_compare_exchange_strong(entry, &old, mine))
            return i;
    }
    return -1;
}

void fsim_client_remove(FsimState *st, int entry)
{
    if (entry >= 0)
        atomic_store(&st->file->live.clients[entry], 0);
}

/* ---- faults of the tree ---- */

int fsim_tree_fault_add(FsimState *st, const FsimTreeFault *fault, uint32_t *id)
{
    FsimTxn txn;
    int result = fsim_txn_begin(st, &txn);
    if (result < 0)
        return result;
    FsimTreeFault *faults = txn.body->tree_faults;
    for (uint32_t i = 0; i < FSIM_MAX_TREE_FAULTS; i++) {
        if (faults[i].id)
            continue;
        faults[i] = *fault;
        *id = faults[i].id = ++txn.body->serial;
        fsim_txn_commit(&txn);
        return 0;
    }
    fsim_txn_abort(&txn);
    return -ENOSPC;
}

int fsim_tree_fault_clear(FsimState *st, uint32_t id)
{
    FsimTxn txn;
    int result = fsim_txn_begin(st, &txn);
    if (result < 0)
        return result;
    result = id ? -ENOENT : 0;
    for (uint32_t i = 0; i < FSIM_MAX_TREE_FAULTS; i++) {
        FsimTreeFault *f = &txn.body->tree_faults[i];
        if (f->id && (id == 0 || f->id == id)) {
            memset(f, 0, sizeof *f);
            result = 0;
        }
    }
    fsim_txn_commit(&txn);
    return result;
}

static FsimTreeFault *find_fault(FsimBody *body, const char *path, FsimTreeOp op)
{
    for (uint32_t i = 0; i < FSIM_MAX_TREE_FAULTS; i++) {
        FsimTreeFault *f = &body->tree_faults[i];
        if (f->id && (f->op & op) && f->count != 0 && fnmatch(f->match, path, 0) == 0)
            return f;
    }
    return NULL;
}

bool fsim_tree_fault_take(FsimState *st, const char *path, FsimTreeOp op, FsimTreeFault *fault)
{
    /* A look without the lock is enough to see that there is none. */
    uint64_t generation = fsim_state_generation(st);
    if (!find_fault(&st->file->body[generation & 1], path, op))
        return false;
    FsimTxn txn;
    if (fsim_txn_begin(st, &txn) < 0)
        return false;
    FsimTreeFault *f = find_fault(txn.body, path, op);
    if (!f) {
        fsim_txn_abort(&txn);
        return false;
    }
    *fault = *f;
    if (f->count > 0 && --f->count == 0)
        memset(f, 0, sizeof *f);
    fsim_txn_commit(&txn);
    return true;
}
