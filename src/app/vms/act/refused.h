/* SPDX-License-Identifier: Apache-2.0 */
/* The error for a start, or for what needs one, that is refused. Any thread. */
#pragma once
#include "app/domains/vm_doc.h"

/*
 * Sets FCT_ERROR_REFUSED with a list of the verdicts that forbid a start. @what: "cannot start". @next NULL: the next
 * step that the first verdict names.
 */
void fct_vm_set_refused(GError **error, const FctVm *vm, const GPtrArray *verdicts, const char *what, const char *next);
