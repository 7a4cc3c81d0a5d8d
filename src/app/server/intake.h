/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request whose body goes to a sink while it arrives (FctRoute.takes_stream): at most two blocks of it are in memory.
 * While the sink writes one block, the next is filled; when that is full too, the connection is paused, so the sender
 * waits for the disk. The handler runs before the first byte is taken. Main thread, except for the jobs on the pool.
 */
#pragma once
#include "app/server/access.h"

typedef struct FctIntake FctIntake;

/*
 * Called at the end. @reply belongs to the intake, which is freed afterwards; NULL: the client has gone, so there is
 * nobody to answer.
 */
typedef void (*FctIntakeDone)(FctIntake *intake, FctSoupMessage *message, FctReply *reply, const char *allow,
                              gpointer data);

/* Call it at "got-headers". Takes over what @raw holds. @pool: of fct_intake_work. */
FctIntake *fct_intake_new(FctApp *app, FctSoupMessage *message, FctRawRequest *raw, GThreadPool *pool,
                          FctIntakeDone done, gpointer data);
/* The intake of a message; NULL: it has none. */
FctIntake *fct_intake_of(FctSoupMessage *message);
/* The last byte of the body was read. */
void fct_intake_body_read(FctIntake *intake);
/* Call it once the pool has ended. */
void fct_intake_free(FctIntake *intake);
void fct_intake_work(gpointer intake, gpointer unused);
