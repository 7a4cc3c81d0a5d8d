/* SPDX-License-Identifier: Apache-2.0 */
/* What the bytes of a volume say, read through libvirt: facetd may not open every pool's files. Waits for the disk. */
#pragma once
#include "app/library/content.h"
#include "model/storage.h"

/* Of the first @there bytes of @size; its tail is looked at once all of them are there. */
gboolean fct_volume_head(FctApp *app, const char *pool, const char *name, gint64 there, gint64 size, FctDiskHead *ret,
                         GError **error);
/* 64 digits of its first @size bytes; free it. */
char *fct_volume_sha256(FctApp *app, const char *pool, const char *name, gint64 size, GError **error);
/*
 * A path for a file of up to @bytes in facetd's state, which nobody else is given. FCT_ERROR_NO_SPACE before the first
 * byte where it would leave the store without room. Whoever makes the file deletes it.
 */
char *fct_volume_scratch(FctApp *app, gint64 bytes, GError **error);
/* Deletes what a run that was killed has left of such files. Before anybody asks for one. */
void fct_volume_scratch_clear(FctApp *app);
/*
 * Whether a qcow2 is sound by qemu-img's check: the file itself where facetd may read it, else a copy in its state.
 * FCT_ERROR_REFUSED with the counts.
 */
gboolean fct_volume_sound(FctApp *app, const FctVolume *volume, gint64 size, GError **error);
