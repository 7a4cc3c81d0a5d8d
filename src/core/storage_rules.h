/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules of storage: when a pool is full, whether a volume fits into it, where a pool may be. Sizes are bytes; -1 is
 * unknown. Pure.
 */
#pragma once
#include "model/storage.h"

typedef enum { FCT_ROOM_GOOD, FCT_ROOM_WARNING, FCT_ROOM_ERROR } FctRoom;
const char *fct_room_name(FctRoom room); /* "good" "warning" "error" */

/* "Copying: 3.2 of 10.0 GiB."; in MiB where all of it is less than a GiB. */
char *fct_progress_text(const char *what, gint64 done, gint64 total);

/*
 * How full a pool is. @promised: bytes by which thin volumes may still grow; -1 unknown. Warning from 85 %, or when
 * more is promised than there is; error from 95 %. *ret_sentence: why, NULL when good; free it.
 */
FctRoom fct_pool_room(const FctPool *pool, gint64 promised, char **ret_sentence);

/* Bytes by which a volume may still grow in a pool where it is thin. */
gint64 fct_volume_promise(const FctVolume *volume);

/*
 * Whether a volume of @bytes can be made in @pool; @content of them are written at once. FCT_ERROR_BAD_REQUEST or
 * FCT_ERROR_NO_SPACE, naming the field "size_gib".
 */
gboolean fct_volume_fits(const FctPool *pool, const char *format, gint64 bytes, gint64 content, GError **error);

/*
 * The same for a VM's disk of @bytes, when @beside bytes of other disks are to be made in @pool with it. Files are thin
 * and may promise more than is free; devices take all of it at once. The refusal names @field.
 */
gboolean fct_disk_fits(const FctPool *pool, gint64 bytes, gint64 beside, const char *field, GError **error);

/*
 * The one rule for thin disks, in whatever way they come (made, grown, copied, uploaded, from an image): a disk may
 * claim to be as large as its whole pool and no larger, however little it takes now. All disks of a pool together may
 * promise more than is free; fct_pool_room warns of that. FCT_ERROR_REFUSED naming @field, for content that exists
 * already.
 */
gboolean fct_thin_fits(const FctPool *pool, gint64 bytes, const char *field, GError **error);

typedef enum {
    FCT_FOLDER_GOOD, /* in a folder that is meant for such things */
    FCT_FOLDER_ASK,  /* anywhere else: an administrator must say so explicitly */
    FCT_FOLDER_NEVER /* the system's, or people's own */
} FctFolder;
/*
 * Whether a pool may be in the folder at @path (plain and absolute), judged by what the folder is for. @roots: more
 * folders in which pools may be, ends with NULL; or NULL.
 */
FctFolder fct_pool_folder(const char *path, const char *const *roots);

/*
 * How this host uses a device, for people: "This host has it mounted at /srv."; NULL: not at all. @where: where it is
 * mounted, or what is built on it; NULL. Free it.
 */
char *fct_device_use_text(FctDeviceUse use, const char *where);
/* What to do about it. */
#define FCT_DEVICE_USE_NEXT                                                                                            \
    "Free it on the host first (umount, losetup -d, swapoff, or take it out of LVM, RAID or encryption), or choose "   \
    "another one."
/* FCT_ERROR_IN_USE unless the device is unused. @name: of the volume. */
gboolean fct_device_is_free(const char *name, FctDeviceUse use, const char *where, GError **error);

/* Whether one path is the other, or lies in it. Both without a slash at their end. */
/*
 * Whether a VM that stopped for lack of room may go on, on a file system of @capacity with @available bytes: a little
 * room is not enough, or it would stop again at once.
 */
gboolean fct_room_to_go_on(gint64 capacity, gint64 available);
gboolean fct_path_overlaps(const char *a, const char *b);

typedef enum { FCT_RANGE_WHOLE, FCT_RANGE_PART, FCT_RANGE_NONE } FctRangeKind;
/*
 * Reads the header Range of a request for @total bytes. What is not one range of bytes means the whole (RFC 9110,
 * 14.2); FCT_RANGE_NONE: it begins behind the end.
 */
FctRangeKind fct_http_range(const char *header, gint64 total, gint64 *ret_first, gint64 *ret_length);
