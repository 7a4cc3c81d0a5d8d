/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text that may stand in a list, a log or a page beside other text: nothing in it moves the cursor, turns the direction
 * of what follows, or cannot be seen. One rule for every name.
 */
#pragma once
#include <glib.h>

/* @lines: it may have several, and tabs. */
gboolean fct_plain_is(const char *text, gboolean lines);
/* The same text with what is not plain written out: "\u{202E}". For what others have named. */
char *fct_plain_shown(const char *text);
/* That, of at most @max bytes; an ellipsis stands for the rest. */
char *fct_plain_cut(const char *text, gsize max);
