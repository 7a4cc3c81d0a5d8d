/* SPDX-License-Identifier: Apache-2.0 */
/* The first and last bytes of a volume, as far as it has them, for core/disk_head. */
#pragma once
#include "app/shared/context.h"
#include "core/disk_head.h"

typedef struct {
    guint8 head[FCT_DISK_HEAD_BYTES], tail[FCT_DISK_TAIL_BYTES];
    FctDiskBytes bytes; /* points into the two buffers */
} FctVolumeBytes;
/* Reads them through libvirt, so it may wait. Not on the thread that serves HTTP. */
gboolean fct_volume_bytes_read(FctVmm *vmm, const FctVolume *volume, FctVolumeBytes *ret, GError **error);
