/* SPDX-License-Identifier: Apache-2.0 */
/* What the client asks of a guest's first boot. */
#pragma once
#include "cli/vm.h"

/*
 * Puts "cloud_init" into @body when an option of “vm create” asked for something of it. FALSE: *ret_status is the exit
 * status.
 */
gboolean fct_boot_options_put(const FctArgs *args, json_t *body, int *ret_status);
