/* SPDX-License-Identifier: Apache-2.0 */
/* What a run of a VM has against what was asked for since. */
#pragma once
#include "model/vm.h"

/* What a start uses, as JSON: to be compared with what is wanted later. */
json_t *fct_vm_run_json(const FctVm *vm);
/*
 * Sentences: what differs between the present run and what was asked for since. @name_of: a resource group's name;
 * NULL: its id.
 */
typedef const char *(*FctVmGroupName)(gconstpointer data, const char *group);
json_t *fct_vm_pending(const FctVm *vm, FctVmGroupName name_of, gconstpointer data);
