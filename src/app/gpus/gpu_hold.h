/* SPDX-License-Identifier: Apache-2.0 */
/* Letting go of a gpu for other programs (nvidia-smi, a firmware tool), and taking it back. Any thread; waits. */
#pragma once
#include "app/shared/context.h"

/*
 * @hold FALSE lets go: FCT_ERROR_IN_USE names the VMs that hold a part, FCT_ERROR_CONFLICT says that a plan runs on the
 * gpu or that it does not answer. When nothing needs to change it succeeds. Returns the gpu as the API gives it, after
 * the change. @name: any name that people use for a gpu; @user: for the event.
 */
json_t *fct_gpu_hold(FctApp *app, const char *name, gboolean hold, const char *user, GError **error);
