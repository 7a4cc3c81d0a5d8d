/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents of our VMs in the store ("vm/<id>"), and the definition that libvirt is given of them. Functions that take
 * a store wait for the disk.
 */
#pragma once
#include "app/shared/context.h"
#include "model/vm.h"

json_t *fct_vm_to_doc(const FctVm *vm);
FctVm *fct_vm_from_doc(const FctDoc *doc, GError **error);
/* FCT_ERROR_NOT_FOUND. */
FctVm *fct_vm_load(FctStore *store, const char *id, GError **error);
GPtrArray *fct_vm_load_all(FctStore *store, GError **error); /* FctVm*: every document that can be read */
/* A new VM gets its id and the time; each NIC that has no MAC address gets one. */
void fct_vm_make_ids(FctVm *vm);
char *fct_vm_new_mac(void);              /* a random one, from 52:54:00 */
char *fct_vm_key(const char *id);        /* "vm/ID" */
char *fct_vm_name_key(const char *name); /* "vm-name/NAME": exists so that the store keeps names unique */

FctVmSpec *fct_vm_spec(const FctVm *vm);

/* ---- vm_origin.c ---- */
/* Copies from an adoption what a VM's settings cannot express, and its description as far as it can be shown. */
void fct_vm_origin_set(FctVm *vm, const FctVmSpec *adopted);
/* Adds that to the specification from which libvirt's definition is made. */
void fct_vm_origin_put(const FctVm *vm, FctVmSpec *spec);
/* For a clone: it keeps the firmware and its key, but not the identity and notes of the original. */
void fct_vm_origin_copied(FctVm *vm);
char *fct_vm_origin_key(const char *id); /* "vm-origin/ID": {"xml"}, the VM's definition when it was adopted */
