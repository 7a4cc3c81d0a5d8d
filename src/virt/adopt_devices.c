/* SPDX-License-Identifier: Apache-2.0 */
#include "virt/adopt.h"

#include <stdlib.h>
#include <string.h>

#define DRIVES_MAX 64       /* and NICs: of more than that nobody reads what is told */
#define ROOT_PORT_OF_NICS 1 /* libvirt gives the first root ports of a Q35 to the NICs, in order */

/* <boot order='2'/> of a device, 0 without: the lowest of its kind counts. */
static int note_order(FctAdoptReader *r, xmlNode *node, const char *kind)
{
    xmlNode *boot = fct_tree_child(node, "boot");
    int order = atoi(fct_adopt_attr(r, boot, "order"));
    int known = GPOINTER_TO_INT(g_hash_table_lookup(r->boot, kind));
    fct_adopt_told_attrs(r, boot, "order", NULL);
    if (order > 0 && !boot->properties->next && !boot->children)
        fct_adopt_told(r, boot);
    if (order <= 0)
        return 0;
    const FctAdoptBoot place = {order, kind, r->places->len};
    g_array_append_val(r->places, place);
    if (!known || order < known)
        g_hash_table_insert(r->boot, (gpointer)kind, GINT_TO_POINTER(order));
    return order;
}

/* ---- disks ---- */

/* "Disk sdb" */
static char *adopt_title(FctAdoptReader *r, xmlNode *node)
{
    const char *device = fct_adopt_attr(r, node, "device");
    return g_strdup_printf("%s %s",
                           strcmp(device, "cdrom") == 0    ? "CD drive"
                           : strcmp(device, "floppy") == 0 ? "Floppy drive"
                                                           : "Disk",
                           fct_adopt_attr(r, fct_tree_child(node, "target"), "dev"));
}

/* What a disk of another place is called: "rbd:pool/image on ceph1". */
static char *adopt_elsewhere(FctAdoptReader *r, const char *type, xmlNode *source)
{
    xmlNode *host = fct_tree_child(source, "host");
    if (strcmp(type, "network") != 0)
        return g_strdup(type);
    return g_strdup_printf("%s:%s%s%s", fct_adopt_attr(r, source, "protocol"), fct_adopt_attr(r, source, "name"),
                           host ? " on " : "", fct_adopt_attr(r, host, "name"));
}

static void read_driver(FctAdoptReader *r, xmlNode *node, const char *title, const char *format)
{
    static const char *const same[] = {"name", "type", "discard", NULL};
    xmlNode *driver = fct_tree_child(node, "driver");
    for (xmlAttr *a = driver ? driver->properties : NULL; a; a = a->next) {
        const char *name = (const char *)a->name, *value = fct_adopt_attr(r, driver, name);
        gboolean policy = strcmp(name, "error_policy") == 0 && strcmp(value, "stop") == 0;
        policy |= strcmp(name, "rerror_policy") == 0 && strcmp(value, "report") == 0;
        if (policy || g_strv_contains(same, name))
            continue;
        if (strcmp(value, "default") != 0)
            fct_adopt_lose(r, "%s: %s=%s", title, name, value);
        fct_adopt_told_attrs(r, driver, name, NULL);
    }
    fct_adopt_told_attrs(r, driver, "type", NULL); /* what has no driver is raw */
    if (strcmp(format, "qcow2") != 0 && strcmp(format, "raw") != 0)
        fct_adopt_refuse(r, "other-disk", "Convert it with qemu-img first.", "%s has the format %s.", title, format);
}

/* Without a key, or read from its beginning, its content would be another. */
static void refuse_content(FctAdoptReader *r, xmlNode *node, const char *title)
{
    xmlNode *source = fct_tree_child(node, "source");
    gboolean encrypted = fct_tree_child(node, "encryption") || fct_tree_child(source, "encryption");
    for (xmlNode *below = fct_tree_child(node, "backingStore"); below; below = fct_tree_child(below, "backingStore"))
        encrypted |= fct_tree_child(fct_tree_child(below, "source"), "encryption") != NULL;
    fct_adopt_told(r, fct_tree_child(node, "encryption"));
    fct_adopt_told(r, fct_tree_child(source, "encryption"));
    if (encrypted)
        fct_adopt_refuse(r, "encrypted-disk", "Manage it with the program that made it.",
                         "%s is encrypted; Facet has no key for it.", title);
    if (fct_tree_child(source, "slices"))
        fct_adopt_refuse(r, "other-disk", "Copy it into a file of its own first.", "%s is a part of a larger file.",
                         title);
}

/* One file or device below a disk, or NULL: it is something else. */
static FctLayer *read_layer(FctAdoptReader *r, xmlNode *node)
{
    xmlNode *source = fct_tree_child(node, "source");
    const char *type = fct_adopt_attr(r, node, "type");
    const char *path = fct_adopt_attr(r, source, strcmp(type, "block") == 0 ? "dev" : "file");
    const char *format = fct_adopt_attr(r, fct_tree_child(node, "format"), "type");
    gboolean plain = (strcmp(type, "file") == 0 || strcmp(type, "block") == 0) && *path;
    return plain && (strcmp(format, "raw") == 0 || strcmp(format, "qcow2") == 0) ? fct_layer_new(path, format) : NULL;
}

/* What its definition says that it stands on, down to the empty element that ends it. Whether that is so in Facet's
 * record too is asked by those who have it. */
static void read_chain(FctAdoptReader *r, xmlNode *node, FctVmDisk *disk, const char *title)
{
    xmlNode *first = fct_tree_child(node, "backingStore");
    disk->below = first ? fct_layers_new() : NULL;
    for (xmlNode *at = first; *fct_adopt_attr(r, at, "type"); at = fct_tree_child(at, "backingStore")) {
        FctLayer *layer = read_layer(r, at);
        if (!layer) {
            fct_adopt_refuse(r, "chain", FCT_FLATTEN, "%s stands on what is no plain file of this host.", title);
            fct_adopt_told(r, first);
            return;
        }
        fct_adopt_keep(r, "%s: it stands on %s", title, layer->path);
        g_ptr_array_add(disk->below, layer);
    }
}

/* Its content goes over to another file while people read the plan. */
static void refuse_mirror(FctAdoptReader *r, xmlNode *node, const char *title)
{
    xmlNode *mirror = fct_tree_child(node, "mirror");
    if (mirror)
        fct_adopt_refuse(r, "block-job", "Let it end first (virsh blockjob).", "%s is being copied or merged.", title);
    fct_adopt_told(r, mirror);
}

static void read_disk_settings(FctAdoptReader *r, xmlNode *node, const char *title, gboolean cdrom)
{
    /* Of these more is to be said, here or by the comparison with ours. */
    static const char *const known[] = {
        "driver",   "source", "target", "backingStore", "alias",     "address",   "boot",   "encryption",
        "readonly", "serial", "iotune", "wwn",          "shareable", "transient", "mirror", NULL};
    static const struct {
        const char *name, *text;
    } losses[] = {{"serial", "its serial number (a guest may find it by that)"},
                  {"wwn", "its WWN (a guest may find it by that)"},
                  {"iotune", "limits of its speed"},
                  {"transient", "what is written to it is forgotten when the VM ends; it stays from then on"},
                  {"shareable", "several VMs may write to it"}};
    for (gsize i = 0; i < G_N_ELEMENTS(losses); i++)
        if (fct_tree_child(node, losses[i].name)) {
            fct_adopt_lose(r, "%s: %s", title, losses[i].text);
            fct_adopt_told(r, fct_tree_child(node, losses[i].name));
        }
    if (cdrom) /* always */
        fct_adopt_told(r, fct_tree_child(node, "readonly"));
    refuse_content(r, node, title);
    refuse_mirror(r, node, title);
    fct_adopt_others(r, node, known, title);
}

/* The bus that Facet gives it: what a guest that knows the present one will know too, as far as there is such. */
static const char *bus_for(const char *bus, gboolean cdrom)
{
    if (strcmp(bus, "sata") == 0 || cdrom)
        return "sata";
    return strcmp(bus, "virtio") == 0 || strcmp(bus, "scsi") == 0 ? "virtio" : "sata";
}

static gboolean target_taken(FctAdoptReader *r, const char *target)
{
    const GPtrArray *disks = r->adoption->spec->disks;
    for (guint i = 0; i < disks->len; i++)
        if (strcmp(((FctVmDisk *)disks->pdata[i])->target, target) == 0)
            return TRUE;
    return FALSE;
}

/* The name that it has when that fits its bus, else the first free one. */
static char *target_for(FctAdoptReader *r, const char *target, const char *bus)
{
    const char *prefix = strcmp(bus, "virtio") == 0 ? "vd" : "sd";
    if (g_str_has_prefix(target, prefix) && !target_taken(r, target))
        return g_strdup(target);
    for (int letter = 'a'; letter <= 'z'; letter++) {
        g_autofree char *name = g_strdup_printf("%s%c", prefix, letter);
        if (!target_taken(r, name))
            return g_steal_pointer(&name);
    }
    return g_strdup(target);
}

/* Where it is, into @disk; FALSE when Facet cannot reach it. */
static gboolean adopt_read_source(FctAdoptReader *r, xmlNode *node, FctVmDisk *disk, const char *title)
{
    const char *type = fct_adopt_attr(r, node, "type");
    xmlNode *source = fct_tree_child(node, "source");
    fct_adopt_told_attrs(r, node, "type", NULL);
    if (strcmp(type, "file") == 0) {
        fct_text_set(&disk->path, fct_adopt_attr(r, source, "file"));
        fct_adopt_told_attrs(r, source, "file", NULL);
    } else if (strcmp(type, "block") == 0) {
        fct_text_set(&disk->path, fct_adopt_attr(r, source, "dev"));
        fct_adopt_told_attrs(r, source, "dev", NULL);
    } else if (strcmp(type, "volume") == 0) {
        fct_adopt_told_attrs(r, source, "pool", "volume", NULL);
        fct_text_set(&disk->pool, fct_adopt_attr(r, source, "pool"));
        fct_text_set(&disk->volume, fct_adopt_attr(r, source, "volume"));
    } else {
        g_autofree char *where = adopt_elsewhere(r, type, source);
        fct_adopt_lose(r, "%s on %s: Facet cannot reach it, and the VM would start without it", title, where);
        fct_adopt_told(r, node);
        return FALSE;
    }
    if (!disk->cdrom && !*disk->path && !*disk->volume) {
        fct_adopt_lose(r, "%s: it has no source", title);
        fct_adopt_told(r, node);
        return FALSE;
    }
    return TRUE;
}

/* First-boot data that Facet made, of a VM that was released meanwhile. */
static gboolean is_seed(FctAdoptReader *r, xmlNode *node, const FctVmDisk *disk)
{
    g_autofree char *name = g_strdup_printf("%s-seed.iso", r->adoption->spec->name);
    g_autofree char *file = g_path_get_basename(disk->path);
    return disk->read_only && strcmp(file, name) == 0 &&
           g_str_has_prefix(fct_adopt_attr(r, fct_tree_child(node, "alias"), "name"), FCT_DISK_ALIAS);
}

static void keep_disk(FctAdoptReader *r, const FctVmDisk *disk, const char *title)
{
    g_autofree char *where = *disk->volume ? g_strdup_printf("volume %s of pool %s", disk->volume, disk->pool)
                             : *disk->path ? g_strdup(disk->path)
                                           : g_strdup("empty");
    fct_adopt_keep(r, "%s: %s%s%s%s", title, where, disk->cdrom ? "" : " (", disk->cdrom ? "" : disk->format,
                   disk->cdrom ? "" : ")");
}

static void read_disk(FctAdoptReader *r, xmlNode *node)
{
    const char *device = fct_adopt_attr(r, node, "device");
    const char *bus = fct_adopt_attr(r, fct_tree_child(node, "target"), "bus");
    const char *format = fct_adopt_attr(r, fct_tree_child(node, "driver"), "type");
    const char *target = fct_adopt_attr(r, fct_tree_child(node, "target"), "dev");
    g_autofree char *title = adopt_title(r, node);
    g_autoptr(FctVmDisk) disk = fct_vm_disk_new();
    disk->cdrom = strcmp(device, "cdrom") == 0;
    if (!disk->cdrom && *device && strcmp(device, "disk") != 0) {
        fct_adopt_lose(r, "%s: it is a %s, which Facet does not give", title, device);
        fct_adopt_told(r, node);
        return;
    }
    if (r->adoption->spec->disks->len >= DRIVES_MAX) {
        fct_adopt_refuse(r, "other-machine", "Manage it with the program that made it.", "It has more than %d drives.",
                         DRIVES_MAX);
        fct_adopt_told(r, node);
        return;
    }
    if (!adopt_read_source(r, node, disk, title))
        return;
    disk->read_only = disk->cdrom || fct_tree_child(node, "readonly");
    fct_text_set(&disk->format, *format ? format : "raw");
    fct_text_set(&disk->bus, bus_for(bus, disk->cdrom));
    fct_text_take(&disk->target, target_for(r, target, disk->bus));
    read_driver(r, node, title, disk->format);
    read_disk_settings(r, node, title, disk->cdrom);
    g_hash_table_insert(r->titles, node, g_string_chunk_insert(r->texts, title));
    g_hash_table_insert(r->pairs, node, disk);
    fct_adopt_told_attrs(r, fct_tree_child(node, "target"), "dev", "bus", NULL);
    fct_adopt_told_attrs(r, node, "device", NULL); /* without it is a disk */
    if (strcmp(disk->bus, bus) != 0)
        fct_adopt_lose(r, "%s: on %s (as %s) instead of %s", title, strcmp(disk->bus, "sata") == 0 ? "SATA" : "VirtIO",
                       disk->target, *bus ? bus : "its bus");
    else if (strcmp(disk->target, target) != 0)
        fct_adopt_lose(r, "%s: it becomes %s", title, disk->target);
    int order = note_order(r, node, disk->cdrom ? "cdrom" : "disk");
    int place = order > 0 ? order : G_MAXINT;
    g_array_append_val(r->disk_orders, place);
    disk->seed = is_seed(r, node, disk);
    keep_disk(r, disk, title);
    read_chain(r, node, disk, title);
    g_ptr_array_add(r->adoption->spec->disks, g_steal_pointer(&disk));
}

/* ---- network interfaces ---- */

static const char *network_on(FctAdoptReader *r, const char *bridge)
{
    for (guint i = 0; r->host->networks && i < r->host->networks->len; i++) {
        const FctNetwork *network = r->host->networks->pdata[i];
        if (network->kind == FCT_NETWORK_BRIDGE && strcmp(network->bridge, bridge) == 0)
            return network->name;
    }
    return NULL;
}

/* The network that it stays on; "" when there is none, which is then told. */
static const char *network_of(FctAdoptReader *r, xmlNode *node, const char *mac)
{
    const char *type = fct_adopt_attr(r, node, "type");
    xmlNode *source = fct_tree_child(node, "source");
    const char *bridge = fct_adopt_attr(r, source, "bridge");
    if (strcmp(type, "network") == 0) {
        if (!*fct_adopt_attr(r, source, "network"))
            fct_adopt_lose(r, "Network interface %s: no network is named, and the VM would start without it", mac);
        else if (*fct_adopt_attr(r, source, "portgroup"))
            fct_adopt_lose(r, "Network interface %s: its port group %s", mac, fct_adopt_attr(r, source, "portgroup"));
        return fct_adopt_attr(r, source, "network");
    }
    if (strcmp(type, "bridge") == 0 && network_on(r, bridge))
        return network_on(r, bridge);
    if (strcmp(type, "bridge") == 0)
        fct_adopt_lose(r,
                       "Network interface %s on bridge %s: the VM would start without it. Make a network of kind "
                       "bridge on %s first, and it is kept",
                       mac, bridge, bridge);
    else
        fct_adopt_lose(r, "Network interface %s of type %s: the VM would start without it", mac, type);
    return "";
}

static void read_interface_settings(FctAdoptReader *r, xmlNode *node, const char *mac, const char *model)
{
    static const char *const known[] = {"mac",     "source",    "model", "target", "alias",
                                        "address", "bandwidth", "boot",  "link",   NULL};
    xmlNode *link = fct_tree_child(node, "link"), *bandwidth = fct_tree_child(node, "bandwidth");
    xmlNode *source = fct_tree_child(node, "source");
    g_autofree char *what = g_strdup_printf("Network interface %s", mac);
    if (bandwidth)
        fct_adopt_lose(r, "%s: limits of its bandwidth", what);
    fct_adopt_told(r, bandwidth);
    if (strcmp(fct_adopt_attr(r, link, "state"), "down") == 0)
        fct_adopt_lose(r, "%s: its link is down; it comes up", what);
    fct_adopt_told_attrs(r, link, "state", NULL);
    if (strcmp(model, "virtio") != 0 && strcmp(model, "e1000e") != 0)
        fct_adopt_lose(r, "%s: model e1000e instead of %s", what, *model ? model : "what QEMU chooses");
    fct_adopt_told_attrs(r, fct_tree_child(node, "model"), "type", NULL);
    fct_adopt_told_attrs(r, fct_tree_child(node, "mac"), "address", NULL);
    fct_adopt_told_attrs(r, node, "type", NULL);
    fct_adopt_told_attrs(r, source, "network", "portgroup", NULL);
    if (strcmp(fct_adopt_attr(r, node, "type"), "bridge") == 0) /* the network that has it was found */
        fct_adopt_told_attrs(r, source, "bridge", NULL);
    g_hash_table_insert(r->titles, node, g_string_chunk_insert(r->texts, what));
    fct_adopt_others(r, node, known, what);
}

/* The guest names a card by its place; Linux that was told of eth0 or enp3s0 looks for it there. */
static void check_place(FctAdoptReader *r, xmlNode *node, const char *mac)
{
    xmlNode *address = fct_tree_child(node, "address");
    gint64 bus = g_ascii_strtoll(fct_adopt_attr(r, address, "bus"), NULL, 16);
    gint64 slot = g_ascii_strtoll(fct_adopt_attr(r, address, "slot"), NULL, 16);
    if (address && (!r->q35 || bus != ROOT_PORT_OF_NICS + r->nics || slot != 0))
        fct_adopt_lose(r, "Network interface %s: it moves to another PCI place, and Linux may call it by another name",
                       mac);
}

static void adopt_read_interface(FctAdoptReader *r, xmlNode *node)
{
    const char *given = fct_adopt_attr(r, fct_tree_child(node, "mac"), "address");
    const char *model = fct_adopt_attr(r, fct_tree_child(node, "model"), "type");
    const char *network = network_of(r, node, given);
    g_autofree char *mac = fct_mac_parse(given);
    if (!mac || !*network || r->nics >= DRIVES_MAX)
        fct_adopt_told(r, node);
    if (r->nics >= DRIVES_MAX)
        fct_adopt_refuse(r, "other-machine", "Manage it with the program that made it.",
                         "It has more than %d network interfaces.", DRIVES_MAX);
    if (!*network || r->nics >= DRIVES_MAX)
        return;
    if (!mac) {
        fct_adopt_lose(r, "Network interface “%s”: its MAC address cannot be kept", given);
        return;
    }
    FctVmNic *nic = fct_vm_nic_new(network, mac);
    g_hash_table_insert(r->pairs, node, nic);
    if (strcmp(model, "virtio") != 0)
        fct_text_set(&nic->model, "e1000e");
    read_interface_settings(r, node, mac, model);
    check_place(r, node, mac);
    note_order(r, node, "network");
    fct_adopt_keep(r, "Network interface %s on network %s", mac, network);
    g_ptr_array_add(r->adoption->spec->nics, nic);
    r->nics++;
}

/* ---- the rest ---- */

static void read_channel(FctAdoptReader *r, xmlNode *node)
{
    xmlNode *target = fct_tree_child(node, "target");
    const char *name = fct_adopt_attr(r, target, "name"), *type = fct_adopt_attr(r, node, "type");
    if (strcmp(name, "org.qemu.guest_agent.0") == 0 && strcmp(type, "unix") == 0 && !r->adoption->spec->agent) {
        r->adoption->spec->agent = TRUE;
        fct_adopt_keep(r, "The channel of the guest agent");
        return;
    }
    if (strcmp(type, "spicevmc") != 0 || !r->spice) /* goes with SPICE, which is told of */
        fct_adopt_lose(r, "The channel %s", *name ? name : type);
    fct_adopt_told(r, node);
}

/* libvirt writes the first serial port once more as a console. */
static void read_console(FctAdoptReader *r, xmlNode *node)
{
    const char *target = fct_adopt_attr(r, fct_tree_child(node, "target"), "type");
    gboolean serial = fct_tree_is(node, "serial");
    if (!serial && (!*target || strcmp(target, "serial") == 0))
        return;
    if (!serial || strcmp(fct_adopt_attr(r, node, "type"), "pty") != 0)
        fct_adopt_lose(r, "A %s of type %s", serial ? "serial port" : "console",
                       serial ? fct_adopt_attr(r, node, "type") : target);
    else if (r->consoles++)
        fct_adopt_lose(r, "Serial ports after the first");
    else {
        fct_adopt_keep(r, "Its serial console");
        return;
    }
    fct_adopt_told(r, node);
}

/* The password itself is shown to nobody: it is only in the definition that is kept for a release. */
static void read_screen_password(FctAdoptReader *r, xmlNode *node)
{
    if (xmlHasNsProp(node, (const xmlChar *)"passwd", NULL) ||
        xmlHasNsProp(node, (const xmlChar *)"passwdValidTo", NULL))
        fct_adopt_lose(r, "The password of its screen: who is signed in to Facet needs none");
    fct_adopt_told_attrs(r, node, "passwd", "passwdValidTo", NULL);
}

static void read_graphics(FctAdoptReader *r, xmlNode *node)
{
    const char *type = fct_adopt_attr(r, node, "type"), *port = fct_adopt_attr(r, node, "port");
    xmlNode *listen = fct_tree_child(node, "listen");
    read_screen_password(r, node);
    if (strcmp(type, "vnc") != 0) {
        fct_adopt_lose(r, "Its %s screen: it is VNC in Facet's page instead",
                       strcmp(type, "spice") == 0 ? "SPICE" : type);
        fct_adopt_told(r, node);
        return;
    }
    if (strcmp(fct_adopt_attr(r, listen, "type"), "none") == 0) {
        fct_adopt_keep(r, "Its screen");
        return;
    }
    fct_adopt_lose(r, "VNC over the network (port %s): its screen is in Facet's page only",
                   !*port || strcmp(port, "-1") == 0 ? "any" : port);
    fct_adopt_told_attrs(r, node, "port", "autoport", "listen", "socket", "websocket", NULL);
    for (; listen; listen = listen->next)
        if (fct_tree_is(listen, "listen"))
            fct_adopt_told(r, listen);
}

static void read_video(FctAdoptReader *r, xmlNode *node)
{
    xmlNode *adapter = fct_tree_child(node, "model");
    const char *model = fct_adopt_attr(r, adapter, "type");
    if (strcmp(model, "vga") == 0)
        return;
    fct_adopt_lose(r, "Graphics adapter: VGA instead of %s", *model ? model : "what it has");
    fct_adopt_told(r, node);
}

/* The key of what a TPM holds: without it the guest's disk may never open again. */
static void read_tpm_state(FctAdoptReader *r, xmlNode *backend)
{
    xmlNode *encryption = fct_tree_child(backend, "encryption");
    const char *secret = fct_adopt_attr(r, encryption, "secret");
    if (fct_tree_child(backend, "source"))
        fct_adopt_refuse(r, "tpm", "Manage it with the program that made it.",
                         "What its TPM holds is in a place of its own, where Facet would not look for it.");
    if (encryption && !g_uuid_string_is_valid(secret))
        fct_adopt_refuse(r, "tpm", "Manage it with the program that made it.",
                         "What its TPM holds is encrypted, and libvirt has no key for it.");
    if (!encryption)
        return;
    fct_text_set(&r->adoption->spec->tpm_secret, secret);
    fct_adopt_keep(r, "The key of its TPM: libvirt's secret %s", secret);
}

static void read_tpm(FctAdoptReader *r, xmlNode *node)
{
    xmlNode *backend = fct_tree_child(node, "backend");
    const char *version = fct_adopt_attr(r, backend, "version"), *model = fct_adopt_attr(r, node, "model");
    if (r->adoption->spec->tpm || strcmp(fct_adopt_attr(r, backend, "type"), "emulator") != 0 ||
        strcmp(version, "1.2") == 0) {
        fct_adopt_lose(r, "Its TPM (%s) with what it holds: Facet gives an emulated TPM 2.0, or none",
                       *version ? version : fct_adopt_attr(r, backend, "type"));
        fct_adopt_told(r, node);
        return;
    }
    r->adoption->spec->tpm = TRUE;
    fct_adopt_keep(r, "TPM 2.0, with what it holds");
    read_tpm_state(r, backend);
    if (*model && strcmp(model, "tpm-crb") != 0)
        fct_adopt_lose(r, "TPM: model tpm-crb instead of %s", model);
    fct_adopt_told_attrs(r, node, "model", NULL);
}

static void read_hostdev(FctAdoptReader *r, xmlNode *node)
{
    const char *type = fct_adopt_attr(r, node, "type");
    xmlNode *source = fct_tree_child(node, "source"), *address = fct_tree_child(source, "address");
    fct_adopt_told(r, node);
    if (strcmp(type, "pci") == 0)
        fct_adopt_lose(r, "The host's PCI device %04x:%02x:%02x.%x: give it a device from a resource group afterwards",
                       (unsigned)strtoul(fct_adopt_attr(r, address, "domain"), NULL, 16),
                       (unsigned)strtoul(fct_adopt_attr(r, address, "bus"), NULL, 16),
                       (unsigned)strtoul(fct_adopt_attr(r, address, "slot"), NULL, 16),
                       (unsigned)strtoul(fct_adopt_attr(r, address, "function"), NULL, 16));
    else if (strcmp(type, "mdev") == 0)
        fct_adopt_lose(r, "The vGPU %s: give it a device from a resource group afterwards",
                       fct_adopt_attr(r, address, "uuid"));
    else
        fct_adopt_lose(r, "A device of the host (%s)", *type ? type : fct_adopt_attr(r, node, "mode"));
}

/* Every port and plug is libvirt's to choose but what hangs on these. */
static void read_controller(FctAdoptReader *r, xmlNode *node)
{
    static const char *const usual[] = {"pci", "sata", "ide", "fdc", "virtio-serial", "usb", "scsi", NULL};
    static const char *const ports[] = {
        "pcie-root",  "pcie-root-port",    "pcie-to-pci-bridge",        "pci-root",
        "pci-bridge", "dmi-to-pci-bridge", "pcie-switch-upstream-port", "pcie-switch-downstream-port",
        NULL};
    const char *type = fct_adopt_attr(r, node, "type"), *model = fct_adopt_attr(r, node, "model");
    if (strcmp(type, "usb") == 0 && *model && strcmp(model, "qemu-xhci") != 0 && strcmp(model, "none") != 0)
        fct_adopt_lose(r, "USB: a controller of kind qemu-xhci instead of %s", model);
    else if (strcmp(type, "virtio-serial") == 0 && *model && strcmp(model, "virtio") != 0)
        fct_adopt_lose(r, "A virtio-serial controller of kind %s", model);
    else if (strcmp(type, "pci") == 0 && *model && !g_strv_contains(ports, model))
        fct_adopt_lose(r, "A PCI controller of kind %s", model);
    else if (!g_strv_contains(usual, type)) {
        fct_adopt_lose(r, "A controller of type %s", type);
        fct_adopt_told(r, node);
    }
    fct_adopt_told_attrs(r, node, "model", NULL); /* of others: what hangs on it is told of */
    if (strcmp(type, "usb") == 0)                 /* more sockets than it has devices */
        fct_adopt_told_attrs(r, node, "ports", NULL);
}

static void adopt_read_input(FctAdoptReader *r, xmlNode *node)
{
    const char *type = fct_adopt_attr(r, node, "type"), *bus = fct_adopt_attr(r, node, "bus");
    gboolean usb = strcmp(bus, "usb") == 0, ps2 = strcmp(bus, "ps2") == 0;
    if (usb && strcmp(type, "tablet") == 0)
        return; /* generated */
    if (ps2 && (strcmp(type, "mouse") == 0 || strcmp(type, "keyboard") == 0))
        return; /* always there */
    fct_adopt_lose(r, "An input device (%s on %s)", type, *bus ? bus : "its bus");
    fct_adopt_told(r, node);
}

static void read_emulator(FctAdoptReader *r, xmlNode *node)
{
    static const char *const usual[] = {"/usr/bin/qemu-system-x86_64", "/usr/bin/kvm", "/usr/bin/qemu-kvm",
                                        "/usr/libexec/qemu-kvm", NULL};
    const char *path = fct_adopt_text(r, node);
    if (!g_strv_contains(usual, path))
        fct_adopt_lose(r, "Its own QEMU, %s", path);
    fct_adopt_told(r, node);
}

static void read_filesystem(FctAdoptReader *r, xmlNode *node)
{
    const char *dir = fct_adopt_attr(r, fct_tree_child(node, "source"), "dir");
    fct_adopt_lose(r, "The shared folder %s (%s)", *dir ? dir : "of the host",
                   fct_adopt_attr(r, fct_tree_child(node, "target"), "dir"));
    fct_adopt_told(r, node);
}

static void read_rng(FctAdoptReader *r, xmlNode *node)
{
    if (strcmp(fct_adopt_attr(r, node, "model"), "virtio") == 0)
        return;
    fct_adopt_lose(r, "Its source of random numbers: the host's /dev/urandom instead");
    fct_adopt_told(r, node);
}

static void read_balloon(FctAdoptReader *r, xmlNode *node)
{
    if (strcmp(fct_adopt_attr(r, node, "model"), "none") == 0)
        return;
    fct_adopt_lose(r, "Memory: the balloon, by which the host could take some back");
    fct_adopt_told(r, node);
}

static void read_watchdog(FctAdoptReader *r, xmlNode *node)
{
    if (strcmp(fct_adopt_attr(r, node, "model"), "itco") == 0)
        return;
    fct_adopt_lose(r, "Its watchdog");
    fct_adopt_told(r, node);
}

static void read_sound(FctAdoptReader *r, xmlNode *node)
{
    fct_adopt_lose(r, "Its sound card");
    fct_adopt_told(r, node);
}

static void read_audio(FctAdoptReader *r, xmlNode *node)
{
    const char *type = fct_adopt_attr(r, node, "type");
    if (strcmp(type, "none") == 0)
        return;
    if (strcmp(type, "spice") != 0 || !r->spice) /* goes with SPICE, which is told of */
        fct_adopt_lose(r, "Where its sound is heard (%s)", type);
    fct_adopt_told(r, node);
}

static void read_redirection(FctAdoptReader *r, xmlNode *node)
{
    fct_adopt_lose(r, "USB redirection");
    fct_adopt_told(r, node);
}

static gboolean has_spice(FctAdoptReader *r, xmlNode *devices)
{
    for (xmlNode *node = devices->children; node; node = node->next)
        if (fct_tree_is(node, "graphics") && strcmp(fct_adopt_attr(r, node, "type"), "spice") == 0)
            return TRUE;
    return FALSE;
}

void fct_adopt_devices(FctAdoptReader *r, xmlNode *devices)
{
    static const struct {
        const char *name;
        void (*read)(FctAdoptReader *r, xmlNode *node);
    } readers[] = {{"emulator", read_emulator},
                   {"disk", read_disk},
                   {"controller", read_controller},
                   {"interface", adopt_read_interface},
                   {"serial", read_console},
                   {"console", read_console},
                   {"channel", read_channel},
                   {"input", adopt_read_input},
                   {"tpm", read_tpm},
                   {"graphics", read_graphics},
                   {"sound", read_sound},
                   {"audio", read_audio},
                   {"video", read_video},
                   {"hostdev", read_hostdev},
                   {"filesystem", read_filesystem},
                   {"redirdev", read_redirection},
                   {"rng", read_rng},
                   {"memballoon", read_balloon},
                   {"redirfilter", read_redirection},
                   {"watchdog", read_watchdog}};
    r->spice = has_spice(r, devices);
    for (xmlNode *node = devices->children; node; node = node->next) {
        gsize i = 0;
        while (i < G_N_ELEMENTS(readers) && !fct_tree_is(node, readers[i].name))
            i++;
        if (i < G_N_ELEMENTS(readers)) {
            readers[i].read(r, node);
        } else if (node->type == XML_ELEMENT_NODE) {
            fct_adopt_lose(r, "A device of kind <%s>", (const char *)node->name);
            fct_adopt_told(r, node);
        }
    }
}
