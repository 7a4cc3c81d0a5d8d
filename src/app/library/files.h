/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The library: images and ISOs in the images folder. A file's name is its id. An upload is hidden beside the files as
 * ".upload-NAME"; ".upload-NAME.size" holds its size and the checksum that the client told. How much has arrived is the
 * length on disk, so an upload continues after any end of facetd or of the connection. Only a complete, flushed and
 * checked file gets its name; a refused one leaves nothing. ".sum-NAME" keeps the SHA-256 of the upload as long as the
 * file is unchanged.
 *
 * All functions wait for the disk: never on the main thread. Thread-safe; at most one request writes to a file.
 */
#pragma once
#include "app/library/content.h"

FctFiles *fct_files_new(FctApp *app);
void fct_files_free(FctFiles *files);
/*
 * Called before a file is deleted. Adds a sentence to @reasons (an array) for each user of the file at @path. FALSE:
 * the users cannot be found out now. Set once, before the first request.
 */
typedef gboolean (*FctFilesUsers)(FctApp *app, const char *path, json_t *reasons, GError **error);
void fct_files_on_delete(FctFiles *files, FctFilesUsers users);

/* {"items","folder","capacity_bytes","free_bytes"} as in the contract. */
json_t *fct_files_list(FctFiles *files, GError **error);
json_t *fct_files_get(FctFiles *files, const char *id, GError **error);
/*
 * Begins an upload. FCT_ERROR_EXISTS; FCT_ERROR_NO_SPACE when the disk cannot hold this and all uploads under way.
 * @sha256: what the bytes must have, in the form of fct_sha256_check, or "".
 */
json_t *fct_files_create(FctFiles *files, const char *name, gint64 size_bytes, const char *sha256, GError **error);
/* FCT_ERROR_IN_USE names the VMs whose drives have the file, or says that it is being uploaded. */
gboolean fct_files_delete(FctFiles *files, const char *id, GError **error);
/* The SHA-256 of the file as it was uploaded; NULL when it was not uploaded or has been changed since. Free it. */
char *fct_files_sha256(FctFiles *files, const char *id);
/* Path of a file that is complete; free it. */
char *fct_files_path(FctFiles *files, const char *id, GError **error);

/* Opens an upload for one request. FCT_ERROR_CONFLICT with {"received_bytes"} when its bytes are not the next ones. */
typedef struct FctUpload FctUpload;
FctUpload *fct_upload_open(FctFiles *files, const char *id, const char *range, gint64 body_length, GError **error);
gboolean fct_upload_write(FctUpload *upload, const guint8 *bytes, gsize length, GError **error);
/*
 * Flushes what the request brought. When all bytes are there, checks the file and gives it its name. @ret: the file as
 * in the contract, or NULL while bytes are missing.
 */
gboolean fct_upload_end(FctUpload *upload, json_t **ret, GError **error);
void fct_upload_free(FctUpload *upload);

/* For file_upload.c: one writer per file (claim, release), and paths on disk, which are to be freed. */
gboolean fct_files_claim(FctFiles *files, const char *id, GError **error);
void fct_files_release(FctFiles *files, const char *id);
FctApp *fct_files_app(FctFiles *files);
char *fct_files_upload_path(FctFiles *files, const char *id); /* of an upload */
char *fct_files_size_path(FctFiles *files, const char *id);   /* its size */
/* FCT_ERROR_EXISTS when the description of that name belongs to another image: this upload would replace it. */
gboolean fct_files_may_describe(FctFiles *files, const char *id, GError **error);
char *fct_files_final_path(FctFiles *files, const char *id); /* path of the file once it is complete */
/*
 * Reads the note of an upload. FCT_ERROR_NOT_FOUND. *ret_sha256: the checksum that the client told, or ""; free it.
 * Either may be NULL.
 */
gboolean fct_files_upload_note(FctFiles *files, const char *id, gint64 *ret_size, char **ret_sha256, GError **error);
void fct_files_upload_drop(FctFiles *files, const char *id); /* deletes the upload and its bytes */
FctSums *fct_files_sums(FctFiles *files);
/* Writes the checksum of the file that @fd is; it counts only while the file is unchanged. */
gboolean fct_files_sum_write(FctFiles *files, const char *id, int fd, const char *sha256, GError **error);
gboolean fct_files_read_kind(const char *path, const char **ret_kind, GError **error);
gboolean fct_files_sync_folder(FctFiles *files, GError **error);
