/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a VM's disks and its snapshots (ADR 5). A snapshot is a node: the files that it froze, one a disk. What
 * the VM writes to now is the current node: overlays that stand on files of its parent, and disks that were added
 * since. Here is decided what a snapshot freezes, what a revert throws away, and what merges into what when a snapshot
 * goes.
 *
 * A deleted snapshot is a hidden node, whose files go one by one: the one file that stands on such a file (the top) is
 * committed into it, and whoever had the top has this file instead. While two stand on it, it is kept. On the top one
 * file may stand, whose backing QEMU rewrites in the same job; it cannot do so for two, so then it is kept as well.
 * The top stays until the job has ended, so a job that breaks off changes nothing that the VM or a snapshot that is
 * shown can read: only files of hidden nodes are written to.
 */
#pragma once
#include "model/storage.h"

typedef struct {
    char *target; /* "vda" */
    char *pool, *volume, *path;
    char *format;     /* "qcow2", "raw" */
    char *backing;    /* path of the file that it stands on; "" when of no snapshot's */
    gboolean made;    /* for the VM: it goes when nobody needs it; new ones are */
    GPtrArray *below; /* FctLayer*: all that it stands on, for whoever opens it; NULL until asked for */
} FctChainFile;

typedef struct {
    char *id;         /* of the snapshot; "" is the current node */
    char *parent;     /* "" for the first */
    gboolean hidden;  /* deleted; there only until its files are merged */
    GPtrArray *files; /* FctChainFile* */
} FctChainNode;

typedef struct {
    GPtrArray *nodes; /* FctChainNode*, snapshots */
    FctChainNode *current;
} FctChain;

typedef enum {
    FCT_CHAIN_DROP,   /* nobody stands on the file: it goes */
    FCT_CHAIN_COMMIT, /* @top is committed into @base */
    FCT_CHAIN_FORGET, /* the hidden node has no files left */
} FctChainStepKind;

/* One change of the files. Strings of files belong to the chain that it was made from. */
typedef struct {
    FctChainStepKind kind;
    const FctChainNode *node;        /* the hidden one */
    const FctChainFile *base;        /* its file; NULL for FORGET */
    const FctChainFile *top, *above; /* COMMIT: what is merged into it, and what stands on that (NULL: nothing) */
    gboolean live;                   /* the VM reads these files: while it runs only its own QEMU may write them */
} FctChainStep;

FctChainFile *fct_chain_file_new(const char *target, const char *pool, const char *volume, const char *path,
                                 const char *format, const char *backing);
FctChainFile *fct_chain_file_copy(const FctChainFile *file);
void fct_chain_file_free(FctChainFile *file);
/* An empty current node. */
FctChain *fct_chain_new(void);
void fct_chain_free(FctChain *chain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctChain, fct_chain_free)
FctChainNode *fct_chain_add(FctChain *chain, const char *id, const char *parent, gboolean hidden);

FctChainNode *fct_chain_node(const FctChain *chain, const char *id); /* NULL: unknown. "" is the current one */
FctChainFile *fct_chain_node_file(const FctChainNode *node, const char *target);
/* The file of any node at @path; NULL. */
const FctChainFile *fct_chain_find(const FctChain *chain, const char *path);
/* Files of snapshots alone, FctChainFile* of the chain: what else than its own disks a deleted VM leaves. */
GPtrArray *fct_chain_frozen(const FctChain *chain);
/* Whether an overlay stands on a snapshot's file. */
gboolean fct_chain_is_overlay(const FctChain *chain, const FctChainFile *file);
/* The file at the bottom of what @file stands on: the disk as it was attached or made. */
const FctChainFile *fct_chain_root(const FctChain *chain, const FctChainFile *file);

/* The current files become those of snapshot @id; @overlays (FctChainFile*, one a file, copied) stand on them. */
void fct_chain_freeze(FctChain *chain, const char *id, const GPtrArray *overlays);

/*
 * What a revert does with the present disks (FctChainFile* of the chain): thrown away are those that stand on a
 * snapshot's file; the others were added after all snapshots, nothing else has their content: these are detached and
 * kept.
 */
void fct_chain_leaving(const FctChain *chain, GPtrArray *ret_thrown, GPtrArray *ret_kept);
/* The current node becomes @overlays (one for each file of @id, copied), which stand on the files of @id. */
void fct_chain_revert(FctChain *chain, const char *id, const GPtrArray *overlays);

/* The snapshot is shown no more, and its files may be merged. */
void fct_chain_hide(FctChain *chain, const char *id);
/* The next change that is due; FALSE when there is none. The same answer until fct_chain_apply. */
gboolean fct_chain_next(const FctChain *chain, FctChainStep *ret);
/*
 * @step was done: the chain as it is now. @ret_garbage: the file that nobody refers to any more; NULL when there is
 * none. Nothing in @step may be used afterwards.
 */
void fct_chain_apply(FctChain *chain, const FctChainStep *step, FctChainFile **ret_garbage);
