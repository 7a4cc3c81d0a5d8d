/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publishes changed VMs to the page: one thread, many VMs at a time. What keeps an idle VM from starting is remembered,
 * so that the list, its counts and the events agree. Thread-safe.
 */
#pragma once
#include "app/vms/act/service.h"

gpointer fct_vms_publisher(gpointer vms);
/*
 * Whoever makes a view of a VM stores here why the VM cannot start. TRUE when that has changed: the page is then told.
 */
gboolean fct_vms_note_view(FctVms *vms, const char *id, const json_t *view);
gboolean fct_vms_is_blocked(FctVms *vms, const char *id);
