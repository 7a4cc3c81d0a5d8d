/* SPDX-License-Identifier: Apache-2.0 */
/* VMs of ours in the store ("vm/<id>"), and what libvirt is given of them. Waits for the disk where there is a store.
 */
#pragma once
#include "app/shared/context.h"
#include "model/vm.h"

json_t *fct_vm_to_doc(const FctVm *vm);
FctVm *fct_vm_from_doc(const FctDoc *doc, GError **error);
/* FCT_ERROR_NOT_FOUND. */
FctVm *fct_vm_load(FctStore *store, const char *id, GError **error);
GPtrArray *fct_vm_load_all(FctStore *store, GError **error); /* FctVm*: all that can be read */
/* A new VM gets its id and the time; each NIC that has no MAC address gets one. */
void fct_vm_make_ids(FctVm *vm);
char *fct_vm_new_mac(void);              /* a chance one of 52:54:00 */
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
