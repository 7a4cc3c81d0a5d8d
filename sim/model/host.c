/* SPDX-License-Identifier: Apache-2.0 */
#include "model/host.h"

#include "model/mig.h"
#include "model/parts.h"

#include <string.h>

typedef struct Loader {
    FsimHost *host;
    const char *catalogue;
    json_t *cards; /* inlined cards; grows as cards are taken from the catalogue */
} Loader;

static void read_address(FsimFields *f, const char *name, FsimPciDevice *d)
{
    const char *text = fsim_field_string(f, name, NULL);
    if (!fsim_pci_parse_address(text, d))
        fsim_fields_fail(f, name, "must be a PCI address such as \"0000:3b:00.0\", not \"%s\"", text);
}

static void add_device(FsimFields *f, FsimHost *host, const FsimPciDevice *d)
{
    if (fsim_host_find(host, d->address))
        fsim_fields_fail(f, "address", "%s is given twice", d->address);
    else
        g_array_append_val(host->devices, *d);
}

/* What cards, plain devices and bridges have in common. */
static void read_place(FsimFields *f, const FsimHost *host, FsimPciDevice *d)
{
    d->gpu = -1;
    read_address(f, "address", d);
    d->numa = (int)fsim_field_int_or(f, "numa", -1, (gint64)host->n_numa - 1, host->n_numa > 1 ? 0 : -1);
    d->group = (int)fsim_field_int_or(f, "group", 0, 4095, -1);
    fsim_field_copy(f, "port", "", d->port, sizeof d->port);
    FsimPciDevice port = {0};
    if (*d->port && !fsim_pci_parse_address(d->port, &port))
        fsim_fields_fail(f, "port", "must be the PCI address of the bridge above, not \"%s\"", d->port);
}

static const json_t *card_json(Loader *l, FsimFields *f, const char *id, GError **error)
{
    json_t *json = json_object_get(l->cards, id);
    if (json)
        return json;
    if (!l->catalogue) {
        fsim_fields_fail(f, "card", "\"%s\" is not among the file's cards", id);
        return NULL;
    }
    json = fsim_card_file(l->catalogue, id, error);
    if (json)
        json_object_set_new(l->cards, id, json);
    return json;
}

/* All figures that differ from one die to the next follow from the host's name and seed, and the slot. */
static void make_identity(const FsimHost *host, FsimGpuFixed *g)
{
    guint64 x = host->seed * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15) + g_str_hash(g->bus_id) +
                ((guint64)g_str_hash(host->name) << 32);
    x = (x ^ (x >> 31)) * G_GUINT64_CONSTANT(0xbf58476d1ce4e5b9);
    x ^= x >> 29;
    g->pdi = x;
    g->seed = x ^ G_GUINT64_CONSTANT(0x5bd1e995);
    if (!*g->serial)
        g_snprintf(g->serial, sizeof g->serial, "1%012" G_GUINT64_FORMAT, x % G_GUINT64_CONSTANT(1000000000000));
    if (!*g->uuid)
        fsim_uuid("GPU-", x, g->card.device, 0, g->uuid);
}

static void add_card_functions(FsimFields *f, FsimHost *host, const FsimPciDevice *place, const FsimGpuFixed *g)
{
    const FsimCard *c = &g->card;
    FsimPciDevice d = *place;
    d.role = FSIM_ROLE_GPU;
    d.vendor = c->vendor;
    d.device = c->device;
    d.subvendor = c->subvendor;
    d.subdevice = c->subdevice;
    d.pci_class = c->pci_class;
    d.revision = c->revision;
    d.boot_vga = g->boot_vga != 0;
    d.pcie_gen = c->pcie_gen;
    d.pcie_width = c->pcie_width;
    d.vfs = c->vfs;
    d.vf_device = c->vf_device;
    d.vf_offset = c->vf_offset;
    d.vf_stride = c->vf_stride;
    d.n_bars = c->n_bars;
    memcpy(d.bars, c->bars, sizeof d.bars);
    memcpy(d.driver, g->driver, sizeof d.driver);
    memcpy(d.reset_methods, c->reset_methods, sizeof d.reset_methods);
    g_strlcpy(d.label, c->name, sizeof d.label);
    add_device(f, host, &d);
    for (guint i = 0; i < c->n_companions; i++) {
        const FsimCompanion *other = &c->companions[i];
        d.role = FSIM_ROLE_COMPANION;
        d.function = other->function;
        g_snprintf(d.address, sizeof d.address, "%04x:%02x:%02x.%x", d.domain, d.bus, d.slot, d.function);
        d.vendor = other->vendor;
        d.device = other->device;
        d.pci_class = other->pci_class;
        d.boot_vga = FALSE;
        d.vfs = 0;
        d.n_bars = 1;
        d.bars[0] = (FsimBar){.index = 0, .size = 16384};
        memcpy(d.driver, other->driver, sizeof d.driver);
        g_strlcpy(d.reset_methods, "bus", sizeof d.reset_methods);
        add_device(f, host, &d);
    }
}

static gboolean read_load(FsimFields *card, FsimLoad *load, GError **error)
{
    json_t *value = fsim_field_object(card, "load", FALSE);
    if (!value)
        return TRUE;
    FsimFields f;
    g_autofree char *where = fsim_fields_path(card, "load", -1);
    fsim_fields_begin(&f, card->file, where, value);
    load->percent = (guint32)fsim_field_uint(&f, "percent", 0, 100);
    load->amplitude = (guint32)fsim_field_uint_or(&f, "amplitude", 0, 50, 0);
    load->period_s = (guint32)fsim_field_uint_or(&f, "period_s", 1, 86400, 60);
    load->mode = load->amplitude ? FSIM_LOAD_CURVE : FSIM_LOAD_FIXED;
    return fsim_fields_end(&f, error);
}

static gboolean read_card(Loader *l, FsimFields *f, GError **error)
{
    FsimHost *host = l->host;
    FsimGpuFixed g = {0};
    FsimPciDevice place = {0};
    const char *id = fsim_field_string(f, "card", NULL);
    read_place(f, host, &place);
    g_autoptr(GError) why = NULL;
    const json_t *json = card_json(l, f, id, &why);
    if (!json) {
        if (why)
            fsim_fields_fail(f, "card", "%s", why->message);
        return TRUE;
    }
    g_autofree char *where = g_strdup_printf("cards.%s", id);
    if (!fsim_card_parse(f->file, where, id, (json_t *)json, &g.card, error))
        return FALSE;
    if (g.card.arch >= FSIM_ARCH_BLACKWELL && host->driver_branch < 580)
        fsim_fields_fail(f, "card", "%s needs driver branch 580; the host has %u", g.card.name, host->driver_branch);
    const char *wiring = fsim_field_string(f, "wiring", "I");
    if (strcmp(wiring, "I") != 0 && strcmp(wiring, "S") != 0)
        fsim_fields_fail(f, "wiring", "must be \"I\" or \"S\", not \"%s\"", wiring);
    g.wiring = wiring[0];
    fsim_field_copy(f, "driver", "nvidia", g.driver, sizeof g.driver);
    fsim_field_copy(f, "serial", "", g.serial, sizeof g.serial);
    fsim_field_copy(f, "uuid", "", g.uuid, sizeof g.uuid);
    if (!read_load(f, &g.load, error))
        return FALSE;
    g.boot_vga = fsim_field_bool_or(f, "boot_vga", FALSE);
    memcpy(g.bus_id, place.address, sizeof g.bus_id);
    memcpy(g.port, place.port, sizeof g.port);
    g.domain = place.domain;
    g.bus = place.bus;
    g.device = place.slot;
    g.numa = place.numa;
    if (place.function != 0)
        fsim_fields_fail(f, "address", "a card is function 0 of its slot");
    if (host->gpus->len == FSIM_MAX_GPUS)
        fsim_fields_fail(f, "card", "a host takes at most %d cards", FSIM_MAX_GPUS);
    make_identity(host, &g);
    add_card_functions(f, host, &place, &g);
    g_array_append_val(host->gpus, g);
    return TRUE;
}

static gboolean read_plain(FsimHost *host, FsimFields *f, GError **error)
{
    FsimPciDevice d = {.role = FSIM_ROLE_OTHER};
    read_place(f, host, &d);
    d.vendor = (guint)fsim_field_uint(f, "vendor", 1, 0xfffe);
    d.device = (guint)fsim_field_uint(f, "device", 0, 0xfffe);
    d.subvendor = (guint)fsim_field_uint_or(f, "subvendor", 0, 0xfffe, d.vendor);
    d.subdevice = (guint)fsim_field_uint_or(f, "subdevice", 0, 0xfffe, 0);
    d.pci_class = (guint)fsim_field_uint(f, "class", 0, 0xffffff);
    d.revision = (guint)fsim_field_uint_or(f, "revision", 0, 255, 0);
    d.boot_vga = fsim_field_bool_or(f, "boot_vga", FALSE);
    d.vfs = (guint)fsim_field_uint_or(f, "vfs", 0, 256, 0);
    d.vf_device = (guint)fsim_field_uint_or(f, "vf_device", 0, 0xfffe, d.device);
    d.vf_offset = (guint)fsim_field_uint_or(f, "vf_offset", 1, 255, 1);
    d.vf_stride = (guint)fsim_field_uint_or(f, "vf_stride", 1, 255, 1);
    d.pcie_gen = (guint)fsim_field_uint_or(f, "pcie_generation", 0, 7, 3);
    d.pcie_width = (guint)fsim_field_uint_or(f, "pcie_width", 1, 32, 4);
    fsim_field_copy(f, "driver", "", d.driver, sizeof d.driver);
    fsim_field_copy(f, "reset_methods", "bus", d.reset_methods, sizeof d.reset_methods);
    fsim_field_copy(f, "label", "", d.label, sizeof d.label);
    fsim_field_copy(f, "net", "", d.net, sizeof d.net);
    fsim_field_copy(f, "disk", "", d.disk, sizeof d.disk);
    json_t *bars = fsim_field_array(f, "bars", FALSE);
    if (json_array_size(bars) > FSIM_MAX_BARS)
        fsim_fields_fail(f, "bars", "a device has at most %d", FSIM_MAX_BARS);
    else if (json_array_size(bars) > 0 && !(d.n_bars = fsim_bars_read(f, "bars", bars, d.bars, error)))
        return FALSE;
    add_device(f, host, &d);
    return TRUE;
}

static void read_bridge(FsimHost *host, FsimFields *f)
{
    FsimPciDevice d = {.role = FSIM_ROLE_BRIDGE, .pci_class = 0x060400, .pcie_gen = 5, .pcie_width = 16};
    read_place(f, host, &d);
    d.vendor = (guint)fsim_field_uint_or(f, "vendor", 1, 0xfffe, host->iommu == FSIM_IOMMU_AMD ? 0x1022 : 0x8086);
    d.device = (guint)fsim_field_uint_or(f, "device", 0, 0xfffe, host->iommu == FSIM_IOMMU_AMD ? 0x1483 : 0x347a);
    d.subvendor = d.vendor;
    d.secondary_bus = (guint)fsim_field_uint(f, "bus", 1, 255);
    fsim_field_copy(f, "driver", "pcieport", d.driver, sizeof d.driver);
    fsim_field_copy(f, "label", "Root port", d.label, sizeof d.label);
    add_device(f, host, &d);
}

static gboolean read_list(Loader *l, FsimFields *top, const char *name, gboolean bridges, GError **error)
{
    json_t *list = fsim_field_array(top, name, !bridges);
    size_t i;
    json_t *value;
    json_array_foreach (list, i, value) {
        FsimFields f;
        g_autofree char *where = fsim_fields_path(top, name, (gssize)i);
        fsim_fields_begin(&f, top->file, where, value);
        gboolean ok = TRUE;
        if (bridges)
            read_bridge(l->host, &f);
        else if (json_object_get(value, "card"))
            ok = read_card(l, &f, error);
        else
            ok = read_plain(l->host, &f, error);
        if (!fsim_fields_end(&f, ok ? error : NULL) || !ok)
            return FALSE;
    }
    return TRUE;
}

static gboolean read_numa(FsimHost *host, FsimFields *top, GError **error)
{
    json_t *list = fsim_field_array(top, "numa", FALSE);
    if (json_array_size(list) > G_N_ELEMENTS(host->numa))
        fsim_fields_fail(top, "numa", "at most %u nodes", (guint)G_N_ELEMENTS(host->numa));
    size_t i;
    json_t *value;
    json_array_foreach (list, i, value) {
        if (i >= G_N_ELEMENTS(host->numa))
            break;
        FsimFields f;
        g_autofree char *where = fsim_fields_path(top, "numa", (gssize)i);
        fsim_fields_begin(&f, top->file, where, value);
        FsimNumaNode *node = &host->numa[host->n_numa++];
        fsim_field_copy(&f, "cpus", NULL, node->cpus, sizeof node->cpus);
        node->memory_mib = fsim_field_uint(&f, "memory_mib", 1, G_MAXINT64);
        if (!fsim_fields_end(&f, error))
            return FALSE;
    }
    if (host->n_numa == 0) {
        host->n_numa = 1;
        g_snprintf(host->numa[0].cpus, sizeof host->numa[0].cpus, "0-%u", host->cpus - 1);
        host->numa[0].memory_mib = host->memory_mib;
    }
    return TRUE;
}

static void read_top(FsimHost *host, FsimFields *f)
{
    host->name = g_strdup(fsim_field_string(f, "name", NULL));
    host->title = g_strdup(fsim_field_string(f, "title", host->name));
    host->cpu_model = g_strdup(fsim_field_string(f, "cpu_model", "Simulated CPU"));
    host->cpus = (guint)fsim_field_uint(f, "cpus", 1, FSIM_MAX_CPUS);
    host->memory_mib = fsim_field_uint(f, "memory_mib", 256, G_MAXINT64);
    host->kernel = g_strdup(fsim_field_string(f, "kernel", "6.1.0-37-amd64"));
    host->driver_version = g_strdup(fsim_field_string(f, "driver", "550.163.01"));
    host->driver_branch = (guint)g_ascii_strtoull(host->driver_version, NULL, 10);
    if (host->driver_branch != 535 && host->driver_branch != 550 && host->driver_branch != 580)
        fsim_fields_fail(f, "driver", "must be a version of branch 535, 550 or 580, not \"%s\"", host->driver_version);
    const char *iommu = fsim_field_string(f, "iommu", "intel");
    host->iommu = strcmp(iommu, "intel") == 0 ? FSIM_IOMMU_INTEL
                  : strcmp(iommu, "amd") == 0 ? FSIM_IOMMU_AMD
                                              : FSIM_IOMMU_OFF;
    if (host->iommu == FSIM_IOMMU_OFF && strcmp(iommu, "off") != 0)
        fsim_fields_fail(f, "iommu", "must be \"intel\", \"amd\" or \"off\", not \"%s\"", iommu);
    host->interrupt_remapping = fsim_field_bool_or(f, "interrupt_remapping", host->iommu != FSIM_IOMMU_OFF);
    host->seed = fsim_field_uint_or(f, "seed", 0, G_MAXINT64, 1);
}

static void read_dmi(FsimHost *host, FsimFields *top)
{
    json_t *dmi = fsim_field_object(top, "dmi", FALSE);
    FsimFields f;
    json_t *none = json_object();
    fsim_fields_begin(&f, top->file, "dmi", dmi ? dmi : none);
    host->dmi_vendor = g_strdup(fsim_field_string(&f, "vendor", "Facet Simulator"));
    host->dmi_product = g_strdup(fsim_field_string(&f, "product", "Simulated NVIDIA host"));
    g_autofree char *both = g_strconcat(host->dmi_vendor, " ", host->dmi_product, NULL);
    g_autofree char *lower = g_ascii_strdown(both, -1);
    /* Nobody shall take such a machine for a real one. */
    if (!strstr(lower, "simulat"))
        fsim_fields_fail(&f, "product", "vendor or product must say that the host is simulated");
    g_autoptr(GError) error = NULL;
    if (!fsim_fields_end(&f, &error) && !top->error)
        top->error = g_steal_pointer(&error);
    json_decref(none);
}

static gboolean load(Loader *l, json_t *json, GError **error)
{
    FsimHost *host = l->host;
    FsimFields f;
    fsim_fields_begin(&f, host->file, "", json);
    json_t *cards = fsim_field_object(&f, "cards", FALSE);
    if (cards)
        l->cards = json_incref(cards);
    else
        l->cards = json_object();
    read_top(host, &f);
    read_dmi(host, &f);
    if (!read_numa(host, &f, error) || !read_list(l, &f, "bridges", TRUE, error) ||
        !read_list(l, &f, "devices", FALSE, error)) {
        fsim_fields_end(&f, NULL);
        return FALSE;
    }
    if (!fsim_fields_end(&f, error))
        return FALSE;
    json_object_set(json, "cards", l->cards);
    return fsim_host_complete(host, error);
}

FsimHost *fsim_host_load(const char *file, const char *catalogue, GError **error)
{
    json_error_t why;
    json_t *json = json_load_file(file, JSON_REJECT_DUPLICATES, &why);
    if (!json) {
        g_set_error(error, FSIM_ERROR, FSIM_ERROR_FILE, "%s:%d:%d: %s", file, why.line, why.column, why.text);
        return NULL;
    }
    FsimHost *host = g_new0(FsimHost, 1);
    host->file = g_path_get_basename(file);
    host->devices = g_array_new(FALSE, TRUE, sizeof(FsimPciDevice));
    host->gpus = g_array_new(FALSE, TRUE, sizeof(FsimGpuFixed));
    host->json = json;
    Loader loader = {.host = host, .catalogue = catalogue};
    gboolean ok = load(&loader, json, error);
    json_decref(loader.cards);
    if (ok)
        return host;
    fsim_host_free(host);
    return NULL;
}

void fsim_host_free(FsimHost *host)
{
    if (!host)
        return;
    g_free(host->file);
    g_free(host->name);
    g_free(host->title);
    g_free(host->dmi_vendor);
    g_free(host->dmi_product);
    g_free(host->cpu_model);
    g_free(host->kernel);
    g_free(host->driver_version);
    g_array_unref(host->devices);
    g_array_unref(host->gpus);
    json_decref(host->json);
    g_free(host);
}

gboolean fsim_host_save(const FsimHost *host, const char *file, GError **error)
{
    g_autofree char *text = json_dumps(host->json, JSON_INDENT(1));
    return g_file_set_contents(file, text, -1, error);
}
