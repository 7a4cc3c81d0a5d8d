/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A domain that another program made: whatever stands in it, reading it is bounded, what Facet generates of it is XML
 * again and loses nothing more, and the way back gives XML too.
 */
#include "virt/adopt.h"

#include <string.h>

#define TOLD_MAX 1001 /* sentences of one kind */

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

/* What libvirt would say of volumes. */
static void find_volumes(const FctVmSpec *spec)
{
    for (guint i = 0; i < spec->disks->len; i++) {
        FctVmDisk *disk = g_ptr_array_index(spec->disks, i);
        if (*disk->volume)
            fct_text_take(&disk->path, g_strdup_printf("/pool/%s", disk->volume));
    }
}

static void check_back(const FctAdoption *adoption, const FctAdoptHost *host)
{
    find_volumes(adoption->spec);
    g_autofree char *ours = fct_domain_xml(adoption->spec, &host->xml, FALSE);
    g_autoptr(FctAdoption) again = fct_adopt_read(ours, host, NULL);
    g_assert_nonnull(again);
    g_assert_cmpuint(again->spec->disks->len, ==, adoption->spec->disks->len);
    g_assert_cmpuint(again->spec->nics->len, <=, adoption->spec->nics->len);
    fct_text_set(&adoption->spec->text, "a & <b>");
    adoption->spec->vcpus++;
    adoption->spec->memory_mib++;
    g_autoptr(FctAdoption) then = fct_adopt_read(adoption->xml, host, NULL);
    find_volumes(then->spec);
    g_autofree char *back = fct_adopt_back(adoption->xml, then->spec, adoption->spec);
    g_assert_nonnull(back);
    g_autoptr(FctAdoption) restored = fct_adopt_read(back, host, NULL);
    g_assert_nonnull(restored);
    g_assert_cmpstr(restored->spec->text, ==, "a & <b>");
    g_assert_cmpuint(restored->spec->disks->len, ==, then->spec->disks->len);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    const FctAdoptHost host = {{TRUE, TRUE, &fct_attach_vfio}, NULL, "pc-q35-7.2"};
    g_autofree char *xml = g_strndup((const char *)data, size);
    g_autoptr(FctAdoption) adoption = fct_adopt_read(xml, &host, NULL);
    if (!adoption)
        return 0;
    g_assert_cmpuint(adoption->lost->len, <=, TOLD_MAX);
    g_assert_cmpuint(adoption->kept->len, <=, TOLD_MAX);
    for (guint i = 0; i < adoption->lost->len; i++) {
        g_assert_true(g_utf8_validate(adoption->lost->pdata[i], -1, NULL));
        g_assert_null(strstr(adoption->lost->pdata[i], "root:x:0")); /* what an entity of a file would bring */
    }
    check_back(adoption, &host);
    return 0;
}
