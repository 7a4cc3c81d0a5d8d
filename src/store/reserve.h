/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Room on the disk that is kept free for deletions: a file that takes some room, and gives it back when the disk is
 * full. Not thread-safe.
 */
#pragma once
#include <glib.h>

typedef struct {
    char *path;
    gboolean held;
    gint64 tried_us; /* when the file was last made; 0: never */
} FctReserve;

/* @database: the file is made beside it, if there is room. */
void fct_reserve_init(FctReserve *reserve, const char *database);
void fct_reserve_clear(FctReserve *reserve); /* the file stays */
/* Gives the room back. TRUE: there is more than before. */
gboolean fct_reserve_release(FctReserve *reserve);
/* Call it after a write: takes the room again, once in a while. */
void fct_reserve_restore(FctReserve *reserve);
