/* SPDX-License-Identifier: Apache-2.0 */
/* Explains why a wish does not fit a card, and names the smallest changes that would make it fit: never a dead end. */
#pragma once
#include "core/nearest.h"
#include "model/inventory.h"

/* Sets FCT_ERROR_NO_FIT with details {"reasons", "alternatives", "alternative_profiles"}. */
void fct_no_fit_error(const FctGpu *gpu, const FctMigPlanner *planner, const FctMigState *state, const FctMigWant *want,
                      GError **error);

/*
 * For a wish that fits, but not beside what is busy: appends (char *) the wishes that would leave everything busy
 * alone.
 */
void fct_no_fit_beside_busy(const FctGpu *gpu, const FctMigPlanner *planner, const FctMigState *state,
                            const FctMigWant *want, GPtrArray *alternatives);
