/* SPDX-License-Identifier: Apache-2.0 */
#include "core/upload_rules.h"

#include <string.h>

#define SECTOR 512

static gboolean upload_refuse(GError **error, const char *next, const char *format, ...) G_GNUC_PRINTF(3, 4);

static gboolean upload_refuse(GError **error, const char *next, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    return fct_set_error_full(error, FCT_ERROR_REFUSED, next, json_pack("{s:s}", "field", "content"), "%s", text);
}

/* ---- what a name promises ---- */

typedef enum { SAYS_NOTHING, SAYS_QCOW2, SAYS_RAW, SAYS_ISO, SAYS_OTHER } Says;

/* “.img” can be anything: distributions use it for their qcow2 images, and for images of USB sticks. */
static Says what_name_says(const char *name)
{
    static const struct {
        const char *ending;
        Says says;
    } endings[] = {{".qcow2", SAYS_QCOW2},   {".raw", SAYS_RAW},    {".iso", SAYS_ISO},    {".qcow", SAYS_OTHER},
                   {".qed", SAYS_OTHER},     {".vmdk", SAYS_OTHER}, {".vdi", SAYS_OTHER},  {".vhd", SAYS_OTHER},
                   {".vhdx", SAYS_OTHER},    {".vpc", SAYS_OTHER},  {".hdd", SAYS_OTHER},  {".dmg", SAYS_OTHER},
                   {".xz", SAYS_OTHER},      {".gz", SAYS_OTHER},   {".bz2", SAYS_OTHER},  {".zst", SAYS_OTHER},
                   {".lz4", SAYS_OTHER},     {".lz", SAYS_OTHER},   {".lzo", SAYS_OTHER},  {".lzma", SAYS_OTHER},
                   {".zip", SAYS_OTHER},     {".7z", SAYS_OTHER},   {".rar", SAYS_OTHER},  {".tar", SAYS_OTHER},
                   {".tgz", SAYS_OTHER},     {".txz", SAYS_OTHER},  {".ova", SAYS_OTHER},  {".ovf", SAYS_OTHER},
                   {".cpio", SAYS_OTHER},    {".wim", SAYS_OTHER},  {".esd", SAYS_OTHER},  {".deb", SAYS_OTHER},
                   {".rpm", SAYS_OTHER},     {".txt", SAYS_OTHER},  {".html", SAYS_OTHER}, {".htm", SAYS_OTHER},
                   {".exe", SAYS_OTHER},     {".msi", SAYS_OTHER},  {".pdf", SAYS_OTHER},  {".sha256", SAYS_OTHER},
                   {".torrent", SAYS_OTHER}, {".asc", SAYS_OTHER},  {".sig", SAYS_OTHER}};
    const char *dot = strrchr(name, '.');
    for (gsize i = 0; dot && i < G_N_ELEMENTS(endings); i++)
        if (g_ascii_strcasecmp(dot, endings[i].ending) == 0)
            return endings[i].says;
    return SAYS_NOTHING;
}

static gboolean kind_agrees(FctDiskKind kind, Says says)
{
    switch (says) {
    case SAYS_NOTHING:
        return TRUE;
    case SAYS_QCOW2:
        return kind == FCT_DISK_QCOW2;
    case SAYS_RAW:
        return kind == FCT_DISK_RAW || kind == FCT_DISK_PARTITIONED;
    case SAYS_ISO:
        return kind == FCT_DISK_ISO;
    case SAYS_OTHER:
        break;
    }
    return FALSE;
}

static gboolean upload_check_name(const FctDiskHead *head, const char *name, GError **error)
{
    if (kind_agrees(head->kind, what_name_says(name)))
        return TRUE;
    const char *dot = strrchr(name, '.');
    return fct_set_error_full(error, FCT_ERROR_REFUSED,
                              "If the file is the right one, upload it under a name that fits; else get it again.",
                              json_pack("{s:s}", "field", "name"), "The name ends with “%s”, and the content is %s.",
                              dot, fct_disk_kind_text(head->kind));
}

/* ---- what is no disk ---- */

static gboolean refuse_packed(FctDiskKind kind, GError **error)
{
    static const struct {
        FctDiskKind kind;
        const char *next;
    } tools[] = {{FCT_DISK_XZ, "Unpack it with “unxz FILE”, then upload what comes out."},
                 {FCT_DISK_GZIP, "Unpack it with “gunzip FILE”, then upload what comes out."},
                 {FCT_DISK_BZIP2, "Unpack it with “bunzip2 FILE”, then upload what comes out."},
                 {FCT_DISK_ZSTD, "Unpack it with “unzstd FILE”, then upload what comes out."},
                 {FCT_DISK_LZ4, "Unpack it with “unlz4 FILE”, then upload what comes out."}};
    const char *next = "Unpack it, then upload what comes out.";
    for (gsize i = 0; i < G_N_ELEMENTS(tools); i++)
        if (tools[i].kind == kind)
            next = tools[i].next;
    return upload_refuse(error, next, "The file is %s: no VM can start from it as it is.", fct_disk_kind_text(kind));
}

static gboolean refuse_nothing(FctDiskKind kind, GError **error)
{
    gboolean page = kind == FCT_DISK_TEXT || kind == FCT_DISK_HTML;
    return upload_refuse(error,
                         page ? "Look at it: a server may have sent a message in the place of the image. Get it again."
                              : "Choose a qcow2 or raw image, or an ISO.",
                         "The file is %s, neither a disk nor an ISO.", fct_disk_kind_text(kind));
}

static gboolean upload_refuse_foreign(FctDiskKind kind, GError **error)
{
    if (kind == FCT_DISK_LUKS)
        return upload_refuse(error, "Upload it unencrypted; Facet has no key for it.", "The file is %s.",
                             fct_disk_kind_text(kind));
    if (kind == FCT_DISK_VMDK_TEXT)
        return upload_refuse(error,
                             "Convert it where all of its files are, with “qemu-img convert -O qcow2 FILE new.qcow2”.",
                             "The file is %s.", fct_disk_kind_text(kind));
    if (kind == FCT_DISK_COW) /* a format that no QEMU of today reads */
        return upload_refuse(error, "Convert it with a QEMU before 2.2, then upload that.", "The file is %s.",
                             fct_disk_kind_text(kind));
    g_autofree char *next =
        g_strdup_printf("Convert it with “qemu-img convert -f %s -O qcow2 FILE new.qcow2”, then upload that.",
                        fct_disk_kind_format(kind));
    return upload_refuse(error, next, "The file is %s, which QEMU should not run from.", fct_disk_kind_text(kind));
}

/* ---- what is a disk, but not one to start from ---- */

static gboolean accept_qcow2(const FctDiskHead *head, GError **error)
{
    static const char whole[] = "Make it whole with “qemu-img convert -O qcow2 FILE new.qcow2”, then upload that.";
    if (head->fault)
        return upload_refuse(error, "Get it again, or convert it anew.", "The qcow2 image is damaged: %s.",
                             head->fault);
    if (head->data_file || head->backing)
        return upload_refuse(error, whole, "The image keeps its data in another file%s.",
                             head->backing ? ": it stands on one" : "");
    if (head->crypt != FCT_QCOW2_CLEAR)
        return upload_refuse(error, "Decrypt it with “qemu-img convert” and its key, then upload what comes out.",
                             "The image is encrypted (%s), and Facet has no key for it.",
                             head->crypt == FCT_QCOW2_AES    ? "AES"
                             : head->crypt == FCT_QCOW2_LUKS ? "LUKS"
                                                             : "in a way that is not known");
    if (head->incompatible & FCT_QCOW2_CORRUPT)
        return upload_refuse(error, "Repair it with “qemu-img check -r all FILE”, or get it again.",
                             "The image is marked as corrupt by the program that wrote it.");
    if (head->snapshots)
        return upload_refuse(
            error, "“qemu-img convert -O qcow2 FILE new.qcow2” keeps the present state only; upload that.",
            "The image holds %u snapshots of its own, which Facet would not know of.", head->snapshots);
    return head->virtual_bytes > 0 ||
           upload_refuse(error, "Choose another image.", "The image is of a disk without any room.");
}

static gboolean accept_length(const FctDiskHead *head, gint64 size, GError **error)
{
    if (head->needs_bytes > size)
        return upload_refuse(error, "The download broke off, most likely. Get the file again, and compare its SHA-256.",
                             "The file is cut off: it has %" G_GINT64_FORMAT " bytes, and by its own word at least "
                             "%" G_GINT64_FORMAT ".",
                             size, head->needs_bytes);
    if (size < SECTOR)
        return upload_refuse(error, "Choose a qcow2 or raw image, or an ISO.",
                             "The file has %d bytes, less than one sector of a disk.", (int)size);
    gboolean raw = head->kind == FCT_DISK_RAW || head->kind == FCT_DISK_PARTITIONED;
    return !raw || size % SECTOR == 0 ||
           upload_refuse(error, "Look at what it is, or get it again: it may be cut off.",
                         "The file is no raw disk: its %" G_GINT64_FORMAT " bytes are no multiple of a sector (512).",
                         size);
}

gboolean fct_upload_accept(const FctDiskHead *head, const char *name, gint64 size, GError **error)
{
    switch (fct_disk_class(head->kind)) {
    case FCT_DISK_IS_NOTHING:
        return refuse_nothing(head->kind, error);
    case FCT_DISK_IS_FOREIGN:
        return upload_refuse_foreign(head->kind, error);
    case FCT_DISK_IS_PACKED:
        return refuse_packed(head->kind, error);
    case FCT_DISK_IS_ARCHIVE:
        return upload_refuse(
            error,
            head->kind == FCT_DISK_OVA
                ? "Unpack it with “tar -xf FILE”, convert its disk with “qemu-img convert -O qcow2”, upload "
                  "that."
                : "Unpack it, then upload the disk or ISO that is inside.",
            "The file is %s, no disk.", fct_disk_kind_text(head->kind));
    case FCT_DISK_IS_DISK:
    case FCT_DISK_IS_MEDIUM:
        break;
    }
    return upload_check_name(head, name, error) && (head->kind != FCT_DISK_QCOW2 || accept_qcow2(head, error)) &&
           accept_length(head, size, error);
}

gboolean fct_upload_accept_raw(const FctDiskHead *head, const char *name, gint64 size, GError **error)
{
    FctDiskHead bytes = *head;
    if (head->kind == FCT_DISK_LUKS)
        bytes.kind = FCT_DISK_RAW;
    return fct_upload_accept(&bytes, name, size, error);
}

const char *fct_upload_format(const FctDiskHead *head)
{
    return head->kind == FCT_DISK_ISO ? "iso" : head->kind == FCT_DISK_QCOW2 ? "qcow2" : "raw";
}

/* ---- checksums ---- */

gboolean fct_sha256_check(const char *text, char **ret, GError **error)
{
    gsize digits = 0;
    while (g_ascii_isxdigit(text[digits]))
        digits++;
    if (digits == 64 && !text[digits]) {
        *ret = g_ascii_strdown(text, -1);
        return TRUE;
    }
    return fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, "Copy it from where the image is published.",
                              json_pack("{s:s}", "field", "sha256"), "A SHA-256 has 64 hexadecimal digits.");
}

gboolean fct_sha256_compare(const char *expected, const char *got, const char *name, GError **error)
{
    if (!*expected || strcmp(expected, got) == 0)
        return TRUE;
    return fct_set_error_full(error, FCT_ERROR_REFUSED, "Get the file again, or look up the right checksum.",
                              json_pack("{s:s, s:s, s:s}", "field", "sha256", "expected", expected, "got", got),
                              "The SHA-256 of %s is %s, and not the one that was told.", name, got);
}
