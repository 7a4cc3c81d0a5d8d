/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Port: images of CDs. For small CDs made from texts (first-boot data): they are built in memory. Thread-safe; takes
 * some milliseconds, so not on the thread that serves HTTP.
 */
#pragma once
#include "base/error.h"

typedef struct FctMedia FctMedia;

typedef struct {
    const char *name; /* in the root folder, as the guest sees it: "user-data" */
    const void *bytes;
    gsize length;
} FctMediaFile;

typedef struct {
    /*
     * ISO 9660 with Rock Ridge and Joliet. @label: volume name, at most 16 letters, digits, dashes and underscores.
     * At most 8 MiB of content: FCT_ERROR_TOO_LARGE.
     */
    GBytes *(*iso)(FctMedia *media, const char *label, const FctMediaFile *files, gsize n, GError **error);
    void (*free)(FctMedia *media);
} FctMediaOps;

struct FctMedia {
    const FctMediaOps *ops;
};

static inline void fct_media_free(FctMedia *media)
{
    if (media)
        media->ops->free(media);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctMedia, fct_media_free)
