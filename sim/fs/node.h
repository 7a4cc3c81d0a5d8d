/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The tree that the simulated host shows as sys/, proc/ and dev/: directories, links and files in memory, whose text is
 * either fixed or made by a function when it is read, and whose writes run a function that answers with an errno.
 *
 * Ownership: a directory owns its children; fsim_node_ref() keeps a node over its removal (an open file, an inode that
 * the kernel still knows). A removed node stays valid memory but is `dead`: reading it gives ENODEV, as in sysfs.
 * Threading: none. The whole file system runs in one thread; operations that have to block are parked by server.c.
 */
#include <glib.h>
#include <sys/stat.h>

typedef struct FsimNode FsimNode;

/* Returned by a write function that cannot go on yet: the caller stays blocked and the write is tried again when
 * something in the tree changed (fsim_server_kick). */
#define FSIM_WAIT (-1)

typedef enum { FSIM_DIR, FSIM_FILE, FSIM_LINK } FsimNodeKind;

typedef struct {
    /* Appends the text of the file; 0 or an errno. */
    int (*read)(FsimNode *node, GString *out);
    /* One write(2) as it came; 0, an errno or FSIM_WAIT. `text` ends with a NUL beyond `len`. */
    int (*write)(FsimNode *node, const char *text, gsize len, goffset offset);
    int (*open)(FsimNode *node, int flags);
    void (*release)(FsimNode *node);
    /* For directories and links whose content lies elsewhere (numeric directories of /proc). `find` returns a new
     * node that is not kept among the children, or NULL; `list` adds names beside the children. */
    FsimNode *(*find)(FsimNode *dir, const char *name);
    void (*list)(FsimNode *dir, GPtrArray *names);
    char *(*target)(FsimNode *link);
} FsimNodeOps;

struct FsimNode {
    FsimNodeKind kind;
    mode_t mode;
    guint64 ino;
    goffset size; /* what stat shows; sysfs says 4096 for an attribute */
    char *name;
    FsimNode *parent; /* NULL for the root and for dead nodes; `find` results keep a reference to theirs */
    gboolean owns_parent;
    gboolean dead;
    gboolean lasting; /* exists as long as the tree, also after a reboot: its name may be cached */
    guint opens;
    GHashTable *children; /* name -> node */
    char *text;           /* fixed content, or the target of a link */
    const FsimNodeOps *ops;
    gpointer owner; /* what the functions of `ops` work on; not owned */
    int arg;        /* tells apart several files that share functions */
    gatomicrefcount refs;
};

FsimNode *fsim_node_new_root(void);
FsimNode *fsim_node_ref(FsimNode *node);
void fsim_node_unref(FsimNode *node);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FsimNode, fsim_node_unref)

/* Makes a node that `find` returns: bound to its directory, but not listed there. */
FsimNode *fsim_node_new_loose(FsimNode *dir, FsimNodeKind kind, const char *name);

/* The functions below return a node that its directory owns. `path` may have several parts: missing directories are
 * made. A name that exists already is replaced, but a directory is kept. */
FsimNode *fsim_dir(FsimNode *dir, const char *path);
FsimNode *fsim_text(FsimNode *dir, const char *path, const char *format, ...) G_GNUC_PRINTF(3, 4);
FsimNode *fsim_file(FsimNode *dir, const char *path, mode_t mode, const FsimNodeOps *ops, gpointer owner, int arg);
/* A relative link from `dir`/`path` to `target`, as sysfs makes them. */
FsimNode *fsim_link(FsimNode *dir, const char *path, const FsimNode *target);
FsimNode *fsim_link_text(FsimNode *dir, const char *path, const char *target);

/* Looks `path` up below `dir` (children only); NULL if it is not there. */
FsimNode *fsim_node_get(FsimNode *dir, const char *path);
void fsim_node_remove(FsimNode *node);
/* Removes `path` below `dir` if it exists. */
void fsim_node_drop(FsimNode *dir, const char *path);
/* Marks a node and everything below it as lasting. */
void fsim_node_keep(FsimNode *node);
/* Removes everything below a directory that is not lasting. */
void fsim_node_clear(FsimNode *dir);
/* "/sys/devices/…", as seen from the root of the tree. */
char *fsim_node_path(const FsimNode *node);
