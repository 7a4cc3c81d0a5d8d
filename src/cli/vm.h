/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of VMs, one table for each side of them; and what these share (vm_load.c). */
#pragma once
#include "cli/cli.h"

/* Each ends with words NULL. */
extern const FctVerb fct_vm_create[], fct_vm_edits[], fct_vm_power[], fct_vm_disks[], fct_vm_host[], fct_vm_snapshots[],
    fct_vm_guest[];

/* "/vms/NAME" and @rest; free it. */
char *fct_vm_path(const char *name, const char *rest);
/* A person names a VM by its name; what stands under /vms/{id}/ takes ids. FALSE: *ret_status is the exit status. */
gboolean fct_vm_load(FctCli *cli, const char *name, json_t **ret, int *ret_status);
/* Asks for what the API does as a task, and follows it. The exit status. */
int fct_vm_task(FctCli *cli, const char *method, const char *path, json_t *body, guint64 if_match, gboolean no_wait);
/* vm_disk.c: SIZE[:POOL] or POOL/VOLUME, as the API takes it; NULL when it is neither. */
json_t *fct_vm_parse_disk(const char *text);
/* States the format of a volume that is there; NULL states none. */
void fct_vm_state_format(json_t *disk, const char *format);
