/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A download: blocks are read on another thread while the one before is sent, so a slow client costs one block. Part of
 * it when the request has a Range, so a download that broke off goes on where it was.
 */
#pragma once
#include "app/api/api.h"

typedef struct {
    char *name;   /* what the client may call it; owned */
    char *mime;   /* owned; NULL: application/octet-stream */
    gint64 total; /* bytes of the whole; -1: not known, so no part of it can be asked for */
    char *etag;   /* of this content, in quotes; NULL: not known, so a part of an earlier version cannot be told */
    /* NULL when total is not known. Before the first read, for a part: the next read begins here. On a thread that may
     * block. */
    gboolean (*seek)(gpointer data, gint64 offset, gint64 length, GError **error);
    /* At most @length bytes, 0 at the end, -1 on error. On a thread that may block; one call at a time. */
    gssize (*read)(gpointer data, guint8 *bytes, gsize length, GError **error);
    GDestroyNotify destroy; /* of data; any thread but the main one */
    gpointer data;
} FctOutgoing;

/* Makes @reply answer with it. Takes over what @outgoing holds. */
void fct_reply_outgoing(FctReply *reply, const FctOutgoing *outgoing);
