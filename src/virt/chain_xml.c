/* SPDX-License-Identifier: Apache-2.0 */
/* The drives of a domain in libvirt's XML, and the XML for snapshots and merges. Pure. */
#include "base/text.h"
#include "virt/xml.h"

#include <string.h>

static const char *chain_attribute(const char *name, const char **names, const char **values)
{
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], name) == 0)
            return values[i];
    return NULL;
}

/* How many levels below domain/devices/disk the present element is; -1: not below it. */
static int below_disk(GMarkupParseContext *context)
{
    const GSList *stack = g_markup_parse_context_get_element_stack(context); /* innermost first */
    guint depth = g_slist_length((GSList *)stack);
    if (depth < 3 || strcmp(g_slist_nth_data((GSList *)stack, depth - 3), "disk") != 0 ||
        strcmp(g_slist_nth_data((GSList *)stack, depth - 2), "devices") != 0)
        return -1;
    return (int)depth - 3;
}

static const char *parent_of(GMarkupParseContext *context)
{
    const GSList *stack = g_markup_parse_context_get_element_stack(context);
    return stack->next ? stack->next->data : "";
}

/* ---- reading ---- */

static void drive_free(FctDrive *drive)
{
    g_free(drive->target);
    g_free(drive->mirror);
    g_ptr_array_unref(drive->paths);
    g_free(drive);
}

static void read_start(GMarkupParseContext *context, const char *element, const char **names, const char **values,
                       gpointer data, GError **error)
{
    GPtrArray *drives = data;
    int level = below_disk(context);
    if (level == 0) {
        FctDrive *drive = g_new0(FctDrive, 1);
        drive->paths = g_ptr_array_new_with_free_func(g_free);
        drive->target = g_strdup("");
        drive->mirror = g_strdup("");
        g_ptr_array_add(drives, drive);
    }
    if (level < 1)
        return;
    FctDrive *drive = g_ptr_array_index(drives, drives->len - 1);
    const char *parent = parent_of(context);
    if (level == 1 && strcmp(element, "target") == 0) {
        const char *dev = chain_attribute("dev", names, values);
        fct_text_set(&drive->target, dev ? dev : "");
    } else if (level == 1 && strcmp(element, "mirror") == 0) {
        drive->mirror_ready = g_strcmp0(chain_attribute("ready", names, values), "yes") == 0;
    } else if (strcmp(element, "source") == 0) {
        const char *file = chain_attribute("file", names, values), *dev = chain_attribute("dev", names, values);
        if (strcmp(parent, "mirror") == 0)
            fct_text_set(&drive->mirror, file ? file : dev ? dev : "");
        else if (strcmp(parent, "disk") == 0 || strcmp(parent, "backingStore") == 0)
            g_ptr_array_add(drive->paths, g_strdup(file ? file : dev ? dev : ""));
    }
}

static gboolean chain_parse(const GMarkupParser *parser, const char *xml, gpointer data, GError **error)
{
    g_autoptr(GError) fault = NULL;
    g_autoptr(GMarkupParseContext) context = g_markup_parse_context_new(parser, 0, data, NULL);
    if (g_markup_parse_context_parse(context, xml, -1, &fault) && g_markup_parse_context_end_parse(context, &fault))
        return TRUE;
    return fct_set_error(error, FCT_ERROR_LIBVIRT, "libvirt's description of a VM could not be read: %s",
                         fault->message);
}

GPtrArray *fct_domain_drives(const char *xml, GError **error)
{
    static const GMarkupParser parser = {read_start, NULL, NULL, NULL, NULL};
    g_autoptr(GPtrArray) drives = g_ptr_array_new_with_free_func((GDestroyNotify)drive_free);
    return chain_parse(&parser, xml, drives, error) ? g_steal_pointer(&drives) : NULL;
}

const FctDrive *fct_drive_find(const GPtrArray *drives, const char *target)
{
    for (guint i = 0; i < drives->len; i++) {
        const FctDrive *drive = g_ptr_array_index(drives, i);
        if (strcmp(drive->target, target) == 0)
            return drive;
    }
    return NULL;
}

gboolean fct_drive_reads(const FctDrive *drive, const char *path)
{
    return g_ptr_array_find_with_equal_func(drive->paths, path, g_str_equal, NULL);
}

/* ---- other files in a description ---- */

typedef struct {
    GString *xml;
    const GPtrArray *drives, *overlays;
    guint disk; /* number of the disk that is being read, from 1 */
    int skip;   /* open elements of a part that is left out */
} Copy;

/* The overlay for the disk that is being read; NULL: the disk stays as it is. */
static const FctChainFile *overlay_now(const Copy *copy)
{
    const FctDrive *drive = g_ptr_array_index(copy->drives, copy->disk - 1);
    for (guint i = 0; i < copy->overlays->len; i++) {
        const FctChainFile *file = g_ptr_array_index(copy->overlays, i);
        if (strcmp(file->target, drive->target) == 0)
            return file;
    }
    return NULL;
}

static void write_attributes(GString *xml, const char **names, const char **values, const char *other,
                             const char *value)
{
    for (int i = 0; names[i]; i++)
        fct_xml(xml, " %s='%s'", names[i], other && strcmp(names[i], other) == 0 ? value : values[i]);
}

static void copy_start(GMarkupParseContext *context, const char *element, const char **names, const char **values,
                       gpointer data, GError **error)
{
    Copy *copy = data;
    int level = below_disk(context);
    copy->disk += level == 0;
    const FctChainFile *overlay = level >= 0 ? overlay_now(copy) : NULL;
    if (copy->skip || (overlay && level == 1 && strcmp(element, "backingStore") == 0)) {
        copy->skip++; /* of the files of the snapshot */
        return;
    }
    if (overlay && level == 1 && strcmp(element, "source") == 0) {
        fct_xml(copy->xml, "<source file='%s'/>", overlay->path);
        fct_layers_xml(copy->xml, overlay->below);
        copy->skip++;
        return;
    }
    fct_xml(copy->xml, "<%s", element);
    if (overlay && level == 0)
        write_attributes(copy->xml, names, values, "type", "file");
    else if (overlay && level == 1 && strcmp(element, "driver") == 0)
        write_attributes(copy->xml, names, values, "type", overlay->format);
    else
        write_attributes(copy->xml, names, values, NULL, NULL);
    g_string_append_c(copy->xml, '>');
}

static void copy_end(GMarkupParseContext *context, const char *element, gpointer data, GError **error)
{
    Copy *copy = data;
    if (copy->skip)
        copy->skip--;
    else
        fct_xml(copy->xml, "</%s>", element);
}

static void copy_text(GMarkupParseContext *context, const char *chars, gsize length, gpointer data, GError **error)
{
    Copy *copy = data;
    g_autofree char *text = g_strndup(chars, length);
    if (copy->skip)
        return;
    g_autofree char *escaped = g_markup_escape_text(text, -1);
    g_string_append(copy->xml, escaped);
}

char *fct_domain_with_overlays(const char *xml, const GPtrArray *overlays, GError **error)
{
    static const GMarkupParser parser = {copy_start, copy_end, copy_text, NULL, NULL};
    g_autoptr(GPtrArray) drives = fct_domain_drives(xml, error);
    if (!drives)
        return NULL;
    Copy copy = {g_string_new(NULL), drives, overlays, 0, 0};
    gboolean ok = chain_parse(&parser, xml, &copy, error);
    return ok ? g_string_free(copy.xml, FALSE) : (g_string_free(copy.xml, TRUE), NULL);
}

/* ---- writing ---- */

char *fct_snapshot_xml(const GPtrArray *drives, const GPtrArray *overlays, const char *memory)
{
    GString *xml = g_string_new("<domainsnapshot>\n");
    if (memory)
        fct_xml(xml, "  <memory snapshot='external' file='%s'/>\n", memory);
    g_string_append(xml, "  <disks>\n");
    for (guint i = 0; i < drives->len; i++) {
        const FctDrive *drive = g_ptr_array_index(drives, i);
        const FctChainFile *overlay = NULL;
        for (guint k = 0; k < overlays->len && !overlay; k++)
            if (strcmp(((FctChainFile *)overlays->pdata[k])->target, drive->target) == 0)
                overlay = g_ptr_array_index(overlays, k);
        if (overlay)
            fct_xml(xml,
                    "    <disk name='%s' snapshot='external' type='file'>\n      <driver type='%s'/>\n"
                    "      <source file='%s'/>\n    </disk>\n",
                    drive->target, overlay->format, overlay->path);
        else /* for every disk that is not named libvirt would make an overlay by itself */
            fct_xml(xml, "    <disk name='%s' snapshot='no'/>\n", drive->target);
    }
    g_string_append(xml, "  </disks>\n</domainsnapshot>\n");
    return g_string_free(xml, FALSE);
}

char *fct_merge_name(const char *vm)
{
    return g_strconcat("facet-merge-", vm, NULL);
}

char *fct_merge_xml(const char *id, const char *vm, gboolean kvm, gboolean copies, const FctChainFile *file)
{
    GString *xml = g_string_new(NULL);
    g_autofree char *name = fct_merge_name(vm);
    fct_xml(xml,
            "<domain type='%s'>\n  <name>%s</name>\n  <uuid>%s</uuid>\n"
            "  <description>Facet %s. It never runs and ends by itself.</description>\n"
            "  <metadata>\n    <facet:merge xmlns:facet='" FCT_VIRT_NS "' vm='%s'/>\n  </metadata>\n",
            kvm ? "kvm" : "qemu", name, id, copies ? "copies a volume" : "merges files of a deleted snapshot", vm);
    g_string_append(xml, "  <memory unit='MiB'>64</memory>\n  <vcpu>1</vcpu>\n  <os>\n"
                         "    <type arch='x86_64' machine='q35'>hvm</type>\n  </os>\n  <devices>\n");
    g_autoptr(FctVmDisk) disk = fct_vm_disk_new();
    fct_text_set(&disk->target, "vda");
    fct_text_set(&disk->bus, "virtio");
    fct_text_set(&disk->format, file->format);
    fct_text_set(&disk->path, file->path);
    disk->below = fct_layers_copy(file->below);
    disk->read_only = copies;
    fct_disk_xml(xml, disk, 0);
    g_string_append(xml, "    <controller type='usb' model='none'/>\n    <memballoon model='none'/>\n"
                         "  </devices>\n</domain>\n");
    return g_string_free(xml, FALSE);
}
