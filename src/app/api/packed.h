/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that never change, with their digest, compressed on first use. Any thread. */
#pragma once
#include <gio/gio.h>

typedef struct {
    char *etag; /* quoted */
    GBytes *plain;
    gboolean text; /* worth compressing */
    GOnce once;
    GBytes *gzip; /* NULL when it gains nothing */
} FctPacked;

/* Takes @bytes over. */
FctPacked *fct_packed_new(GBytes *bytes, gboolean text);
void fct_packed_free(FctPacked *packed);
/* Borrowed. @gzip: the reader takes it; *ret_compressed: it is. */
GBytes *fct_packed_bytes(FctPacked *packed, gboolean gzip, gboolean *ret_compressed);
