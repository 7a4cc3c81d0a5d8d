/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The definition that lies in a file with saved memory. Whoever can write that file could put any definition into it,
 * and libvirt would start it: what touches the host must be what our own definition of the VM says.
 */
#include "virt/xml.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>

static gboolean is_named(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && !node->ns && strcmp((const char *)node->name, name) == 0;
}

static xmlNode *child(xmlNode *node, const char *name)
{
    for (xmlNode *one = node ? node->children : NULL; one; one = one->next)
        if (is_named(one, name))
            return one;
    return NULL;
}

/* "" when there is none; g_free it. */
static char *attribute(xmlNode *node, const char *name)
{
    xmlChar *value = node ? xmlGetNoNsProp(node, (const xmlChar *)name) : NULL;
    char *text = g_strdup(value ? (const char *)value : "");
    xmlFree(value);
    return text;
}

static char *text_of(xmlNode *node)
{
    xmlChar *value = node ? xmlNodeGetContent(node) : NULL;
    char *text = g_strstrip(g_strdup(value ? (const char *)value : ""));
    xmlFree(value);
    return text;
}

/* "disk vda file /d/vda.qcow2 qcow2": all of a disk that says what is opened, and as what. An empty drive is of no
 * type. */
static char *disk_text(xmlNode *disk)
{
    xmlNode *source = child(disk, "source");
    g_autofree char *target = attribute(child(disk, "target"), "dev"), *type = attribute(disk, "type");
    g_autofree char *file = attribute(source, "file"), *device = attribute(source, "dev");
    g_autofree char *format = attribute(child(disk, "driver"), "type");
    gboolean plain = *file || *device;
    if (!plain && (strcmp(type, "file") == 0 || strcmp(type, "block") == 0))
        return g_strdup_printf("disk %s empty", target);
    return g_strdup_printf("disk %s %s %s%s %s", target, type, file, device, *format ? format : "raw");
}

/* What of a device reaches into the host, NULL: nothing. */
static char *reach_of(xmlNode *device)
{
    static const char *const kinds[] = {"filesystem", "hostdev",  "interface", "redirdev", "shmem",
                                        "smartcard",  "parallel", "serial",    "console",  "channel",
                                        "rng",        "vsock",    "tpm",       NULL};
    if (is_named(device, "disk"))
        return disk_text(device);
    if (is_named(device, "emulator"))
        return text_of(device);
    if (device->type != XML_ELEMENT_NODE || !g_strv_contains(kinds, (const char *)device->name))
        return NULL;
    g_autofree char *type = attribute(device, "type");
    return g_strdup_printf("%s %s", (const char *)device->name, type);
}

/* As a set. What QEMU is told by hand (<qemu:commandline>), and a kernel from the host, stand beside the devices. */
static GHashTable *reaches_of(xmlNode *domain)
{
    static const char *const files[] = {"kernel", "initrd", "dtb", "slic"};
    GHashTable *reaches = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    xmlNode *devices = child(domain, "devices"), *os = child(domain, "os");
    for (xmlNode *one = devices ? devices->children : NULL; one; one = one->next) {
        char *reach = reach_of(one);
        if (reach)
            g_hash_table_add(reaches, reach);
    }
    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *file = text_of(child(os, files[i]));
        if (child(os, files[i]))
            g_hash_table_add(reaches, g_strdup_printf("%s %s", files[i], file));
    }
    for (xmlNode *one = domain->children; one; one = one->next)
        if (one->type == XML_ELEMENT_NODE && one->ns)
            g_hash_table_add(reaches, g_strdup_printf("settings of %s", (const char *)one->ns->href));
    return reaches;
}

static GHashTable *read_reaches(const char *xml, GError **error)
{
    xmlDoc *doc =
        xmlReadMemory(xml, (int)strlen(xml), NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    xmlNode *domain = doc && !xmlGetIntSubset(doc) ? xmlDocGetRootElement(doc) : NULL;
    GHashTable *reaches = domain && is_named(domain, "domain") ? reaches_of(domain) : NULL;
    if (!reaches)
        fct_set_error(error, FCT_ERROR_LIBVIRT, "The definition of the VM could not be read.");
    xmlFreeDoc(doc);
    return reaches;
}

gboolean fct_saved_is_ours(const char *saved, const char *ours, GError **error)
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
        fct_set_error_full(error, FCT_ERROR_REFUSED, "Go back to the snapshot without a start: its disks are there.",
                           NULL, "The saved memory asks for what the VM does not have: %s.", (const char *)reach);
        return FALSE;
    }
    return TRUE;
}
