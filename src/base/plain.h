/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plain text can stand in a list, a log or a page beside other text: nothing in it moves the cursor, turns the
 * direction of what follows, or is invisible. One rule for every name. Pure.
 */
#pragma once
#include <glib.h>

/* @lines: the text may have several lines, and tabs. */
gboolean fct_plain_is(const char *text, gboolean lines);
/* The text with every character that is not plain written out: "\u{202E}". For names that other people chose. */
char *fct_plain_shown(const char *text);
/* The same, cut to at most @max bytes; an ellipsis stands for the rest. */
char *fct_plain_cut(const char *text, gsize max);
