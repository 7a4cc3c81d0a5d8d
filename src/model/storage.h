/* SPDX-License-Identifier: Apache-2.0 */
/* Storage pools and volumes: what is asked for, checked, and what libvirt has. Sizes are bytes; -1 is unknown. Pure. */
#pragma once
#include "base/json.h"

#define FCT_POOL_OWN "facet" /* the pool that facetd keeps */

typedef struct {
    char *name;   /* its id too: libvirt's pool names are unique and never change */
    char *kind;   /* libvirt's type: "dir", "netfs", "logical", … */
    char *path;   /* where its volumes are; "" when they are no files or devices */
    char *real;   /* of a folder that runs: the path without symbolic links; "" */
    char *source; /* for people: "nas:/export", "vg0"; "" */
    gboolean ours, active, autostart;
    gint64 capacity, allocated, available;
    int volumes; /* -1 unknown */
} FctPool;

typedef struct {
    char *name;
    char *kind;         /* "dir", "nfs", "lvm" */
    char *path;         /* dir: the folder; nfs: where it is mounted ("": the caller chooses); lvm: "" */
    char *host;         /* nfs */
    char *export;       /* nfs: "/export/vms" */
    char *volume_group; /* lvm */
    char *confirm;      /* its path or volume group typed once more, by people who know what is in it; "" */
} FctPoolInput;

/* How this host itself uses a block device. */
typedef enum { FCT_DEVICE_FREE, FCT_DEVICE_MOUNTED, FCT_DEVICE_SWAP, FCT_DEVICE_HELD } FctDeviceUse;

/* One file below a disk, from the top down. */
typedef struct {
    char *path;
    char *format; /* "raw", "qcow2"; for files that are only converted also other formats of QEMU */
} FctLayer;

typedef struct {
    char *pool, *name;
    char *path;                 /* file or device */
    char *format;               /* "qcow2", "raw" by Facet's record; "": no record. Never libvirt's idea of it */
    char *backing;              /* path of the file on which it stands by Facet's record; "" */
    char *claim;                /* path of one that its bytes say it stands on; "". Only ever a reason to refuse */
    gint64 capacity, allocated; /* as a guest sees it; what it takes of the pool */
    gint64 physical;            /* how long a copy of its bytes is */
    char *outside;              /* why nobody may open it: it is no plain file inside of its pool; "" */
    char *inode;     /* identifies the file by inode and birth time: another file of that name differs; "" unknown */
    gboolean linked; /* its file has other names, which may lie outside of the pool */
    gboolean ploop;  /* libvirt takes it for a Parallels disk, and reads it by tools that no host has */
} FctVolume;

FctLayer *fct_layer_new(const char *path, const char *format);
void fct_layer_free(FctLayer *layer);
GPtrArray *fct_layers_new(void);
GPtrArray *fct_layers_copy(const GPtrArray *layers); /* NULL gives NULL */
FctPool *fct_pool_new(void);
void fct_pool_free(FctPool *pool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctPool, fct_pool_free)
FctPoolInput *fct_pool_input_new(void);
void fct_pool_input_free(FctPoolInput *input);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctPoolInput, fct_pool_input_free)
/* Its id: "pool:name", with ":" and "%" of the pool's name escaped. Free it. */
char *fct_volume_id(const char *pool, const char *name);
/* What is below /dev is a block device (a logical volume); everything else that libvirt's pools give is a file. */
gboolean fct_path_is_device(const char *path);
FctVolume *fct_volume_new(void);
void fct_volume_free(FctVolume *volume);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctVolume, fct_volume_free)

/* From a PoolInput of the contract; FCT_ERROR_BAD_REQUEST names the field. */
FctPoolInput *fct_pool_input_read(const json_t *json, GError **error);
/* A plain name: 1 to 100 letters, digits, ".", "_", "-", "+", not beginning with a dot or dash. Names @field. */
gboolean fct_volume_name_check(const char *name, const char *field, GError **error);

/* libvirt's type of a kind that can be asked for, and the reverse for the wire ("dir", "nfs", "lvm", else as it is). */
const char *fct_pool_kind_wire(const FctPool *pool);
/* Whether its volumes are files, and so can be qcow2, stand on one another and be made beside one another. */
gboolean fct_pool_has_files(const FctPool *pool);
/* As in the contract, without what the application adds. */
json_t *fct_pool_to_json(const FctPool *pool);
json_t *fct_volume_to_json(const FctVolume *volume);
