/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a card has the layout that somebody says it has, and what on it is neither from before nor from a plan. */
#pragma once
#include "core/foresee.h"

/* The same instances at the same places with the same compute instances; who holds them does not count. */
gboolean fct_layout_same(const GPtrArray *a, const GPtrArray *b);
/*
 * What is on the card now (as fct_layout_now has it) and is in none of the two: "1g.10gb at slot 2", "1c.3g.40gb in
 * 3g.40gb at slot 4". Another program made it. Array of char *.
 */
GPtrArray *fct_layout_strangers(const GPtrArray *now, const GPtrArray *before, const GPtrArray *then);
/* "3g.40gb at slot 4 (1c.3g.40gb, 1 of 3 compute), 1g.10gb at slot 0"; "no instances". Free with g_free. */
char *fct_layout_text(const GPtrArray *items);
