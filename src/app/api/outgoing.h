/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A download: each block is read on another thread while the former is sent, so a slow client costs one block of
 * memory. A request with a Range gets that part, so a download that broke off can continue where it was.
 */
#pragma once
#include "app/api/api.h"

typedef struct {
    char *name;   /* file name for the client; owned */
    char *mime;   /* owned; NULL: application/octet-stream */
    gint64 total; /* bytes of the whole; -1: unknown, so no range can be asked for */
    char *etag;   /* of this content, in quotes; NULL: unknown, so a range of an earlier version cannot be recognized */
    /* Called before the first read of a range: the next read begins there. May block. NULL when total is unknown. */
    gboolean (*seek)(gpointer data, gint64 offset, gint64 length, GError **error);
    /* Reads at most @length bytes, 0 at the end, -1 on error. May block; one call at a time. */
    gssize (*read)(gpointer data, guint8 *bytes, gsize length, GError **error);
    GDestroyNotify destroy; /* of data; on any thread but the main one */
    gpointer data;
} FctOutgoing;

/* Makes @reply answer with the download. Takes over what @outgoing holds. */
void fct_reply_outgoing(FctReply *reply, const FctOutgoing *outgoing);
