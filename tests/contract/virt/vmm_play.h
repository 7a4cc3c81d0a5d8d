/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of test-vmm. */
#pragma once
#include "virt/libvirt.h"

extern gboolean qemu; /* libvirt has QEMU behind it, and not only its test driver */
extern char *folder;
extern FctVmm *vmm;

void await_state(const char *id, int state);
FctVmInfo *find(const char *id);
char *virsh(const char *command);

void test_foreign_volume(void);
void test_merge_ends_between(void);
