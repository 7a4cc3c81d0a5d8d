/* SPDX-License-Identifier: Apache-2.0 */
#include "model/mig.h"

#include <stdio.h>
#include <string.h>

uint32_t fsim_mig_gi_id(const FsimMigCaps *mig, char wiring, uint32_t start, uint32_t size)
{
    /* Cards with 4 or 12 units are numbered on the same grid of eight: their slices are its quarters. */
    uint32_t start8 = start * 8 / mig->units, size8 = size * 8 / mig->units;
    if (size8 >= 8)
        return 0;
    if (wiring == 'S')
        start8 ^= 4;
    if (size8 == 4)
        return 1 + start8 / 4;
    if (size8 == 2)
        return 3 + start8 / 2;
    return 7 + start8;
}

bool fsim_mig_legal(const FsimGiProfile *p, uint32_t start, uint32_t size)
{
    if (size != p->size)
        return false;
    for (uint32_t i = 0; i < p->n_starts; i++)
        if (p->starts[i] == start)
            return true;
    return false;
}

static const FsimGiProfile *profile_of(const FsimMigCaps *mig, uint32_t id)
{
    for (uint32_t i = 0; i < mig->n_profiles; i++)
        if (mig->profiles[i].id == id)
            return &mig->profiles[i];
    return NULL;
}

/* What is taken of a card, gathered once so that many places can be tried against it. */
typedef struct Taken {
    uint64_t units; /* one bit per memory unit */
    uint32_t slices;
    FsimEngines engines;
    uint32_t count[FSIM_MAX_GI_PROFILES];
} Taken;

static uint64_t span(uint32_t start, uint32_t size)
{
    return ((UINT64_C(1) << size) - 1) << start;
}

static void take(Taken *t, const FsimMigCaps *mig, const FsimGiProfile *p, uint32_t start)
{
    t->units |= span(start, p->size);
    t->slices += p->slices;
    t->engines.decoder += p->engines.decoder;
    t->engines.encoder += p->engines.encoder;
    t->engines.jpeg += p->engines.jpeg;
    t->engines.ofa += p->engines.ofa;
    t->count[p - mig->profiles]++;
}

static Taken taken_of(const FsimMigCaps *mig, const FsimGi *gis)
{
    Taken t = {0};
    for (unsigned i = 0; i < FSIM_MAX_GIS; i++) {
        const FsimGiProfile *p = gis[i].used ? profile_of(mig, gis[i].profile) : NULL;
        if (p)
            take(&t, mig, p, gis[i].start);
    }
    return t;
}

static bool fits(const FsimMigCaps *mig, const Taken *t, const FsimGiProfile *p, uint32_t start)
{
    const FsimEngines *all = &mig->engines;
    return (t->units & span(start, p->size)) == 0 && t->slices + p->slices <= mig->slices &&
           t->count[p - mig->profiles] < p->max && t->engines.decoder + p->engines.decoder <= all->decoder &&
           t->engines.encoder + p->engines.encoder <= all->encoder && t->engines.jpeg + p->engines.jpeg <= all->jpeg &&
           t->engines.ofa + p->engines.ofa <= all->ofa;
}

static unsigned creatable_pairs(const FsimMigCaps *mig, const Taken *t)
{
    unsigned n = 0;
    for (uint32_t i = 0; i < mig->n_profiles; i++)
        for (uint32_t s = 0; s < mig->profiles[i].n_starts; s++)
            n += fits(mig, t, &mig->profiles[i], mig->profiles[i].starts[s]);
    return n;
}

bool fsim_mig_fits(const FsimMigCaps *mig, const FsimGi *gis, const FsimGiProfile *p, uint32_t start)
{
    Taken t = taken_of(mig, gis);
    return fits(mig, &t, p, start);
}

static int default_start(const FsimMigCaps *mig, const Taken *t, const FsimGiProfile *p)
{
    int best = -1;
    unsigned most = 0;
    for (uint32_t i = 0; i < p->n_starts; i++) {
        if (!fits(mig, t, p, p->starts[i]))
            continue;
        Taken after = *t;
        take(&after, mig, p, p->starts[i]);
        unsigned pairs = creatable_pairs(mig, &after);
        if (best < 0 || pairs > most || (pairs == most && (int)p->starts[i] < best)) {
            best = (int)p->starts[i];
            most = pairs;
        }
    }
    return best;
}

int fsim_mig_default_start(const FsimMigCaps *mig, const FsimGi *gis, const FsimGiProfile *p)
{
    Taken t = taken_of(mig, gis);
    return default_start(mig, &t, p);
}

uint32_t fsim_mig_capacity(const FsimMigCaps *mig, const FsimGi *gis, const FsimGiProfile *p)
{
    Taken t = taken_of(mig, gis);
    uint32_t n = 0;
    for (int start; (start = default_start(mig, &t, p)) >= 0; n++)
        take(&t, mig, p, (uint32_t)start);
    return n;
}

const FsimCiProfile *fsim_mig_ci_profile(const FsimGiProfile *p, uint32_t id)
{
    for (uint32_t i = 0; i < p->n_ci; i++)
        if (p->ci[i].id == id)
            return &p->ci[i];
    return NULL;
}

uint32_t fsim_mig_ci_starts(const FsimGiProfile *p, const FsimCiProfile *c, uint32_t *starts)
{
    /* Compute slices are aligned as the memory halves are: three take the room of four. */
    uint32_t step = c->slices == 3 ? 4 : c->slices, n = 0;
    for (uint32_t s = 0; s + c->slices <= p->slices && n < FSIM_MAX_CIS; s += step)
        starts[n++] = s;
    return n;
}

bool fsim_mig_ci_legal(const FsimGiProfile *p, const FsimCiProfile *c, uint32_t start, uint32_t size)
{
    uint32_t starts[FSIM_MAX_CIS], n = fsim_mig_ci_starts(p, c, starts);
    for (uint32_t i = 0; i < n; i++)
        if (size == c->slices && starts[i] == start)
            return true;
    return false;
}

static uint64_t ci_taken(const FsimCi *cis)
{
    uint64_t taken = 0;
    for (unsigned i = 0; i < FSIM_MAX_CIS; i++)
        if (cis[i].used)
            taken |= span(cis[i].start, cis[i].size);
    return taken;
}

bool fsim_mig_ci_fits(const FsimGiProfile *p, const FsimCi *cis, const FsimCiProfile *c, uint32_t start)
{
    return (ci_taken(cis) & span(start, c->slices)) == 0;
}

static unsigned ci_pairs(const FsimGiProfile *p, uint64_t taken)
{
    unsigned n = 0;
    for (uint32_t i = 0; i < p->n_ci; i++) {
        uint32_t starts[FSIM_MAX_CIS], count = fsim_mig_ci_starts(p, &p->ci[i], starts);
        for (uint32_t s = 0; s < count; s++)
            n += (taken & span(starts[s], p->ci[i].slices)) == 0;
    }
    return n;
}

int fsim_mig_ci_default_start(const FsimGiProfile *p, const FsimCi *cis, const FsimCiProfile *c)
{
    uint64_t taken = ci_taken(cis);
    uint32_t starts[FSIM_MAX_CIS], count = fsim_mig_ci_starts(p, c, starts);
    int best = -1;
    unsigned most = 0;
    for (uint32_t s = 0; s < count; s++) {
        uint64_t mine = span(starts[s], c->slices);
        if (taken & mine)
            continue;
        unsigned pairs = ci_pairs(p, taken | mine);
        if (best < 0 || pairs > most) {
            best = (int)starts[s];
            most = pairs;
        }
    }
    return best;
}

uint32_t fsim_mig_ci_capacity(const FsimGiProfile *p, const FsimCi *cis, const FsimCiProfile *c)
{
    uint64_t taken = ci_taken(cis);
    uint32_t starts[FSIM_MAX_CIS], count = fsim_mig_ci_starts(p, c, starts), n = 0;
    for (uint32_t s = 0; s < count; s++)
        n += (taken & span(starts[s], c->slices)) == 0;
    return n;
}

int fsim_mig_gi_slot(const FsimGpu *gpu, uint32_t id)
{
    for (int i = 0; i < FSIM_MAX_GIS; i++)
        if (gpu->gis[i].used && gpu->gis[i].id == id)
            return i;
    return -1;
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

void fsim_uuid(const char *prefix, uint64_t a, uint64_t b, uint64_t c, char out[48])
{
    uint64_t h = mix(a + 0x9e3779b97f4a7c15u * (b + 1)) ^ mix(c + 0x632be59bd9b4e019u);
    uint64_t l = mix(h + a + (c << 17));
    snprintf(out, 48, "%s%08x-%04x-5%03x-%04x-%012llx", prefix, (unsigned)(h >> 32), (unsigned)(h >> 16) & 0xffff,
             (unsigned)h & 0xfff, 0x8000 | ((unsigned)(l >> 48) & 0x3fff), (unsigned long long)(l & 0xffffffffffff));
}

void fsim_mig_uuid(const FsimGpuFixed *gpu, uint32_t gi_id, uint32_t ci_start, char out[48])
{
    fsim_uuid("MIG-", gpu->pdi, gi_id + 1, ci_start + 1, out);
}
