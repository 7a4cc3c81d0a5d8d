/* SPDX-License-Identifier: Apache-2.0 */
/* Which files are taken in (cases 03, 04, 05, 16): a verdict for each kind there is, names that lie, checksums. */
#include "core/upload_rules.h"

#include "base/json.h"

#include <string.h>

#define MIB (G_GINT64_CONSTANT(1) << 20)

static FctDiskHead head_of(FctDiskKind kind)
{
    return (FctDiskHead){.kind = kind, .version = 3, .virtual_bytes = kind == FCT_DISK_QCOW2 ? MIB : -1};
}

static void assert_refused(const FctDiskHead *head, const char *name, gint64 size, const char *words)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(fct_upload_accept(head, name, size, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_REFUSED);
    g_autoptr(json_t) wire = fct_error_to_json(error);
    const char *next = fct_json_str(wire, "next", "");
    g_test_message("%s %s", error->message, next);
    g_assert_cmpstr(next, !=, "");
    g_assert_true(strstr(error->message, words) || strstr(next, words));
}

static void test_kinds(void)
{
    for (int kind = 0; kind < FCT_DISK_KINDS; kind++) {
        FctDiskHead head = head_of((FctDiskKind)kind);
        FctDiskClass class = fct_disk_class(head.kind);
        if (class != FCT_DISK_IS_DISK && class != FCT_DISK_IS_MEDIUM) {
            assert_refused(&head, "x.img", MIB, fct_disk_kind_text(head.kind));
            continue;
        }
        g_assert_true(fct_upload_accept(&head, "x.img", MIB, NULL));
        assert_refused(&head, "x.img", 511, "sector");
        if (strcmp(fct_upload_format(&head), "raw") == 0)
            assert_refused(&head, "x.img", MIB + 1, "multiple of a sector");
        else
            g_assert_true(fct_upload_accept(&head, "x.img", MIB + 1, NULL));
        head.needs_bytes = 2 * MIB;
        assert_refused(&head, "x.img", MIB, "cut off");
    }
}

/* Off a volume and back onto one: a guest has the key. An image to start from cannot be so. */
static void test_guest_luks(void)
{
    FctDiskHead luks = head_of(FCT_DISK_LUKS), zip = head_of(FCT_DISK_ZIP);
    g_assert_true(fct_upload_accept_raw(&luks, "x.img", MIB, NULL));
    g_assert_false(fct_upload_accept_raw(&luks, "x.img", MIB + 1, NULL)); /* cut off */
    g_assert_false(fct_upload_accept_raw(&luks, "x.qcow2", MIB, NULL));
    g_assert_false(fct_upload_accept_raw(&zip, "x.img", MIB, NULL));
    assert_refused(&luks, "x.img", MIB, "LUKS");
}

static void test_names(void)
{
    static const struct {
        const char *name;
        gboolean qcow2, raw, iso;
    } cases[] = {{"a.qcow2", TRUE, FALSE, FALSE}, {"a.QCOW2", TRUE, FALSE, FALSE}, {"a.raw", FALSE, TRUE, FALSE},
                 {"a.iso", FALSE, FALSE, TRUE},   {"a.ISO", FALSE, FALSE, TRUE},   {"a.img", TRUE, TRUE, TRUE},
                 {"a", TRUE, TRUE, TRUE},         {"a.bin", TRUE, TRUE, TRUE},     {"a.12", TRUE, TRUE, TRUE},
                 {"a.vmdk", FALSE, FALSE, FALSE}, {"a.xz", FALSE, FALSE, FALSE},   {"a.iso.raw", FALSE, TRUE, FALSE},
                 {"a.txt", FALSE, FALSE, FALSE},  {"", TRUE, TRUE, TRUE}};
    FctDiskHead qcow2 = head_of(FCT_DISK_QCOW2), raw = head_of(FCT_DISK_PARTITIONED), iso = head_of(FCT_DISK_ISO);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_true(fct_upload_accept(&qcow2, cases[i].name, MIB, NULL) == cases[i].qcow2);
        g_assert_true(fct_upload_accept(&raw, cases[i].name, MIB, NULL) == cases[i].raw);
        g_assert_true(fct_upload_accept(&iso, cases[i].name, MIB, NULL) == cases[i].iso);
    }
    assert_refused(&raw, "a.iso", MIB, "“.iso”");
}

static void test_qcow2(void)
{
    FctDiskHead heads[8];
    static const char *const words[] = {"its cluster",    "another file", "another file", "LUKS",
                                        "encrypted (AES", "corrupt",      "3 snapshots",  "any room"};
    for (gsize i = 0; i < G_N_ELEMENTS(heads); i++)
        heads[i] = head_of(FCT_DISK_QCOW2);
    heads[0].fault = "its cluster size is impossible";
    heads[1].backing = TRUE;
    heads[2].data_file = TRUE;
    heads[3].crypt = FCT_QCOW2_LUKS;
    heads[4].crypt = FCT_QCOW2_AES;
    heads[5].incompatible = FCT_QCOW2_CORRUPT;
    heads[6].snapshots = 3;
    heads[7].virtual_bytes = 0;
    for (gsize i = 0; i < G_N_ELEMENTS(heads); i++)
        assert_refused(&heads[i], "x.qcow2", MIB, words[i]);
    FctDiskHead fine = head_of(FCT_DISK_QCOW2);
    fine.incompatible = FCT_QCOW2_DIRTY | FCT_QCOW2_COMPRESSION | FCT_QCOW2_EXTENDED_L2;
    g_assert_true(fct_upload_accept(&fine, "x.qcow2", MIB, NULL));
}

static void test_sha256(void)
{
    g_autofree char *good = g_strnfill(64, 'A'), *short_one = g_strnfill(63, 'a'), *long_one = g_strnfill(65, 'a');
    g_autofree char *other = g_strnfill(64, 'g'), *ret = NULL;
    const char *const bad[] = {"", short_one, long_one, other};
    g_assert_true(fct_sha256_check(good, &ret, NULL));
    g_assert_true(ret[0] == 'a' && strlen(ret) == 64);
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *none = NULL;
        g_autoptr(GError) error = NULL;
        g_assert_false(fct_sha256_check(bad[i], &none, &error));
        g_assert_error(error, FCT_ERROR, FCT_ERROR_BAD_REQUEST);
    }
    g_assert_true(fct_sha256_compare("", ret, "x", NULL));
    g_assert_true(fct_sha256_compare(ret, ret, "x", NULL));
    g_assert_false(fct_sha256_compare(other, ret, "x", NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/upload-rules/kinds", test_kinds);
    g_test_add_func("/core/upload-rules/guest-luks", test_guest_luks);
    g_test_add_func("/core/upload-rules/names", test_names);
    g_test_add_func("/core/upload-rules/qcow2", test_qcow2);
    g_test_add_func("/core/upload-rules/sha256", test_sha256);
    return g_test_run();
}
