/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of a VM's document that do not wait for the end of a task. Not on the thread of HTTP. */
#pragma once
#include "app/domains/vm_docs.h"

/* The VM as it is stored now, with a change made by @edit; tried again when somebody else wrote meanwhile. */
typedef void (*FctVmEdit)(FctVm *vm, gpointer data);
gboolean fct_vm_edit(FctApp *app, const char *id, FctVmEdit edit, gpointer data, GError **error);
/* The VM runs, by whomever: from now on it runs with what its document says. */
void fct_vm_note_run(FctApp *app, const char *id);
/* An FctVmEdit: @run (json_t) is what it runs with. */
void fct_vm_set_run(FctVm *vm, gpointer run);
