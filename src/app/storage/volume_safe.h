/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a volume may be opened at all, whatever its content is. Any thread but the one that serves HTTP. */
#pragma once
#include "app/shared/context.h"
#include "model/volume_record.h"

/* Why a volume without a record is not opened for the first time: its bytes may be those of any file of the host. */
#define FCT_VOLUME_LINKED "Its file has another name elsewhere (a hard link)."
/* FCT_ERROR_REFUSED unless it is a plain file inside of its pool. */
gboolean fct_volume_inside(const FctVolume *volume, GError **error);
/*
 * FCT_ERROR_IN_USE for a device that the host has mounted, swaps to or has built on. Ask before a device is given to a
 * VM, copied, grown, cleared or deleted. @name: for people.
 */
gboolean fct_volume_host_free(FctApp *app, const char *name, const char *path, GError **error);
/*
 * A volume that a VM names is opened by its path even if another file lies there by now (fct_records_prune), so the
 * head of that file is a stranger's. FCT_ERROR_REFUSED when it is a qcow2 that keeps data elsewhere or is encrypted.
 * TRUE for the file that was recorded.
 */
gboolean fct_volume_replaced_whole(FctApp *app, const FctVolumeRecord *record, const FctVolume *there, GError **error);
/* Sets FCT_ERROR_REFUSED naming "volume": it may not be opened. @why: a sentence. Returns FALSE. */
gboolean fct_volume_refuse_opening(const FctVolume *volume, const char *why, GError **error);
