/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of the library, without touching a disk: what a name may be, which bytes a request carries. A name is the
 * file's id and its name on disk, so nothing that could leave the folder is a name.
 */
#pragma once
#include "base/error.h"

#define FCT_FILE_NAME_MAX 200 /* bytes: room for what the server appends */

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
