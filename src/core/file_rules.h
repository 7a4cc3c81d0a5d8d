/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of the library, without touching a disk: what a name may be, which bytes a request carries, what a file is by
 * its first bytes. A name is the file's id and its name on disk, so nothing that could leave the folder is a name.
 */
#pragma once
#include "base/error.h"

#define FCT_FILE_HEAD 104      /* bytes that fct_file_kind looks at: a qcow2 header of version 3 */
#define FCT_FILE_ISO_AT 0x8001 /* where an ISO 9660 image says that it is one */
#define FCT_FILE_ISO_MARK 5    /* bytes there */
#define FCT_FILE_NAME_MAX 200  /* bytes: room for what the server appends */

/* FCT_ERROR_BAD_REQUEST naming the field "name". */
gboolean fct_file_name_check(const char *name, GError **error);

typedef struct {
    gint64 first, length; /* bytes; length 0: a range of no bytes, which finishes a file that is all there */
} FctFileRange;

/*
 * The header Content-Range of a body of @body_length bytes (-1: not said) for a file of @total; NULL is the whole file.
 * FCT_ERROR_BAD_REQUEST naming the field "Content-Range".
 */
gboolean fct_file_range(const char *header, gint64 body_length, gint64 total, FctFileRange *ret, GError **error);

typedef enum { FCT_FILE_QCOW2, FCT_FILE_RAW, FCT_FILE_ISO } FctFileKind;
const char *fct_file_kind_name(FctFileKind kind); /* "qcow2" "raw" "iso" */

/*
 * @head: the first FCT_FILE_HEAD bytes, @mark: FCT_FILE_ISO_MARK bytes at FCT_FILE_ISO_AT; zeros where the file is
 * shorter. FCT_ERROR_REFUSED for what no VM could be given: formats of other hypervisors, and a qcow2 whose data is in
 * another file (docs/interop/qcow2 of QEMU: backing_file_offset at 8, incompatible_features at 72, bit 2).
 */
gboolean fct_file_kind(const guint8 *head, const guint8 *mark, FctFileKind *ret, GError **error);
