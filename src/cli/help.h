/* SPDX-License-Identifier: Apache-2.0 */
/* Help, from the rows of the verbs. Everything goes to stdout. */
#pragma once
#include "cli/verb.h"

void fct_help_program(const FctNoun *const *nouns);
/* All verbs that begin with @words: a noun, or "vm snapshot". */
void fct_help_group(const FctNoun *const *nouns, const char *words);
void fct_help_verb(const FctVerb *verb);
/* What the exit status says: status and meaning by turns; ends with NULL. */
extern const char *const fct_help_statuses[];
