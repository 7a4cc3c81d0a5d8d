/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compares the layout of a card with a wanted one, and finds what is on it that neither the former layout nor a plan
 * explains. Pure.
 */
#pragma once
#include "core/foresee.h"

/* TRUE for the same instances at the same places with the same compute instances; holders do not count. */
gboolean fct_layout_same(const GPtrArray *a, const GPtrArray *b);
/*
 * What is on the card now (from fct_layout_now) and in neither of the two: "1g.10gb at slot 2", "1c.3g.40gb in 3g.40gb
 * at slot 4". Another program made it. Array of char *.
 */
GPtrArray *fct_layout_strangers(const GPtrArray *now, const GPtrArray *before, const GPtrArray *then);
/* "3g.40gb at slot 4 (1c.3g.40gb, 1 of 3 compute), 1g.10gb at slot 0"; "no instances". Free with g_free. */
char *fct_layout_text(const GPtrArray *items);
