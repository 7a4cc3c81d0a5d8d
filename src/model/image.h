/* SPDX-License-Identifier: Apache-2.0 */
/* An image from which VMs are made. */
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
    gboolean cloud_init; /* its system runs cloud-init or the like, as far as is known */
} FctImage;
void fct_image_free(FctImage *image);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctImage, fct_image_free)
