/* SPDX-License-Identifier: Apache-2.0 */
#include "model/load.h"

#include "model/mig.h"
#include "model/ops.h"

#include <math.h>
#include <string.h>

/* base + a1 sin(w1 t + p1) + a2 sin(w2 t + p2), never below 0 or above 1 by choice of the amplitudes. */
typedef struct Wave {
    double base, a1, w1, p1, a2, w2, p2;
} Wave;

static double seeded(uint64_t seed, unsigned salt)
{
    uint64_t x = (seed + salt) * 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x ^= x >> 31;
    return (double)(x >> 11) / 9007199254740992.0;
}

static Wave wave_of(const FsimLoad *load, uint64_t seed, bool busy)
{
    const double turn = 2 * M_PI;
    Wave w = {.p1 = turn * seeded(seed, 1), .p2 = turn * seeded(seed, 2)};
    switch ((FsimLoadMode)load->mode) {
    case FSIM_LOAD_FIXED:
        w.base = load->percent / 100.0;
        break;
    case FSIM_LOAD_CURVE:
        w.base = load->percent / 100.0;
        w.a1 = fmin(load->amplitude / 100.0, fmin(w.base, 1 - w.base));
        w.w1 = turn / (load->period_s ? load->period_s : 60);
        break;
    case FSIM_LOAD_AUTO:
        if (!busy)
            break;
        w.base = 0.55 + 0.15 * seeded(seed, 3);
        w.a1 = 0.18;
        w.w1 = turn / (45 + 30 * seeded(seed, 4));
        w.a2 = 0.08;
        w.w2 = turn / (9 + 6 * seeded(seed, 5));
        break;
    }
    return w;
}

static double wave_at(const Wave *w, double t)
{
    return w->base + w->a1 * sin(w->w1 * t + w->p1) + w->a2 * sin(w->w2 * t + w->p2);
}

/* The integral from t0 to t1. */
static double wave_sum(const Wave *w, double t0, double t1)
{
    double sum = w->base * (t1 - t0);
    if (w->w1 > 0)
        sum += w->a1 / w->w1 * (cos(w->w1 * t0 + w->p1) - cos(w->w1 * t1 + w->p1));
    if (w->w2 > 0)
        sum += w->a2 / w->w2 * (cos(w->w2 * t0 + w->p2) - cos(w->w2 * t1 + w->p2));
    return sum;
}

static double seconds(int64_t us)
{
    return (double)us / 1e6;
}

/* A MIG device that exists is taken to work: its user is often a VM, which is no process here. */
static bool has_compute_instance(const FsimGi *gi)
{
    for (unsigned i = 0; i < FSIM_MAX_CIS; i++)
        if (gi->cis[i].used)
            return true;
    return false;
}

bool fsim_gpu_busy(const FsimGpu *gpu)
{
    for (unsigned i = 0; i < FSIM_MAX_PROCS; i++)
        if (gpu->procs[i].pid && fsim_proc_alive(gpu->procs[i].pid, gpu->procs[i].started))
            return true;
    for (unsigned i = 0; i < FSIM_MAX_GIS; i++)
        if (gpu->gis[i].used && has_compute_instance(&gpu->gis[i]))
            return true;
    return false;
}

bool fsim_gi_busy(const FsimGpu *gpu, uint32_t gi_id)
{
    for (unsigned i = 0; i < FSIM_MAX_PROCS; i++) {
        const FsimProc *p = &gpu->procs[i];
        if (p->pid && p->gi == gi_id && fsim_proc_alive(p->pid, p->started))
            return true;
    }
    int slot = fsim_mig_gi_slot(gpu, gi_id);
    return slot >= 0 && has_compute_instance(&gpu->gis[slot]);
}

double fsim_load_instance(const FsimGpuFixed *fixed, const FsimGi *gi, bool busy, int64_t now)
{
    Wave w = wave_of(&gi->load, fixed->seed + gi->id * 977, busy);
    return wave_at(&w, seconds(now));
}

/* What the card draws at full load counts up to its limit; a lower limit costs clock, not utilisation. */
static double power_swing(const FsimGpuFixed *fixed, const FsimGpu *gpu)
{
    double top = gpu->power_limit < fixed->card.power_default ? gpu->power_limit : fixed->card.power_default;
    return top > fixed->card.power_idle ? (top - fixed->card.power_idle) * 0.95 : 0;
}

void fsim_load_read(const FsimGpuFixed *fixed, const FsimGpu *gpu, bool busy, int64_t now, FsimReading *out)
{
    const FsimCard *c = &fixed->card;
    Wave w = wave_of(&gpu->load, fixed->seed, busy);
    double t = seconds(now), u = wave_at(&w, t);
    /* Heat follows load slowly: the mean of the last half minute. */
    double heat = wave_sum(&w, t - 30, t) / 30;
    double breath = 0.5 + 0.5 * sin(t / 37 + 6 * seeded(fixed->seed, 6));
    bool active = busy || u > 0.005;

    memset(out, 0, sizeof *out);
    out->gpu_percent = (unsigned)lround(100 * u);
    out->memory_percent = (unsigned)lround(62 * u);
    out->encoder_percent = 0;
    out->decoder_percent = (unsigned)lround(6 * u);
    out->power_mw = (unsigned)lround(c->power_idle * (1 + 0.02 * breath) + power_swing(fixed, gpu) * u);
    out->temperature = (unsigned)lround(c->temp_idle + 1.5 * breath + (c->temp_busy - c->temp_idle) * heat);
    out->memory_temperature = out->temperature + 6 + (unsigned)lround(6 * heat);
    unsigned top = gpu->clock_lock_max ? gpu->clock_lock_max : c->clock_max;
    if (gpu->power_limit && gpu->power_limit < c->power_default)
        top = (unsigned)((double)top * (0.5 + 0.5 * gpu->power_limit / c->power_default));
    out->clock_sm = active ? top - (unsigned)lround((c->clock_max - c->clock_base) * 0.25 * heat) : c->clock_idle;
    out->clock_memory = active ? c->clock_memory : c->clock_memory_idle;
    out->clock_video = active ? c->clock_video : c->clock_video / 2;
    out->pcie_tx_kbs = (unsigned)lround(2500000 * u * (0.6 + 0.4 * breath));
    out->pcie_rx_kbs = (unsigned)lround(4100000 * u * (0.6 + 0.4 * breath));
    /* Cards whose memory keeps its clock, those with HBM, stay in P0. */
    out->pstate = active || c->clock_memory_idle == c->clock_memory ? 0 : 8;
    out->idle = !active;
    out->fan_percent = c->fans ? 30 + (unsigned)lround(50 * heat) : 0;
}

uint64_t fsim_load_energy(const FsimGpuFixed *fixed, const FsimGpu *gpu, bool busy, int64_t now)
{
    if (now <= gpu->energy_at)
        return gpu->energy_mj;
    Wave w = wave_of(&gpu->load, fixed->seed, busy);
    double t0 = seconds(gpu->energy_at), t1 = seconds(now);
    /* mW times seconds is mJ. */
    double used = fixed->card.power_idle * (t1 - t0) + power_swing(fixed, gpu) * wave_sum(&w, t0, t1);
    return gpu->energy_mj + (uint64_t)used;
}
