/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words behind a verb, read as its row says. FctArgs owns all that its getters give; a verb reads it, and whoever
 * parsed frees it. A getter that names an option which the row does not have ends the program: a fault of the row's.
 */
#pragma once
#include "base/json.h"
#include "cli/verb.h"

/*
 * Reads argv[1…]. Behind "--" each word is an operand. NULL after saying what is wrong to *ret_fault, a sentence to be
 * freed.
 */
FctArgs *fct_args_parse(const FctVerb *verb, int argc, char **argv, char **ret_fault);
/* Only the options that stand before the first other word, which nobody looks at: what the program takes before a noun.
 */
FctArgs *fct_args_parse_head(const FctVerb *verb, int argc, char **argv, char **ret_fault);
void fct_args_free(FctArgs *args);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctArgs, fct_args_free)

guint fct_args_count(const FctArgs *args);
/* NULL: left out. */
const char *fct_args_word(const FctArgs *args, guint i);
/* From @i on; ends with NULL. */
char **fct_args_words(const FctArgs *args, guint i);

gboolean fct_args_said(const FctArgs *args, const char *option);
/* Of an option without a value. */
gboolean fct_args_flag(const FctArgs *args, const char *option);
/* NULL: not said. */
const char *fct_args_text(const FctArgs *args, const char *option);
/* NULL: not said; otherwise ends with NULL. */
char **fct_args_list(const FctArgs *args, const char *option);
int fct_args_number(const FctArgs *args, const char *option, int unsaid);
gboolean fct_args_yes(const FctArgs *args);

/* Puts what was said into @body as @field; what was not said stays out. */
void fct_args_put_text(const FctArgs *args, const char *option, json_t *body, const char *field);
void fct_args_put_number(const FctArgs *args, const char *option, json_t *body, const char *field);
