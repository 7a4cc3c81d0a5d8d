/* SPDX-License-Identifier: Apache-2.0 */
/* The refusal of a start, or of what needs one. Any thread. */
#pragma once
#include "app/domains/vm_doc.h"

/*
 * The verdicts that forbid a start, as FCT_ERROR_REFUSED that lists them. @what: "cannot start". @next: NULL: what the
 * first of them says.
 */
void fct_vm_set_refused(GError **error, const FctVm *vm, const GPtrArray *verdicts, const char *what, const char *next);
