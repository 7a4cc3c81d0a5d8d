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
 * User data goes in and is not shown again: "has_user_data" stands for it. Puts what the template has (@old: its
 * present input; NULL) into the new @input, unless that brings its own, takes it away by null, or gives what it stood
 * for. FALSE when it is to be kept and there is none.
 */
gboolean fct_template_keep_user_data(json_t *input, const json_t *old, GError **error);

/*
 * FCT_ERROR_BAD_REQUEST naming the field when @input holds what no template may: a name, a password, a MAC address,
 * another template, or what to do with the VM once it is made.
 */
gboolean fct_template_check(const json_t *input, GError **error);
