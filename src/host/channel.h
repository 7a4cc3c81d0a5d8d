/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream of frames on the default main context: never blocks. Used by the helper's main process towards clients and
 * children.
 */
#pragma once
#include "host/frame.h"

typedef struct FctChannel FctChannel;

/* @frame is borrowed. The callback may free the channel. */
typedef void (*FctChannelFrame)(json_t *frame, gpointer data);
/* The other side closed, or sent what cannot be understood (@error tells; NULL at a clean end). Called once. */
typedef void (*FctChannelClosed)(const GError *error, gpointer data);

/* What the other side may cost. */
typedef struct {
    guint32 frame; /* bytes of one frame that it sends */
    guint backlog; /* bytes that wait for it before it is cut off; one frame more is kept at most */
    guint half_ms; /* how long a frame may stay half; 0: for ever */
} FctChannelRules;

extern const FctChannelRules fct_channel_child, fct_channel_client;

/* Takes over @fd. */
FctChannel *fct_channel_new(int fd, const FctChannelRules *rules, FctChannelFrame frame, FctChannelClosed closed,
                            gpointer data);
/* Queued; a peer that does not read is cut off. */
void fct_channel_send(FctChannel *channel, const json_t *json);
void fct_channel_free(FctChannel *channel);
