/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual machines through libvirt ≥ 9.0 and QEMU. It is the one implementation of port/vmm.h.
 *
 * Every call is bounded by a deadline and runs on a worker thread; of one VM at most one call is under way. A call that
 * passes its deadline is left to end by itself, and until it has, calls to that VM fail at once with FCT_ERROR_TIMEOUT
 * (except destroy): a QEMU that hangs slows nobody else's VM. libvirtd may come and go; the connection is made anew.
 */
#pragma once
#include "port/vmm.h"

typedef struct {
    const char *uri;         /* "qemu:///system" */
    const char *accel;       /* "auto", "kvm", "tcg": what a trial boot told (a KVM that is advertised may not work) */
    const char *why_not_kvm; /* the trial's words when accel is "tcg"; NULL */
    const char *part_device; /* "vfio"; "standin" on a simulated host */
} FctVmmOptions;

/*
 * Does not wait for libvirt: it connects in the background and tells by watch(). FCT_ERROR_BAD_REQUEST for options that
 * are not known. Free with fct_vmm_free; what is under way then is left to end by itself.
 */
FctVmm *fct_vmm_libvirt_new(const FctVmmOptions *options, GError **error);
