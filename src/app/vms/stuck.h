/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VMs that QEMU has paused because a disk could not be written. What is wrong is found out once and told, and when the
 * reason was a lack of room the VM goes on by itself as soon as there is room. QEMU then repeats the write, so the
 * guest notices only the pause. A VM that is full again soon is tried less and less often. Thread-safe.
 */
#pragma once
#include "app/shared/context.h"

FctStuck *fct_stuck_new(FctApp *app);
void fct_stuck_start(FctStuck *stuck);
void fct_stuck_stop(FctStuck *stuck);
void fct_stuck_free(FctStuck *stuck);
/* libvirt sent an event about the VM; @info NULL: it is gone. Only posts. */
void fct_stuck_note(FctStuck *stuck, const char *id, const FctVmInfo *info);
/* Why a paused VM does not run, for people; "" when a person paused it, or it is not paused. Free it. */
char *fct_stuck_detail(FctStuck *stuck, const char *id, const FctVmInfo *info);
