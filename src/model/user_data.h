/* SPDX-License-Identifier: Apache-2.0 */
/* cloud-init's user-data: whether cloud-init takes it, and faults that can be seen before a guest reads it. Pure. */
#pragma once
#include <glib.h>

typedef struct {
    char *sentence;    /* NULL: nothing is wrong */
    gint line, column; /* from 1; 0: of the whole */
} FctUserDataFault;

void fct_user_data_fault_clear(FctUserDataFault *fault);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FctUserDataFault, fct_user_data_fault_clear)

/*
 * Checks that @text begins with a header that cloud-init documents, that YAML follows where it should, and that an
 * #include lists addresses. A jinja template is filled in by the guest, so only its headers are checked. @ret must be
 * empty; the caller clears it. The cost grows with the length of @text.
 */
gboolean fct_user_data_check(const char *text, FctUserDataFault *ret);
