/* SPDX-License-Identifier: Apache-2.0 */
#include "app/vms/act/refused.h"

void fct_vm_set_refused(GError **error, const FctVm *vm, const GPtrArray *verdicts, const char *what, const char *next)
{
    const FctVerdict *first = NULL;
    json_t *reasons = json_array();
    for (guint i = 0; i < verdicts->len; i++) {
        const FctVerdict *verdict = g_ptr_array_index(verdicts, i);
        if (verdict->severity == FCT_WARN)
            continue;
        first = first ? first : verdict;
        json_array_append_new(reasons, json_string(verdict->sentence));
    }
    json_t *details = json_pack("{s:o, s:o}", "verdicts", fct_verdicts_to_json(verdicts), "reasons", reasons);
    fct_set_error_full(error, FCT_ERROR_REFUSED,
                       next                    ? next
                       : first && *first->next ? first->next
                                               : NULL,
                       details, "VM %s %s: %s", vm->name, what, first ? first->sentence : "");
}
