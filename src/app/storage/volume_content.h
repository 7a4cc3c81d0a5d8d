/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the bytes of a volume say, read through libvirt, since facetd may not open every pool's files. Waits for the
 * disk.
 */
#pragma once
#include "app/library/content.h"
#include "model/storage.h"

/* Reads the head of a volume of which the first @there of @size bytes are written; its tail once all are. */
gboolean fct_volume_head(FctApp *app, const char *pool, const char *name, gint64 there, gint64 size, FctDiskHead *ret,
                         GError **error);
/* SHA-256 of the first @size bytes: 64 digits; free it. */
char *fct_volume_sha256(FctApp *app, const char *pool, const char *name, gint64 size, GError **error);
/*
 * An unused path for a file of up to @bytes in facetd's state. FCT_ERROR_NO_SPACE when the file would leave the store
 * too little room. Whoever makes the file deletes it.
 */
char *fct_volume_scratch(FctApp *app, gint64 bytes, GError **error);
/* Deletes such files that a killed facetd has left. Call it before the first fct_volume_scratch. */
void fct_volume_scratch_clear(FctApp *app);
/*
 * Whether a qcow2 is sound by qemu-img's check, of the file itself where facetd may read it, else of a copy in its
 * state. FCT_ERROR_REFUSED gives the numbers of errors.
 */
gboolean fct_volume_sound(FctApp *app, const FctVolume *volume, gint64 size, GError **error);
