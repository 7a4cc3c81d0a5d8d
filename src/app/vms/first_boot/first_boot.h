/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a VM is told at its first boot: kept in its document without plain passwords, given to the guest on a small ISO,
 * which is a volume and a drive of the VM (`seed`). Calls that make or delete the volume wait for libvirt.
 */
#pragma once
#include "app/shared/context.h"
#include "app/shared/writes.h"

/*
 * Takes "cloud_init" or "windows" of @input, a VmInput or VmPatch: a new instance of cloud-init. JSON null takes what
 * there was away; without either member nothing changes. FCT_ERROR_BAD_REQUEST names the field. No volume is touched.
 */
gboolean fct_vm_first_boot_read(FctVm *vm, const json_t *input, GError **error);
/* Stores the document, which names the volume that is made next. */
typedef gboolean (*FctVmAnnounce)(FctVm *vm, gpointer data, GError **error);
/*
 * Makes the volume that the VM asks for, and its drive says where it is; a VM that asks for none loses its drive. The
 * caller stores the document, and then drops the volume that it had before: *ret_old is that drive, or NULL. No volume
 * is left on failure. @announce may be NULL.
 */
gboolean fct_vm_first_boot_write(FctApp *app, FctVm *vm, FctVmAnnounce announce, gpointer data, FctVmDisk **ret_old,
                                 GError **error);
/* Afterwards: deletes the volume of @old, or, when the document was not @stored, the new one. Takes @old over. */
void fct_vm_first_boot_settle(FctApp *app, const FctVm *vm, FctVmDisk *old, gboolean stored);
/*
 * For a copy of a VM, before fct_vm_first_boot_write: cloud-init is to do its work once more, with the copy's own name
 * and NICs. An installed Windows needs no answers.
 */
void fct_vm_first_boot_renew(FctVm *vm);
/*
 * For a VM that goes back to what it was: first-boot data is made anew with each change of it, and what there was
 * before is gone, so the drive of @before, as the VM is now, stays. Where then another drive had its target it gets a
 * free one.
 */
void fct_vm_first_boot_keep(FctVm *vm, const FctVm *before);
/* Warnings for preflight (FctVerdict*): Windows' Setup would not see a disk without a driver. */
void fct_vm_first_boot_check(const FctVm *vm, GPtrArray *verdicts);
/* What first-boot data calls the guest. Free it. */
char *fct_vm_host_name(const FctVm *vm);
/* The members "cloud_init", "windows" and "host_name" of a Vm. */
void fct_vm_first_boot_view(const FctVm *vm, json_t *view);
/* The medium with what is in @boot. */
GBytes *fct_vm_first_boot_iso(FctApp *app, const FctVm *vm, const FctFirstBoot *boot, GError **error);

/* ---- first_boot/spent.c: who may read the medium, and when its secrets leave it ---- */
/*
 * Looks whether the guest has had its data, and takes the secrets off the medium and out of the document then.
 * @answered: its agent has just spoken. Waits for libvirt and the disk.
 */
void fct_vm_first_boot_look(FctApp *app, const char *id, gboolean answered);
/*
 * What a guest gets that starts for the first time, once more, from what the disks of the VM were: a sentence when its
 * medium lacks the password or user data that it had, else NULL.
 */
const char *fct_vm_first_boot_lacks(const FctVm *vm);
/* What went by while nobody looked. */
void fct_vm_first_boot_look_at_all(FctApp *app);
/*
 * The VM is to be managed no longer: what it has had is taken off the medium. What it has not had stays on it, and
 * @writes note that the volume is a medium, which nobody reads.
 */
gboolean fct_vm_first_boot_let_go(FctApp *app, const FctVm *vm, FctWrites *writes, GError **error);
