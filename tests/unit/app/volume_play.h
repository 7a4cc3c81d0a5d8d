/* SPDX-License-Identifier: Apache-2.0 */
/* The libvirt that test_volumes.c plays, and the tests with it in test_volume_identity.c and test_volume_rest.c. */
#pragma once
#include "fixture.h"
#include "model/volume_record.h"

#define GIB (G_GINT64_CONSTANT(1) << 30)
#define FOREIGN "cb2ae3e4-2f52-4a5e-8a50-3b9bd0e0e9fd"
#define VM "6f1c4d9e-2f0a-4b5e-9a57-0d3c5b1a7e42"

typedef struct {
    GRecMutex lock;
    GHashTable *volumes;  /* "pool:name" → path */
    const char *deaf;     /* the pool that does not answer; NULL */
    const char *garbled;  /* the volume that cannot be read; NULL */
    const char *outside;  /* of every volume; NULL */
    const char *inode;    /* of every volume; NULL: not known */
    const char *only;     /* name of the only volume that this holds for; NULL: all */
    gboolean linked;      /* the same */
    gboolean ploop;       /* the same */
    const char *head;     /* its first bytes; NULL: zeros */
    gsize head_length;    /* length of the bytes; 0: they are a text */
    const char *claim;    /* the file on which another program's volume “overlay” claims to stand; NULL */
    const char *foreign;  /* the disk of a VM that another program defined; NULL */
    gboolean unseen;      /* that VM runs and does not answer, so its disk is not known */
    GString *deleted;     /* paths */
    FctErrorCode fault;   /* error of the next making; 0: it works */
    gboolean half;        /* the failed making leaves a volume all the same */
    gboolean made;        /* a volume was asked for */
    gint64 size;          /* of each volume, bytes */
    guint synced;         /* how often a volume was brought to the disk */
    FctErrorCode lost;    /* error of that; 0: it works */
    gint64 cleared;       /* how many bytes of the device were written, from its beginning */
    int starts;           /* of the VM that another program defined */
    guint connection;     /* as it was counted on */
    void (*during)(void); /* called while a volume is copied; NULL */
    FctDeviceUse use;     /* how the host uses every device */
    gboolean busy;        /* whenever a VM is asked for, libvirt reports another one, too */
    FctVmmChanged changed;
    FctVmmConnection told;
    gpointer data;
} Play;
extern Play play;

void put(const char *id, const char *path);
/* Adds a volume with its record, as if it had been made that way. */
void have(Fixture *f, const char *pool, const char *name, FctRecordState state, const char *path, const char *vm);
void assert_state(Fixture *f, const char *pool, const char *name, int state); /* -1: no record */
void assert_inode(Fixture *f, const char *pool, const char *name, const char *inode);

void test_rest_kept(Fixture *f, gconstpointer data);
void test_rest_of_medium(Fixture *f, gconstpointer data);
void test_rest_broken(Fixture *f, gconstpointer data);
void test_rest_unknown(Fixture *f, gconstpointer data);
void test_rest_gone(Fixture *f, gconstpointer data);
void test_told_later(Fixture *f, gconstpointer data);
void test_look_beside_news(Fixture *f, gconstpointer data);
void test_rest_written(Fixture *f, gconstpointer data);
void test_rest_written_below(Fixture *f, gconstpointer data);
void test_rest_exchanged(Fixture *f, gconstpointer data);
void test_rest_relabelled(Fixture *f, gconstpointer data);
void test_host_uses(Fixture *f, gconstpointer data);
void test_replaced_head(Fixture *f, gconstpointer data);
void test_source_exchanged(Fixture *f, gconstpointer data);
void test_grown_exchanged(Fixture *f, gconstpointer data);
void test_pool_of_others(Fixture *f, gconstpointer data);
void test_on_disk(Fixture *f, gconstpointer data);
void test_pool_place(Fixture *f, gconstpointer data);
void test_spelled(Fixture *f, gconstpointer data);
void test_unclear(Fixture *f, gconstpointer data);
void test_foreign_link(Fixture *f, gconstpointer data);
void test_foreign_unseen(Fixture *f, gconstpointer data);
void test_half_replaced(Fixture *f, gconstpointer data);
void test_copy_replaced(Fixture *f, gconstpointer data);
void test_upload_replaced(Fixture *f, gconstpointer data);
void test_broken_vm(Fixture *f, gconstpointer data);
void test_upload_rebooted(Fixture *f, gconstpointer data);
