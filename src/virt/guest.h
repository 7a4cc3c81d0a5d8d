/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest agent said, as libvirt hands it on. The guest may be hostile: everything is bounded and checked. Pure.
 */
#pragma once
#include "base/json.h"

#include <libvirt/libvirt.h>

/*
 * The object of FctVmmOps.guest, from the parameters of virDomainGetGuestInfo. Missing values are null; lists have at
 * most 64 entries with 64 addresses each, texts at most 256 bytes of UTF-8 without control characters.
 */
json_t *fct_guest_read(virTypedParameterPtr params, int n);
