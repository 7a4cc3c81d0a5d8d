/* SPDX-License-Identifier: Apache-2.0 */
/* What the client says of a VM's devices. */
#pragma once
#include "cli/vm.h"

/*
 * GROUP[:COUNT][:optional] each, as the API takes them; GROUP is a resource group's id or its name. NULL: *ret_status
 * is the exit status.
 */
json_t *fct_vm_parse_devices(FctCli *cli, char **texts, int *ret_status);
