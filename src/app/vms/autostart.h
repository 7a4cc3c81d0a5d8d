/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VMs that start with the host: once a boot, when libvirt answers and the cards have their layouts again (or cannot),
 * one after the other in their order, as one task "vm.autostart". What is left of it is stored ("autostart/boot"), so
 * that facetd that died in the middle goes on, and one that is restarted later in the same boot starts nothing.
 */
#pragma once
#include "app/shared/context.h"

FctAutostarter *fct_autostarter_new(FctApp *app);
/* Before the VMs' service and the observer start, and before fct_tasks_recover: it claims the tasks "vm.autostart". */
void fct_autostarter_start(FctAutostarter *starter);
void fct_autostarter_stop(FctAutostarter *starter); /* waits for the thread; its task ends with the tasks */
void fct_autostarter_free(FctAutostarter *starter);
