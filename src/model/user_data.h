/* SPDX-License-Identifier: Apache-2.0 */
/* cloud-init's user-data: what it takes, and what of it can be seen to be wrong before a guest reads it. Pure. */
#pragma once
#include <glib.h>

typedef struct {
    char *sentence;    /* NULL: nothing is wrong */
    gint line, column; /* from 1; 0: of the whole */
} FctUserDataFault;

void fct_user_data_fault_clear(FctUserDataFault *fault);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FctUserDataFault, fct_user_data_fault_clear)

/*
 * Whether cloud-init would take @text: one of the headers that it documents, YAML where that follows, addresses in an
 * #include. A template of jinja is only filled in in the guest, so of that only the headers are looked at. @ret is to
 * be empty, and is cleared by the caller. Cost grows with the length of @text alone.
 */
gboolean fct_user_data_check(const char *text, FctUserDataFault *ret);
