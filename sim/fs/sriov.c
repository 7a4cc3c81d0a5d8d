/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sriov_numvfs, with the errnos of the kernel's drivers/pci/pci-sysfs.c and iov.c, and as measured (reference/lab.md
 * §5).
 *
 * Only some drivers let the file make VFs. NVIDIA's does not: nvidia/sriov-manage moves the card to pci-pf-stub for
 * that, and back. vfio-pci does only with a module parameter that is off.
 */
#include "fs/world.h"

#include <errno.h>
#include <string.h>

static gboolean can_configure(const FsimFunction *pf)
{
    static const char *const cannot[] = {"vfio-pci", "nvidia", "nouveau", NULL};
    return pf->driver != NULL && !g_strv_contains(cannot, pf->driver->name);
}

static void note(FsimFunction *pf, guint count)
{
    pf->vfs = count;
    fsim_config_build(pf);
    if (pf->gpu >= 0 && pf->world->body->gpus[pf->gpu].num_vfs != count)
        fsim_gpu_set_vfs(&pf->world->state, (unsigned)pf->gpu, count);
    fsim_world_event(pf->world);
}

static FsimFunction *find_vf(const FsimFunction *pf, guint number)
{
    for (guint i = 0; i < pf->world->functions->len; i++) {
        FsimFunction *fn = pf->world->functions->pdata[i];
        if (fn->pf == pf && fn->vf == number)
            return fn;
    }
    return NULL;
}

void fsim_sriov_clear(FsimFunction *pf)
{
    if (pf->vfs == 0)
        return;
    for (guint i = 0; i < pf->vfs; i++) {
        g_autofree char *name = g_strdup_printf("virtfn%u", i);
        FsimFunction *vf = find_vf(pf, i);
        if (vf != NULL)
            fsim_pci_free_vf(vf);
        fsim_node_drop(pf->dir, name);
    }
    note(pf, 0);
}

int fsim_sriov_set(FsimFunction *pf, guint count)
{
    FsimWorld *world = pf->world;
    if (count > pf->pci->vfs)
        return ERANGE;
    if (count == pf->vfs)
        return 0;
    if (!can_configure(pf))
        return ENOENT;
    if (count > 0 && pf->vfs > 0)
        return EBUSY;
    if (count == 0) {
        for (guint i = 0; i < pf->vfs; i++) {
            const FsimFunction *vf = find_vf(pf, i);
            if (vf != NULL && vf->driver != NULL && strcmp(vf->driver->name, "vfio-pci") == 0 &&
                fsim_iommu_group_open(world, vf->group))
                return FSIM_WAIT;
        }
        fsim_sriov_clear(pf);
        return 0;
    }
    for (guint i = 0; i < count; i++) {
        FsimFunction *vf = fsim_pci_new_vf(pf, i);
        fsim_pci_add(vf);
        if (pf->vfs_probe && world->drivers_autoprobe)
            fsim_driver_probe(vf);
    }
    note(pf, count);
    return 0;
}
