/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded list of things that happened, newest kept: the events and the audit trail. Rows are documents in the store
 * ("event/<number>") and in memory, so that reading needs no disk. Thread-safe; adding waits for the disk.
 */
#pragma once
#include "app/app.h"

FctRecords *fct_records_new(FctStore *store, const char *kind, guint keep, GError **error);
void fct_records_free(FctRecords *records);
/* The newest first, at most @limit. New reference. */
json_t *fct_records_list(FctRecords *records, guint limit);

/* Adds an event and publishes it. @severity: info, warning, error. @subject_kind may be "". Not on the main thread. */
void fct_event(FctApp *app, const char *kind, const char *severity, const char *subject_kind, const char *subject_id,
               const char *subject_name, const char *format, ...) G_GNUC_PRINTF(7, 8);
/* Adds an audit row. @outcome: allowed, denied, failed. Not on the main thread. */
void fct_audit(FctApp *app, const char *user, const char *address, const char *action, const char *outcome,
               const char *subject, const char *text);
