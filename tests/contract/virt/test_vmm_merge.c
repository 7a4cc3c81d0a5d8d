/* SPDX-License-Identifier: Apache-2.0 */
#include "vmm_play.h"

#include <glib/gstdio.h>
#include <libvirt/libvirt.h>
#include <string.h>

#define WAITS 300
#define WAIT_US (100 * 1000)

static gboolean is_late; /* only the test's own merge asks for jobs meanwhile */
static int jobs;

int __real_virDomainGetBlockJobInfo(virDomainPtr domain, const char *disk, virDomainBlockJobInfo *info,
                                    unsigned int flags);
int __wrap_virDomainGetBlockJobInfo(virDomainPtr domain, const char *disk, virDomainBlockJobInfo *info,
                                    unsigned int flags);

/* When late, libvirt's answer is the one of when the job has ended. */
int __wrap_virDomainGetBlockJobInfo(virDomainPtr domain, const char *disk, virDomainBlockJobInfo *info,
                                    unsigned int flags)
{
    int rc = __real_virDomainGetBlockJobInfo(domain, disk, info, flags);
    jobs += rc > 0;
    for (int i = 0; is_late && rc > 0 && i < WAITS; i++) {
        g_usleep(WAIT_US);
        rc = __real_virDomainGetBlockJobInfo(domain, disk, info, flags);
    }
    return rc;
}

G_GNUC_PRINTF(1, 2)
static char *run_program(const char *format, ...)
{
    g_autoptr(GError) error = NULL;
    char *out = NULL;
    int status = 0;
    va_list args;
    va_start(args, format);
    g_autofree char *line = g_strdup_vprintf(format, args);
    va_end(args);
    g_spawn_command_line_sync(line, &out, NULL, &status, &error);
    g_assert_no_error(error);
    g_assert_cmpint(status, ==, 0);
    return out;
}

static gboolean on_progress(gint64 done, gint64 total, gpointer data)
{
    return TRUE;
}

/* A merge that ends between two questions to libvirt has not been broken off. */
void test_merge_ends_between(void)
{
    static const char id[] = "3d8c3f0e-7a51-4c1c-8f0d-000000000003";
    g_autoptr(GError) error = NULL;
    if (!qemu) {
        g_test_skip("the test driver has no block jobs");
        return;
    }
    g_autofree char *base = g_build_filename(folder, "base.qcow2", NULL),
                    *middle = g_build_filename(folder, "middle.qcow2", NULL),
                    *top = g_build_filename(folder, "top.qcow2", NULL);
    g_free(run_program("qemu-img create -q -f qcow2 %s 512M", base));
    g_free(run_program("qemu-img create -q -f qcow2 -F qcow2 -b %s %s", base, middle));
    g_free(run_program("qemu-io -f qcow2 -c 'write -q -P 7 0 256M' %s", middle));
    g_free(run_program("qemu-img create -q -f qcow2 -F qcow2 -b %s %s", middle, top));
    FctChainFile *files[] = {fct_chain_file_new("vda", "", "", base, "qcow2", ""),
                             fct_chain_file_new("vda", "", "", middle, "qcow2", base),
                             fct_chain_file_new("vda", "", "", top, "qcow2", middle)};
    files[2]->below = fct_layers_new();
    g_ptr_array_add(files[2]->below, fct_layer_new(middle, "qcow2"));
    g_ptr_array_add(files[2]->below, fct_layer_new(base, "qcow2"));
    const FctChainStep step = {.kind = FCT_CHAIN_COMMIT, .base = files[0], .top = files[1], .above = files[2]};
    is_late = TRUE;
    vmm->ops->merge(vmm, id, &step, FALSE, on_progress, NULL, &error);
    is_late = FALSE;
    g_assert_no_error(error);
    g_assert_cmpint(jobs, >, 0);
    g_autofree char *info = run_program("qemu-img info %s", top);
    g_assert_nonnull(strstr(info, base));
    g_assert_null(strstr(info, middle));
    g_free(run_program("qemu-io -r -f qcow2 -c 'read -q -P 7 0 256M' %s", base));
    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        g_remove(files[i]->path);
        fct_chain_file_free(files[i]);
    }
}
