/* SPDX-License-Identifier: Apache-2.0 */
/* A host description that a user wrote; cards from the catalogue or inlined. */
#include "model/host.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);
static char *path;

static void end(void)
{
    g_remove(path);
    g_free(path);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    if (!path) {
        path = g_strdup_printf("%s/fuzz-host-%d.json", g_get_tmp_dir(), (int)getpid());
        atexit(end);
    }
    FILE *file = fopen(path, "w");
    g_assert_true(file && fwrite(data, 1, size, file) == size && fclose(file) == 0);
    g_autoptr(GError) error = NULL;
    g_autoptr(FsimHost) host = fsim_host_load(path, FUZZ_SIM_DIR "/catalogue", &error);
    g_assert_true((host != NULL) == (error == NULL));
    return 0;
}
