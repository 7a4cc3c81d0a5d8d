/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The brute-force oracle: a second, independent description of MIG placement, to check the planner against. Own tables
 * (typed from reference mig-profiles.csv), own representation (lists of profile id and start), own algorithm (subsets
 * and permutations by plain recursion). It shares nothing with src/core, and must not be made to.
 */
#pragma once
#include <glib.h>

enum { O_COMPUTE, O_DEC, O_ENC, O_JPEG, O_OFA, O_ENGINES };

typedef struct {
    int id, length, most;
    int takes[O_ENGINES];
    int starts[17]; /* ends with -1 */
} OracleProfile;

typedef struct {
    const char *name;
    int units;
    int n;
    OracleProfile profiles[24];
} OracleCard;

extern const OracleCard oracle_a100, oracle_a100_me, oracle_h100, oracle_a30, oracle_rtx_plain, oracle_rtx;

typedef struct {
    int id, start;
} OraclePiece;

typedef struct {
    int n;
    OraclePiece pieces[16];
} OracleLayout;

/* Wanted numbers, by position of the profile in the card's table. */
typedef struct {
    int n[24];
} OracleWant;

typedef struct {
    gboolean feasible;
    int busy_kept, kept, calls;
} OracleAnswer;

/* Every legal layout of the card, each once. Array of OracleLayout. */
GArray *oracle_all_layouts(const OracleCard *card);
/* Every legal layout with exactly these numbers. Array of OracleLayout. */
GArray *oracle_layouts_of(const OracleCard *card, const OracleWant *want);
OracleWant oracle_want_of(const OracleCard *card, const OracleLayout *layout);
/* @busy: bit i for piece i of @now. Every instance has one compute instance. */
OracleAnswer oracle_answer(const OracleLayout *now, unsigned busy, int n_wanted, const GArray *candidates);
