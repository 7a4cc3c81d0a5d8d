/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VMs that QEMU has paused because a disk could not be written: what is wrong is asked once and told, and where there
 * was no room the VM goes on by itself as soon as there is some. QEMU writes again what it could not write, so the
 * guest notices nothing but the pause. One that is full again soon is tried less and less often. Thread-safe.
 */
#pragma once
#include "app/shared/context.h"

FctStuck *fct_stuck_new(FctApp *app);
void fct_stuck_start(FctStuck *stuck);
void fct_stuck_stop(FctStuck *stuck);
void fct_stuck_free(FctStuck *stuck);
/* libvirt told of the VM; @info NULL: it is gone. Posts only. */
void fct_stuck_note(FctStuck *stuck, const char *id, const FctVmInfo *info);
/* Why a VM that is paused does not run, for people; "" when somebody paused it, or it is not paused. Free it. */
char *fct_stuck_detail(FctStuck *stuck, const char *id, const FctVmInfo *info);
