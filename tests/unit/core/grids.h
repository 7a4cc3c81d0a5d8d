/* SPDX-License-Identifier: Apache-2.0 */
/* Grids of real cards for the tests and benchmarks of src/core, typed from reference mig-profiles.csv. */
#pragma once
#include "core/place_mig.h"

FctMigGrid test_grid_a100(void);      /* 19 15 14 9 5 0 */
FctMigGrid test_grid_a100_me(void);   /* and 20 */
FctMigGrid test_grid_h100(void);      /* 19 15 14 9 5 0 */
FctMigGrid test_grid_a30(void);       /* 14 21 5 6 0 */
FctMigGrid test_grid_rtx_plain(void); /* 14 5 0 */
FctMigGrid test_grid_rtx(void);       /* all eleven */

/* A text such as "9@4 19@0* 14@2": profile ids at starts, * for busy. One compute instance each. */
FctMigState test_state(const FctMigGrid *grid, const char *text);
/* A text such as "9 19 19 14@2": ids, with a start where the place is pinned. One compute instance each. */
FctMigWant test_want(const FctMigGrid *grid, const char *text);
/* An empty want; new instances get one compute instance. */
FctMigWant test_want_nothing(void);
/* The reverse, without busy marks: "19@0 14@2 9@4". */
char *test_layout_text(const FctMigGrid *grid, const FctMigLayout *layout);
