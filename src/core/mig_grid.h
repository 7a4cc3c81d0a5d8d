/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grid of a MIG card: its profiles, where each may begin, and what they share.
 *
 * Everything here is read from the card (profile information and possible placements); no number of units, slices or
 * profiles is assumed. Facts of the hardware: reference mig-semantics.md, sections 1 and 3.
 *
 * Unit of place: one memory unit of the card (8 on an A100, 4 on an A30, 12 on an RTX PRO 6000). Instances never share
 * a unit, so at most one begins at each: a layout is one byte a unit.
 *
 * All structs are plain values owned by the caller; nothing here allocates, except where a function says so. No
 * function keeps state, so all may be called from any thread.
 */
#pragma once
#include "model/layout.h"

#define FCT_MIG_PROFILES_MAX 24
/* A byte of a layout for an instance whose profile the grid does not know: it is seen, never kept, never created. */
#define FCT_MIG_FOREIGN 0xff
#define FCT_MIG_UNKNOWN (-1)

/* What instances share besides memory units. The card holds as much of each as its greediest profile takes. */
typedef enum {
    FCT_MIG_COMPUTE,
    FCT_MIG_DECODERS,
    FCT_MIG_ENCODERS,
    FCT_MIG_JPEG,
    FCT_MIG_OFA,
    FCT_MIG_N_RESOURCES,
} FctMigResource;

typedef struct {
    guint32 id;                       /* GPU instance profile id (19, 14, 9…), not the profile enum */
    guint8 size;                      /* memory units */
    guint8 max_count;                 /* instances of this profile that one card takes */
    guint16 starts;                   /* bit u: an instance may begin at unit u */
    gint16 need[FCT_MIG_N_RESOURCES]; /* FCT_MIG_UNKNOWN when the card does not say */
} FctGridProfile;

typedef struct {
    guint8 n_units;
    guint8 n_profiles;
    FctGridProfile profiles[FCT_MIG_PROFILES_MAX];
    gint16 total[FCT_MIG_N_RESOURCES]; /* FCT_MIG_UNKNOWN: not limited by us; set by fct_mig_grid_finish */
} FctMigGrid;

/* at[u]: 0, or 1 + index of the profile of the instance that begins at unit u, or FCT_MIG_FOREIGN. */
typedef struct {
    guint8 at[FCT_MIG_UNITS_MAX];
} FctMigLayout;

/* Instances of each profile, by profile index. */
typedef struct {
    guint8 n[FCT_MIG_PROFILES_MAX];
} FctMigCounts;

/*
 * Checks what was filled in and sets total[]. A resource that any profile leaves unknown does not limit.
 * Fails with FCT_ERROR_BAD_REQUEST on a grid that no card can have (no units, a start outside, a doubled id).
 */
gboolean fct_mig_grid_finish(FctMigGrid *grid, GError **error);

/* Index of the profile with that id, or -1. */
int fct_mig_grid_index(const FctMigGrid *grid, guint32 id);
const char *fct_mig_resource_name(FctMigResource resource);

/* Bits of the units that an instance of @profile (an index) covers when it begins at @start. */
guint32 fct_mig_range(const FctMigGrid *grid, int profile, int start);
/* Bits of all units that instances of known profile cover; a foreign instance covers the unit where it begins. */
guint32 fct_mig_covered(const FctMigGrid *grid, const FctMigLayout *layout);
/* Start of the instance that covers @unit, or -1. */
int fct_mig_holder(const FctMigGrid *grid, const FctMigLayout *layout, int unit);
FctMigCounts fct_mig_count(const FctMigGrid *grid, const FctMigLayout *layout);
gboolean fct_mig_counts_equal(const FctMigCounts *a, const FctMigCounts *b);

/*
 * The first reason why instances in these numbers cannot be on the card together whatever their places, or
 * FCT_MIG_WITHIN. It does not look at places: what is within the limits may still not fit.
 */
typedef enum {
    FCT_MIG_WITHIN,
    FCT_MIG_OVER_COUNT, /* more than max_count of *ret_which, a profile index */
    FCT_MIG_OVER_UNITS,
    FCT_MIG_OVER_RESOURCE, /* *ret_which is the FctMigResource */
} FctMigLimit;
FctMigLimit fct_mig_check_limits(const FctMigGrid *grid, const FctMigCounts *counts, int *ret_which);

/* Whether the card would hold this layout: places, counts and shared resources. */
gboolean fct_mig_layout_legal(const FctMigGrid *grid, const FctMigLayout *layout);

/*
 * How good the free room of a layout is: the size of the largest instance that could still be made (high byte), then
 * the number of (profile, start) that could (low byte, saturating).
 */
guint16 fct_mig_room(const FctMigGrid *grid, const FctMigLayout *layout);
