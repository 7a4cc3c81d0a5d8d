/* SPDX-License-Identifier: Apache-2.0 */
#include "app/vm_rest.h"

/* libvirtd sends its events after the answer to whoever caused them; a loaded host takes some milliseconds for that. */
#define SETTLE_US (250 * 1000)

GHashTable *fct_vm_rest_begin(FctVms *vms)
{
    GHashTable *before = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)fct_vm_info_unref);
    g_autoptr(GPtrArray) infos = fct_domains_infos(vms->domains);
    for (guint i = 0; i < infos->len; i++) {
        const FctVmInfo *info = g_ptr_array_index(infos, i);
        g_hash_table_insert(before, g_strdup(info->id), fct_vm_info_ref(info));
    }
    return before;
}

void fct_vm_rest_settle(void)
{
    g_usleep(SETTLE_US);
}

static gboolean refuse(const char *name, const char *what, const char *next, GError **error)
{
    fct_set_error_full(error, FCT_ERROR_CONFLICT, next, NULL, "VM %s %s", name, what);
    return FALSE;
}

gboolean fct_vm_rest_held(FctVms *vms, const GHashTable *before, const char *id, GError **error)
{
    FctVmm *vmm = vms->app->vmm;
    g_autoptr(GError) fault = NULL;
    const FctVmInfo *then = g_hash_table_lookup((GHashTable *)before, id);
    g_autoptr(FctVmInfo) now = vmm->ops->info(vmm, id, &fault);
    if (!now && fault->code != FCT_ERROR_NOT_FOUND) {
        g_propagate_error(error, g_steal_pointer(&fault));
        return FALSE;
    }
    if (!now && !then)
        return TRUE; /* libvirt has never had it */
    if (!now)
        return refuse(then->name, "was deleted meanwhile, so nobody can know whether it was started before that.",
                      "Copy it again.", error);
    if (then && then->connection != now->connection)
        return refuse(now->name,
                      "may have been started meanwhile: the connection to libvirt was lost, so nobody can know.",
                      "Copy it again while libvirt is not restarted.", error);
    if (now->starts != (then ? then->starts : 0))
        return refuse(now->name, "was started while its disk was copied, so the copy is torn.",
                      "Leave the VM off until the copy has ended, and copy it again.", error);
    return TRUE;
}
