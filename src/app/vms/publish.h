/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page is told of changed VMs by one thread, many at a time. What keeps an idle VM from starting is known once for
 * all: the list, its counts and the events tell the same. Thread-safe.
 */
#pragma once
#include "app/vms/act/service.h"

gpointer fct_vms_publisher(gpointer vms);
/* Whoever makes a VM's view notes here what it found; TRUE when that is news, which the page is then told. */
gboolean fct_vms_note_view(FctVms *vms, const char *id, const json_t *view);
gboolean fct_vms_is_blocked(FctVms *vms, const char *id);
