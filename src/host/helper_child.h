/* SPDX-License-Identifier: Apache-2.0 */
/* A child process of the helper, with a channel to it. Main context only. */
#pragma once
#include "host/channel.h"
#include "host/helper.h"

typedef struct FctChild FctChild;

typedef struct {
    void (*frame)(json_t *frame, gpointer data);
    /* The child was reaped and all its frames were delivered. It frees itself afterwards. */
    void (*ended)(int wait_status, gpointer data);
} FctChildEvents;

/* @kind: "worker", "step" or "network". The child dies with the helper, unless it is stuck in a driver. */
FctChild *fct_child_spawn(const FctHelperConfig *config, const char *kind, const FctChildEvents *events, gpointer data,
                          GError **error);
void fct_child_send(FctChild *child, const json_t *frame);
void fct_child_kill(FctChild *child);
/* No more events are sent; the child is reaped whenever it ends. */
void fct_child_abandon(FctChild *child);
