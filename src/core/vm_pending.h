/* SPDX-License-Identifier: Apache-2.0 */
/* How a run of a VM differs from what was asked for since. Pure. */
#pragma once
#include "model/vm.h"

/* The settings that a start uses, as JSON, to be compared with the wanted ones later. */
json_t *fct_vm_run_json(const FctVm *vm);
/*
 * Sentences about each difference between the present run and what is wanted now. @name_of: name of a resource group;
 * NULL: its id.
 */
typedef const char *(*FctVmGroupName)(gconstpointer data, const char *group);
json_t *fct_vm_pending(const FctVm *vm, FctVmGroupName name_of, gconstpointer data);
