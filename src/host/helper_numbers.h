/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which card is "GPU 0". A card keeps its number while the host runs, whatever is plugged in or unplugged, and
 * whichever helper runs. Kept on disk with the boot id; the next boot numbers anew, by address.
 */
#pragma once
#include "model/inventory.h"

typedef struct FctNumbers FctNumbers;

FctNumbers *fct_numbers_load(const char *state_directory);
void fct_numbers_free(FctNumbers *numbers);
/* {"boot_id", "of": {GPU id: number}}; borrowed. */
json_t *fct_numbers_json(const FctNumbers *numbers);
/* @seen: numbers in the same form, from an observation. Stored when they are new. */
void fct_numbers_learn(FctNumbers *numbers, const json_t *seen);

/*
 * Numbers the cards of @inventory: those in @known (as above; NULL: none) keep their number of this boot, each other
 * one gets a number that no card has had. Returns all numbers of this boot, as above; new reference.
 */
json_t *fct_numbers_give(FctInventory *inventory, const json_t *known);
