/* SPDX-License-Identifier: Apache-2.0 */
/* Cards as an inventory shows them, for the tests of src/core. Figures from reference mig-profiles.csv. */
#pragma once
#include "core/card.h"

/* An A100 80GB with MIG on and these instances: "9@4 19@0* 14@2!" (* a process runs on it, ! no compute
 * instance, /1/2 those of so many slices instead of the whole one). */
FctGpu *test_gpu_a100(FctInventory *inventory, const char *instances);
/* The reservation of the instance at @start by a VM (its name is its id too). */
FctReservation *test_reserve(const FctGpu *gpu, int start, const char *vm, FctReservationState state);
GPtrArray *test_reservations(void);
/* "3g.40gb@4 1g.10gb@0" of FctLayoutItem; kept ones with a trailing "=". */
char *test_items_text(const GPtrArray *items);
/* "-ci 0, -gi 0, +gi 4, +ci 4" of FctStep; "mig on". */
char *test_steps_text(const GPtrArray *steps);
/* "refuse held-by-vm, warn card-resets" */
char *test_verdicts_text(const GPtrArray *verdicts);
