/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a file is there and can be what it should, asked without waiting for a server that hangs (NFS): what does not
 * answer soon is unknown, and its folder is not asked again until it has answered. Thread-safe.
 */
#pragma once
#include "core/vm_preflight.h"

typedef struct FctFileProbe FctFileProbe;
FctFileProbe *fct_file_probe_new(void);
void fct_file_probe_free(FctFileProbe *probe); /* what still hangs is left to itself */

/* Folders of this host's network file systems, for many questions; free with g_ptr_array_unref. */
GPtrArray *fct_file_probe_remote(void);

/* Whether it lies on one of those: whoever looks at it may hang. */
gboolean fct_file_is_remote(const GPtrArray *remote, const char *path);

#define FCT_FILE_ID_BYTES 80
#define FCT_FILE_STAMP_BYTES 120

typedef struct {
    FctSeen there;
    FctSeen encrypted; /* only of a file whose format is known to be qcow2; else unknown */
    FctFileFault fault;
    gboolean link;              /* the path is one; the rest is of what it leads to */
    char id[FCT_FILE_ID_BYTES]; /* which file or device it leads to, the same by whatever path; "" unknown */
    /* Of a plain file: another one after each write to it, or when another file lies there; "" unknown. */
    char stamp[FCT_FILE_STAMP_BYTES];
} FctProbed;
/* @remote: of fct_file_probe_remote. @qcow2: its header is QEMU's, and no guest's. */
FctProbed fct_file_probe(FctFileProbe *probe, const GPtrArray *remote, const char *path, gboolean qcow2);

/*
 * A text that is the same for two paths of one file or device, by whatever links, mounts and spellings they lead to it.
 * Where it cannot be looked at, that is its path without "//", "." and "..". Free it.
 */
char *fct_file_key(FctFileProbe *probe, const GPtrArray *remote, const char *path);
