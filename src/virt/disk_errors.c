/* SPDX-License-Identifier: Apache-2.0 */
/* What made QEMU stop a VM: the errors of its disks. This asks QEMU itself, so only for a VM that is stopped. */
#include "virt/virt.h"

#define ASK_MS 10000
#define DISKS_MAX 64

typedef struct {
    char *id;
    json_t *errors;
} Question;

static void question_clear(gpointer data)
{
    Question *question = data;
    json_decref(question->errors);
    g_free(question->id);
}

static void question_release(Question *question)
{
    g_atomic_rc_box_release_full(question, question_clear);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Question, question_release)

static gboolean do_ask(virConnectPtr conn, gpointer data, GError **error)
{
    Question *question = data;
    virDomainDiskError found[DISKS_MAX];
    virDomainPtr domain = fct_virt_find_ours(conn, question->id, error);
    if (!domain)
        return FALSE;
    int n = virDomainGetDiskErrors(domain, found, DISKS_MAX, 0);
    if (n < 0)
        fct_virt_set_error(error, "The errors of the VM's disks could not be read");
    virDomainFree(domain);
    question->errors = json_object();
    for (int i = 0; i < n; i++) {
        json_object_set_new(question->errors, found[i].disk,
                            json_string(found[i].error == VIR_DOMAIN_DISK_ERROR_NO_SPACE ? "no-space" : "io"));
        free(found[i].disk);
    }
    return n >= 0;
}

json_t *fct_virt_disk_errors(FctVmm *vmm, const char *id, GError **error)
{
    g_autoptr(Question) question = g_atomic_rc_box_new0(Question);
    question->id = g_strdup(id);
    if (!fct_virt_call((FctVirt *)vmm, FCT_LANE_POWER, id, ASK_MS, do_ask, question, question_clear, error))
        return NULL;
    return g_steal_pointer(&question->errors);
}
