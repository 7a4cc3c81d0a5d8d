/* SPDX-License-Identifier: Apache-2.0 */
/* The first and last bytes of a volume, as far as it has them: what core/disk_head looks at. */
#pragma once
#include "app/shared/context.h"
#include "core/disk_head.h"

typedef struct {
    guint8 head[FCT_DISK_HEAD_BYTES], tail[FCT_DISK_TAIL_BYTES];
    FctDiskBytes bytes; /* leads into the others */
} FctVolumeBytes;
/* By libvirt, so it may wait. */
gboolean fct_volume_bytes_read(FctVmm *vmm, const FctVolume *volume, FctVolumeBytes *ret, GError **error);
