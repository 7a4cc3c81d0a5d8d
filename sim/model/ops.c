/* SPDX-License-Identifier: Apache-2.0 */
#include "model/ops.h"

#include "model/load.h"
#include "model/mig.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

/* The bits of NVML events that the simulator raises. */
enum { EVENT_XID = 0x8, EVENT_MIG_CHANGE = 0x100, XID_FALLEN_OFF_BUS = 79 };

static void set_text(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text);
}

/* Energy is an integral of power over time: it is settled whenever what decides the power changes. */
void fsim_body_settle(FsimBody *body, const FsimFixed *fixed, unsigned gpu)
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
    fsim_body_settle(body, fixed, gpu);
    memset(g->gis, 0, sizeof g->gis);
    memset(g->procs, 0, sizeof g->procs);
    g->mig_current = g->mig_pending;
    g->ecc_current = g->ecc_pending;
    g->handles++;
}

FsimEvent *fsim_event(FsimBody *body, unsigned gpu, uint64_t type, uint64_t data, uint32_t gi, uint32_t ci)
{
    FsimEvent *e = &body->event[body->events % FSIM_MAX_EVENTS];
    *e = (FsimEvent){
        .number = ++body->events, .type = type, .data = data, .gpu = gpu, .gi = gi, .ci = ci, .pid = FSIM_NO_PROCESS};
    return e;
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
    fsim_body_settle(txn.body, &st->file->fixed, gpu);
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
    fsim_body_settle(txn.body, &st->file->fixed, gpu);
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
    fsim_body_settle(txn.body, &st->file->fixed, gpu);
    if (slot >= 0)
        g->gis[slot].load = *load;
    else
        g->load = *load;
    fsim_txn_commit(&txn);
    return 0;
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
