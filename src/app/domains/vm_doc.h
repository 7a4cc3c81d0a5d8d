/* SPDX-License-Identifier: Apache-2.0 */
/* A VM of ours as it is stored ("vm/<id>"): what was asked for. How it is now, libvirt and the holds tell. */
#pragma once
#include "app/shared/context.h"
#include "model/first_boot.h"
#include "model/image.h"
#include "model/part.h"

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
    json_t *origin;      /* of an adopted one: what it brought along that has no setting; JSON null. See vm_origin.c */
    GStrv boot;          /* "disk", "cdrom", "network", as in FctVmSpec */
    GPtrArray *disks;    /* FctVmDisk*: all drives, cdroms and first-boot data too */
    GPtrArray *devices;  /* FctDevice* */
    GPtrArray *nics;     /* FctVmNic* */
    json_t *first_boot;  /* what was asked of cloud-init or Windows, without plain passwords; JSON null */
    FctFirstBoot *asked; /* the same with its secrets, until the volume is made; never stored; NULL */
    gboolean autostart;  /* with the host */
    int autostart_order; /* lower is earlier */
    int autostart_delay; /* seconds before the next one */
    char *state;         /* "creating", "ready", "deleting" */
    char *making;        /* target of the disk whose volume is being made; "" */
    GStrv keep;          /* while it is being deleted: targets of the disks that stay */
    json_t *chain;       /* its place among its snapshots, of state/tree.c; JSON null: it never had one */
    json_t *run;         /* what it was last started with, of fct_vm_run_json; JSON null: never */
    gint64 created_ms;
    guint64 revision;
} FctVm;

void fct_vm_free(FctVm *vm);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctVm, fct_vm_free)
FctVm *fct_vm_new(void); /* empty, its lists too */

/* ---- vm_input.c ---- */
/*
 * From a VmInput of the contract, with what a template gives: FCT_ERROR_BAD_REQUEST names the field. The volumes of its
 * disks are named and made later (disks/disks.c). Pure but for id and MAC addresses.
 */
FctVm *fct_vm_from_input(const json_t *input, GError **error);
/* Fills in what the image asks for and was not said, and checks the rest against it. */
gboolean fct_vm_fit_image(FctVm *vm, const FctImage *image, GError **error);
/* A VmPatch on top; nothing is changed when it fails. */
gboolean fct_vm_patch(FctVm *vm, const json_t *patch, GError **error);

/* ---- vm_doc.c ---- */
json_t *fct_vm_to_doc(const FctVm *vm);
FctVm *fct_vm_from_doc(const FctDoc *doc, GError **error);
/* FCT_ERROR_NOT_FOUND. */
FctVm *fct_vm_load(FctStore *store, const char *id, GError **error);
GPtrArray *fct_vm_load_all(FctStore *store, GError **error); /* FctVm* */
/* A drive as documents keep it, also in those of snapshots. */
json_t *fct_vm_disk_to_json(const FctVmDisk *disk);
/* The drive called @target; NULL. Belongs to the VM. */
FctVmDisk *fct_vm_find_disk(const FctVm *vm, const char *target);
/* The one that the VM was made with; NULL when it has none. Belongs to the VM. */
FctVmDisk *fct_vm_first_disk(const FctVm *vm);

char *fct_vm_new_mac(void); /* a chance one of 52:54:00 */
const char *fct_vm_default_nic_model(const FctVm *vm);
char *fct_vm_key(const char *id);        /* "vm/ID" */
char *fct_vm_name_key(const char *name); /* "vm-name/NAME": there so that the store keeps names unique */

FctVmSpec *fct_vm_spec(const FctVm *vm);

/* ---- vm_origin.c ---- */
/* Takes from an adoption what only a definition has; the description too, as far as it can be shown. */
void fct_vm_origin_set(FctVm *vm, const FctVmSpec *adopted);
/* Gives it back to what the VM is generated from. */
void fct_vm_origin_put(const FctVm *vm, FctVmSpec *spec);
/* A copy is another VM: it has the firmware and the key, not what is said of the first. */
void fct_vm_origin_copied(FctVm *vm);
char *fct_vm_origin_key(const char *id); /* "vm-origin/ID": {"xml"}, the definition that it had when it was adopted */

/* ---- vm_pending.c ---- */
/* What a start uses, as JSON: to be compared with what is wanted later. */
json_t *fct_vm_run_json(const FctVm *vm);
/*
 * Sentences: what differs between the present run and what was asked for since. @name_of: a resource group's name;
 * NULL: its id.
 */
typedef const char *(*FctVmGroupName)(gconstpointer data, const char *group);
json_t *fct_vm_pending(const FctVm *vm, FctVmGroupName name_of, gconstpointer data);
