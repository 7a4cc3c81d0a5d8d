/* SPDX-License-Identifier: Apache-2.0 */
/* A VM that was adopted goes back: its definition of then, with what was changed on purpose since. */
#include "virt/adopt.h"

#include <string.h>

static gboolean same_disks(const GPtrArray *a, const GPtrArray *b)
{
    gboolean same = a->len == b->len;
    for (guint i = 0; same && i < a->len; i++) {
        const FctVmDisk *x = a->pdata[i], *y = b->pdata[i];
        same = strcmp(x->target, y->target) == 0 && strcmp(x->bus, y->bus) == 0 && strcmp(x->path, y->path) == 0 &&
               strcmp(x->format, y->format) == 0 && x->cdrom == y->cdrom && x->read_only == y->read_only;
    }
    return same;
}

static gboolean same_nics(const GPtrArray *a, const GPtrArray *b)
{
    gboolean same = a->len == b->len;
    for (guint i = 0; same && i < a->len; i++) {
        const FctVmNic *x = a->pdata[i], *y = b->pdata[i];
        same = strcmp(x->mac, y->mac) == 0 && strcmp(x->network, y->network) == 0 && strcmp(x->model, y->model) == 0;
    }
    return same;
}

/* But for what can be written into the old definition. */
static gboolean same_machine(const FctVmSpec *a, const FctVmSpec *b)
{
    return strcmp(a->id, b->id) == 0 && strcmp(a->os, b->os) == 0 && a->uefi == b->uefi && a->tpm == b->tpm &&
           a->agent == b->agent && g_strv_equal((const char *const *)a->boot, (const char *const *)b->boot) &&
           same_disks(a->disks, b->disks) && same_nics(a->nics, b->nics);
}

/* @text as the whole of <@name>, which is made when there is none; "" takes it out. */
static xmlNode *set_child(xmlNode *domain, const char *name, const char *text)
{
    xmlNode *node = fct_tree_child(domain, name);
    if (node && !*text) {
        xmlUnlinkNode(node);
        xmlFreeNode(node);
        return NULL;
    }
    if (!node && *text)
        node = xmlNewChild(domain, NULL, (const xmlChar *)name, NULL);
    if (!node)
        return NULL;
    xmlNodeSetContent(node, NULL);
    xmlNodeAddContent(node, (const xmlChar *)text);
    return node;
}

static void set_number(xmlNode *domain, const char *name, gint64 number, const char *unit)
{
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, number);
    xmlNode *node = set_child(domain, name, text);
    if (unit)
        xmlSetProp(node, (const xmlChar *)"unit", (const xmlChar *)unit);
}

/* What divides as many vCPUs, or as much memory, as there were; the release tells of it. */
static void drop_cells(xmlNode *domain, gboolean vcpus)
{
    xmlNode *cpu = fct_tree_child(domain, "cpu"), *binding = fct_tree_child(domain, "numatune");
    xmlNode *gone[] = {fct_tree_child(cpu, "numa"), fct_tree_child(binding, "memnode") ? binding : NULL,
                       vcpus ? fct_tree_child(cpu, "topology") : NULL, vcpus ? fct_tree_child(domain, "vcpus") : NULL};
    for (gsize i = 0; i < G_N_ELEMENTS(gone); i++)
        if (gone[i]) {
            xmlUnlinkNode(gone[i]);
            xmlFreeNode(gone[i]);
        }
}

static void drop_mark(xmlNode *domain)
{
    xmlNode *metadata = fct_tree_child(domain, "metadata");
    for (xmlNode *node = metadata ? metadata->children : NULL, *next; node; node = next) {
        next = node->next;
        if (node->ns && node->ns->href && strcmp((const char *)node->ns->href, FCT_VIRT_NS) == 0) {
            xmlUnlinkNode(node);
            xmlFreeNode(node);
        }
    }
}

static void write_changes(xmlNode *domain, const FctVmSpec *then, const FctVmSpec *now)
{
    xmlNode *vcpu = fct_tree_child(domain, "vcpu");
    if (strcmp(then->name, now->name) != 0)
        set_child(domain, "name", now->name);
    if (strcmp(then->title, now->title) != 0)
        set_child(domain, "title", now->title);
    if (strcmp(then->text, now->text) != 0)
        set_child(domain, "description", now->text);
    if (then->memory_mib != now->memory_mib) {
        set_number(domain, "memory", now->memory_mib, "MiB");
        set_number(domain, "currentMemory", now->memory_mib, "MiB");
        drop_cells(domain, FALSE);
    }
    if (then->vcpus == now->vcpus)
        return;
    if (vcpu)
        xmlUnsetProp(vcpu, (const xmlChar *)"current");
    set_number(domain, "vcpu", now->vcpus, NULL);
    drop_cells(domain, TRUE);
}

char *fct_adopt_back(const char *original, const FctVmSpec *adopted, const FctVmSpec *now)
{
    if (!same_machine(adopted, now))
        return NULL;
    xmlDoc *doc = fct_tree_parse(original);
    xmlNode *domain = doc ? xmlDocGetRootElement(doc) : NULL;
    xmlChar *xml = NULL;
    int size = 0;
    if (domain) {
        write_changes(domain, adopted, now);
        drop_mark(domain);
        xmlDocDumpMemory(doc, &xml, &size);
    }
    char *text = xml ? g_strdup((const char *)xml) : NULL;
    xmlFree(xml);
    xmlFreeDoc(doc);
    return text;
}

GPtrArray *fct_adopt_lost_for_good(const FctAdoption *then, const FctAdoption *now)
{
    GPtrArray *lost = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < then->lost->len; i++) {
        const char *text = then->lost->pdata[i];
        if (!now || !g_ptr_array_find_with_equal_func(now->lost, text, g_str_equal, NULL))
            g_ptr_array_add(lost, g_strdup(text));
    }
    return lost;
}
