/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which card is "GPU 0": a card keeps its number while the host runs, whatever is unplugged or plugged in, and whatever
 * helper looks. Kept on disk with the boot id; the next boot counts anew, by address.
 */
#pragma once
#include "model/inventory.h"

typedef struct FctNumbers FctNumbers;

FctNumbers *fct_numbers_load(const char *state_directory);
void fct_numbers_free(FctNumbers *numbers);
/* {"boot_id", "of": {GPU id: number}}; borrowed. */
json_t *fct_numbers_json(const FctNumbers *numbers);
/* @seen: the same, as an observation gave them. Kept when it is new. */
void fct_numbers_learn(FctNumbers *numbers, const json_t *seen);

/*
 * Gives each card of @inventory the number that @known (as above; NULL: none) has for it in this boot, and each other
 * one a number that no card has had. Returns all numbers of this boot, as above; new reference.
 */
json_t *fct_numbers_give(FctInventory *inventory, const json_t *known);
