/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts and their holders: what a VM can get. A part is not stored: it follows from the inventory and the reservations.
 * Strings are never NULL; "" means none. Arrays own their elements. Pure.
 */
#pragma once
#include "model/codec.h"
#include "model/inventory.h"

typedef enum { FCT_RESERVED, FCT_IN_USE, FCT_RELEASING } FctReservationState;

/* A VM holds a part, from before its start until the part is proven free again. Stored. */
typedef struct {
    char *part; /* part id */
    char *vm_id;
    char *vm_name;
    FctReservationState state;
} FctReservation;

typedef enum {
    FCT_PART_FREE,
    FCT_PART_RESERVED,
    FCT_PART_IN_USE,
    FCT_PART_RELEASING,
    FCT_PART_UNAVAILABLE
} FctPartState;

typedef struct {
    char *id;  /* opaque; the same place and profile of the same card give the same id */
    char *gpu; /* FctGpu id */
    char *gpu_name;
    char *gpu_label; /* "GPU 0" */
    char *profile;
    int profile_id;
    int start, size; /* memory units */
    int units;       /* of the card */
    int compute_slices;
    int memory_mib;
    FctPartState state;
    char *why;         /* why unavailable */
    char *not_whole;   /* what it holds when that is not its whole compute (core/card.h); "" when it is whole */
    char *holder_kind; /* "vm", "process"; "" when nobody */
    char *holder_id, *holder_name;
} FctPart;

/* Rules of a resource group; "" does not restrict. */
typedef struct {
    char *model;   /* product name of the card */
    char *profile; /* "3g.40gb" */
    char *mode;    /* "mig" */
    char *gpu;     /* FctGpu id */
} FctGroupRules;

typedef struct {
    char *id, *name, *description;
    gboolean builtin;
    FctGroupRules rules;
} FctGroup;

/* A VM's claim on a resource group. */
typedef struct {
    char *group; /* group id */
    int count;
    gboolean optional;
} FctDevice;

/* g_free the result. */
char *fct_part_id(const char *gpu, int start, int profile_id);
const char *fct_part_state_name(FctPartState state); /* "free" "reserved" "in-use" "releasing" "unavailable" */

FctPart *fct_part_new(void);
FctGroup *fct_group_new(void);
extern const FctType fct_device_type; /* for lists of them in other structs */
FctDevice *fct_device_new(void);      /* count 1 */
FctReservation *fct_reservation_new(const char *part, const char *vm_id, const char *vm_name,
                                    FctReservationState state);
void fct_part_free(FctPart *part);
void fct_group_free(FctGroup *group);
void fct_device_free(FctDevice *device);
void fct_reservation_free(FctReservation *reservation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctGroup, fct_group_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctDevice, fct_device_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctReservation, fct_reservation_free)

/* As the API gives it: holder is null or {kind, id, name}. */
json_t *fct_part_to_json(const FctPart *part);
/* {"id","name","description","builtin","rules":{…}}; rules without the empty ones. */
json_t *fct_group_to_json(const FctGroup *group);
FctGroup *fct_group_from_json(const json_t *json, GError **error);
json_t *fct_device_to_json(const FctDevice *device);
FctDevice *fct_device_from_json(const json_t *json, GError **error);
json_t *fct_reservation_to_json(const FctReservation *reservation);
FctReservation *fct_reservation_from_json(const json_t *json, GError **error);
