/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a volume is that Facet has no record of: decided once, from its bytes and from what people say of it: its name,
 * and the format that they state. Its bytes may be a guest's, so alone they decide nothing (ADR 6).
 */
#pragma once
#include "base/error.h"
#include "core/disk_head.h"

typedef enum {
    FCT_VOLUME_ATTACH, /* to a VM: as raw or qcow2 */
    FCT_VOLUME_COPY,   /* into a volume of ours: from other formats too */
} FctVolumeUse;

typedef struct {
    const char *name;  /* of the volume */
    const char *asked; /* the format that the request states; NULL: none */
    const FctDiskBytes *bytes;
    FctVolumeUse use;
} FctVolumeCase;

/*
 * The format that it is opened with, as QEMU calls it; NULL with FCT_ERROR_REFUSED or FCT_ERROR_BAD_REQUEST, naming the
 * field "format" and in "choices" what can be stated there.
 */
const char *fct_volume_judge(const FctVolumeCase *volume, GError **error);
/*
 * The same of a recorded qcow2 @name in whose place another file was put, as from a backup: QEMU must be able to read
 * it without a key, and must not be led to a file of which nobody here knows. @stands: it is recorded to stand on one.
 */
gboolean fct_volume_judge_replaced(const char *name, const FctDiskBytes *bytes, gboolean stands, GError **error);
