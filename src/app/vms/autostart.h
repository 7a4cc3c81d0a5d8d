/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts VMs together with the host: once in each boot, when libvirt answers and the cards have their layouts again (or
 * cannot get them), one VM after the other in their order, as one task "vm.autostart". What is left to do is stored
 * ("autostart/boot"): a facetd that was killed in the middle goes on, and one that is restarted later in the same boot
 * starts nothing.
 */
#pragma once
#include "app/shared/context.h"

FctAutostarter *fct_autostarter_new(FctApp *app);
/*
 * Call it before the VM service and the observer start, and before fct_tasks_recover: it claims the tasks
 * "vm.autostart".
 */
void fct_autostarter_start(FctAutostarter *starter);
void fct_autostarter_stop(FctAutostarter *starter); /* waits for the thread; its task ends with the tasks */
void fct_autostarter_free(FctAutostarter *starter);
