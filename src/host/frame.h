/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wire of the helper: a frame is a length (u32, little endian) and that many bytes of JSON, an object. Used between
 * client and helper, and between helper and children.
 */
#pragma once
#include "base/json.h"

#define FCT_FRAME_LIMIT (16u * 1024 * 1024) /* an answer: the inventory of a large host */
/* A request: a verb and at most one step. The helper keeps so much memory for each client, and no more. */
#define FCT_FRAME_REQUEST_LIMIT (256u * 1024)

/* Bytes on the wire. FCT_ERROR_TOO_LARGE when the JSON is over the limit. */
GBytes *fct_frame_encode(const json_t *json, GError **error);

/* Collects bytes and gives complete frames. Not thread-safe. */
typedef struct {
    GByteArray *bytes;
    guint32 limit; /* of one frame */
} FctFrames;
void fct_frames_init(FctFrames *frames, guint32 limit);
void fct_frames_clear(FctFrames *frames);
void fct_frames_push(FctFrames *frames, const void *data, gsize length);
/*
 * The next complete frame (new reference). NULL without @error: more bytes are needed. NULL with @error (BAD_REQUEST or
 * TOO_LARGE): the stream cannot be understood any more and must be closed.
 */
json_t *fct_frames_pop(FctFrames *frames, GError **error);
/* TRUE when a frame has begun and is incomplete. */
gboolean fct_frames_half(const FctFrames *frames);

/* Blocking, for children and clients; @deadline_us: of g_get_monotonic_time, 0 for none. */
gboolean fct_frame_send(int fd, const json_t *json, gint64 deadline_us, GError **error);
/* NULL with FCT_ERROR_HELPER at the end of the stream, FCT_ERROR_TIMEOUT past the deadline. */
json_t *fct_frame_receive(int fd, FctFrames *frames, gint64 deadline_us, GError **error);
