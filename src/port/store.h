/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Port: durable state as keys with revisions: "kind/id" → JSON document. Back ends: SQLite (WAL, synchronous=FULL) now,
 * etcd when there are several nodes, memory in tests; one contract suite runs against each.
 *
 * A commit is durable when the call returns. Revisions are per store and strictly rising; a document's revision is that
 * of the commit that last wrote it. Thread-safe; calls may wait for a disk flush, so not on the thread that serves
 * HTTP. A full disk gives FCT_ERROR_NO_SPACE and changes nothing; but for what only deletes room is kept, so that what
 * is taken away (a session, a token) is away.
 *
 * A secret (model/secrets.h) that a commit takes out of its document is in no file of the store when the call returns,
 * as after scrub. Where that fails, the commit stands all the same, and the store tries again: at later commits, and
 * when it is opened.
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
 * Before a key: what stood there cannot be read any more. Whoever finds it puts it aside: {"key", "text", "reason",
 * "time_ms"}. A back end does so when it opens; list leaves out what breaks later.
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
    /* Ascending by key: every key that begins with @prefix. FctDoc*. */
    GPtrArray *(*list)(FctStore *store, const char *prefix, GError **error);
    /* Of these, the first @max whose keys come after @after: for what may be many. To begin, @after is @prefix. */
    GPtrArray *(*list_after)(FctStore *store, const char *prefix, const char *after, guint max, GError **error);
    /* All or nothing. FCT_ERROR_REVISION when an expectation does not hold. */
    gboolean (*commit)(FctStore *store, const FctWrite *writes, gsize n, guint64 *ret_revision, GError **error);
    /* Called after each commit, in commit order, on the committing thread. */
    void (*watch)(FctStore *store, const char *prefix, FctStoreChanged changed, gpointer data);
    /* What was changed or deleted until now is in no file of the store any more: for who must know. Waits for the disk.
     */
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
