/* SPDX-License-Identifier: Apache-2.0 */
#include "app/domains/acts.h"
#include "app/vms/power/power.h"

#define RELEASE_TRIES 20
#define RELEASE_PAUSE_MS 250

gboolean fct_vm_release_parts(FctApp *app, FctTask *task, const char *id)
{
    for (int try = 0; try < RELEASE_TRIES && !fct_task_stopping(task); try++) {
        if (fct_vm_reconcile(app, id))
            return TRUE;
        fct_task_wait(task, RELEASE_PAUSE_MS);
    }
    fct_acts_retry_later(app->acts);
    return FALSE;
}
