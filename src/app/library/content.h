/* SPDX-License-Identifier: Apache-2.0 */
/* What the bytes of a file are, and their checksum. All functions read the disk: never on the main thread. */
#pragma once
#include "app/shared/context.h"
#include "core/disk_head.h"

#include <gnutls/crypto.h>

/* Reads the head of an open file of @size bytes, of which @there have arrived, and its tail once all have. */
gboolean fct_content_head(int fd, gint64 there, gint64 size, FctDiskHead *ret, GError **error);

/*
 * Whether the file at @path is a whole and sound disk by itself, or an ISO: its bytes are judged by core/upload_rules,
 * a qcow2 also by qemu-img's check. @name: a name that must agree with the bytes, or "". *ret_format: "qcow2", "raw",
 * "iso"; *ret_bytes: the size that a guest sees. FCT_ERROR_REFUSED says why not, and what to do.
 */
gboolean fct_content_check(FctApp *app, const char *path, const char *name, const char **ret_format, gint64 *ret_bytes,
                           GError **error);

/* Gives the next bytes in order; returns 0 at the end, -1 on error. */
typedef gssize (*FctContentRead)(gpointer data, guint8 *bytes, gsize length, GError **error);

/* A SHA-256 that is computed while bytes arrive, over any number of requests. */
typedef struct {
    gnutls_hash_hd_t sum;
    gint64 at; /* bytes so far; -1: some were missed, so the file must be read again */
} FctSum;
void fct_sum_free(FctSum *sum);
void fct_sum_add(FctSum *sum, gint64 at, const guint8 *bytes, gsize length);
/*
 * 64 digits; free it. NULL without an error: the running sum does not cover all @size bytes, so read them from the
 * disk.
 */
char *fct_sum_end(const FctSum *sum, gint64 size);
char *fct_sum_read(FctContentRead read, gpointer data, gint64 size, GError **error);

/*
 * Running sums that are kept between the requests of an upload, by the upload's id. Their number is bounded: for others
 * the file is read again.
 */
typedef struct FctSums FctSums;
FctSums *fct_sums_new(void);
void fct_sums_free(FctSums *sums);
/* Takes the kept sum out; the caller owns it. It begins anew unless a sum of exactly @received bytes was kept. */
FctSum *fct_sums_take(FctSums *sums, const char *id, gint64 received);
void fct_sums_keep(FctSums *sums, const char *id, FctSum *sum);
void fct_sums_drop(FctSums *sums, const char *id);
