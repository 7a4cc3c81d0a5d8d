/* SPDX-License-Identifier: Apache-2.0 */
/* A VM of ours as it is stored ("vm/<id>"): what was asked for. How it is now, libvirt and the holds tell. */
#pragma once
#include "app/app.h"
#include "app/images.h"
#include "model/part.h"

typedef struct {
    char *id; /* the domain's UUID */
    char *name, *description;
    char *image; /* id of the image it was made from */
    char *disk, *disk_format;
    int vcpus, disk_gib;
    gint64 memory_mib;
    gboolean uefi;
    gboolean keep_disk; /* while it is being deleted */
    GPtrArray *devices; /* FctDevice* */
    GPtrArray *nics;    /* FctVmNic* */
    char *state;        /* "creating", "ready", "deleting" */
    json_t *run;        /* what it was last started with: {"vcpus","memory_mib","devices"}; JSON null: never */
    gint64 created_ms;
    guint64 revision;
} FctVm;

void fct_vm_free(FctVm *vm);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctVm, fct_vm_free)

/* From a VmInput of the contract: FCT_ERROR_BAD_REQUEST names the field. The disk goes to @disks. */
FctVm *fct_vm_from_input(const json_t *input, const FctImage *image, const char *disks, GError **error);
/* A VmPatch on top; nothing is changed when it fails. */
gboolean fct_vm_patch(FctVm *vm, const json_t *patch, GError **error);

json_t *fct_vm_to_doc(const FctVm *vm);
FctVm *fct_vm_from_doc(const FctDoc *doc, GError **error);
/* FCT_ERROR_NOT_FOUND. */
FctVm *fct_vm_load(FctStore *store, const char *id, GError **error);
GPtrArray *fct_vm_load_all(FctStore *store, GError **error); /* FctVm* */

char *fct_vm_new_mac(void);              /* a chance one of 52:54:00 */
char *fct_vm_key(const char *id);        /* "vm/ID" */
char *fct_vm_name_key(const char *name); /* "vm-name/NAME": there so that the store keeps names unique */

/* {"vcpus","memory_mib","devices","nics"}: what a start uses. */
json_t *fct_vm_run_json(const FctVm *vm);
/* Sentences: what differs between the present run and what was asked for since. */
json_t *fct_vm_pending(const FctVm *vm);
FctVmSpec *fct_vm_spec(const FctVm *vm);
