/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual machines through libvirt ≥ 9.0 and QEMU: the one implementation of port/vmm.h.
 *
 * Every call is bounded by a deadline and runs on a worker thread; at most one call is under way for each VM. A call
 * that passes its deadline is left to end by itself; until then calls to that VM fail at once with FCT_ERROR_TIMEOUT
 * (except destroy), so a QEMU that hangs slows nobody else's VM. libvirtd may come and go; the connection is made
 * again.
 */
#pragma once
#include "port/vmm.h"

typedef struct {
    const char *uri;         /* "qemu:///system" */
    const char *accel;       /* "auto", "kvm", "tcg": the result of a trial boot (a KVM may be advertised in vain) */
    const char *why_not_kvm; /* the trial's message when accel is "tcg"; NULL */
    const char *part_device; /* "vfio"; "standin" on a simulated host */
} FctVmmOptions;

/*
 * Does not wait for libvirt: it connects in the background and calls the watcher. FCT_ERROR_BAD_REQUEST for unknown
 * options. Free with fct_vmm_free; calls under way are left to end by themselves.
 */
FctVmm *fct_vmm_libvirt_new(const FctVmmOptions *options, GError **error);
