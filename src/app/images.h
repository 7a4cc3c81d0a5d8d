/* SPDX-License-Identifier: Apache-2.0 */
/* Images that VMs are made from: NAME.json in the images folder describes the file beside it. Read anew on each call.
 */
#pragma once
#include "base/json.h"

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

/* FctImage*, by name. Descriptions that are wrong are left out, with a warning in the log. */
GPtrArray *fct_images_list(const char *folder);
/* FCT_ERROR_BAD_REQUEST naming the field "image" when there is none of that id. */
FctImage *fct_images_find(const char *folder, const char *id, GError **error);
