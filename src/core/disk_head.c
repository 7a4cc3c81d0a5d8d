/* SPDX-License-Identifier: Apache-2.0 */
#include "core/disk_head.h"

#include <string.h>

#define SECTOR 512
#define TAR_NAME 100 /* the name of a tar member, which ends with a NUL only where it is shorter */
#define ISO_BLOCK 2048
#define ISO_AT 32768 /* the first volume descriptor */
#define ISO_SETS 16  /* volume descriptors that are looked at */
#define QED_BACKING 1
#define VMDK_TEXT_AT 512        /* where QEMU takes its description from, whatever the header says */
#define VMDK_TEXT (20 * SECTOR) /* as much of it as QEMU reads */
#define VPC_DIFFERENCING 4
#define QCOW2_L1_MAX (32u << 20)
#define QCOW2_REFTABLE_MAX (8u << 20)
#define QCOW2_SNAPSHOTS_MAX 65536u
#define QCOW2_KNOWN                                                                                                    \
    (FCT_QCOW2_DIRTY | FCT_QCOW2_CORRUPT | FCT_QCOW2_DATA_FILE | FCT_QCOW2_COMPRESSION | FCT_QCOW2_EXTENDED_L2)

static const struct {
    const char *text, *format;
    FctDiskClass class;
} kinds[FCT_DISK_KINDS] = {
    [FCT_DISK_EMPTY] = {"an empty file", NULL, FCT_DISK_IS_NOTHING},
    [FCT_DISK_RAW] = {"a raw disk", "raw", FCT_DISK_IS_DISK},
    [FCT_DISK_PARTITIONED] = {"a raw disk with partitions", "raw", FCT_DISK_IS_DISK},
    [FCT_DISK_ISO] = {"an ISO image", "raw", FCT_DISK_IS_MEDIUM},
    [FCT_DISK_QCOW2] = {"a qcow2 disk", "qcow2", FCT_DISK_IS_DISK},
    [FCT_DISK_QCOW1] = {"a disk in QEMU's first format (qcow)", "qcow", FCT_DISK_IS_FOREIGN},
    [FCT_DISK_QED] = {"a QED disk", "qed", FCT_DISK_IS_FOREIGN},
    [FCT_DISK_VMDK] = {"a VMware disk (VMDK)", "vmdk", FCT_DISK_IS_FOREIGN},
    [FCT_DISK_VMDK_TEXT] = {"the description of a VMware disk (VMDK), whose data is in other files", "vmdk",
                            FCT_DISK_IS_FOREIGN},
    [FCT_DISK_VDI] = {"a VirtualBox disk (VDI)", "vdi", FCT_DISK_IS_FOREIGN},
    [FCT_DISK_VHDX] = {"a Hyper-V disk (VHDX)", "vhdx", FCT_DISK_IS_FOREIGN},
    [FCT_DISK_VPC] = {"a Virtual PC disk (VHD)", "vpc", FCT_DISK_IS_FOREIGN},
    [FCT_DISK_PARALLELS] = {"a Parallels disk", "parallels", FCT_DISK_IS_FOREIGN},
    [FCT_DISK_COW] = {"a disk in QEMU's old format COW", "cow", FCT_DISK_IS_FOREIGN},
    [FCT_DISK_BOCHS] = {"a Bochs disk", "bochs", FCT_DISK_IS_FOREIGN},
    [FCT_DISK_CLOOP] = {"a compressed loop image (cloop)", "cloop", FCT_DISK_IS_FOREIGN},
    [FCT_DISK_DMG] = {"a macOS disk image (DMG)", "dmg", FCT_DISK_IS_FOREIGN},
    [FCT_DISK_LUKS] = {"an encrypted disk (LUKS)", "luks", FCT_DISK_IS_FOREIGN},
    [FCT_DISK_XZ] = {"an xz-compressed file", NULL, FCT_DISK_IS_PACKED},
    [FCT_DISK_GZIP] = {"a gzip-compressed file", NULL, FCT_DISK_IS_PACKED},
    [FCT_DISK_BZIP2] = {"a bzip2-compressed file", NULL, FCT_DISK_IS_PACKED},
    [FCT_DISK_ZSTD] = {"a Zstandard-compressed file", NULL, FCT_DISK_IS_PACKED},
    [FCT_DISK_LZ4] = {"an lz4-compressed file", NULL, FCT_DISK_IS_PACKED},
    [FCT_DISK_LZIP] = {"an lzip-compressed file", NULL, FCT_DISK_IS_PACKED},
    [FCT_DISK_LZOP] = {"an lzop-compressed file", NULL, FCT_DISK_IS_PACKED},
    [FCT_DISK_LZMA] = {"an lzma-compressed file", NULL, FCT_DISK_IS_PACKED},
    [FCT_DISK_LRZIP] = {"an lrzip-compressed file", NULL, FCT_DISK_IS_PACKED},
    [FCT_DISK_COMPRESS] = {"a file compressed by “compress” (.Z)", NULL, FCT_DISK_IS_PACKED},
    [FCT_DISK_ZIP] = {"a zip archive", NULL, FCT_DISK_IS_ARCHIVE},
    [FCT_DISK_SEVEN_ZIP] = {"a 7z archive", NULL, FCT_DISK_IS_ARCHIVE},
    [FCT_DISK_RAR] = {"a RAR archive", NULL, FCT_DISK_IS_ARCHIVE},
    [FCT_DISK_TAR] = {"a tar archive", NULL, FCT_DISK_IS_ARCHIVE},
    [FCT_DISK_OVA] = {"a virtual appliance (OVA)", NULL, FCT_DISK_IS_ARCHIVE},
    [FCT_DISK_CPIO] = {"a cpio archive", NULL, FCT_DISK_IS_ARCHIVE},
    [FCT_DISK_WIM] = {"a Windows image archive (WIM)", NULL, FCT_DISK_IS_ARCHIVE},
    [FCT_DISK_CAB] = {"a cabinet archive (CAB)", NULL, FCT_DISK_IS_ARCHIVE},
    [FCT_DISK_XAR] = {"a xar archive", NULL, FCT_DISK_IS_ARCHIVE},
    [FCT_DISK_VMA] = {"a backup of Proxmox (VMA)", NULL, FCT_DISK_IS_ARCHIVE},
    [FCT_DISK_PACKAGE] = {"a software package", NULL, FCT_DISK_IS_ARCHIVE},
    [FCT_DISK_TEXT] = {"a text", NULL, FCT_DISK_IS_NOTHING},
    [FCT_DISK_HTML] = {"a web page", NULL, FCT_DISK_IS_NOTHING},
    [FCT_DISK_PROGRAM] = {"a program", NULL, FCT_DISK_IS_NOTHING},
    [FCT_DISK_DOCUMENT] = {"a document or picture", NULL, FCT_DISK_IS_NOTHING},
    [FCT_DISK_MEDIA] = {"a film or recording", NULL, FCT_DISK_IS_NOTHING},
    [FCT_DISK_DATABASE] = {"a database (SQLite)", NULL, FCT_DISK_IS_NOTHING},
    [FCT_DISK_ANDROID] = {"an Android image", NULL, FCT_DISK_IS_NOTHING},
    [FCT_DISK_SQUASHFS] = {"a squashfs file system", NULL, FCT_DISK_IS_NOTHING},
};

FctDiskClass fct_disk_class(FctDiskKind kind)
{
    return kinds[kind].class;
}

const char *fct_disk_kind_text(FctDiskKind kind)
{
    return kinds[kind].text;
}

const char *fct_disk_kind_format(FctDiskKind kind)
{
    return kinds[kind].format;
}

/* ---- reading within bounds: what is not there is zero ---- */

static gboolean head_has(const FctDiskBytes *b, gsize at, const char *mark, gsize length)
{
    return at + length <= b->head_length && memcmp(b->head + at, mark, length) == 0;
}

static guint64 head_big_endian(const FctDiskBytes *b, gsize at, gsize width)
{
    guint64 n = 0;
    for (gsize i = 0; i < width; i++)
        n = n << 8 | (at + i < b->head_length ? b->head[at + i] : 0);
    return n;
}

static guint64 head_little_endian(const FctDiskBytes *b, gsize at, gsize width)
{
    guint64 n = 0;
    for (gsize i = width; i-- > 0;)
        n = n << 8 | (at + i < b->head_length ? b->head[at + i] : 0);
    return n;
}

/* ---- qcow2 ---- */

static const char *qcow2_wrong(const FctDiskBytes *b, const FctDiskHead *h)
{
    guint64 bits = head_big_endian(b, 20, 4), cluster = G_GUINT64_CONSTANT(1) << MIN(bits, 21),
            l1 = head_big_endian(b, 36, 4), tables = head_big_endian(b, 56, 4),
            header = h->version >= 3 ? head_big_endian(b, 100, 4) : 72;
    guint64 entry = h->incompatible & FCT_QCOW2_EXTENDED_L2 ? 16 : 8, reach = cluster * (cluster / entry);
    if (bits < 9 || bits > 21)
        return "its cluster size is impossible";
    if (h->virtual_bytes < 0)
        return "its size is impossible";
    if (h->version >= 3 && (header < 104 || header % 8 || header > cluster || head_big_endian(b, 96, 4) > 6))
        return "its header is impossible";
    if (l1 > QCOW2_L1_MAX / 8 || l1 < (guint64)h->virtual_bytes / reach + ((guint64)h->virtual_bytes % reach != 0))
        return "its first table does not fit its size";
    if (tables == 0 || tables > QCOW2_REFTABLE_MAX / cluster)
        return "its table of references is impossible";
    if (head_big_endian(b, 40, 8) % cluster || head_big_endian(b, 48, 8) % cluster || head_big_endian(b, 64, 8) % 8)
        return "its tables are not where tables can be";
    if (h->snapshots > QCOW2_SNAPSHOTS_MAX)
        return "its count of snapshots is impossible";
    return NULL;
}

/* Where its tables end, by its own word; G_MAXINT64 when that is beyond every file. */
static gint64 qcow2_needs(const FctDiskBytes *b)
{
    const struct {
        guint64 at, length;
    } tables[] = {{head_big_endian(b, 40, 8), head_big_endian(b, 36, 4) * 8},
                  {head_big_endian(b, 48, 8), head_big_endian(b, 56, 4) << MIN(head_big_endian(b, 20, 4), 21)},
                  {head_big_endian(b, 60, 4) ? head_big_endian(b, 64, 8) : 0, head_big_endian(b, 60, 4) ? 40 : 0}};
    guint64 needs = 0;
    for (gsize i = 0; i < G_N_ELEMENTS(tables); i++)
        needs = MAX(needs, MIN(tables[i].at, (guint64)G_MAXINT64 - tables[i].length) + tables[i].length);
    return (gint64)needs;
}

static void read_qcow2(const FctDiskBytes *b, FctDiskHead *h)
{
    guint64 size = head_big_endian(b, 24, 8), crypt = head_big_endian(b, 32, 4);
    gsize need = h->version >= 3 ? 104 : 72;
    h->virtual_bytes = size > G_MAXINT64 ? -1 : (gint64)size;
    h->backing = head_big_endian(b, 8, 8) != 0;
    h->crypt = crypt < FCT_QCOW2_CRYPT_UNKNOWN ? (FctQcow2Crypt)crypt : FCT_QCOW2_CRYPT_UNKNOWN;
    h->incompatible = h->version >= 3 ? head_big_endian(b, 72, 8) : 0;
    h->data_file = (h->incompatible & FCT_QCOW2_DATA_FILE) != 0;
    h->snapshots = (guint32)head_big_endian(b, 60, 4);
    if (b->head_length < need) {
        h->needs_bytes = (gint64)need;
        h->fault = "its header is cut off";
        return;
    }
    if (h->version < 2 || h->version > 3)
        h->fault = "its version is not known";
    else if (h->incompatible & ~(guint64)QCOW2_KNOWN)
        h->fault = "it uses features that are not known yet";
    else
        h->fault = qcow2_wrong(b, h);
    gint64 needs = h->fault ? 0 : qcow2_needs(b);
    h->needs_bytes = needs > b->size ? needs : 0;
}

/* Version 1 has another header: backing at 8, size at 24, crypt at 36. */
static void read_qcow1(const FctDiskBytes *b, FctDiskHead *h)
{
    guint64 size = head_big_endian(b, 24, 8), crypt = head_big_endian(b, 36, 4);
    h->virtual_bytes = size > G_MAXINT64 ? -1 : (gint64)size;
    h->backing = head_big_endian(b, 8, 8) != 0;
    h->crypt = crypt <= FCT_QCOW2_AES ? (FctQcow2Crypt)crypt : FCT_QCOW2_CRYPT_UNKNOWN;
}

/* ---- formats of others: whether they stand on another file ---- */

static gboolean head_finds(const FctDiskBytes *b, gsize from, gsize to, const char *word, gsize *ret_end)
{
    gsize length = strlen(word);
    for (gsize at = from; at + length <= MIN(to, b->head_length); at++)
        if (memcmp(b->head + at, word, length) == 0) {
            *ret_end = at + length;
            return TRUE;
        }
    return FALSE;
}

/* QEMU goes by the hint, VMware by the parent's CID. */
static gboolean vmdk_stands(const FctDiskBytes *b)
{
    gsize at = 0;
    if (head_finds(b, VMDK_TEXT_AT, VMDK_TEXT_AT + VMDK_TEXT, "parentFileNameHint", &at))
        return TRUE;
    for (at = VMDK_TEXT_AT; head_finds(b, at, VMDK_TEXT_AT + VMDK_TEXT, "parentCID=", &at);)
        if (at + 8 > b->head_length || g_ascii_strncasecmp((const char *)b->head + at, "ffffffff", 8) != 0)
            return TRUE;
    return FALSE;
}

/* A differencing one; its foot stands at its end, and of one that grows a copy at its beginning. */
static gboolean vpc_stands(const FctDiskBytes *b)
{
    const guint8 *foot = b->tail_length >= SECTOR ? b->tail + b->tail_length - SECTOR : NULL;
    if (foot && memcmp(foot + 1, "conectix", 8) == 0)
        foot++;
    gboolean ends = foot && memcmp(foot, "conectix", 8) == 0 &&
                    ((guint32)foot[60] << 24 | foot[61] << 16 | foot[62] << 8 | foot[63]) == VPC_DIFFERENCING;
    return ends || (head_has(b, 0, "conectix", 8) && head_big_endian(b, 60, 4) == VPC_DIFFERENCING);
}

/* An undo or differencing image, or one that names another by its UUID. */
static gboolean vdi_stands(const FctDiskBytes *b)
{
    guint64 type = head_little_endian(b, 0x4c, 4);
    return type == 3 || type == 4 || head_little_endian(b, 0x1a8, 8) || head_little_endian(b, 0x1b0, 8) ||
           head_little_endian(b, 0x1b8, 8) || head_little_endian(b, 0x1c0, 8);
}

static gboolean head_stands(const FctDiskBytes *b, FctDiskKind kind)
{
    switch (kind) {
    case FCT_DISK_QED:
        return head_little_endian(b, 16, 8) & QED_BACKING;
    case FCT_DISK_VMDK:
        return vmdk_stands(b);
    case FCT_DISK_VPC:
        return vpc_stands(b);
    case FCT_DISK_VDI:
        return vdi_stands(b);
    default:
        return FALSE;
    }
}

/* ---- marks ---- */

static const struct {
    gsize at;
    const char *mark;
    gsize length;
    FctDiskKind kind;
} marks[] = {
    {0, "QED\0", 4, FCT_DISK_QED},
    {0, "KDMV", 4, FCT_DISK_VMDK},
    {0, "COWD", 4, FCT_DISK_VMDK},
    {0, "# Disk DescriptorFile", 21, FCT_DISK_VMDK_TEXT},
    {0, "vhdxfile", 8, FCT_DISK_VHDX},
    {0, "conectix", 8, FCT_DISK_VPC},
    {0, "WithoutFreeSpace", 16, FCT_DISK_PARALLELS},
    {0, "WithouFreSpacExt", 16, FCT_DISK_PARALLELS},
    {0, "LUKS\xba\xbe", 6, FCT_DISK_LUKS},
    {0, "OOOM\0\0\0\2", 8, FCT_DISK_COW},
    {0, "Bochs Virtual HD Image", 22, FCT_DISK_BOCHS},
    {0, "#!/bin/sh\n#V2.0 Format\nmodprobe cloop", 37, FCT_DISK_CLOOP},
    {0x40, "\x7f\x10\xda\xbe", 4, FCT_DISK_VDI},
    {0, "\xfd\x37zXZ\0", 6, FCT_DISK_XZ},
    {0, "\x1f\x8b\x08", 3, FCT_DISK_GZIP},
    {0, "\x28\xb5\x2f\xfd", 4, FCT_DISK_ZSTD},
    {0, "\x04\x22\x4d\x18", 4, FCT_DISK_LZ4},
    {0, "\x02\x21\x4c\x18", 4, FCT_DISK_LZ4},
    {0, "LZIP\x01", 5, FCT_DISK_LZIP},
    {0, "\x89LZO\0\r\n\x1a\n", 9, FCT_DISK_LZOP},
    {0, "LRZI", 4, FCT_DISK_LRZIP},
    {0, "\x1f\x9d", 2, FCT_DISK_COMPRESS},
    {0, "PK\x03\x04", 4, FCT_DISK_ZIP},
    {0, "PK\x05\x06", 4, FCT_DISK_ZIP},
    {0, "PK\x07\x08", 4, FCT_DISK_ZIP},
    {0, "7z\xbc\xaf\x27\x1c", 6, FCT_DISK_SEVEN_ZIP},
    {0, "Rar!\x1a\x07", 6, FCT_DISK_RAR},
    {0, "070701", 6, FCT_DISK_CPIO},
    {0, "070702", 6, FCT_DISK_CPIO},
    {0, "070707", 6, FCT_DISK_CPIO},
    {0, "MSWIM\0\0\0", 8, FCT_DISK_WIM},
    {0, "MSCF\0\0\0\0", 8, FCT_DISK_CAB},
    {0, "xar!", 4, FCT_DISK_XAR},
    {0, "VMA\0", 4, FCT_DISK_VMA},
    {0, "!<arch>\n", 8, FCT_DISK_PACKAGE},
    {0, "\xed\xab\xee\xdb", 4, FCT_DISK_PACKAGE},
    {0,
     "\x7f"
     "ELF",
     4, FCT_DISK_PROGRAM},
    {0, "%PDF-", 5, FCT_DISK_DOCUMENT},
    {0, "\x89PNG\r\n\x1a\n", 8, FCT_DISK_DOCUMENT},
    {0, "\xff\xd8\xff\xe0", 4, FCT_DISK_DOCUMENT},
    {0, "GIF8", 4, FCT_DISK_DOCUMENT},
    {4, "ftyp", 4, FCT_DISK_MEDIA},
    {0, "SQLite format 3\0", 16, FCT_DISK_DATABASE},
    {0, "ANDROID!", 8, FCT_DISK_ANDROID},
    {0, "\x3a\xff\x26\xed", 4, FCT_DISK_ANDROID},
    {0, "hsqs", 4, FCT_DISK_SQUASHFS},
};

/* What QEMU takes for a VMDK description: comments and blank lines, then its version. */
static gboolean is_vmdk_text(const FctDiskBytes *b)
{
    const char *p = (const char *)b->head, *end = p + b->head_length;
    while (p < end && (*p == '#' || *p == ' ' || *p == '\n' || *p == '\r')) {
        const char *line = memchr(p, '\n', (gsize)(end - p));
        gboolean comment = *p == '#';
        for (const char *c = p; !comment && line && c < line; c++)
            if (*c != ' ' && *c != '\r')
                return FALSE;
        if (!line)
            return FALSE;
        p = line + 1;
    }
    gsize left = (gsize)(end - p);
    return left >= 10 && memcmp(p, "version=", 8) == 0 && p[8] >= '1' && p[8] <= '3' && (p[9] == '\n' || p[9] == '\r');
}

/* "lzma alone" has no mark: its properties, a dictionary of a usual size, and a size that is unknown or possible. */
static gboolean is_lzma(const FctDiskBytes *b)
{
    guint64 dictionary = head_little_endian(b, 1, 4), size = head_little_endian(b, 5, 8);
    gboolean usual = dictionary >= 4096 && (dictionary & (dictionary - 1)) == 0;
    return b->head_length >= 14 && b->head[0] == 0x5d && usual && b->head[13] == 0 &&
           (size == G_MAXUINT64 || size < G_GUINT64_CONSTANT(1) << 40);
}

/* A frame to be skipped, then one that is not: pzstd and others begin with one. */
static gboolean is_zstd_skippable(const FctDiskBytes *b)
{
    guint64 length = head_little_endian(b, 4, 4);
    return b->head_length >= 12 && (head_little_endian(b, 0, 4) & 0xfffffff0) == 0x184d2a50 &&
           length < FCT_DISK_HEAD_BYTES && head_has(b, 8 + (gsize)length, "\x28\xb5\x2f\xfd", 4);
}

static gboolean octal_read(const guint8 *text, gsize length, guint64 *ret)
{
    gsize i = 0;
    *ret = 0;
    while (i < length && text[i] == ' ')
        i++;
    gsize first = i;
    for (; i < length && text[i] >= '0' && text[i] <= '7'; i++)
        *ret = *ret << 3 | (guint64)(text[i] - '0');
    return i > first && (i == length || text[i] == ' ' || !text[i]);
}

/* The check sum of its first header is right; old ones have no mark. */
static gboolean is_tar(const FctDiskBytes *b)
{
    guint64 told, sum = 0;
    if (b->head_length < SECTOR || !b->head[0] || !octal_read(b->head + 148, 8, &told))
        return FALSE;
    for (gsize i = 0; i < SECTOR; i++)
        sum += i >= 148 && i < 156 ? ' ' : b->head[i];
    return sum == told;
}

static FctDiskKind tar_kind(const FctDiskBytes *b)
{
    const guint8 *end = memchr(b->head, 0, TAR_NAME);
    gsize length = end ? (gsize)(end - b->head) : TAR_NAME;
    gboolean ovf = length > 4 && g_ascii_strncasecmp((const char *)b->head + length - 4, ".ovf", 4) == 0;
    return ovf ? FCT_DISK_OVA : FCT_DISK_TAR;
}

/* ---- text ---- */

static gboolean text_begins(const char *text, gsize length, const char *word)
{
    gsize n = strlen(word);
    return length >= n && g_ascii_strncasecmp(text, word, n) == 0;
}

/* Printable from the first byte to the end of what is looked at, which may cut a character. */
static gboolean head_read_text(const FctDiskBytes *b, FctDiskKind *ret)
{
    const char *text = (const char *)b->head, *stop;
    gsize length = MIN(b->head_length, 4096);
    if (length >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0)) {
        *ret = FCT_DISK_TEXT; /* UTF-16 */
        return length >= 4 && (!text[2] != !text[3]);
    }
    g_utf8_validate(text, (gssize)length, &stop);
    if (length == 0 || (gsize)(stop - text) + (length == b->head_length ? 0 : 6) < length)
        return FALSE;
    for (const char *p = text; p < stop; p++)
        if ((guchar)*p < ' ' && !strchr("\t\n\r\f\x1b", *p))
            return FALSE;
    const char *p = text;
    if (text_begins(p, length, "\xef\xbb\xbf"))
        p += 3;
    while (p < stop && g_ascii_isspace(*p))
        p++;
    gsize left = (gsize)(stop - p);
    *ret = text_begins(p, left, "<!doctype html") || text_begins(p, left, "<html") ? FCT_DISK_HTML : FCT_DISK_TEXT;
    return TRUE;
}

/* ---- disks and media ---- */

static gboolean read_iso(const FctDiskBytes *b, FctDiskHead *h)
{
    if (!head_has(b, ISO_AT + 1, "CD001", 5) && !head_has(b, ISO_AT + 1, "BEA01", 5))
        return FALSE;
    for (gsize set = 0; set < ISO_SETS; set++) {
        gsize at = ISO_AT + set * ISO_BLOCK;
        if (!head_has(b, at,
                      "\x01"
                      "CD001",
                      6))
            continue;
        gint64 needs = (gint64)(head_little_endian(b, at + 80, 4) * head_little_endian(b, at + 128, 2));
        h->needs_bytes = needs > b->size ? needs : 0;
        break;
    }
    return TRUE;
}

/* A table of four partitions. A file system without partitions has the same last bytes in its first sector. */
static gboolean read_mbr(const FctDiskBytes *b, gint64 *ret_end)
{
    gboolean any = FALSE;
    *ret_end = 0;
    if (!head_has(b, 510, "\x55\xaa", 2))
        return FALSE;
    for (gsize i = 0; i < 4; i++) {
        gsize at = 446 + i * 16;
        guint64 start = head_little_endian(b, at + 8, 4), sectors = head_little_endian(b, at + 12, 4);
        if (b->head[at] & 0x7f)
            return FALSE;
        if (!b->head[at + 4] || !start || !sectors)
            continue;
        any = TRUE;
        /* The protective partition of a GPT may be as long as it likes. */
        if (b->head[at + 4] != 0xee)
            *ret_end = MAX(*ret_end, (gint64)((start + sectors) * SECTOR));
    }
    return any;
}

/* Of sectors of 512 or 4096 bytes. */
static gboolean read_gpt(const FctDiskBytes *b, gint64 *ret_end)
{
    for (gsize sector = SECTOR; sector <= 4096; sector *= 8)
        if (head_has(b, sector, "EFI PART", 8)) {
            guint64 last = head_little_endian(b, sector + 32, 8);
            *ret_end = last < (guint64)G_MAXINT64 / sector - 1 ? (gint64)((last + 1) * sector) : G_MAXINT64;
            return TRUE;
        }
    return FALSE;
}

static gboolean read_tail(const FctDiskBytes *b, FctDiskKind *ret)
{
    if (b->tail_length < SECTOR)
        return FALSE;
    const guint8 *foot = b->tail + b->tail_length - SECTOR;
    gboolean dmg = memcmp(foot, "koly", 4) == 0;
    /* Old ones wrote a foot of 511 bytes. */
    gboolean vpc = memcmp(foot, "conectix", 8) == 0 || memcmp(foot + 1, "conectix", 8) == 0;
    if (dmg || vpc)
        *ret = dmg ? FCT_DISK_DMG : FCT_DISK_VPC;
    return dmg || vpc;
}

static gboolean head_read_mark(const FctDiskBytes *b, FctDiskKind *ret)
{
    for (gsize i = 0; i < G_N_ELEMENTS(marks); i++)
        if (head_has(b, marks[i].at, marks[i].mark, marks[i].length)) {
            *ret = marks[i].kind;
            return TRUE;
        }
    gboolean bzip2 = head_has(b, 0, "BZh", 3) && b->head_length >= 10 && b->head[3] >= '1' && b->head[3] <= '9' &&
                     (head_has(b, 4, "1AY&SY", 6) || head_has(b, 4, "\x17\x72\x45\x38\x50\x90", 6));
    gboolean found = TRUE;
    if (is_vmdk_text(b))
        *ret = FCT_DISK_VMDK_TEXT;
    else if (bzip2)
        *ret = FCT_DISK_BZIP2;
    else if (is_zstd_skippable(b))
        *ret = FCT_DISK_ZSTD;
    else if (is_lzma(b))
        *ret = FCT_DISK_LZMA;
    else if (is_tar(b))
        *ret = tar_kind(b);
    else
        found = FALSE;
    return found;
}

void fct_disk_head_read(const FctDiskBytes *b, FctDiskHead *ret)
{
    gint64 mbr_end = 0, gpt_end = 0;
    *ret = (FctDiskHead){.kind = FCT_DISK_RAW, .virtual_bytes = -1};
    ret->mbr = read_mbr(b, &mbr_end);
    ret->gpt = read_gpt(b, &gpt_end);
    if (b->size <= 0) {
        ret->kind = FCT_DISK_EMPTY;
    } else if (head_has(b, 0, "QFI\xfb", 4)) {
        ret->version = (int)MIN(head_big_endian(b, 4, 4), G_MAXINT);
        ret->kind = ret->version == 1 ? FCT_DISK_QCOW1 : FCT_DISK_QCOW2;
        if (ret->kind == FCT_DISK_QCOW1)
            read_qcow1(b, ret);
        else
            read_qcow2(b, ret);
    } else if (head_read_mark(b, &ret->kind) || read_tail(b, &ret->kind)) {
        ret->backing = head_stands(b, ret->kind);
    } else if (read_iso(b, ret)) {
        ret->kind = FCT_DISK_ISO;
    } else if (ret->mbr || ret->gpt) {
        gint64 end = ret->gpt ? gpt_end : mbr_end;
        ret->kind = FCT_DISK_PARTITIONED;
        ret->needs_bytes = end > b->size ? end : 0;
    } else if (head_has(b, 0, "MZ",
                        2)) { /* a boot sector that is a program of DOS as well has partitions or is an ISO */
        ret->kind = FCT_DISK_PROGRAM;
    } else {
        head_read_text(b, &ret->kind);
    }
}
