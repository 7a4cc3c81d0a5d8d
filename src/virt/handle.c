/* SPDX-License-Identifier: Apache-2.0 */
/* References to the FctVirt: a call under way or a callback of libvirt keeps it alive. */
#include "virt/virt.h"

FctVirt *fct_virt_ref(FctVirt *virt)
{
    g_atomic_int_inc(&virt->refs);
    return virt;
}

void fct_virt_unref(gpointer data)
{
    FctVirt *virt = data;
    if (!g_atomic_int_dec_and_test(&virt->refs))
        return;
    g_hash_table_unref(virt->defined);
    g_hash_table_unref(virt->busy);
    g_hash_table_unref(virt->changed);
    g_hash_table_unref(virt->pools);
    g_hash_table_unref(virt->running);
    g_hash_table_unref(virt->reboots);
    g_hash_table_unref(virt->starts);
    g_hash_table_unref(virt->described);
    json_decref(virt->facts);
    g_mutex_clear(&virt->lock);
    g_cond_clear(&virt->cond);
    g_free(virt->uri);
    g_free(virt->accel);
    g_free(virt->why_not_kvm);
    g_free(virt);
}
