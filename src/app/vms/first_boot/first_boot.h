/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a VM is told at its first boot: kept in its document without plain passwords, and given to the guest on a small
 * ISO, which is a volume and a drive of the VM (`seed`). Calls that make or delete the volume wait for libvirt. Not on
 * the thread that serves HTTP.
 */
#pragma once
#include "app/shared/context.h"
#include "app/shared/writes.h"

/*
 * Reads "cloud_init" or "windows" of @input, a VmInput or VmPatch, as a new instance of cloud-init. JSON null removes
 * what the VM had; without either member nothing changes. FCT_ERROR_BAD_REQUEST names the field. No volume is touched.
 */
gboolean fct_vm_first_boot_read(FctVm *vm, const json_t *input, GError **error);
/* Stores the document that names the volume which is about to be made. */
typedef gboolean (*FctVmAnnounce)(FctVm *vm, gpointer data, GError **error);
/*
 * Makes the volume that the VM asks for and points its drive to it; a VM that asks for none loses its drive. *ret_old
 * is the drive that it had before, or NULL: the caller stores the document and then calls fct_vm_first_boot_drop. After
 * a failure there is no new volume. @announce may be NULL.
 */
gboolean fct_vm_first_boot_write(FctApp *app, FctVm *vm, FctVmAnnounce announce, gpointer data, FctVmDisk **ret_old,
                                 GError **error);
/* Deletes the volume of @old, or, when the document was not @stored, the new one. Takes @old over. */
void fct_vm_first_boot_settle(FctApp *app, const FctVm *vm, FctVmDisk *old, gboolean stored);
/*
 * For a copy of a VM, before fct_vm_first_boot_write: cloud-init will run once more, for the copy's own name and NICs.
 * An installed Windows needs no answers.
 */
void fct_vm_first_boot_renew(FctVm *vm);
/*
 * For a VM that goes back to a snapshot. First-boot data is made anew with each change, and the older medium is
 * deleted; so the VM keeps the drive of @before, its present state. If another drive has that target then, the seed
 * gets an unused one.
 */
void fct_vm_first_boot_keep(FctVm *vm, const FctVm *before);
/* Warnings for preflight (FctVerdict*): Windows' Setup would not see a disk without a driver. */
void fct_vm_first_boot_check(const FctVm *vm, GPtrArray *verdicts);
/* The host name in the first-boot data. Free it. */
char *fct_vm_host_name(const FctVm *vm);
/* The members "cloud_init", "windows" and "host_name" of a Vm. */
void fct_vm_first_boot_view(const FctVm *vm, json_t *view);
/* Makes the medium for @boot. */
GBytes *fct_vm_first_boot_iso(FctApp *app, const FctVm *vm, const FctFirstBoot *boot, GError **error);

/* ---- first_boot/spent.c: who may read the medium, and when its secrets leave it ---- */
/*
 * Checks whether the guest has had its first-boot data; if so, removes the secrets from the medium and from the
 * document. @answered: the guest's agent has just answered. Waits for libvirt and the disk.
 */
void fct_vm_first_boot_expire(FctApp *app, const char *id, gboolean answered);
/*
 * For a guest that will start for the first time once more, from an earlier state of its disks: a sentence when its
 * medium does not have the password or user data any more, else NULL.
 */
const char *fct_vm_first_boot_lacks(const FctVm *vm);
/* The same for all VMs, after a time in which events may have been missed. */
void fct_vm_first_boot_expire_all(FctApp *app);
/*
 * The VM is to be managed no longer: secrets that the guest has had are removed from the medium. Others stay on it, and
 * @writes note that the volume is a medium, which nobody may read.
 */
gboolean fct_vm_first_boot_let_go(FctApp *app, const FctVm *vm, FctWrites *writes, GError **error);
