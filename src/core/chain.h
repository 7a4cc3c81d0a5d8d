/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a VM's disks and its snapshots (ADR 5). A snapshot is a node: the files that it froze, one for each
 * disk. What the VM writes to now is the current node: overlays on files of its parent, and disks that were added
 * since. This module decides what a snapshot freezes, what a revert throws away, and what is merged into what when a
 * snapshot is deleted. Pure.
 *
 * A deleted snapshot is a hidden node, whose files go one by one: the only file that stands on such a file (the top) is
 * committed into it, and whoever had the top has this file instead. While two files stand on it, it is kept. One file
 * may stand on the top: QEMU rewrites its backing file in the same job. It cannot do so for two, so then the file is
 * kept as well. The top stays until the job has ended, so a job that breaks off changes nothing that the VM or a
 * visible snapshot can read: only files of hidden nodes are written to.
 */
#pragma once
#include "model/storage.h"

typedef struct {
    char *target; /* "vda" */
    char *pool, *volume, *path;
    char *format;     /* "qcow2", "raw" */
    char *backing;    /* path of the file that it stands on; "" when that is no snapshot's */
    gboolean made;    /* made for the VM: deleted when nobody needs it; all new files are */
    GPtrArray *below; /* FctLayer*: all that it stands on, for opening it; NULL until filled in */
} FctChainFile;

typedef struct {
    char *id;         /* of the snapshot; "" is the current node */
    char *parent;     /* "" for the first */
    gboolean hidden;  /* deleted; the node is there until its files are merged */
    GPtrArray *files; /* FctChainFile* */
} FctChainNode;

typedef struct {
    GPtrArray *nodes; /* FctChainNode*, snapshots */
    FctChainNode *current;
} FctChain;

typedef enum {
    FCT_CHAIN_DROP,   /* nobody stands on the file: it is deleted */
    FCT_CHAIN_COMMIT, /* @top is committed into @base */
    FCT_CHAIN_FORGET, /* the hidden node has no files left: it goes */
} FctChainStepKind;

/* One change of the files. Its strings and files belong to the chain from which it was made. */
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

FctChainNode *fct_chain_node(const FctChain *chain, const char *id); /* NULL: unknown. "": the current one */
FctChainFile *fct_chain_node_file(const FctChainNode *node, const char *target);
/* The file at @path, of any node; NULL. */
const FctChainFile *fct_chain_find(const FctChain *chain, const char *path);
/* Files of snapshots only (FctChainFile* of the chain): what a deleted VM leaves besides its own disks. */
GPtrArray *fct_chain_frozen(const FctChain *chain);
/* Whether an overlay stands on a snapshot's file. */
gboolean fct_chain_is_overlay(const FctChain *chain, const FctChainFile *file);
/* The lowest file below @file: the disk as it was attached or made. */
const FctChainFile *fct_chain_root(const FctChain *chain, const FctChainFile *file);

/*
 * Takes a snapshot: the current files become those of node @id, and @overlays (FctChainFile*, one for each file,
 * copied) stand on them.
 */
void fct_chain_freeze(FctChain *chain, const char *id, const GPtrArray *overlays);

/*
 * What a revert does with the present disks (FctChainFile* of the chain). Disks that stand on a snapshot's file are
 * thrown away. The others were added after all snapshots and nothing else has their content: they are detached and
 * kept.
 */
void fct_chain_leaving(const FctChain *chain, GPtrArray *ret_thrown, GPtrArray *ret_kept);
/* Reverts: the current node becomes @overlays (one for each file of @id, copied), which stand on the files of @id. */
void fct_chain_revert(FctChain *chain, const char *id, const GPtrArray *overlays);

/* Hides the snapshot; its files may be merged. */
void fct_chain_hide(FctChain *chain, const char *id);
/* The next change that is due; FALSE: none. Gives the same answer until fct_chain_apply. */
gboolean fct_chain_next(const FctChain *chain, FctChainStep *ret);
/*
 * Notes that @step was done. *ret_garbage: the file that nobody refers to any more; NULL: none. Nothing in @step may be
 * used afterwards.
 */
void fct_chain_apply(FctChain *chain, const FctChainStep *step, FctChainFile **ret_garbage);
