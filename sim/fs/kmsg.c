/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /dev/kmsg: what the kernel has said since boot, as one file. XIDs are written as NVIDIA's driver writes them
 * (reference/monitoring.md §1): with and without process, GPU instance and compute instance, follow-ups, and SXIDs of
 * NVSwitches.
 */
#include "fs/world.h"

#include <stdarg.h>
#include <stdio.h>

enum { LEVEL = 4, FIRST_NUMBER = 400, XID_RECOVERY_ACTION = 154 };

static int read_log(FsimNode *node, GString *out)
{
    FsimWorld *world = node->owner;
    g_string_append_printf(out, "6,1,0,-;Linux version %s (a simulated host of Facet)\n", world->host->kernel);
    if (world->host->iommu == FSIM_IOMMU_INTEL)
        g_string_append_printf(
            out, "6,301,412000,-;DMAR: Intel(R) Virtualization Technology for Directed I/O\n%s",
            world->host->interrupt_remapping ? "6,302,413000,-;DMAR-IR: Enabled IRQ remapping in x2apic mode\n" : "");
    if (world->host->iommu == FSIM_IOMMU_AMD && world->host->interrupt_remapping)
        g_string_append(out, "6,301,412000,-;AMD-Vi: Interrupt remapping enabled\n");
    g_string_append_len(out, world->kernel_log->str, (gssize)world->kernel_log->len);
    return 0;
}

void fsim_kmsg_build(FsimWorld *world)
{
    static const FsimNodeOps ops = {.read = read_log};
    world->kernel_log = g_string_new(NULL);
    fsim_file(world->dev, "kmsg", 0644, &ops, world, 0)->size = 0;
}

void fsim_kmsg_boot(FsimWorld *world)
{
    g_string_truncate(world->kernel_log, 0);
    world->log_number = FIRST_NUMBER;
    world->events_told = world->body->events;
}

void fsim_kmsg_say(FsimWorld *world, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    g_autofree char *escaped = g_strdelimit(g_strdup(text), "\n", ' ');
    g_string_append_printf(world->kernel_log, "%d,%" G_GUINT64_FORMAT ",%" G_GINT64_FORMAT ",-;%s\n", LEVEL,
                           world->log_number++, g_get_monotonic_time() - world->started, escaped);
}

/* What the driver says of the numbers that are met most. */
static const char *usual_text(guint64 number)
{
    static const struct {
        guint64 number;
        const char *text;
    } texts[] = {
        {13, "Graphics SM Warp Exception on (GPC 0, TPC 0, SM 0): Illegal Address"},
        {31, "MMU Fault: ENGINE GRAPHICS GPCCLIENT_T1_0 faulted @ 0x7f2a_00000000. Fault is of type FAULT_PDE "
             "ACCESS_TYPE_VIRT_READ"},
        {43, "Ch 00000008"},
        {45, "Ch 00000008"},
        {48, "DBE (double bit error) has been detected on GPU"},
        {63, "Row Remapper: New row marked for remapping, reset gpu to activate."},
        {64, "Row Remapper: Failed to record a row for remapping"},
        {74, "NVLink: fatal error detected on link 0(0x10000, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0)"},
        {79, "GPU has fallen off the bus."},
        {92, "High single-bit ECC error rate"},
        {94, "Contained: SM (0x1). RST: No, D-RST: No"},
        {95, "Uncontained: LTC TAG (0x2,0x0). RST: Yes, D-RST: No"},
        {109, "CTX SWITCH TIMEOUT, Info 0x4c014"},
        {119, "Timeout after 6s of waiting for RPC response from GPU0 GSP! Expected function 76 (GSP_RM_CONTROL) "
              "(0x20800a4c 0x4)."},
        {120, "GSP task timeout @ pc:0x2d4f2c, task: 1"},
        {XID_RECOVERY_ACTION, "GPU recovery action changed from 0x0 (None) to 0x1 (GPU Reset Required)"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        if (texts[i].number == number)
            return texts[i].text;
    return "errorString unknown";
}

static void say_sxid(FsimWorld *world, const FsimEvent *e)
{
    g_autofree char *address =
        g_strdup_printf("0000:%02x:00.0", world->state.file->fixed.nvswitch_bus[e->nvswitch - 1]);
    fsim_kmsg_say(world, "nvidia-PCI%s: SXid (PCI:%s): %05u, %s", address, address, (unsigned)e->data,
                  *e->text ? e->text : "Non-fatal, Link 00 LTSSM Fault Up");
}

static void say_xid(FsimWorld *world, const FsimEvent *e)
{
    const FsimGpuFixed *gpu = &world->state.file->fixed.gpus[e->gpu];
    g_autoptr(GString) line = g_string_new(NULL);
    g_string_append_printf(line, "NVRM: Xid (PCI:%04x:%02x:%02x", gpu->domain, gpu->bus, gpu->device);
    if (e->gi != FSIM_NO_INSTANCE)
        g_string_append_printf(line, " GPU-I:%02u", e->gi);
    if (e->gi != FSIM_NO_INSTANCE && e->ci != FSIM_NO_INSTANCE)
        g_string_append_printf(line, " GPU-CI:%02u", e->ci);
    g_string_append_printf(line, "): %u, ", (unsigned)e->data);
    if (e->pid > 0)
        g_string_append_printf(line, "pid=%d, name=%s, ", e->pid, e->name);
    else if (e->pid != FSIM_SAYS_NO_PROCESS && e->data != XID_RECOVERY_ACTION)
        g_string_append(line, "pid='<unknown>', name=<unknown>, ");
    g_string_append(line, *e->text ? e->text : usual_text(e->data));
    if (e->caused_by)
        g_string_append_printf(line, " caused by previous Xid %u", e->caused_by);
    fsim_kmsg_say(world, "%s", line->str);
}

void fsim_kmsg_follow(FsimWorld *world)
{
    enum { EVENT_XID = 8 };
    const FsimBody *body = world->body;
    /* Events that fell out of the ring were never logged: a storm for which nobody listened. */
    if (body->events - world->events_told > FSIM_MAX_EVENTS)
        world->events_told = body->events - FSIM_MAX_EVENTS;
    for (; world->events_told < body->events; world->events_told++) {
        const FsimEvent *e = &body->event[world->events_told % FSIM_MAX_EVENTS];
        if (e->nvswitch)
            say_sxid(world, e);
        else if (e->type == EVENT_XID && e->gpu < world->state.file->fixed.n_gpus)
            say_xid(world, e);
    }
}
