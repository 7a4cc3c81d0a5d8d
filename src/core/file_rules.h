/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of the library, without touching a disk: which names are allowed, and which bytes a request carries. A name is
 * the file's id and its name on disk, so a name that could leave the folder is refused. Pure.
 */
#pragma once
#include "base/error.h"

#define FCT_FILE_NAME_MAX 200 /* bytes; the server appends to it */

/* FCT_ERROR_BAD_REQUEST naming the field "name". */
gboolean fct_file_name_check(const char *name, GError **error);

typedef struct {
    gint64 first, length; /* length 0: no bytes; such a request finishes a file that is complete */
} FctFileRange;

/*
 * Reads the header Content-Range of a body of @body_length bytes (-1: unknown) for a file of @total; a header NULL
 * means the whole file. FCT_ERROR_BAD_REQUEST naming the field "Content-Range".
 */
gboolean fct_file_range(const char *header, gint64 body_length, gint64 total, FctFileRange *ret, GError **error);
