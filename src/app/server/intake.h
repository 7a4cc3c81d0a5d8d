/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request whose body goes to a sink while it comes (FctRoute.takes_stream): at most two blocks of it are in memory.
 * While the sink writes one block the next is filled; when that is full too the connection is paused, so the sender
 * waits for the disk. The handler runs before the first byte is taken. Main thread, but for the work on the pool.
 */
#pragma once
#include "app/server/access.h"

typedef struct FctIntake FctIntake;

/* The reply is there; @reply stays the intake's. Frees the intake. Not called when the client has gone: @reply is NULL.
 */
typedef void (*FctIntakeDone)(FctIntake *intake, FctSoupMessage *message, FctReply *reply, const char *allow,
                              gpointer data);

/* From "got-headers". Takes over what @raw holds. @pool: of fct_intake_work. */
FctIntake *fct_intake_new(FctApp *app, FctSoupMessage *message, FctRawRequest *raw, GThreadPool *pool,
                          FctIntakeDone done, gpointer data);
/* The intake of a message; NULL: it has none. */
FctIntake *fct_intake_of(FctSoupMessage *message);
/* The last byte of the body was read. */
void fct_intake_body_read(FctIntake *intake);
/* Once the pool works no more. */
void fct_intake_free(FctIntake *intake);
void fct_intake_work(gpointer intake, gpointer unused);
