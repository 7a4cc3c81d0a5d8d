/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/nouns.h"

#define NOUN(noun) &fct_noun_##noun,
#define ALONE(noun) NOUN(noun)
const FctNoun *const fct_cli_nouns[] = {
#include "cli/nouns.def"
    NULL,
};
