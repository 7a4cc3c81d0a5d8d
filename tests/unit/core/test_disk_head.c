/* SPDX-License-Identifier: Apache-2.0 */
/* What a file is by its bytes (cases 02 to 05): every format, and headers that lie. */
#include "core/disk_head.h"

#include <string.h>

#define ISO_MARK_AT 32769

typedef struct {
    guint8 bytes[FCT_DISK_HEAD_BYTES + 4096];
    gint64 size;
} File;

static File *file_new(gint64 size)
{
    File *file = g_new0(File, 1);
    file->size = size;
    return file;
}

static void put(File *file, gsize at, const char *bytes, gsize length)
{
    memcpy(file->bytes + at, bytes, length);
}

static void put_big(File *file, gsize at, guint64 n, gsize width)
{
    for (gsize i = 0; i < width; i++)
        file->bytes[at + i] = (guint8)(n >> 8 * (width - 1 - i));
}

static void put_little(File *file, gsize at, guint64 n, gsize width)
{
    for (gsize i = 0; i < width; i++)
        file->bytes[at + i] = (guint8)(n >> 8 * i);
}

/* The tail is zeros, or that of the bytes when all of them are there. */
static FctDiskHead read_file(const File *file)
{
    static const guint8 zeros[FCT_DISK_TAIL_BYTES] = {0};
    gsize length = (gsize)MIN(file->size, FCT_DISK_HEAD_BYTES);
    gsize tail = (gsize)MIN(file->size, FCT_DISK_TAIL_BYTES);
    /* An exact copy, so that the sanitizer sees a byte too many. */
    g_autofree guint8 *head = g_memdup2(file->bytes, length);
    const FctDiskBytes bytes = {
        head, length, file->size <= FCT_DISK_HEAD_BYTES ? file->bytes + file->size - tail : zeros, tail, file->size};
    FctDiskHead ret;
    fct_disk_head_read(&bytes, &ret);
    return ret;
}

static File *qcow2(int version)
{
    File *file = file_new(4 << 20);
    put(file, 0, "QFI\xfb", 4);
    put_big(file, 4, (guint64)version, 4);
    put_big(file, 20, 16, 4);       /* clusters of 64 KiB */
    put_big(file, 24, 64 << 20, 8); /* size */
    put_big(file, 36, 1, 4);        /* first table */
    put_big(file, 40, 3 << 16, 8);
    put_big(file, 48, 1 << 16, 8); /* references */
    put_big(file, 56, 1, 4);
    if (version >= 3) {
        put_big(file, 96, 4, 4);
        put_big(file, 100, 104, 4);
    }
    return file;
}

static void test_marks(void)
{
    static const struct {
        gsize at;
        const char *mark;
        gsize length;
        FctDiskKind kind;
    } cases[] = {
        {0, "QFI\xfb\0\0\0\1", 8, FCT_DISK_QCOW1},
        {0, "QED\0", 4, FCT_DISK_QED},
        {0, "KDMV", 4, FCT_DISK_VMDK},
        {0, "COWD", 4, FCT_DISK_VMDK},
        {0, "# Disk DescriptorFile\nversion=1\n", 32, FCT_DISK_VMDK_TEXT},
        {0, "# anything\r\n  \n# more\nversion=3\r\n", 34, FCT_DISK_VMDK_TEXT},
        {0, "vhdxfile", 8, FCT_DISK_VHDX},
        {0, "conectix", 8, FCT_DISK_VPC},
        {0, "WithoutFreeSpace", 16, FCT_DISK_PARALLELS},
        {0, "WithouFreSpacExt", 16, FCT_DISK_PARALLELS},
        {0, "Bochs Virtual HD Image", 22, FCT_DISK_BOCHS},
        {0, "#!/bin/sh\n#V2.0 Format\nmodprobe cloop file=$0 && mount", 54, FCT_DISK_CLOOP},
        {0x40, "\xbe\xda\x10\x7f", 4, FCT_DISK_RAW},
        {0x40, "\x7f\x10\xda\xbe", 4, FCT_DISK_VDI},
        {0, "LUKS\xba\xbe\0\2", 8, FCT_DISK_LUKS},
        {0, "\xfd\x37zXZ\0\0\4", 8, FCT_DISK_XZ},
        {0, "\x1f\x8b\x08\x08", 4, FCT_DISK_GZIP},
        {0, "BZh91AY&SY", 10, FCT_DISK_BZIP2},
        {0, "BZh9nothing", 11, FCT_DISK_RAW},
        {0, "\x28\xb5\x2f\xfd\x24", 5, FCT_DISK_ZSTD},
        {0, "\x50\x2a\x4d\x18\4\0\0\0abcd\x28\xb5\x2f\xfd", 16, FCT_DISK_ZSTD},
        {0, "\x04\x22\x4d\x18", 4, FCT_DISK_LZ4},
        {0, "LZIP\1", 5, FCT_DISK_LZIP},
        {0, "\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0", 14, FCT_DISK_LZMA},
        {0, "PK\3\4", 4, FCT_DISK_ZIP},
        {0, "7z\xbc\xaf\x27\x1c", 6, FCT_DISK_SEVEN_ZIP},
        {0, "Rar!\x1a\x07\1", 7, FCT_DISK_RAR},
        {0, "MSWIM\0\0\0", 8, FCT_DISK_WIM},
        {0, "!<arch>\n", 8, FCT_DISK_PACKAGE},
        {0,
         "\x7f"
         "ELF",
         4, FCT_DISK_PROGRAM},
        {0, "%PDF-1.7", 8, FCT_DISK_DOCUMENT},
        {0, "hsqs\7\0\0\0", 8, FCT_DISK_SQUASHFS},
        {0, "MSCF\0\0\0\0", 8, FCT_DISK_CAB},
        {0, "xar!\0\x1c\0\1", 8, FCT_DISK_XAR},
        {0, "LRZI\0\6", 6, FCT_DISK_LRZIP},
        {0, "VMA\0\0\0\0\1", 8, FCT_DISK_VMA},
        {0,
         "\0\0\0\x20"
         "ftypisom",
         12, FCT_DISK_MEDIA},
        {0, "MZ\x90\0\3", 5, FCT_DISK_PROGRAM},
        {0, "ANDROID!", 8, FCT_DISK_ANDROID},
        {0, "\x3a\xff\x26\xed\1\0\0\0", 8, FCT_DISK_ANDROID},
        {0, "OOOM\0\0\0\2", 8, FCT_DISK_COW},
        {0, "SQLite format 3\0", 16, FCT_DISK_DATABASE},
        {0, "\xeb\x63\x90", 3, FCT_DISK_RAW},
        {ISO_MARK_AT, "CD001", 5, FCT_DISK_ISO},
        {ISO_MARK_AT, "BEA01", 5, FCT_DISK_ISO},
        {0, "\0\0\0\0", 4, FCT_DISK_RAW},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree File *file = file_new(1 << 20);
        put(file, cases[i].at, cases[i].mark, cases[i].length);
        FctDiskHead head = read_file(file);
        g_test_message("%" G_GSIZE_FORMAT ": %s", i, fct_disk_kind_text(head.kind));
        g_assert_cmpint(head.kind, ==, cases[i].kind);
        g_assert_cmpint(head.needs_bytes, ==, 0);
    }
    for (int kind = 0; kind < FCT_DISK_KINDS; kind++) {
        g_assert_nonnull(fct_disk_kind_text((FctDiskKind)kind));
        FctDiskClass class = fct_disk_class((FctDiskKind)kind);
        gboolean disk = class == FCT_DISK_IS_DISK || class == FCT_DISK_IS_MEDIUM || class == FCT_DISK_IS_FOREIGN;
        g_assert_true((fct_disk_kind_format((FctDiskKind)kind) != NULL) == disk);
    }
}

/* The first sector may be a program of DOS as well. */
static void test_program_that_boots(void)
{
    g_autofree File *file = file_new(1 << 20), *iso = file_new(1 << 20);
    put(file, 0, "MZ", 2);
    put(iso, 0, "MZ", 2);
    put(file, 450, "\x83", 1); /* a partition of 8 sectors at sector 1 */
    put_little(file, 454, 1, 4);
    put_little(file, 458, 8, 4);
    put(file, 510, "\x55\xaa", 2);
    put(iso, ISO_MARK_AT, "CD001", 5);
    g_assert_cmpint(read_file(file).kind, ==, FCT_DISK_PARTITIONED);
    g_assert_cmpint(read_file(iso).kind, ==, FCT_DISK_ISO);
}

static void test_foot(void)
{
    static const struct {
        const char *mark;
        gsize before;
        FctDiskKind kind;
    } cases[] = {{"conectix", 512, FCT_DISK_VPC},
                 {"conectix", 511, FCT_DISK_VPC},
                 {"conectix", 510, FCT_DISK_RAW},
                 {"koly", 512, FCT_DISK_DMG}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree File *file = file_new(8192);
        put(file, (gsize)file->size - cases[i].before, cases[i].mark, strlen(cases[i].mark));
        g_assert_cmpint(read_file(file).kind, ==, cases[i].kind);
    }
}

static void test_tar(void)
{
    g_autofree File *file = file_new(10240);
    guint sum = 0;
    put(file, 0, "disk.img", 8);
    put(file, 124, "00000001000", 11);
    put(file, 148, "        ", 8);
    for (gsize i = 0; i < 512; i++)
        sum += file->bytes[i];
    g_autofree char *text = g_strdup_printf("%06o", sum);
    put(file, 148, text, 7);
    g_assert_cmpint(read_file(file).kind, ==, FCT_DISK_TAR);
    put(file, 0, "disk.OVF", 8); /* letters of another case: the sum differs by 3 * 32, and by others' */
    g_assert_cmpint(read_file(file).kind, ==, FCT_DISK_RAW);
    sum = sum - 'i' - 'm' - 'g' + 'O' + 'V' + 'F';
    g_autofree char *again = g_strdup_printf("%06o", sum);
    put(file, 148, again, 7);
    g_assert_cmpint(read_file(file).kind, ==, FCT_DISK_OVA);
}

static void test_text(void)
{
    static const struct {
        const char *text;
        FctDiskKind kind;
    } cases[] = {{"hi\n", FCT_DISK_TEXT},
                 {"{\"error\": \"not found\"}", FCT_DISK_TEXT},
                 {"gr\xc3\xbc\xc3\x9f", FCT_DISK_TEXT},
                 {"<!DOCTYPE html><html>", FCT_DISK_HTML},
                 {"\xef\xbb\xbf\n  <HTML lang=de>", FCT_DISK_HTML},
                 {"\x01\x02\x03", FCT_DISK_RAW},
                 {"\xff\xff\xff", FCT_DISK_RAW},
                 {"", FCT_DISK_EMPTY}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree File *file = file_new((gint64)strlen(cases[i].text));
        put(file, 0, cases[i].text, strlen(cases[i].text));
        g_assert_cmpint(read_file(file).kind, ==, cases[i].kind);
    }
    /* A character that the end of what is looked at cuts. */
    g_autofree File *file = file_new(8192);
    memset(file->bytes, 'a', 4095);
    memset(file->bytes + 4095, '\xc3', 1);
    memset(file->bytes + 4096, '\xbc', 1);
    memset(file->bytes + 4097, 'b', 4000);
    g_assert_cmpint(read_file(file).kind, ==, FCT_DISK_TEXT);
}

static void test_partitions(void)
{
    g_autofree File *file = file_new(1 << 20), *gpt = file_new(1 << 20);
    put(file, 510, "\x55\xaa", 2);
    FctDiskHead head = read_file(file);
    g_assert_cmpint(head.kind, ==, FCT_DISK_RAW); /* a boot sector without partitions */
    file->bytes[450] = 0x83;
    put_little(file, 454, 64, 4);
    put_little(file, 458, 1984, 4);
    head = read_file(file);
    g_assert_cmpint(head.kind, ==, FCT_DISK_PARTITIONED);
    g_assert_true(head.mbr && !head.gpt);
    g_assert_cmpint(head.needs_bytes, ==, 0);
    put_little(file, 458, 1985, 4); /* a sector more than there is: a download that broke off */
    g_assert_cmpint(read_file(file).needs_bytes, ==, (1 << 20) + 512);
    put(gpt, 512, "EFI PART", 8);
    put_little(gpt, 544, 2047, 8);
    head = read_file(gpt);
    g_assert_true(head.gpt && head.kind == FCT_DISK_PARTITIONED && head.needs_bytes == 0);
    put_little(gpt, 544, 4095, 8);
    g_assert_cmpint(read_file(gpt).needs_bytes, ==, 2 << 20);
    put_little(gpt, 544, G_MAXUINT64, 8);
    g_assert_cmpint(read_file(gpt).needs_bytes, ==, G_MAXINT64);
}

static void test_iso(void)
{
    g_autofree File *file = file_new(1 << 20);
    put(file, 32768,
        "\x01"
        "CD001",
        6);
    put_little(file, 32768 + 80, 512, 4);
    put_little(file, 32768 + 128, 2048, 2);
    g_assert_cmpint(read_file(file).kind, ==, FCT_DISK_ISO);
    g_assert_cmpint(read_file(file).needs_bytes, ==, 0);
    put_little(file, 32768 + 80, 513, 4);
    g_assert_cmpint(read_file(file).needs_bytes, ==, 513 * 2048);
    /* What QEMU would open as a disk is that disk, whatever stands at the mark of an ISO. */
    put(file, 0, "KDMV", 4);
    g_assert_cmpint(read_file(file).kind, ==, FCT_DISK_VMDK);
}

static void test_qcow2_sound(void)
{
    for (int version = 2; version <= 3; version++) {
        g_autofree File *file = qcow2(version);
        FctDiskHead head = read_file(file);
        g_assert_cmpint(head.kind, ==, FCT_DISK_QCOW2);
        g_assert_cmpint(head.version, ==, version);
        g_assert_cmpint(head.virtual_bytes, ==, 64 << 20);
        g_assert_cmpstr(head.fault, ==, NULL);
        g_assert_cmpint(head.needs_bytes, ==, 0);
        g_assert_true(!head.backing && !head.data_file && head.crypt == FCT_QCOW2_CLEAR && !head.snapshots);
    }
    g_autofree File *file = qcow2(3);
    put_big(file, 8, 600, 8);
    put_big(file, 32, FCT_QCOW2_LUKS, 4);
    put_big(file, 72, FCT_QCOW2_DATA_FILE | FCT_QCOW2_CORRUPT, 8);
    put_big(file, 60, 2, 4);
    put_big(file, 64, 4 << 16, 8);
    FctDiskHead head = read_file(file);
    g_assert_true(head.backing && head.data_file && head.crypt == FCT_QCOW2_LUKS && head.snapshots == 2);
    g_assert_cmpuint(head.incompatible, ==, FCT_QCOW2_DATA_FILE | FCT_QCOW2_CORRUPT);
    /* Version 2 has no features: the bytes there belong to something else. */
    put_big(file, 4, 2, 4);
    g_assert_cmpuint(read_file(file).incompatible, ==, 0);
}

static void test_qcow2_damaged(void)
{
    static const struct {
        gsize at;
        guint64 value;
        gsize width;
        gboolean fault; /* else: cut off */
    } cases[] = {
        {4, 0, 4, TRUE},
        {4, 4, 4, TRUE},
        {20, 8, 4, TRUE},
        {20, 22, 4, TRUE},
        {20, 0xffffffff, 4, TRUE},
        {24, G_MAXUINT64, 8, TRUE},
        {24, G_MAXINT64, 8, TRUE},
        {36, 0, 4, TRUE},
        {36, 0xffffffff, 4, TRUE},
        {40, 3 << 16 | 1, 8, TRUE},
        {48, 77, 8, TRUE},
        {56, 0, 4, TRUE},
        {56, 0xffffffff, 4, TRUE},
        {60, 65537, 4, TRUE},
        {72, 32, 8, TRUE},
        {96, 7, 4, TRUE},
        {100, 72, 4, TRUE},
        {100, 0xfffffff8, 4, TRUE},
        {40, 4 << 20, 8, FALSE},
        {48, 4 << 20, 8, FALSE},
        {40, G_GUINT64_CONSTANT(0x7fffffffffff0000), 8, FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree File *file = qcow2(3);
        put_big(file, cases[i].at, cases[i].value, cases[i].width);
        FctDiskHead head = read_file(file);
        g_test_message("%" G_GSIZE_FORMAT ": %s, %" G_GINT64_FORMAT, cases[i].at, head.fault, head.needs_bytes);
        g_assert_cmpint(head.kind, ==, FCT_DISK_QCOW2);
        g_assert_true((head.fault != NULL) == cases[i].fault);
        g_assert_true((head.needs_bytes > file->size) == !cases[i].fault);
    }
    for (gint64 size = 4; size < 104; size++) {
        g_autofree File *file = qcow2(3);
        file->size = size;
        FctDiskHead head = read_file(file);
        g_assert_true(head.kind != FCT_DISK_RAW && (head.kind == FCT_DISK_QCOW1 || head.fault));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/disk-head/marks", test_marks);
    g_test_add_func("/disk-head/foot", test_foot);
    g_test_add_func("/disk-head/program-that-boots", test_program_that_boots);
    g_test_add_func("/disk-head/tar", test_tar);
    g_test_add_func("/disk-head/text", test_text);
    g_test_add_func("/disk-head/partitions", test_partitions);
    g_test_add_func("/disk-head/iso", test_iso);
    g_test_add_func("/disk-head/qcow2/sound", test_qcow2_sound);
    g_test_add_func("/disk-head/qcow2/damaged", test_qcow2_damaged);
    return g_test_run();
}
