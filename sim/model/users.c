/* SPDX-License-Identifier: Apache-2.0 */
/* Who holds a card: processes and NVML clients, and whether they still live. */
#include "model/ops.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
        if (!(atomic_load_explicit(&st->file->live.client_gpus[i], memory_order_relaxed) >> gpu & 1))
            continue;
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
    int result = gpu < st->file->fixed.n_gpus ? fsim_txn_begin(st, &txn) : -EINVAL;
    if (result < 0)
        return result;
    fsim_body_settle(txn.body, &st->file->fixed, gpu);
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
            fsim_body_settle(txn.body, &st->file->fixed, gpu);
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

int fsim_client_add(FsimState *st, pid_t pid, uint32_t gpus)
{
    uint64_t mine = (uint32_t)pid | fsim_proc_started(pid) << 32;
    for (int i = 0; i < FSIM_MAX_CLIENTS; i++) {
        _Atomic uint64_t *entry = &st->file->live.clients[i];
        uint64_t old = atomic_load(entry);
        if (old && fsim_proc_alive((pid_t)(uint32_t)old, old >> 32))
            continue;
        if (atomic_compare_exchange_strong(entry, &old, mine)) {
            atomic_store(&st->file->live.client_gpus[i], gpus);
            return i;
        }
    }
    return -1;
}

void fsim_client_attach(FsimState *st, int entry, unsigned gpu)
{
    if (entry >= 0)
        atomic_fetch_or(&st->file->live.client_gpus[entry], UINT32_C(1) << gpu);
}

void fsim_client_remove(FsimState *st, int entry)
{
    if (entry < 0)
        return;
    /* Not that of the parent, when a forked child lets go of what it inherited. */
    _Atomic uint64_t *client = &st->file->live.clients[entry];
    uint64_t mine = atomic_load(client);
    if ((pid_t)(uint32_t)mine == getpid())
        atomic_compare_exchange_strong(client, &mine, 0);
}
