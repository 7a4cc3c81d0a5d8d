/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded list of things that happened: the events, and the audit trail. Rows are documents in the store
 * ("event/<number>"); the newest are in memory too, so that reading them needs no disk. Thread-safe; adding waits for
 * the disk.
 */
#pragma once
#include "app/shared/context.h"

/* What is kept; when a limit is passed the oldest rows go. */
typedef struct {
    guint rows;
    gint64 age_ms;       /* 0: no limit of age */
    gsize bytes;         /* bytes of text; 0: no limit */
    guint at_hand;       /* rows in memory */
    gsize at_hand_bytes; /* of their text */
} FctKeep;

FctRecords *fct_records_new(FctStore *store, const char *kind, const FctKeep *keep, GError **error);
void fct_records_free(FctRecords *records);
/* The rows in memory, newest first. New reference. */
json_t *fct_records_list(FctRecords *records);

/*
 * Reads all rows from the disk, oldest first, some hundred at a time. An account has at most one such reader at a time.
 * A reader may outlive the records; then it finds no more rows. One thread at a time; waits for the disk.
 */
typedef struct FctRecordsReader FctRecordsReader;
typedef void (*FctRecordSink)(const json_t *row, gpointer data);
/* FCT_ERROR_TOO_MANY: the account has a reader already. */
FctRecordsReader *fct_records_reader_new(FctRecords *records, const char *account, GError **error);
void fct_records_reader_free(FctRecordsReader *reader);
/* The next rows that are not older than @since_ms nor younger than @until_ms. 0: no more; -1: error. */
int fct_records_reader_next(FctRecordsReader *reader, gint64 since_ms, gint64 until_ms, FctRecordSink sink,
                            gpointer data, GError **error);

/* Adds an event and publishes it. @severity: info, warning, error. @subject_kind may be "". Not on the main thread. */
void fct_event(FctApp *app, const char *kind, const char *severity, const char *subject_kind, const char *subject_id,
               const char *subject_name, const char *format, ...) G_GNUC_PRINTF(7, 8);
/*
 * Adds an audit row. @outcome: allowed, denied, failed. Names that other people chose are made plain and cut to some
 * hundred bytes. Not on the main thread.
 */
void fct_audit(FctApp *app, const char *user, const char *address, const char *action, const char *outcome,
               const char *subject, const char *text);
