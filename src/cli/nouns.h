/* SPDX-License-Identifier: Apache-2.0 */
/* All that the command line can do. */
#pragma once
#include "cli/verb.h"

extern const FctNoun *const fct_cli_nouns[]; /* ends with NULL */

#define NOUN(noun) extern const FctNoun fct_noun_##noun;
#define ALONE(noun) NOUN(noun)
#include "cli/nouns.def"
#undef NOUN
#undef ALONE
