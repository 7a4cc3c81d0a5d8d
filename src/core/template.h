/* SPDX-License-Identifier: Apache-2.0 */
/* Templates: a VmInput of the contract without what belongs to one VM alone. */
#pragma once
#include "base/json.h"

/*
 * The VmInput that a template gives together with what was asked for. A field that is given stands in place of the
 * template's; of the objects cloud_init, windows and autostart each member does; lists replace. null takes the
 * template's field away. Whoever names a source (image, iso, volume) takes none from the template. New reference.
 */
json_t *fct_template_merge(const json_t *input, const json_t *given);

/*
 * FCT_ERROR_BAD_REQUEST naming the field when @input holds what no template may: a name, a password, a MAC address,
 * another template, or what to do with the VM once it is made.
 */
gboolean fct_template_check(const json_t *input, GError **error);
