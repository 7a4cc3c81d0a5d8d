/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layout of MIG as somebody asks for it, and as it is stored. Both name profiles as text: what a profile is on one
 * card is for core/wish to judge. Each struct owns what it points to.
 *
 * A request to carve:
 *   {"profiles": {"3g.40gb": 1, "1g.10gb": 2}, "placements": [{"profile","start","compute"?}…],
 *    "compute": {"3g.40gb": ["1c.3g.40gb"…]}}
 * The wanted layout as it is stored:
 *   {"mig": bool, "profiles": {…}, "placements": […], "gpu_uuid", "boot_id"}
 */
#pragma once
#include "base/json.h"

#define FCT_MIG_UNITS_MAX 16 /* units of place of a card (core/mig_grid.h): more than any card has */

typedef struct {
    char *profile;
    int count;
} FctProfileCount;

/* Names of the compute instances of all instances of a profile. */
typedef struct {
    char *profile;
    GPtrArray *compute; /* char* */
} FctProfileCompute;

typedef struct {
    char *profile;
    int start;
    GPtrArray *compute; /* char*; NULL: nothing is said, so as its profile */
} FctPlacement;

typedef struct {
    GPtrArray *profiles;   /* FctProfileCount* */
    GPtrArray *placements; /* FctPlacement* */
    GPtrArray *compute;    /* FctProfileCompute* */
} FctCarveRequest;

FctCarveRequest *fct_carve_request_new(void);
void fct_carve_request_free(FctCarveRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctCarveRequest, fct_carve_request_free)
/* Members of other names are the caller's. NULL and FCT_ERROR_BAD_REQUEST naming the field when one is ill-typed. */
FctCarveRequest *fct_carve_request_from_json(const json_t *json, GError **error);

typedef struct {
    gboolean mig;
    GPtrArray *profiles;   /* FctProfileCount* */
    GPtrArray *placements; /* FctPlacement*: where the instances were when the wish was fulfilled, so that after a
                              restart they come back to the same places if these are possible. An instance without
                              `compute` shall be whole. */
    char *gpu_uuid;        /* of the card it was wanted of; NULL: not recorded */
    char *boot_id;         /* in which it was last seen fulfilled; "" unknown */
} FctWantedLayout;

FctWantedLayout *fct_wanted_layout_new(void);
void fct_wanted_layout_free(FctWantedLayout *wanted);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctWantedLayout, fct_wanted_layout_free)
/* NULL when the document cannot be read: what is wanted is unknown then, which is not the wish to have MIG off. */
FctWantedLayout *fct_wanted_layout_from_json(const json_t *json, GError **error);
json_t *fct_wanted_layout_to_json(const FctWantedLayout *wanted);

/* {name: count}, as both documents have it. New reference. */
json_t *fct_profile_counts_to_json(const GPtrArray *profiles);
/* Adds one of @profile. */
void fct_profile_counts_add(GPtrArray *profiles, const char *profile);
void fct_profile_counts_copy(GPtrArray *profiles, const GPtrArray *from);
/* How instances of each profile are to be split in places other than the recorded: FctProfileCompute*. New array. */
GPtrArray *fct_wanted_layout_compute(const FctWantedLayout *wanted);
/* {profile: [names]}. New reference. */
json_t *fct_profile_compute_to_json(const GPtrArray *splits);
/* @compute is copied; NULL says nothing. */
void fct_placements_add(GPtrArray *placements, const char *profile, int start, const GPtrArray *compute);
