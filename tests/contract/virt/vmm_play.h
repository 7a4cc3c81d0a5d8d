/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of test-vmm share. */
#pragma once
#include "virt/libvirt.h"

extern gboolean qemu; /* there is one behind libvirt */
extern char *folder;
extern FctVmm *vmm;

void await_state(const char *id, int state);
FctVmInfo *find(const char *id);
char *virsh(const char *command);

void test_foreign_volume(void);
void test_merge_ends_between(void);
