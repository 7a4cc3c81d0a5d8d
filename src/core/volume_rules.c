/* SPDX-License-Identifier: Apache-2.0 */
#include "core/volume_rules.h"

#include <string.h>

#define SECTOR 512

/* What a name says about the content. People and programs of the host give names; a guest never does. */
static const struct {
    const char *suffix, *format;
} suffixes[] = {{".qcow2", "qcow2"}, {".vmdk", "vmdk"}, {".vdi", "vdi"},  {".vhd", "vpc"},
                {".vpc", "vpc"},     {".qed", "qed"},   {".qcow", "qcow"}};

/* Formats that our QEMU can read from one file alone, and that libvirt can name. */
static const char *const copied[] = {"raw", "qcow2", "vmdk", "vdi", "vpc", "qed", "qcow", NULL};
static const char *const attached[] = {"raw", "qcow2", NULL};

static const char *format_by_name(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        gsize length = strlen(name), end = strlen(suffixes[i].suffix);
        if (length > end && g_ascii_strcasecmp(name + length - end, suffixes[i].suffix) == 0)
            return suffixes[i].format;
    }
    return "raw";
}

static const char *volume_refuse(GError **error, FctErrorCode code, const char *next, json_t *choices,
                                 const char *sentence)
{
    json_t *details = json_pack("{s:s, s:o*}", "field", "format", "choices", choices);
    fct_set_error_full(error, code, next, details, "%s", sentence);
    return NULL;
}

/* Content and name contradict each other: only somebody who knows where the file comes from can tell what it is. */
static const char *volume_ask_format(const FctVolumeCase *volume, const FctDiskHead *head, GError **error)
{
    const char *seen = fct_disk_kind_format(head->kind);
    if (strcmp(seen, "raw") == 0) {
        g_autofree char *sentence =
            g_strdup_printf("Volume %s is no %s, as its name says: its content is %s.", volume->name,
                            format_by_name(volume->name), fct_disk_kind_text(head->kind));
        return volume_refuse(error, FCT_ERROR_REFUSED, "State the format “raw” if it is a raw disk.",
                             json_pack("[s]", "raw"), sentence);
    }
    g_autofree char *sentence =
        g_strdup_printf("Volume %s looks like %s, and only its own bytes say so: a guest may have written them.",
                        volume->name, fct_disk_kind_text(head->kind));
    g_autofree char *next =
        g_strdup_printf("State its format: “%s” if it was made so, “raw” if it is a guest's raw disk.", seen);
    return volume_refuse(error, FCT_ERROR_REFUSED, next, json_pack("[s, s]", "raw", seen), sentence);
}

static const char *refuse_kind(const FctVolumeCase *volume, const FctDiskHead *head, GError **error)
{
    FctDiskClass class = fct_disk_class(head->kind);
    const char *format = fct_disk_kind_format(head->kind);
    g_autofree char *sentence = g_strdup_printf("Volume %s is %s.", volume->name, fct_disk_kind_text(head->kind));
    const char *next = "Choose a volume that is a disk, or state the format “raw” if a guest has written it so.";
    if (class == FCT_DISK_IS_FOREIGN && format && g_strv_contains(copied, format) && head->kind != FCT_DISK_VMDK_TEXT)
        next =
            "Convert it: copy it to a new volume, and attach that. State the format “raw” if it is a raw disk in which "
            "a guest has written this.";
    else if (class == FCT_DISK_IS_FOREIGN && head->kind != FCT_DISK_LUKS)
        next = "Convert it with “qemu-img convert -O qcow2” where it comes from, then upload that.";
    else if (class == FCT_DISK_IS_PACKED || class == FCT_DISK_IS_ARCHIVE)
        next = "Unpack it, then upload the disk that is in it.";
    return volume_refuse(error, FCT_ERROR_REFUSED, next, json_pack("[s]", "raw"), sentence);
}

static const char *refuse_whole(const FctVolumeCase *volume, const char *what, const char *next, GError **error)
{
    g_autofree char *sentence = g_strdup_printf("Volume %s %s.", volume->name, what);
    return volume_refuse(error, FCT_ERROR_REFUSED, next, NULL, sentence);
}

/* A disk never ends within a sector: so this is another kind of file, or it is cut off. */
static const char *refuse_odd(const FctVolumeCase *volume, GError **error)
{
    g_autofree char *sentence =
        g_strdup_printf("Volume %s is no raw disk: its %" G_GINT64_FORMAT " bytes are no multiple of a sector (512).",
                        volume->name, volume->bytes->size);
    return volume_refuse(error, FCT_ERROR_REFUSED,
                         "Choose a volume that is a disk, or state the format “raw” if it is one.",
                         json_pack("[s]", "raw"), sentence);
}

/* It opens no other file, and QEMU accepts it. */
static const char *check_qcow2(const FctVolumeCase *volume, const FctDiskHead *head, GError **error)
{
    const char *whole = "Make it whole with “qemu-img convert -O qcow2” on the host, and use the new file.";
    if (head->data_file)
        return refuse_whole(volume, "keeps its data in another file", whole, error);
    if (head->backing)
        return refuse_whole(volume, "stands on another file, of which Facet has no record", whole, error);
    if (head->crypt != FCT_QCOW2_CLEAR)
        return refuse_whole(volume, "is encrypted; Facet has no key for it",
                            "Convert it to one that is not, with “qemu-img convert” and its key.", error);
    if (head->incompatible & FCT_QCOW2_CORRUPT)
        return refuse_whole(volume, "is marked as damaged", "Mend it with “qemu-img check -r all” on the host.", error);
    if (head->fault || head->needs_bytes) {
        g_autofree char *what =
            g_strdup_printf("is damaged: %s", head->fault ? head->fault : "the file ends before its tables do");
        return refuse_whole(volume, what, "Take another copy of it.", error);
    }
    return "qcow2";
}

gboolean fct_volume_judge_replaced(const char *name, const FctDiskBytes *bytes, gboolean stands, GError **error)
{
    FctDiskHead head;
    const FctVolumeCase volume = {name, NULL, bytes, FCT_VOLUME_ATTACH};
    fct_disk_head_read(bytes, &head);
    if (head.kind != FCT_DISK_QCOW2) /* QEMU is told the format and refuses to open such a file */
        return TRUE;
    head.backing = head.backing && !stands;
    return check_qcow2(&volume, &head, error) != NULL;
}

/* Checked against its own partition table, or an ISO's header, since half a download has a good head, too. */
static const char *refuse_cut(const FctVolumeCase *volume, const FctDiskHead *head, GError **error)
{
    g_autofree char *sentence =
        g_strdup_printf("Volume %s is cut off: it has %" G_GINT64_FORMAT " bytes, and by its own word at least "
                        "%" G_GINT64_FORMAT ".",
                        volume->name, volume->bytes->size, head->needs_bytes);
    return volume_refuse(error, FCT_ERROR_REFUSED,
                         "Take another copy of it. State the format “raw” if the disk is to be as it is.",
                         json_pack("[s]", "raw"), sentence);
}

/* A VMDK whose header has no size has its description inside, which may name files of the host. */
static gboolean is_alone(const FctVolumeCase *volume, const FctDiskHead *head)
{
    const FctDiskBytes *b = volume->bytes;
    guint8 any = 0;
    if (head->kind == FCT_DISK_VMDK_TEXT)
        return FALSE;
    if (head->kind != FCT_DISK_VMDK || b->head_length < 4 || memcmp(b->head, "KDMV", 4) != 0)
        return TRUE;
    for (gsize i = 12; i < 20 && i < b->head_length; i++)
        any |= b->head[i];
    return any != 0;
}

static const char *volume_check_format(const FctVolumeCase *volume, const FctDiskHead *head, const char *format,
                                       GError **error)
{
    if (strcmp(format, "qcow2") == 0)
        return check_qcow2(volume, head, error);
    if (head->backing)
        return refuse_whole(volume, "stands on another file, which a copy would leave out",
                            "Convert it with “qemu-img convert -O qcow2” where that file is.", error);
    if (!is_alone(volume, head))
        return refuse_whole(volume, "has its data in other files",
                            "Convert it with “qemu-img convert -O qcow2” where these are.", error);
    return format;
}

static const char *judge_asked(const FctVolumeCase *volume, const FctDiskHead *head, GError **error)
{
    const char *const *known = volume->use == FCT_VOLUME_COPY ? copied : attached;
    const char *seen = fct_disk_kind_format(head->kind);
    if (!g_strv_contains(known, volume->asked)) {
        g_autofree char *all = g_strjoinv(", ", (char **)known);
        g_autofree char *sentence = g_strdup_printf("The format is one of: %s.", all);
        return volume_refuse(error, FCT_ERROR_BAD_REQUEST, NULL, NULL, sentence);
    }
    if (strcmp(volume->asked, "raw") == 0) /* whatever a guest wrote there */
        return "raw";
    if (g_strcmp0(seen, volume->asked) == 0)
        return volume_check_format(volume, head, seen, error);
    g_autofree char *sentence = g_strdup_printf("Volume %s is no %s: its content is %s.", volume->name, volume->asked,
                                                fct_disk_kind_text(head->kind));
    return volume_refuse(error, FCT_ERROR_BAD_REQUEST, NULL, NULL, sentence);
}

const char *fct_volume_judge(const FctVolumeCase *volume, GError **error)
{
    FctDiskHead head;
    fct_disk_head_read(volume->bytes, &head);
    const char *seen = fct_disk_kind_format(head.kind), *named = format_by_name(volume->name);
    FctDiskClass class = fct_disk_class(head.kind);
    if (head.kind == FCT_DISK_EMPTY)
        return refuse_whole(volume, "is empty: it has no byte", "Make a new volume with a size.", error);
    if (volume->asked)
        return judge_asked(volume, &head, error);
    if (class == FCT_DISK_IS_DISK || class == FCT_DISK_IS_MEDIUM) {
        if (strcmp(seen, "raw") == 0 && volume->bytes->size % SECTOR)
            return refuse_odd(volume, error);
        if (strcmp(seen, "qcow2") != 0 && head.needs_bytes > volume->bytes->size)
            return refuse_cut(volume, &head, error);
        if (strcmp(seen, named) == 0)
            return volume_check_format(volume, &head, seen, error);
        return volume_ask_format(volume, &head, error);
    }
    if (volume->use == FCT_VOLUME_COPY && seen && g_strv_contains(copied, seen))
        return strcmp(seen, named) == 0 ? volume_check_format(volume, &head, seen, error)
                                        : volume_ask_format(volume, &head, error);
    return refuse_kind(volume, &head, error);
}
