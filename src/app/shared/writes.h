/* SPDX-License-Identifier: Apache-2.0 */
/* A transaction of the store while it is being put together. One thread; the commit waits for the disk. */
#pragma once
#include "port/store.h"

/* Writes and what they point at. */
typedef struct {
    GArray *writes; /* FctWrite */
    GPtrArray *keys, *values;
} FctWrites;
FctWrites *fct_writes_new(void);
void fct_writes_free(FctWrites *writes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctWrites, fct_writes_free)
/* Takes @key and @value over; @value NULL deletes the document. */
void fct_writes_add(FctWrites *writes, char *key, json_t *value, guint64 expect);
/* Without a write it succeeds. FCT_ERROR_REVISION when somebody else has changed one of the documents meanwhile. */
gboolean fct_writes_commit(FctStore *store, const FctWrites *writes, guint64 *ret_revision, GError **error);
