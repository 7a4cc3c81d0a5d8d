/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a volume without a record is: decided once, from its bytes and from what people say about it (its name, and a
 * format that they state). The bytes may be a guest's, so they never decide alone (ADR 6). Pure.
 */
#pragma once
#include "base/error.h"
#include "core/disk_head.h"

typedef enum {
    FCT_VOLUME_ATTACH, /* to a VM: only as raw or qcow2 */
    FCT_VOLUME_COPY,   /* into a volume of ours: other formats, too */
} FctVolumeUse;

typedef struct {
    const char *name;  /* of the volume */
    const char *asked; /* the format that the request states; NULL: none */
    const FctDiskBytes *bytes;
    FctVolumeUse use;
} FctVolumeCase;

/*
 * The format in which to open it, as QEMU calls it; NULL with FCT_ERROR_REFUSED or FCT_ERROR_BAD_REQUEST naming the
 * field "format", with the formats that can be stated in "choices".
 */
const char *fct_volume_judge(const FctVolumeCase *volume, GError **error);
/*
 * Checks a recorded qcow2 @name whose file was replaced, as by a backup: QEMU must be able to read it without a key,
 * and it must not lead to a file that nobody here knows. @stands: the record says that it stands on another.
 */
gboolean fct_volume_judge_replaced(const char *name, const FctDiskBytes *bytes, gboolean stands, GError **error);
