/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publishes changed VMs to the page: one thread, many VMs at a time. What keeps an idle VM from starting is remembered,
 * so that the list, its counts and the events agree. Thread-safe.
 */
#pragma once
#include "app/shared/context.h"

/* app->vm_publisher. Start and stop (which waits for the thread) are for vms.c. */
FctVmPublisher *fct_vm_publisher_new(FctApp *app);
void fct_vm_publisher_start(FctVmPublisher *publisher);
void fct_vm_publisher_stop(FctVmPublisher *publisher);
void fct_vm_publisher_free(FctVmPublisher *publisher);
/*
 * Whoever makes a view of a VM stores here why the VM cannot start. TRUE when that has changed: the page is then told.
 */
gboolean fct_vms_note_view(FctApp *app, const char *id, const json_t *view);
gboolean fct_vms_is_blocked(FctApp *app, const char *id);
