/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Port: durable state as documents with revisions: "kind/id" → JSON. Back ends: SQLite (WAL, synchronous=FULL) now,
 * etcd when there are several nodes, memory in tests; one contract suite runs against each.
 *
 * A commit is durable when the call returns. Revisions belong to the store and rise strictly; a document's revision is
 * that of the commit that last wrote it. Thread-safe; calls may wait for a disk flush, so not on the thread that serves
 * HTTP. A full disk gives FCT_ERROR_NO_SPACE and changes nothing; but room is kept for commits that only delete, so
 * that a session or token can always be ended.
 *
 * When a commit takes a secret (model/secrets.h) out of its document, no file of the store has it any more when the
 * call returns, as after scrub. If removing it fails, the commit stands all the same, and the store tries again: at
 * later commits, and when it is opened.
 */
#pragma once
#include "base/json.h"

typedef struct FctStore FctStore;

typedef struct {
    char *key;
    guint64 revision;
    json_t *value;
} FctDoc;
void fct_doc_free(FctDoc *doc);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctDoc, fct_doc_free)

/*
 * Before a key: its document cannot be read any more. Whoever finds such a document puts it aside as {"key", "text",
 * "reason", "time_ms"}. A back end does so when it opens; list leaves out what breaks later.
 */
#define FCT_STORE_ASIDE "aside/"

#define FCT_REV_ANY G_MAXUINT64 /* no check */
#define FCT_REV_NONE 0          /* must not exist yet */

/* One write of a transaction. value NULL deletes. */
typedef struct {
    const char *key;
    json_t *value;  /* borrowed */
    guint64 expect; /* revision that the document must have now, FCT_REV_NONE or FCT_REV_ANY */
} FctWrite;

typedef void (*FctStoreChanged)(const char *key, guint64 revision, const json_t *value_or_null, gpointer data);

typedef struct {
    FctDoc *(*get)(FctStore *store, const char *key, GError **error); /* FCT_ERROR_NOT_FOUND */
    /* FctDoc* of every key that begins with @prefix, ascending by key. */
    GPtrArray *(*list)(FctStore *store, const char *prefix, GError **error);
    /* The first @max of these whose keys come after @after, for lists that may be long. Begin with @after = @prefix. */
    GPtrArray *(*list_after)(FctStore *store, const char *prefix, const char *after, guint max, GError **error);
    /* All or nothing. FCT_ERROR_REVISION when an expectation does not hold. */
    gboolean (*commit)(FctStore *store, const FctWrite *writes, gsize n, guint64 *ret_revision, GError **error);
    /* Called after each commit, in commit order, on the committing thread. */
    void (*watch)(FctStore *store, const char *prefix, FctStoreChanged changed, gpointer data);
    /* Afterwards nothing that was changed or deleted before is in any file of the store. Waits for the disk. */
    gboolean (*scrub)(FctStore *store, GError **error);
    void (*free)(FctStore *store);
} FctStoreOps;

struct FctStore {
    const FctStoreOps *ops;
};

static inline void fct_store_free(FctStore *store)
{
    if (store)
        store->ops->free(store);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctStore, fct_store_free)
