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

/* Takes over @fd. */
FctChannel *fct_channel_new(int fd, FctChannelFrame frame, FctChannelClosed closed, gpointer data);
/* Queued; a peer that does not read is cut off at FCT_CHANNEL_BACKLOG. */
void fct_channel_send(FctChannel *channel, const json_t *json);
void fct_channel_free(FctChannel *channel);

#define FCT_CHANNEL_BACKLOG (4u * FCT_FRAME_LIMIT)
