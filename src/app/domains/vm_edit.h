/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of a VM's document that are made beside whatever task runs on the VM. They wait for the disk: not on the
 * thread that serves HTTP.
 */
#pragma once
#include "app/domains/vm_docs.h"

/*
 * Loads the VM as it is stored now, lets @edit change it and stores it; tries again when somebody else wrote it
 * meanwhile.
 */
typedef void (*FctVmEdit)(FctVm *vm, gpointer data);
gboolean fct_vm_edit(FctApp *app, const char *id, FctVmEdit edit, gpointer data, GError **error);
/* The VM was started, by whomever: notes in its document that this run uses the present settings. */
void fct_vm_note_run(FctApp *app, const char *id);
/* An FctVmEdit: @run (json_t) is what it runs with. */
void fct_vm_set_run(FctVm *vm, gpointer run);
