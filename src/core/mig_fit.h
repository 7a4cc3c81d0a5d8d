/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which profiles may still begin where on a MIG card, why not, and what is left afterwards: the free room of the card's
 * picture. Pure, without allocation.
 */
#pragma once
#include "core/mig_grid.h"

typedef enum {
    FCT_MIG_FITS,
    FCT_MIG_OCCUPIED,      /* `by` is where the instance begins that is in the way */
    FCT_MIG_COUNT_USED,    /* the card takes no more of this profile */
    FCT_MIG_RESOURCE_USED, /* `resource` is used up */
    FCT_MIG_NO_PROFILE,    /* only for stranded units: no profile of the card reaches this unit */
} FctMigWhy;

typedef struct {
    guint8 profile; /* index */
    guint8 start;
    FctMigWhy why;
    int by;                  /* -1 unless OCCUPIED */
    FctMigResource resource; /* meaningful for RESOURCE_USED */
} FctMigFit;

#define FCT_MIG_FITS_MAX (FCT_MIG_UNITS_MAX * FCT_MIG_PROFILES_MAX)

/* Every (profile, legal start) of the grid, by profile then start. Returns how many of @fits were filled. */
guint fct_mig_fits(const FctMigGrid *grid, const FctMigLayout *layout, FctMigFit fits[FCT_MIG_FITS_MAX]);

/* How many more instances of this profile alone the card would take (exact). */
guint fct_mig_capacity(const FctMigGrid *grid, const FctMigLayout *layout, int profile);

/* Why a free unit can be used by no profile: the reason of the smallest profile that reaches it. */
typedef struct {
    guint16 units; /* bits: free and stranded */
    FctMigFit reason[FCT_MIG_UNITS_MAX];
} FctMigStranded;
void fct_mig_stranded(const FctMigGrid *grid, const FctMigLayout *layout, FctMigStranded *ret_stranded);
