/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files Facet accepts, by what they are (core/disk_head): as images and ISOs of the library, and as volumes.
 * Pure.
 */
#pragma once
#include "base/error.h"
#include "core/disk_head.h"

/*
 * Whether a file with these bytes can be a disk or medium for VMs. @name: its future name; its ending must not
 * contradict the bytes. @size: its whole length; a file whose own header says more is cut off. FCT_ERROR_REFUSED: what
 * it is, and what to do with it.
 */
gboolean fct_upload_accept(const FctDiskHead *head, const char *name, gint64 size, GError **error);

/*
 * The same for a volume that was announced as raw. A guest that encrypts its whole disk leaves a LUKS header there, for
 * which it has the key: such a disk may be uploaded again. Nothing boots from it, so the library does not accept it.
 */
gboolean fct_upload_accept_raw(const FctDiskHead *head, const char *name, gint64 size, GError **error);

/* "qcow2", "raw" or "iso" of an accepted file. */
const char *fct_upload_format(const FctDiskHead *head);

/* FCT_ERROR_BAD_REQUEST naming "sha256" unless @text is 64 hexadecimal digits; *ret: in lower case, free it. */
gboolean fct_sha256_check(const char *text, char **ret, GError **error);
/* FCT_ERROR_REFUSED unless the two are equal. @expected "": any. */
gboolean fct_sha256_compare(const char *expected, const char *got, const char *name, GError **error);
