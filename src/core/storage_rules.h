/* SPDX-License-Identifier: Apache-2.0 */
/* What is judged of storage: when a pool is full, whether a volume fits into it. Sizes are bytes; -1 is unknown. */
#pragma once
#include "model/storage.h"

typedef enum { FCT_ROOM_GOOD, FCT_ROOM_WARNING, FCT_ROOM_ERROR } FctRoom;
const char *fct_room_name(FctRoom room); /* "good" "warning" "error" */

/* "Copying: 3.2 of 10.0 GiB."; in MiB where all of it is less than a GiB. */
char *fct_progress_text(const char *what, gint64 done, gint64 total);

/*
 * @promised: what thin volumes may still grow by; -1 unknown. Warning from 85 %, or when more is promised than there
 * is; error from 95 %. *ret_sentence: why, NULL when good; free it.
 */
FctRoom fct_pool_room(const FctPool *pool, gint64 promised, char **ret_sentence);

/* What a volume may still grow by in a pool where it is thin. */
gint64 fct_volume_promise(const FctVolume *volume);

/*
 * Whether a volume of @bytes can be made in @pool, of which @content is written at once. FCT_ERROR_BAD_REQUEST or
 * FCT_ERROR_NO_SPACE, naming the field "size_gib".
 */
gboolean fct_volume_fits(const FctPool *pool, const char *format, gint64 bytes, gint64 content, GError **error);

/*
 * The same of a VM's disk of @bytes, beside the @beside bytes of disks that are to be made in @pool with it. Files are
 * thin and may promise more than is free; what is no file takes all of it at once. The refusal names @field.
 */
gboolean fct_disk_fits(const FctPool *pool, gint64 bytes, gint64 beside, const char *field, GError **error);

/*
 * The one rule for thin disks, whichever way they come (made, grown, copied, uploaded, from an image): one may say that
 * it is as large as its whole pool, and no larger, however little it takes now. All of a pool together may promise more
 * than is free: fct_pool_room tells of that. FCT_ERROR_REFUSED for content that is there already, naming @field.
 */
gboolean fct_thin_fits(const FctPool *pool, gint64 bytes, const char *field, GError **error);

typedef enum {
    FCT_FOLDER_GOOD, /* in one that is there for such things */
    FCT_FOLDER_ASK,  /* anywhere else: an administrator says so in words */
    FCT_FOLDER_NEVER /* the system's, or people's */
} FctFolder;
/*
 * Whether a pool may be in the folder at @path, which is plain and absolute: by what the folder is for. @roots: more
 * folders in which pools may be, NULL-terminated; NULL.
 */
FctFolder fct_pool_folder(const char *path, const char *const *roots);

/*
 * What this host does with a device, for people: "This host has it mounted at /srv."; NULL: nothing. @where: where it
 * is mounted, or what is built on it; NULL. Free it.
 */
char *fct_device_use_text(FctDeviceUse use, const char *where);
/* What to do about it. */
#define FCT_DEVICE_USE_NEXT                                                                                            \
    "Free it on the host first (umount, losetup -d, swapoff, or take it out of LVM, RAID or encryption), or choose "   \
    "another one."
/* FCT_ERROR_IN_USE unless it is free. @name: of the volume. */
gboolean fct_device_is_free(const char *name, FctDeviceUse use, const char *where, GError **error);

/* Whether one path is the other's, or lies in it. Both without a slash at their end. */
/*
 * Whether a VM that stopped for want of room may go on, on a file system of @capacity with @available bytes: not for
 * each megabyte, or it would stop again at once.
 */
gboolean fct_room_to_go_on(gint64 capacity, gint64 available);
gboolean fct_path_overlaps(const char *a, const char *b);

typedef enum { FCT_RANGE_WHOLE, FCT_RANGE_PART, FCT_RANGE_NONE } FctRangeKind;
/*
 * The header Range of a request for something of @total bytes. What is no single range of bytes is answered with the
 * whole (RFC 9110, 14.2); FCT_RANGE_NONE: it begins behind the end.
 */
FctRangeKind fct_http_range(const char *header, gint64 total, gint64 *ret_first, gint64 *ret_length);
