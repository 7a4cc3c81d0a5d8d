/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM as Facet keeps it: what was asked for. Its present state is known to libvirt and the holds. Plain data: one
 * thread at a time may use and change it. No string is NULL.
 */
#pragma once
#include "model/first_boot.h"
#include "model/image.h"
#include "model/part.h"

#define FCT_AUTOSTART_ORDER 100 /* of a VM that was given none */
#define FCT_AUTOSTART_ORDER_MAX 999
#define FCT_AUTOSTART_DELAY_MAX 3600

/* A network interface of a VM. */
typedef struct {
    char *network; /* name of a libvirt network */
    char *mac;
    char *model; /* "virtio", "e1000e" */
} FctVmNic;

/* A drive of a VM. */
typedef struct {
    char *target;       /* "vda", "sda": stable for its life */
    char *pool;         /* "" when it is no volume of a pool */
    char *volume;       /* name in the pool; "" */
    char *path;         /* file, or block device below /dev; "" for a drive without a medium */
    char *format;       /* "qcow2", "raw" */
    char *bus;          /* "virtio", "sata" */
    char *file;         /* of a cdrom: id in the file library; "" */
    int size_gib;       /* as asked; 0 unknown */
    gboolean cdrom;     /* its medium can be changed */
    gboolean read_only; /* cdroms always are */
    gboolean made;      /* made for this VM: deleted with it unless kept */
    gboolean seed;      /* first-boot data: not shown as a disk */
    gboolean leaving;   /* the run still has it, the next one will not; it is deleted then if `made` */
    GPtrArray *below;   /* FctLayer*: all that it stands on by Facet's record; NULL or empty: nothing */
} FctVmDisk;

/* Whether it starts with the host. */
typedef struct {
    gboolean enabled;
    int order;   /* lower is earlier */
    int delay_s; /* before the next one */
} FctVmAutostart;

typedef struct {
    char *id; /* the domain's UUID */
    char *name, *description;
    char *image;    /* id of the image it was made from; "" */
    char *template; /* id of the template it was made from; "" */
    char *os;       /* "linux", "windows", "other" */
    int vcpus;
    gint64 memory_mib;
    gboolean uefi, tpm, agent;
    char *nvram;         /* as in FctVmSpec */
    json_t *origin;      /* of an adopted VM: what it brought along that has no setting; NULL. See vm_origin.c */
    GStrv boot;          /* "disk", "cdrom", "network", as in FctVmSpec */
    GPtrArray *disks;    /* FctVmDisk*: all drives, cdroms and first-boot data too */
    GPtrArray *devices;  /* FctDevice* */
    GPtrArray *nics;     /* FctVmNic* */
    json_t *first_boot;  /* what was asked of cloud-init or Windows, without plain passwords; NULL */
    FctFirstBoot *asked; /* the same with its secrets, until the volume is made; never stored; NULL */
    FctVmAutostart autostart;
    char *state;   /* "creating", "ready", "deleting" */
    char *making;  /* target of the disk whose volume is being made; "" */
    GStrv keep;    /* while the VM is being deleted: targets of the disks that stay */
    json_t *chain; /* its place among its snapshots (state/tree.c); NULL: it never had one */
    json_t *run;   /* settings with which it was last started, of fct_vm_run_json; NULL: never */
    gint64 created_ms;
    guint64 revision;
} FctVm;

FctVmNic *fct_vm_nic_new(const char *network, const char *mac); /* model "virtio" */
FctVmNic *fct_vm_nic_copy(const FctVmNic *nic);
void fct_vm_nic_free(FctVmNic *nic);
FctVmDisk *fct_vm_disk_new(void); /* every string "" */
FctVmDisk *fct_vm_disk_copy(const FctVmDisk *disk);
void fct_vm_disk_free(FctVmDisk *disk);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctVmDisk, fct_vm_disk_free)

FctVm *fct_vm_new(void); /* empty, its lists too */
void fct_vm_free(FctVm *vm);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctVm, fct_vm_free)
/* The drive called @target; NULL. Belongs to the VM. */
FctVmDisk *fct_vm_find_disk(const FctVm *vm, const char *target);
/* The disk with which the VM was made; NULL: none. Belongs to the VM. */
FctVmDisk *fct_vm_first_disk(const FctVm *vm);
/* For NICs unless another is wished: a Windows that was not prepared for virtio has no driver for it. */
const char *fct_vm_default_nic_model(const FctVm *vm);

/* As documents keep it, without revision and without secrets. */
json_t *fct_vm_to_json(const FctVm *vm);
/* FCT_ERROR_BAD_REQUEST names a member of the wrong type. Documents of older versions are read as well. */
FctVm *fct_vm_from_json(const json_t *json, GError **error);
/* A drive as documents keep it, also those of snapshots. */
json_t *fct_vm_disk_to_json(const FctVmDisk *disk);

/* ---- vm_input.c: what people send; FCT_ERROR_BAD_REQUEST names the field ---- */
/*
 * Reads a VmInput of the contract, which may be merged with a template. The VM has no id yet, and a NIC without a
 * wished MAC address has none ("").
 */
FctVm *fct_vm_from_input(const json_t *input, GError **error);
/* Fills in what the image asks for and the request left open, and checks the rest against the image. */
gboolean fct_vm_fit_image(FctVm *vm, const FctImage *image, GError **error);
/* Applies a VmPatch; after a failure nothing is changed. New NICs as in fct_vm_from_input. */
gboolean fct_vm_patch(FctVm *vm, const json_t *patch, GError **error);

/* ---- vm_input_disks.c ---- */
/* The drives of a VmInput: of its source, further disks, cdroms. */
gboolean fct_vm_read_drives(FctVm *vm, const json_t *input, GError **error);
/* A further disk of @vm, to be added to its list: {pool?, size_gib, bus?} or {volume: {pool, name}, bus?}. */
FctVmDisk *fct_vm_read_disk(const FctVm *vm, const json_t *json, GError **error);
/*
 * Replaces its CD drives: [{target?, file?}]. Drives that are named by target stay; when none is named, the first ones
 * do. A drive that stays and names no file keeps its medium if it is named or its medium is not of the library.
 * First-boot data is left alone.
 */
gboolean fct_vm_read_cdroms(FctVm *vm, const json_t *list, GError **error);
