/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated host with a facet-helper on it, in a directory of its own. The product's side is reached only through
 * the port; the simulator's state is changed directly, as `facet-sim` would.
 */
#pragma once
#include "host/hw_remote.h"
#include "model/ops.h"

typedef struct {
    char *dir, *root, *library, *socket, *state_dir;
    FsimState sim;
    GPid helper; /* 0: not running */
    FctHw *hw;
    guint32 sleeper; /* pid of a process that holds a card; 0 */
} World;

/* NULL after a skip: the host cannot mount FUSE. @options: more options of facet-helper, NULL at the end; may be NULL.
 */
World *world_new(const char *host, const char *const *options);
void world_free(World *world);
void world_helper_start(World *world, const char *const *options);
/* Waits until it is dead. */
void world_helper_kill(World *world);
/* Pid of the helper's only child with that word in its command line ("worker", "step"); waits for one. */
GPid world_child(World *world, const char *word);
/* A process that lives until the world ends and is registered as a user of the card. */
void world_hold(World *world, unsigned gpu, guint32 gi, guint32 ci);
void world_release(World *world);

FctInventory *world_look(World *world);
/* Runs a step that must succeed, and checks that its `after` holds. */
void world_do(World *world, const FctStep *step);
FctStep *world_step(const FctInventory *seen, guint gpu, FctStepKind kind, int profile_id, int start);
void world_mig_on(World *world, guint gpu);

/* Loops at most a minute; fails the test when @condition never holds. */
#define world_wait(condition)                                                                                          \
    do {                                                                                                               \
        gint64 until_ = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;                                                  \
        while (!(condition)) {                                                                                         \
            g_assert_cmpint(g_get_monotonic_time(), <, until_);                                                        \
            g_usleep(20 * 1000);                                                                                       \
        }                                                                                                              \
    } while (0)
