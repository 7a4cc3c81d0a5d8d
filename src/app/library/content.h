/* SPDX-License-Identifier: Apache-2.0 */
/* What the bytes of a file say, and their checksum. These read the disk: never on the main thread. */
#pragma once
#include "app/shared/context.h"
#include "core/disk_head.h"

#include <gnutls/crypto.h>

/* Of an open file of @size bytes, of which @there have come: its tail is looked at once all of them have. */
gboolean fct_content_head(int fd, gint64 there, gint64 size, FctDiskHead *ret, GError **error);

/*
 * Whether the file at @path is a whole and sound disk in itself, or an ISO: its bytes by core/upload_rules, a qcow2 by
 * qemu-img's check, too. @name: one that it must agree with; "". *ret_format: "qcow2", "raw", "iso"; *ret_bytes: as a
 * guest sees it. FCT_ERROR_REFUSED: why not, and what to do.
 */
gboolean fct_content_check(FctApp *app, const char *path, const char *name, const char **ret_format, gint64 *ret_bytes,
                           GError **error);

/* The next bytes in order; 0 at the end, -1 on error. */
typedef gssize (*FctContentRead)(gpointer data, guint8 *bytes, gsize length, GError **error);

/* The SHA-256 of bytes that come in order, over any number of requests. */
typedef struct {
    gnutls_hash_hd_t sum;
    gint64 at; /* bytes so far; -1: some were missed, and only what lies on the disk can tell */
} FctSum;
void fct_sum_free(FctSum *sum);
void fct_sum_add(FctSum *sum, gint64 at, const guint8 *bytes, gsize length);
/* 64 digits; free it. NULL without an error: the running sum does not cover the @size bytes, read them again. */
char *fct_sum_end(const FctSum *sum, gint64 size);
char *fct_sum_read(FctContentRead read, gpointer data, gint64 size, GError **error);

/* Running sums between two requests of an upload, by its id. Only so many are kept: the others are read again. */
typedef struct FctSums FctSums;
FctSums *fct_sums_new(void);
void fct_sums_free(FctSums *sums);
/* The caller's; begun anew when what is kept is not of @received bytes. */
FctSum *fct_sums_take(FctSums *sums, const char *id, gint64 received);
void fct_sums_keep(FctSums *sums, const char *id, FctSum *sum);
void fct_sums_drop(FctSums *sums, const char *id);
