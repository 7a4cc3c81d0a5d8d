/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Room on the disk that is kept free for what only takes away: a file that holds some of it, and lets go when the disk
 * is full. Not thread-safe.
 */
#pragma once
#include <glib.h>

typedef struct {
    char *path;
    gboolean held;
    gint64 tried_us; /* when it was last made; 0: never */
} FctReserve;

/* @database: beside this. Holds it when there is room. */
void fct_reserve_init(FctReserve *reserve, const char *database);
void fct_reserve_clear(FctReserve *reserve); /* the file stays */
/* TRUE: there is more room than before. */
gboolean fct_reserve_release(FctReserve *reserve);
/* After something was written: holds it again, once in a while. */
void fct_reserve_restore(FctReserve *reserve);
