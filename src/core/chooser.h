/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From resource groups to parts: what parts there are, which group they belong to, and which of them a VM gets.
 * Pure: inventory and reservations in, parts, choices and verdicts out.
 */
#pragma once
#include "core/card.h"
#include "model/plan.h"

/* Every part of the node, by card then place, with its state and holder. Array of FctPart. */
GPtrArray *fct_parts_of(const FctInventory *inventory, const GPtrArray *reservations);

gboolean fct_group_takes(const FctGroup *group, const FctPart *part);
/*
 * The first card that is released, lost or wedged, so that its parts are not known: a built-in group may be missing for
 * that reason alone. NULL: all cards can be seen.
 */
const FctGpu *fct_card_unseen(const FctInventory *inventory);
/* Names such a card, and what to do about it, in the verdicts "group-missing" and "group-empty". */
void fct_verdicts_name_unseen(GPtrArray *verdicts, const FctInventory *inventory);
/* TRUE when @id has the form of a built-in group's id. */
gboolean fct_group_id_is_builtin(const char *id);
/*
 * One built-in group for each kind of part that exists (card model and profile). Array of FctGroup, in the order of
 * their first parts.
 */
GPtrArray *fct_groups_builtin(const GPtrArray *parts);

typedef enum {
    FCT_PACK,  /* fill cards that are in use, so that others stay unused */
    FCT_SPREAD /* take the least used card */
} FctSpreading;

/* What one device of a VM gets: there is one entry for each of the device's count. */
typedef struct {
    guint device;        /* index in @devices */
    const char *group;   /* id */
    const FctPart *part; /* of @parts; NULL: none (then there is a verdict) */
} FctChosen;

/*
 * Chooses parts for all devices of a VM together, so that a generous group never takes what a narrow one needs. Among
 * the free ones it prefers the tightest (least memory, then compute), then by @spreading, then the one that leaves the
 * largest run of unused slots on its card. What @vm_id has reserved or in use itself counts as free, and is taken again
 * first. Appends verdicts with subject "device N": REFUSE for a required device, WARN for an optional one; codes
 * group-missing group-empty all-taken. Returns an array of FctChosen, by device.
 */
GPtrArray *fct_choose_parts(const GPtrArray *devices, const GPtrArray *groups, const GPtrArray *parts,
                            const char *vm_id, FctSpreading spreading, GPtrArray *verdicts);
