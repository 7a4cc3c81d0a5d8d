/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks whether a file is there and is what it should be, without waiting for a server that hangs (NFS). A question that
 * is not answered soon is answered "unknown", and no other is asked in that folder until the server has answered.
 * Thread-safe.
 */
#pragma once
#include "core/vm_preflight.h"

typedef struct FctFileProbe FctFileProbe;
FctFileProbe *fct_file_probe_new(void);
void fct_file_probe_free(FctFileProbe *probe); /* questions that still hang are left to themselves */

/*
 * The folders where network file systems are mounted on this host: ask once for many probes; free with
 * g_ptr_array_unref.
 */
GPtrArray *fct_file_probe_remote(void);

/* Whether the path lies on one of @remote: looking at it may hang. */
gboolean fct_file_is_remote(const GPtrArray *remote, const char *path);

#define FCT_FILE_ID_BYTES 80
#define FCT_FILE_STAMP_BYTES 120

typedef struct {
    FctSeen there;
    FctSeen encrypted; /* only for a file whose format is known to be qcow2; else unknown */
    FctFileFault fault;
    gboolean link;              /* the path itself is a symbolic link; the other members are of its target */
    char id[FCT_FILE_ID_BYTES]; /* which file or device the path leads to: equal for all paths to it; "" unknown */
    /* Of a plain file: changes with each write to it, and when another file takes its place; "" unknown. */
    char stamp[FCT_FILE_STAMP_BYTES];
} FctProbed;
/*
 * @remote: from fct_file_probe_remote. @qcow2: the caller knows that the header is QEMU's and not a guest's, so it is
 * read.
 */
FctProbed fct_file_probe(FctFileProbe *probe, const GPtrArray *remote, const char *path, gboolean qcow2);

/*
 * A text that is equal for two paths of one file or device, whatever links, mounts and spellings lead to it. Where the
 * file cannot be looked at it is the path without "//", "." and "..". Free it.
 */
char *fct_file_key(FctFileProbe *probe, const GPtrArray *remote, const char *path);
