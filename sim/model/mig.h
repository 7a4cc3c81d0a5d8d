/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of MIG on a simulated card, as pure functions: places, ids, capacity. reference/nvidia/mig-semantics.md
 * sections 1 to 3 is the specification. Only the simulator uses them; the product's planner is written separately so
 * that the two check each other.
 */
#pragma once

#include "model/state.h"

/*
 * GPU instance id of a place. It is no counter: it follows from size and place on a grid of eight (0: all; 1, 2: the
 * halves; 3 to 6: the quarters; 7 to 14: single slices). Wiring 'I' takes the start as it is, 'S' swaps the halves.
 */
uint32_t fsim_mig_gi_id(const FsimMigCaps *mig, char wiring, uint32_t start, uint32_t size);

/* Whether [start, start+size) is one of the profile's legal places. */
bool fsim_mig_legal(const FsimGiProfile *p, uint32_t start, uint32_t size);
/* Whether the profile can be made at `start` now: room, count of the profile, engines, compute slices. */
bool fsim_mig_fits(const FsimMigCaps *mig, const FsimGi *gis, const FsimGiProfile *p, uint32_t start);
/*
 * The start that the driver takes when the caller names none: among the free ones, the one after which the most
 * (profile, start) pairs remain creatable; the lowest on a tie. -1 when nothing is free.
 */
int fsim_mig_default_start(const FsimMigCaps *mig, const FsimGi *gis, const FsimGiProfile *p);
/* How many more of the profile can be made, one after the other. */
uint32_t fsim_mig_capacity(const FsimMigCaps *mig, const FsimGi *gis, const FsimGiProfile *p);

/* The same for the compute instances of one GPU instance. Places count compute slices. */
const FsimCiProfile *fsim_mig_ci_profile(const FsimGiProfile *p, uint32_t id);
bool fsim_mig_ci_legal(const FsimGiProfile *p, const FsimCiProfile *c, uint32_t start, uint32_t size);
bool fsim_mig_ci_fits(const FsimGiProfile *p, const FsimCi *cis, const FsimCiProfile *c, uint32_t start);
int fsim_mig_ci_default_start(const FsimGiProfile *p, const FsimCi *cis, const FsimCiProfile *c);
uint32_t fsim_mig_ci_capacity(const FsimGiProfile *p, const FsimCi *cis, const FsimCiProfile *c);
/* Legal starts of a compute instance profile, at most FSIM_MAX_CIS; returns how many. */
uint32_t fsim_mig_ci_starts(const FsimGiProfile *p, const FsimCiProfile *c, uint32_t *starts);

/* Slot of the GPU instance with this id, or -1. */
int fsim_mig_gi_slot(const FsimGpu *gpu, uint32_t id);

/*
 * "MIG-…", a version 5 UUID over (die, place's id, compute slice): the same place made again has the same UUID.
 */
void fsim_mig_uuid(const FsimGpuFixed *gpu, uint32_t gi_id, uint32_t ci_start, char out[48]);
/* A name-based (version 5 shaped) UUID with a prefix. Not SHA-1: only the shape and the stability matter here. */
void fsim_uuid(const char *prefix, uint64_t a, uint64_t b, uint64_t c, char out[48]);
