/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream of frames on the default main context; never blocks. The helper's main process uses it towards clients and
 * children.
 */
#pragma once
#include "host/frame.h"

typedef struct FctChannel FctChannel;

/* @frame is borrowed. The callback may free the channel. */
typedef void (*FctChannelFrame)(json_t *frame, gpointer data);
/* The other side closed, or sent what cannot be understood (@error says what; NULL at a clean end). Called once. */
typedef void (*FctChannelClosed)(const GError *error, gpointer data);

/* Limits on what the other side may cost. */
typedef struct {
    guint32 frame; /* bytes of one frame that the other side sends */
    guint backlog; /* bytes that may wait for it before it is cut off; one more frame is kept at most */
    guint half_ms; /* how long a frame may stay incomplete; 0: for ever */
} FctChannelRules;

extern const FctChannelRules fct_channel_child, fct_channel_client;

/* Takes over @fd. */
FctChannel *fct_channel_new(int fd, const FctChannelRules *rules, FctChannelFrame frame, FctChannelClosed closed,
                            gpointer data);
/* Queues @frame; a peer that does not read is cut off. */
void fct_channel_send(FctChannel *channel, const json_t *json);
void fct_channel_free(FctChannel *channel);
