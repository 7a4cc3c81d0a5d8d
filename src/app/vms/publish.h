/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page is told of changed VMs by one thread, many at a time. What keeps an idle VM from starting is known once for
 * all: the list, its counts and the events tell the same. Thread-safe.
 */
#pragma once
#include "app/shared/context.h"

/* app->vm_publisher. Start and stop (which waits for the thread) are for vms.c. */
FctVmPublisher *fct_vm_publisher_new(FctApp *app);
void fct_vm_publisher_start(FctVmPublisher *publisher);
void fct_vm_publisher_stop(FctVmPublisher *publisher);
void fct_vm_publisher_free(FctVmPublisher *publisher);
/* Whoever makes a VM's view notes here what it found; TRUE when that is news, which the page is then told. */
gboolean fct_vms_note_view(FctApp *app, const char *id, const json_t *view);
gboolean fct_vms_is_blocked(FctApp *app, const char *id);
