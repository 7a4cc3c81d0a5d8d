/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /dev, and what the nvidia driver shows of a card in /proc/driver/nvidia. The nodes are plain files: they can be
 * listed and held open (a card whose node is open is in use), but nothing answers behind them.
 */
#include "fs/world.h"

#include <stdio.h>
#include <string.h>

static char *node_name(const FsimFunction *fn)
{
    return g_strdup_printf("nvidia%u", fn->world->body->gpus[fn->gpu].minor);
}

gboolean fsim_nvidia_open(const FsimFunction *fn)
{
    g_autofree char *name = node_name(fn);
    const FsimNode *node = fsim_node_get(fn->world->dev, name);
    return node != NULL && node->opens > 0;
}

static void add_information(FsimFunction *fn)
{
    FsimWorld *world = fn->world;
    const FsimGpuFixed *fixed = &world->state.file->fixed.gpus[fn->gpu];
    g_autofree char *path = g_strdup_printf("driver/nvidia/gpus/%s", fn->bdf);
    FsimNode *dir = fsim_dir(world->proc, path);
    fsim_text(dir, "information",
              "Model: \t\t %s\nIRQ:   \t\t %u\nGPU UUID: \t %s\nVideo BIOS: \t 00.00.00.00.00\nBus Type: \t PCIe\n"
              "DMA Size: \t 47 bits\nDMA Mask: \t 0x7fffffffffff\nBus Location: \t %s\nDevice Minor: \t %u\n"
              "GPU Firmware: \t %s\nGPU Excluded:\t No\n",
              fixed->card.name, fn->irq, fixed->uuid, fn->bdf, world->body->gpus[fn->gpu].minor,
              world->host->driver_version);
    fsim_text(dir, "power", "Runtime D3 status:          Disabled\nVideo Memory:               Active\n");
}

void fsim_nvidia_update(FsimFunction *fn)
{
    FsimWorld *world = fn->world;
    g_autofree char *name = node_name(fn);
    g_autofree char *path = g_strdup_printf("driver/nvidia/gpus/%s", fn->bdf);
    fsim_node_drop(world->proc, path);
    FsimNode *node = fsim_node_get(world->dev, name);
    if (fn->driver == NULL || strcmp(fn->driver->name, "nvidia") != 0 || fn->wedged) {
        if (node != NULL)
            fsim_node_remove(node);
        return;
    }
    add_information(fn);
    if (node == NULL)
        fsim_file(world->dev, name, 0666, NULL, NULL, 0);
}

void fsim_dev_build(FsimWorld *world)
{
    static const char *const global[] = {"nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset"};
    for (guint i = 0; i < G_N_ELEMENTS(global); i++)
        fsim_file(world->dev, global[i], 0666, NULL, NULL, 0);
    fsim_dir(world->dev, "vfio/devices");
    fsim_dir(world->dev, "dri");
    fsim_file(world->dev, "vfio/vfio", 0666, NULL, NULL, 0);
    fsim_kmsg_build(world);
}
