/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The definition inside of a file with saved memory. Whoever can write that file could put any definition into it, and
 * libvirt would start that: so everything that touches the host must be in our own definition of the VM.
 */
#include "virt/xml.h"
#include "virt/xml_tree.h"

#include <string.h>

/*
 * "disk vda file /d/vda.qcow2 qcow2": everything in a disk that says what is opened, and in which format. An empty
 * drive has no type.
 */
static char *disk_text(xmlNode *disk)
{
    xmlNode *source = fct_tree_child(disk, "source");
    g_autofree char *target = fct_tree_attr(fct_tree_child(disk, "target"), "dev"), *type = fct_tree_attr(disk, "type");
    g_autofree char *file = fct_tree_attr(source, "file"), *device = fct_tree_attr(source, "dev");
    g_autofree char *format = fct_tree_attr(fct_tree_child(disk, "driver"), "type");
    gboolean plain = *file || *device;
    if (!plain && (strcmp(type, "file") == 0 || strcmp(type, "block") == 0))
        return g_strdup_printf("disk %s empty", target);
    return g_strdup_printf("disk %s %s %s%s %s", target, type, file, device, *format ? format : "raw");
}

/* What a device touches on the host; NULL: nothing. */
static char *reach_of(xmlNode *device)
{
    static const char *const kinds[] = {"filesystem", "hostdev",  "interface", "redirdev", "shmem",
                                        "smartcard",  "parallel", "serial",    "console",  "channel",
                                        "rng",        "vsock",    "tpm",       NULL};
    if (fct_tree_is(device, "disk"))
        return disk_text(device);
    if (fct_tree_is(device, "emulator"))
        return fct_tree_text(device);
    if (device->type != XML_ELEMENT_NODE || !g_strv_contains(kinds, (const char *)device->name))
        return NULL;
    g_autofree char *type = fct_tree_attr(device, "type");
    return g_strdup_printf("%s %s", (const char *)device->name, type);
}

/* Compared as a set. QEMU options (<qemu:commandline>) and a kernel from the host are not devices and count, too. */
static GHashTable *reaches_of(xmlNode *domain)
{
    static const char *const files[] = {"kernel", "initrd", "dtb", "slic"};
    GHashTable *reaches = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    xmlNode *devices = fct_tree_child(domain, "devices"), *os = fct_tree_child(domain, "os");
    for (xmlNode *one = devices ? devices->children : NULL; one; one = one->next) {
        char *reach = reach_of(one);
        if (reach)
            g_hash_table_add(reaches, reach);
    }
    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *file = fct_tree_text(fct_tree_child(os, files[i]));
        if (fct_tree_child(os, files[i]))
            g_hash_table_add(reaches, g_strdup_printf("%s %s", files[i], file));
    }
    for (xmlNode *one = domain->children; one; one = one->next)
        if (one->type == XML_ELEMENT_NODE && one->ns)
            g_hash_table_add(reaches, g_strdup_printf("settings of %s", (const char *)one->ns->href));
    return reaches;
}

static GHashTable *read_reaches(const char *xml, GError **error)
{
    xmlDoc *doc = fct_tree_parse(xml);
    xmlNode *domain = doc ? xmlDocGetRootElement(doc) : NULL;
    GHashTable *reaches = fct_tree_is(domain, "domain") ? reaches_of(domain) : NULL;
    if (!reaches)
        fct_set_error(error, FCT_ERROR_LIBVIRT, "The definition of the VM could not be read.");
    xmlFreeDoc(doc);
    return reaches;
}

gboolean fct_saved_is_ours(const char *saved, const char *ours, const char *next, GError **error)
{
    g_autoptr(GHashTable) theirs = read_reaches(saved, error);
    g_autoptr(GHashTable) known = theirs ? read_reaches(ours, error) : NULL;
    GHashTableIter iter;
    gpointer reach;
    if (!known)
        return FALSE;
    g_hash_table_iter_init(&iter, theirs);
    while (g_hash_table_iter_next(&iter, &reach, NULL)) {
        if (g_hash_table_contains(known, reach))
            continue;
        return fct_set_error_full(error, FCT_ERROR_REFUSED, next, NULL,
                                  "The saved memory asks for what the VM does not have: %s.", (const char *)reach);
    }
    return TRUE;
}
