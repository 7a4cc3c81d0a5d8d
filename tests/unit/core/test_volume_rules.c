/* SPDX-License-Identifier: Apache-2.0 */
/* What a volume without a record counts as, by its name, its content and what people state: S1, cases 01 and 02. */
#include "base/json.h"
#include "core/volume_rules.h"

#include <string.h>

typedef struct {
    guint8 head[FCT_DISK_HEAD_BYTES];
    FctDiskBytes bytes;
} File;

static void put(guint8 *at, guint64 value, gsize width, gboolean big)
{
    for (gsize i = 0; i < width; i++)
        at[big ? width - 1 - i : i] = (guint8)(value >> 8 * i);
}

static File *file_new(void)
{
    File *file = g_new0(File, 1);
    file->bytes = (FctDiskBytes){file->head, sizeof file->head, NULL, 0, 64 << 20};
    return file;
}

/* One that QEMU takes: 1 MiB in clusters of 64 KiB, whose tables are within the file. */
static void write_qcow2(File *file)
{
    memcpy(file->head, "QFI\xfb", 4);
    put(file->head + 4, 3, 4, TRUE);
    put(file->head + 20, 16, 4, TRUE);
    put(file->head + 24, 1 << 20, 8, TRUE);
    put(file->head + 36, 1, 4, TRUE);
    put(file->head + 40, 3 << 16, 8, TRUE);
    put(file->head + 48, 1 << 16, 8, TRUE);
    put(file->head + 56, 1, 4, TRUE);
    put(file->head + 96, 4, 4, TRUE);
    put(file->head + 100, 104, 4, TRUE);
}

static void write_vmdk(File *file, guint64 capacity)
{
    memcpy(file->head, "KDMV", 4);
    put(file->head + 4, 1, 4, FALSE);
    put(file->head + 12, capacity, 8, FALSE);
}

static File *content(const char *what)
{
    File *file = file_new();
    if (strcmp(what, "qcow2") == 0)
        write_qcow2(file);
    else if (strcmp(what, "vmdk") == 0)
        write_vmdk(file, 2048);
    else if (strcmp(what, "vmdk in parts") == 0)
        write_vmdk(file, 0);
    else if (strcmp(what, "vmdk text") == 0)
        strcpy((char *)file->head, "# Disk DescriptorFile\nversion=1\n");
    else if (strcmp(what, "vdi") == 0)
        memcpy(file->head + 0x40, "\x7f\x10\xda\xbe", 4);
    else if (strcmp(what, "vhdx") == 0)
        memcpy(file->head, "vhdxfile", 8);
    else if (strcmp(what, "luks") == 0)
        memcpy(file->head, "LUKS\xba\xbe", 6);
    else if (strcmp(what, "gzip") == 0)
        memcpy(file->head, "\x1f\x8b\x08", 3);
    else if (strcmp(what, "squashfs") == 0)
        memcpy(file->head, "hsqs", 4);
    else if (strcmp(what, "odd") == 0)
        file->bytes.size++;
    else if (strcmp(what, "iso") == 0)
        memcpy(file->head + 0x8000,
               "\x01"
               "CD001",
               6);
    else
        g_assert_cmpstr(what, ==, "raw");
    return file;
}

/* The format, or NULL with the error's code and in *ret_choices what can be stated ("raw qcow2"). */
static const char *judge(const char *name, const char *what, const char *asked, gboolean copy, FctErrorCode *ret_code,
                         char **ret_choices)
{
    g_autofree File *file = content(what);
    g_autoptr(GError) error = NULL;
    const FctVolumeCase this = {name, asked, &file->bytes, copy ? FCT_VOLUME_COPY : FCT_VOLUME_ATTACH};
    const char *format = fct_volume_judge(&this, &error);
    GString *choices = g_string_new(NULL);
    g_assert_true((format == NULL) == (error != NULL));
    if (error) {
        g_autoptr(json_t) wire = fct_error_to_json(error);
        const json_t *details = json_object_get(wire, "details");
        size_t i;
        json_t *choice;
        g_assert_cmpstr(fct_json_str(details, "field", ""), ==, "format");
        g_assert_cmpstr(fct_json_str(wire, "next", ""), !=, "");
        json_array_foreach (json_object_get(details, "choices"), i, choice)
            g_string_append_printf(choices, "%s%s", i ? " " : "", json_string_value(choice));
        *ret_code = error->code;
    }
    *ret_choices = g_string_free(choices, FALSE);
    return format;
}

static void test_table(void)
{
    static const struct {
        const char *name, *content, *asked;
        gboolean copy;
        const char *format; /* NULL: refused */
        FctErrorCode code;
        const char *choices;
    } cases[] = {
        {"a.img", "raw", NULL, FALSE, "raw"},
        {"a", "raw", NULL, FALSE, "raw"},
        {"a.raw", "iso", NULL, FALSE, "raw"},
        {"a.qcow2", "qcow2", NULL, FALSE, "qcow2"},
        {"a.QCOW2", "qcow2", NULL, TRUE, "qcow2"},
        /* name and content disagree: a question, whoever asks */
        {"a.img", "qcow2", NULL, FALSE, NULL, FCT_ERROR_REFUSED, "raw qcow2"},
        {"a", "qcow2", NULL, TRUE, NULL, FCT_ERROR_REFUSED, "raw qcow2"},
        {"qcow2", "qcow2", NULL, FALSE, NULL, FCT_ERROR_REFUSED, "raw qcow2"},
        {"a.qcow2", "raw", NULL, FALSE, NULL, FCT_ERROR_REFUSED, "raw"},
        {"a.vmdk", "raw", NULL, TRUE, NULL, FCT_ERROR_REFUSED, "raw"},
        {"a.img", "vmdk", NULL, TRUE, NULL, FCT_ERROR_REFUSED, "raw vmdk"},
        /* answered */
        {"a.img", "qcow2", "raw", FALSE, "raw"},
        {"a.img", "qcow2", "qcow2", FALSE, "qcow2"},
        {"a.qcow2", "qcow2", "raw", FALSE, "raw"},
        {"a.img", "vmdk", "raw", FALSE, "raw"},
        {"a.img", "vmdk text", "raw", FALSE, "raw"},
        {"a.img", "gzip", "raw", FALSE, "raw"},
        {"a.img", "squashfs", "raw", FALSE, "raw"},
        {"a.img", "odd", "raw", FALSE, "raw"},
        {"a.img", "vmdk", "vmdk", TRUE, "vmdk"},
        /* answered wrong */
        {"a.img", "raw", "qcow2", FALSE, NULL, FCT_ERROR_BAD_REQUEST, ""},
        {"a.img", "vmdk", "qcow2", TRUE, NULL, FCT_ERROR_BAD_REQUEST, ""},
        {"a.img", "vmdk", "vmdk", FALSE, NULL, FCT_ERROR_BAD_REQUEST, ""},
        {"a.img", "raw", "iso", TRUE, NULL, FCT_ERROR_BAD_REQUEST, ""},
        /* other formats: converted, never attached */
        {"a.vmdk", "vmdk", NULL, FALSE, NULL, FCT_ERROR_REFUSED, "raw"},
        {"a.vmdk", "vmdk", NULL, TRUE, "vmdk"},
        {"a.vdi", "vdi", NULL, FALSE, NULL, FCT_ERROR_REFUSED, "raw"},
        {"a.vdi", "vdi", NULL, TRUE, "vdi"},
        {"a.vhdx", "vhdx", NULL, TRUE, NULL, FCT_ERROR_REFUSED, "raw"},
        {"a.vhdx", "vhdx", "vhdx", TRUE, NULL, FCT_ERROR_BAD_REQUEST, ""},
        {"a.img", "luks", NULL, FALSE, NULL, FCT_ERROR_REFUSED, "raw"},
        {"a.img", "gzip", NULL, FALSE, NULL, FCT_ERROR_REFUSED, "raw"},
        {"a.img.gz", "gzip", NULL, TRUE, NULL, FCT_ERROR_REFUSED, "raw"},
        {"a.img", "squashfs", NULL, FALSE, NULL, FCT_ERROR_REFUSED, "raw"},
        {"a.img", "odd", NULL, FALSE, NULL, FCT_ERROR_REFUSED, "raw"},
        {"j.qcow2.img", "raw", NULL, FALSE, "raw"},
        /* what names other files is opened as nothing but raw */
        {"a.vmdk", "vmdk text", NULL, TRUE, NULL, FCT_ERROR_REFUSED, ""},
        {"a.vmdk", "vmdk text", "vmdk", TRUE, NULL, FCT_ERROR_REFUSED, ""},
        {"a.vmdk", "vmdk in parts", NULL, TRUE, NULL, FCT_ERROR_REFUSED, ""},
        {"a.vmdk", "vmdk in parts", "vmdk", TRUE, NULL, FCT_ERROR_REFUSED, ""},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        FctErrorCode code = FCT_ERROR_INTERNAL;
        g_autofree char *choices = NULL;
        const char *format = judge(cases[i].name, cases[i].content, cases[i].asked, cases[i].copy, &code, &choices);
        g_test_message("%s, %s, %s: %s %s", cases[i].name, cases[i].content, cases[i].asked, format, choices);
        g_assert_cmpstr(format, ==, cases[i].format);
        if (!format) {
            g_assert_cmpint(code, ==, cases[i].code);
            g_assert_cmpstr(choices, ==, cases[i].choices);
        }
    }
}

/* A qcow2 that opens other files, or that QEMU would not take, is refused whatever is stated, but as raw. */
static void test_qcow2(void)
{
    static const struct {
        gsize at, width;
        guint64 value;
        const char *words;
    } cases[] = {{8, 8, 512, "stands on another file"},
                 {72, 8, 4, "data in another file"},
                 {32, 4, 1, "encrypted"},
                 {32, 4, 2, "encrypted"},
                 {72, 8, 2, "damaged"},
                 {20, 4, 40, "damaged"},
                 {40, 8, 1 << 30, "damaged"},
                 {4, 4, 9, "damaged"}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        for (int copy = 0; copy < 2; copy++)
            for (int asked = 0; asked < 3; asked++) {
                g_autofree File *file = content("qcow2");
                g_autoptr(GError) error = NULL;
                const char *const answers[] = {NULL, "qcow2", "raw"};
                const FctVolumeCase this = {"a.qcow2", answers[asked], &file->bytes,
                                            copy ? FCT_VOLUME_COPY : FCT_VOLUME_ATTACH};
                put(file->head + cases[i].at, cases[i].value, cases[i].width, TRUE);
                const char *format = fct_volume_judge(&this, &error);
                g_assert_cmpstr(format, ==, asked == 2 ? "raw" : NULL);
                g_assert_true(asked == 2 || strstr(error->message, cases[i].words));
            }
}

/* Of the others QEMU would open a file of the host, or leave out what stands there; none is copied. */
static void test_foreign_deltas(void)
{
    static const struct {
        const char *name, *mark;
        gsize mark_at, mark_length, at, width;
        guint64 value;
        gboolean big;
        const char *text; /* at 1024: a VMDK's description */
        gboolean stands;
    } cases[] = {
        {"a.qcow", "QFI\xfb\0\0\0\1", 0, 8, 8, 8, 64, TRUE, NULL, TRUE},
        {"a.qcow", "QFI\xfb\0\0\0\1", 0, 8, 24, 8, 1 << 20, TRUE, NULL, FALSE},
        {"a.qed", "QED\0", 0, 4, 16, 8, 1, FALSE, NULL, TRUE},
        {"a.qed", "QED\0", 0, 4, 16, 8, 6, FALSE, NULL, FALSE},
        {"a.vdi", "\x7f\x10\xda\xbe", 0x40, 4, 0x4c, 4, 4, FALSE, NULL, TRUE},
        {"a.vdi", "\x7f\x10\xda\xbe", 0x40, 4, 0x4c, 4, 3, FALSE, NULL, TRUE},
        {"a.vdi", "\x7f\x10\xda\xbe", 0x40, 4, 0x1b8, 1, 9, FALSE, NULL, TRUE},
        {"a.vdi", "\x7f\x10\xda\xbe", 0x40, 4, 0x4c, 4, 1, FALSE, NULL, FALSE},
        {"a.vhd", "conectix", 0, 8, 60, 4, 4, TRUE, NULL, TRUE},
        {"a.vhd", "conectix", 0, 8, 60, 4, 3, TRUE, NULL, FALSE},
        {"a.vmdk", "KDMV", 0, 4, 12, 8, 2048, FALSE, "CID=1\nparentCID=4a7b33c1\n", TRUE},
        {"a.vmdk", "KDMV", 0, 4, 12, 8, 2048, FALSE, "parentCID=ffffffff\nparentFileNameHint=\"/x\"\n", TRUE},
        {"a.vmdk", "COWD", 0, 4, 12, 8, 2048, FALSE, "parentFileNameHint=\"/x\"\n", TRUE},
        {"a.vmdk", "KDMV", 0, 4, 12, 8, 2048, FALSE, "CID=1\nparentCID=FFFFFFFF\n", FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree File *file = file_new();
        g_autoptr(GError) error = NULL;
        const FctVolumeCase this = {cases[i].name, NULL, &file->bytes, FCT_VOLUME_COPY};
        memcpy(file->head + cases[i].mark_at, cases[i].mark, cases[i].mark_length);
        put(file->head + cases[i].at, cases[i].value, cases[i].width, cases[i].big);
        if (cases[i].text)
            memcpy(file->head + 1024, cases[i].text, strlen(cases[i].text));
        const char *format = fct_volume_judge(&this, &error);
        g_test_message("%zu %s: %s", i, cases[i].name, format);
        g_assert_true((format == NULL) == cases[i].stands);
        g_assert_true(format || strstr(error->message, "stands on another file"));
    }
    /* A fixed one has its foot at its end alone. */
    g_autofree File *file = file_new();
    g_autoptr(GError) error = NULL;
    guint8 foot[512] = "conectix";
    const FctVolumeCase this = {"a.vhd", NULL, &file->bytes, FCT_VOLUME_COPY};
    file->bytes.tail = foot;
    file->bytes.tail_length = sizeof foot;
    foot[63] = 2;
    g_assert_cmpstr(fct_volume_judge(&this, &error), ==, "vpc");
    foot[63] = 4;
    g_assert_null(fct_volume_judge(&this, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_REFUSED);
}

/* A partition of 64 MiB in a file of 32: an upload refuses it, and so does whoever attaches or copies it. */
static void test_cut_off(void)
{
    for (int copy = 0; copy < 2; copy++) {
        g_autofree File *file = file_new();
        g_autoptr(GError) error = NULL;
        FctVolumeCase this = {"a.img", NULL, &file->bytes, copy ? FCT_VOLUME_COPY : FCT_VOLUME_ATTACH};
        file->head[446 + 4] = 0x83;
        put(file->head + 446 + 8, 2048, 4, FALSE);
        put(file->head + 446 + 12, (64 << 11) - 2048, 4, FALSE);
        put(file->head + 510, 0xaa55, 2, FALSE);
        g_assert_cmpstr(fct_volume_judge(&this, NULL), ==, "raw"); /* it is as long as it says */
        file->bytes.size = 32 << 20;
        g_assert_null(fct_volume_judge(&this, &error));
        g_assert_error(error, FCT_ERROR, FCT_ERROR_REFUSED);
        g_assert_nonnull(strstr(error->message, "cut off"));
        this.asked = "raw"; /* who knows says so */
        g_assert_cmpstr(fct_volume_judge(&this, NULL), ==, "raw");
    }
}

static void test_empty(void)
{
    g_autoptr(GError) error = NULL;
    const FctDiskBytes none = {NULL, 0, NULL, 0, 0};
    const FctVolumeCase this = {"a.img", "raw", &none, FCT_VOLUME_ATTACH};
    g_assert_null(fct_volume_judge(&this, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_REFUSED);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/volume-rules/table", test_table);
    g_test_add_func("/volume-rules/qcow2", test_qcow2);
    g_test_add_func("/volume-rules/foreign-deltas", test_foreign_deltas);
    g_test_add_func("/volume-rules/empty", test_empty);
    g_test_add_func("/volume-rules/cut-off", test_cut_off);
    return g_test_run();
}
