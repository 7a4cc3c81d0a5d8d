/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The library: images and ISOs in the images folder. A file's name is its id. What is being uploaded lies hidden beside
 * the rest as ".upload-NAME" with its size and the checksum that was told for it in ".upload-NAME.size"; how much has
 * come is the length on disk, so an upload goes on after any end of facetd or of the connection. Only a whole, flushed
 * and checked file gets its name; one that is refused leaves nothing. ".sum-NAME" keeps the SHA-256 of what came, for
 * as long as the file is the one that came.
 *
 * Functions wait for the disk: never on the main thread. Thread-safe; one request at a time writes a file.
 */
#pragma once
#include "app/library/content.h"

FctFiles *fct_files_new(FctApp *app);
void fct_files_free(FctFiles *files);
/*
 * Before a file is deleted: adds sentences to @reasons (an array), one for each who needs the file at @path. FALSE: it
 * cannot be told now. Set once, before the first request.
 */
typedef gboolean (*FctFilesUsers)(FctApp *app, const char *path, json_t *reasons, GError **error);
void fct_files_on_delete(FctFiles *files, FctFilesUsers users);

/* {"items","folder","capacity_bytes","free_bytes"} as in the contract. */
json_t *fct_files_list(FctFiles *files, GError **error);
json_t *fct_files_get(FctFiles *files, const char *id, GError **error);
/*
 * FCT_ERROR_EXISTS, FCT_ERROR_NO_SPACE when it and the uploads that are under way would not fit. @sha256: what its
 * bytes must be, as fct_sha256_check gives it; "".
 */
json_t *fct_files_create(FctFiles *files, const char *name, gint64 size_bytes, const char *sha256, GError **error);
/* FCT_ERROR_IN_USE naming the VMs whose drives have it, or while it is being sent. */
gboolean fct_files_delete(FctFiles *files, const char *id, GError **error);
/* SHA-256 of an upload's bytes; NULL when it was not uploaded, or somebody has changed it since. Free it. */
char *fct_files_sha256(FctFiles *files, const char *id);
/* Path of a file that is ready; free it. */
char *fct_files_path(FctFiles *files, const char *id, GError **error);

/* One request that brings bytes. FCT_ERROR_CONFLICT with {"received_bytes"} when they are not the next ones. */
typedef struct FctUpload FctUpload;
FctUpload *fct_upload_open(FctFiles *files, const char *id, const char *range, gint64 body_length, GError **error);
gboolean fct_upload_write(FctUpload *upload, const guint8 *bytes, gsize length, GError **error);
/* Flushes; when all is there checks the file and gives it its name. @ret: the file as in the contract, or NULL. */
gboolean fct_upload_end(FctUpload *upload, json_t **ret, GError **error);
void fct_upload_free(FctUpload *upload);

/* For file_upload.c: who writes, and the names on disk. */
gboolean fct_files_claim(FctFiles *files, const char *id, GError **error);
void fct_files_release(FctFiles *files, const char *id);
FctApp *fct_files_app(FctFiles *files);
char *fct_files_part(FctFiles *files, const char *id); /* of an upload */
char *fct_files_note(FctFiles *files, const char *id); /* its size */
/* FCT_ERROR_EXISTS when the description of that name is another image's, which an upload of this name would replace. */
gboolean fct_files_may_describe(FctFiles *files, const char *id, GError **error);
char *fct_files_final(FctFiles *files, const char *id); /* once it is ready */
/* FCT_ERROR_NOT_FOUND. *ret_sha256: what was told; "". Free it; NULL: not wanted. */
gboolean fct_files_upload_note(FctFiles *files, const char *id, gint64 *ret_size, char **ret_sha256, GError **error);
void fct_files_upload_drop(FctFiles *files, const char *id); /* what has come of it, too */
FctSums *fct_files_sums(FctFiles *files);
/* Keeps it with the file that @fd is, for as long as nobody changes that. */
gboolean fct_files_sum_write(FctFiles *files, const char *id, int fd, const char *sha256, GError **error);
gboolean fct_files_read_kind(const char *path, const char **ret_kind, GError **error);
gboolean fct_files_sync_folder(FctFiles *files, GError **error);
