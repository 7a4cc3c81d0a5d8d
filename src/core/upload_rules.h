/* SPDX-License-Identifier: Apache-2.0 */
/* Which files Facet takes in, by what they are (core/disk_head): as images and ISOs of the library, and as volumes. */
#pragma once
#include "base/error.h"
#include "core/disk_head.h"

/*
 * Whether a file with these bytes can be a disk or medium for VMs. @name: as it is to be called; one whose ending tells
 * of something else is refused. @size: how long all of it is; one that says itself that it is longer is cut off.
 * FCT_ERROR_REFUSED: what it is, and what to do with it.
 */
gboolean fct_upload_accept(const FctDiskHead *head, const char *name, gint64 size, GError **error);

/*
 * The same for a volume that was announced as raw. A guest that encrypts all of a disk of its own leaves LUKS there,
 * for which it has the key: such a disk comes back as it went. Nobody starts from it, so the library takes none.
 */
gboolean fct_upload_accept_raw(const FctDiskHead *head, const char *name, gint64 size, GError **error);

/* "qcow2", "raw" or "iso" of one that is accepted. */
const char *fct_upload_format(const FctDiskHead *head);

/* FCT_ERROR_BAD_REQUEST naming "sha256" unless @text is 64 hexadecimal digits; *ret: in lower case, free it. */
gboolean fct_sha256_check(const char *text, char **ret, GError **error);
/* FCT_ERROR_REFUSED unless they are the same. @expected "": any. */
gboolean fct_sha256_compare(const char *expected, const char *got, const char *name, GError **error);
