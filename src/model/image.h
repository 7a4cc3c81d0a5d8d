/* SPDX-License-Identifier: Apache-2.0 */
/* An image that VMs are made from. */
#pragma once
#include <glib.h>

typedef struct {
    char *id; /* NAME */
    char *name;
    char *path;
    char *format;
    char *note;
    gint64 size_bytes; /* as the guest sees it */
    gint64 min_memory_mib;
    gboolean cloud_init; /* reads what it is given at its first boot, as far as anybody knows */
} FctImage;
void fct_image_free(FctImage *image);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctImage, fct_image_free)
