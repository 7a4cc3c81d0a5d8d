/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cards that must be left alone. Wedged: a process is stuck in the driver for the card; kept on disk with the boot id,
 * so that no later helper of this boot touches it. Released: somebody asked Facet to let go of the card for another
 * program; kept likewise until it is taken back. Silent: the observation hung on the card; tried again after a while.
 */
#pragma once
#include "base/json.h"

typedef struct FctAvoid FctAvoid;

FctAvoid *fct_avoid_load(const char *state_directory);
void fct_avoid_free(FctAvoid *avoid);
/* Forgets wedged and released cards of another boot. TRUE when there were any. */
gboolean fct_avoid_set_boot(FctAvoid *avoid, const char *boot_id);
/*
 * Remembers what cards are called, {GPU id: {"name","uuid","serial","architecture","vendor_device"}}, from an
 * observation: so a card that must be left alone, or that a VM holds, keeps its name.
 */
void fct_avoid_learn(FctAvoid *avoid, const json_t *cards);
/* All that was remembered, of wedged cards also by earlier helpers; borrowed. */
json_t *fct_avoid_known(const FctAvoid *avoid);
void fct_avoid_wedge(FctAvoid *avoid, const char *gpu, const char *reason);
void fct_avoid_set_released(FctAvoid *avoid, const char *gpu, gboolean released);
gboolean fct_avoid_is_released(const FctAvoid *avoid, const char *gpu);
/* Notes that the card was silent. Each time in a row the pause doubles, from a minute to an hour. */
void fct_avoid_silent(FctAvoid *avoid, const char *gpu, gint64 now_us);
/* NULL when the card is not wedged. */
const char *fct_avoid_wedged_reason(const FctAvoid *avoid, const char *gpu);
/* {GPU id: {"state","reason"}} of this moment; new reference. */
json_t *fct_avoid_to_json(const FctAvoid *avoid, gint64 now_us);
