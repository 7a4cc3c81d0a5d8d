/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded list of things that happened, newest kept: the events and the audit trail. Rows are documents in the store
 * ("event/<number>"); the newest are in memory too, so that reading them needs no disk. Thread-safe; adding waits for
 * the disk.
 */
#pragma once
#include "app/shared/context.h"

/* What is kept; the oldest goes when one is passed. */
typedef struct {
    guint rows;
    gint64 age_ms;       /* 0: of any age */
    gsize bytes;         /* of their text; 0: any */
    guint at_hand;       /* rows in memory */
    gsize at_hand_bytes; /* of their text */
} FctKeep;

FctRecords *fct_records_new(FctStore *store, const char *kind, const FctKeep *keep, GError **error);
void fct_records_free(FctRecords *records);
/* Those at hand, the newest first. New reference. */
json_t *fct_records_list(FctRecords *records);

/*
 * Reads every row that is kept, the oldest first, from the disk, some hundred at a time. An account has one such reader
 * at a time. It may outlive the records; then there is nothing more to read. Of one thread at a time; waits for the
 * disk.
 */
typedef struct FctRecordsReader FctRecordsReader;
typedef void (*FctRecordSink)(const json_t *row, gpointer data);
/* FCT_ERROR_TOO_MANY: the account has one. */
FctRecordsReader *fct_records_reader_new(FctRecords *records, const char *account, GError **error);
void fct_records_reader_free(FctRecordsReader *reader);
/* The next rows, of those that are not older than @since_ms nor younger than @until_ms. 0: that was all; -1: error. */
int fct_records_reader_next(FctRecordsReader *reader, gint64 since_ms, gint64 until_ms, FctRecordSink sink,
                            gpointer data, GError **error);

/* Adds an event and publishes it. @severity: info, warning, error. @subject_kind may be "". Not on the main thread. */
void fct_event(FctApp *app, const char *kind, const char *severity, const char *subject_kind, const char *subject_id,
               const char *subject_name, const char *format, ...) G_GNUC_PRINTF(7, 8);
/*
 * Adds an audit row. @outcome: allowed, denied, failed. What others have named is made plain, and cut to some hundred
 * bytes. Not on the main thread.
 */
void fct_audit(FctApp *app, const char *user, const char *address, const char *action, const char *outcome,
               const char *subject, const char *text);
