/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a volume may be opened at all, whatever it is. */
#pragma once
#include "app/shared/context.h"
#include "model/volume_record.h"

/* Why a volume without a record is not opened for the first time: its bytes may be those of any file of the host. */
#define FCT_VOLUME_LINKED "Its file has another name elsewhere (a hard link)."
/* FCT_ERROR_REFUSED for one that is no plain file inside of its pool. */
gboolean fct_volume_inside(const FctVolume *volume, GError **error);
/*
 * FCT_ERROR_IN_USE for a device that the host itself has mounted, swaps to or has built on: asked before it is given to
 * a VM, copied, grown, cleared or deleted. @name: for people.
 */
gboolean fct_volume_host_free(FctApp *app, const char *name, const char *path, GError **error);
/*
 * A record that a VM names goes on by its path, also when another file lies there by now (fct_records_prune): the head
 * of such a one is a stranger's. FCT_ERROR_REFUSED when a qcow2 keeps data elsewhere or is encrypted; TRUE of the file
 * that was recorded.
 */
gboolean fct_volume_replaced_whole(FctApp *app, const FctVolumeRecord *record, const FctVolume *there, GError **error);
/* FCT_ERROR_REFUSED naming "volume": nobody opens it. @why: a sentence. FALSE. */
gboolean fct_volume_refuse_opening(const FctVolume *volume, const char *why, GError **error);
