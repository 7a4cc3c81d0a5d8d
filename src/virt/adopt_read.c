/* SPDX-License-Identifier: Apache-2.0 */
#include "virt/adopt.h"

#include <libxml/parser.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- small helpers ---- */

const char *fct_adopt_attr(FctAdoptReader *r, xmlNode *node, const char *name)
{
    xmlChar *value = node ? xmlGetNoNsProp(node, (const xmlChar *)name) : NULL;
    const char *text = value ? g_string_chunk_insert(r->texts, (const char *)value) : "";
    xmlFree(value);
    return text;
}

const char *fct_adopt_text(FctAdoptReader *r, xmlNode *node)
{
    xmlChar *value = node ? xmlNodeGetContent(node) : NULL;
    g_autofree char *text = g_strstrip(g_strdup(value ? (const char *)value : ""));
    xmlFree(value);
    return g_string_chunk_insert(r->texts, text);
}

gboolean fct_adopt_is(xmlNode *node, const char *name)
{
    return node && node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

xmlNode *fct_adopt_child(xmlNode *node, const char *name)
{
    for (xmlNode *child = node ? node->children : NULL; child; child = child->next)
        if (fct_adopt_is(child, name))
            return child;
    return NULL;
}

/* Once each: nine PCI slots without a use need not be told nine times. */
static void G_GNUC_PRINTF(2, 0) add(GPtrArray *list, const char *format, va_list ap)
{
    char *text = g_strdup_vprintf(format, ap);
    if (g_ptr_array_find_with_equal_func(list, text, g_str_equal, NULL))
        g_free(text);
    else
        g_ptr_array_add(list, text);
}

void fct_adopt_keep(FctAdoptReader *r, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    add(r->adoption->kept, format, ap);
    va_end(ap);
}

void fct_adopt_lose(FctAdoptReader *r, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    add(r->adoption->lost, format, ap);
    va_end(ap);
}

void fct_adopt_refuse(FctAdoptReader *r, const char *code, const char *next, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    g_ptr_array_add(r->adoption->verdicts, fct_verdict_new(FCT_REFUSE, code, "", next, "%s", text));
}

void fct_adopt_others(FctAdoptReader *r, xmlNode *node, const char *const *known, const char *what)
{
    for (xmlNode *child = node ? node->children : NULL; child; child = child->next)
        if (child->type == XML_ELEMENT_NODE && !g_strv_contains(known, (const char *)child->name))
            fct_adopt_lose(r, "%s: the setting <%s>", what, (const char *)child->name);
}

/* ---- the machine ---- */

/* libvirt's units of memory; -1 when there is none of that name. */
static gint64 in_mib(const char *number, const char *unit)
{
    static const struct {
        const char *unit;
        gint64 bytes;
    } units[] = {{"b", 1},         {"bytes", 1},     {"KB", 1000},     {"", 1 << 10},      {"k", 1 << 10},
                 {"KiB", 1 << 10}, {"MB", 1000000},  {"M", 1 << 20},   {"MiB", 1 << 20},   {"GB", 1000000000},
                 {"G", 1 << 30},   {"GiB", 1 << 30}, {"T", 1LL << 40}, {"TiB", 1LL << 40}, {"TB", 1000000000000}};
    for (gsize i = 0; i < G_N_ELEMENTS(units); i++)
        if (strcmp(units[i].unit, unit) == 0)
            return (g_ascii_strtoll(number, NULL, 10) * units[i].bytes + (1 << 20) - 1) / (1 << 20);
    return -1;
}

static void read_memory(FctAdoptReader *r, xmlNode *node)
{
    gint64 mib = in_mib(fct_adopt_text(r, node), fct_adopt_attr(r, node, "unit"));
    r->adoption->spec->memory_mib = MAX(mib, 0);
    if (mib > 0)
        fct_adopt_keep(r, "%" G_GINT64_FORMAT " MiB of memory", mib);
}

/* A balloon lets the guest have less than its memory. It is read after <memory>, which libvirt writes first. */
static void read_current_memory(FctAdoptReader *r, xmlNode *node)
{
    gint64 mib = in_mib(fct_adopt_text(r, node), fct_adopt_attr(r, node, "unit"));
    if (mib < r->adoption->spec->memory_mib)
        fct_adopt_lose(r, "Memory: the balloon that leaves it %" G_GINT64_FORMAT " MiB; it gets all of it", mib);
}

static void read_vcpu(FctAdoptReader *r, xmlNode *node)
{
    FctVmSpec *spec = r->adoption->spec;
    const char *current = fct_adopt_attr(r, node, "current");
    spec->vcpus = (int)CLAMP(g_ascii_strtoll(fct_adopt_text(r, node), NULL, 10), 1, 512);
    if (*current && atoi(current) != spec->vcpus)
        fct_adopt_lose(r, "vCPUs: %s of %d are on at first; it gets all of them", current, spec->vcpus);
    if (*fct_adopt_attr(r, node, "cpuset"))
        fct_adopt_lose(r, "vCPUs: pinning to the host's CPUs %s", fct_adopt_attr(r, node, "cpuset"));
    fct_adopt_keep(r, "%d vCPU%s", spec->vcpus, spec->vcpus == 1 ? "" : "s");
}

static gboolean has_secure_boot(FctAdoptReader *r, xmlNode *os)
{
    xmlNode *firmware = fct_adopt_child(os, "firmware");
    for (xmlNode *f = firmware ? firmware->children : NULL; f; f = f->next)
        if (fct_adopt_is(f, "feature") && strcmp(fct_adopt_attr(r, f, "name"), "secure-boot") == 0)
            return strcmp(fct_adopt_attr(r, f, "enabled"), "yes") == 0;
    return strcmp(fct_adopt_attr(r, fct_adopt_child(os, "loader"), "secure"), "yes") == 0;
}

static void read_firmware(FctAdoptReader *r, xmlNode *os)
{
    FctVmSpec *spec = r->adoption->spec;
    xmlNode *loader = fct_adopt_child(os, "loader"), *nvram = fct_adopt_child(os, "nvram");
    spec->uefi = strcmp(fct_adopt_attr(r, os, "firmware"), "efi") == 0 ||
                 strcmp(fct_adopt_attr(r, loader, "type"), "pflash") == 0;
    if (loader && !spec->uefi)
        fct_adopt_lose(r, "Firmware: %s; it gets the BIOS that QEMU brings", fct_adopt_text(r, loader));
    if (!spec->uefi)
        return;
    fct_adopt_keep(r, "UEFI firmware");
    if (has_secure_boot(r, os) && strcmp(spec->os, "windows") == 0)
        fct_adopt_keep(r, "Secure Boot, when this host has a firmware for it");
    else if (has_secure_boot(r, os))
        fct_adopt_lose(r, "Secure Boot: it starts without");
    g_autofree char *usual = g_strdup_printf(FCT_NVRAM, spec->name);
    g_autofree char *own = g_strdup_printf(FCT_NVRAM, spec->id);
    const char *variables = fct_adopt_text(r, nvram);
    if (strcmp(variables, own) == 0)
        return;
    if (!*variables || strcmp(variables, usual) == 0)
        fct_text_take(&spec->nvram, g_steal_pointer(&usual));
    else
        fct_adopt_lose(r, "UEFI variables (boot entries) in %s; it begins with fresh ones", variables);
}

static void read_machine(FctAdoptReader *r, xmlNode *type)
{
    const char *arch = fct_adopt_attr(r, type, "arch"), *machine = fct_adopt_attr(r, type, "machine");
    if (strcmp(arch, "x86_64") != 0)
        fct_adopt_refuse(r, "other-machine", "Manage it with the program that made it.",
                         "It is a machine of architecture %s; Facet runs x86_64.", *arch ? arch : "unknown");
    else if (strcmp(fct_adopt_text(r, type), "hvm") != 0)
        fct_adopt_refuse(r, "other-machine", "Manage it with the program that made it.",
                         "It is no fully virtualised machine (%s).", fct_adopt_text(r, type));
    r->q35 = strcmp(machine, "q35") == 0 || g_str_has_prefix(machine, "pc-q35");
    if (r->q35)
        fct_adopt_keep(r, "Chipset Q35");
    else if (g_str_has_prefix(machine, "pc-i440fx") || strcmp(machine, "pc") == 0)
        fct_adopt_lose(r, "Chipset: Q35 instead of i440FX; an old guest system may need drivers for it");
    else
        fct_adopt_refuse(r, "other-machine", "Manage it with the program that made it.",
                         "It is a machine of type %s; Facet knows Q35.", machine);
}

static const char *boot_name(const char *dev)
{
    static const char *const names[][2] = {{"hd", "disk"}, {"cdrom", "cdrom"}, {"network", "network"}};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (strcmp(names[i][0], dev) == 0)
            return names[i][1];
    return NULL;
}

static void read_os(FctAdoptReader *r, xmlNode *os)
{
    static const char *const known[] = {"type",   "loader",  "nvram",    "boot",   "firmware", "kernel",
                                        "initrd", "cmdline", "bootmenu", "smbios", NULL};
    int order = 0;
    read_machine(r, fct_adopt_child(os, "type"));
    read_firmware(r, os);
    for (xmlNode *node = os->children; node; node = node->next) {
        const char *name = fct_adopt_is(node, "boot") ? boot_name(fct_adopt_attr(r, node, "dev")) : NULL;
        if (name && !g_hash_table_contains(r->boot, name))
            g_hash_table_insert(r->boot, (gpointer)name, GINT_TO_POINTER(++order));
        else if (fct_adopt_is(node, "boot") && !name)
            fct_adopt_lose(r, "Boot order: %s", fct_adopt_attr(r, node, "dev"));
    }
    if (fct_adopt_child(os, "kernel"))
        fct_adopt_lose(r, "Boot: the kernel %s of the host; it boots from its disk",
                       fct_adopt_text(r, fct_adopt_child(os, "kernel")));
    if (strcmp(fct_adopt_attr(r, fct_adopt_child(os, "bootmenu"), "enable"), "yes") == 0)
        fct_adopt_lose(r, "Boot menu");
    if (fct_adopt_child(os, "smbios"))
        fct_adopt_lose(r, "SMBIOS identity (serial numbers that a guest or its licences may look at)");
    fct_adopt_others(r, os, known, "Boot");
}

static void read_features(FctAdoptReader *r, xmlNode *features)
{
    /* acpi and apic are generated; pae is always there; smm belongs to Secure Boot, which is told of; vmport says how
     * a VMware driver is spoken to, and vmcoreinfo serves crash dumps: without either a guest starts and runs. */
    static const char *const same[] = {"acpi", "apic", "pae", "smm", "vmport", "vmcoreinfo", NULL};
    for (xmlNode *node = features->children; node; node = node->next) {
        if (node->type != XML_ELEMENT_NODE || g_strv_contains(same, (const char *)node->name))
            continue;
        if (fct_adopt_is(node, "hyperv"))
            r->hyperv = TRUE;
        else if (fct_adopt_is(node, "kvm"))
            fct_adopt_lose(r, "KVM settings (a hypervisor that hides itself)");
        else
            fct_adopt_lose(r, "Machine: the feature <%s>", (const char *)node->name);
    }
    if (!fct_adopt_child(features, "acpi"))
        fct_adopt_lose(r, "Machine: it has no ACPI now; it gets it");
}

static void read_cpu(FctAdoptReader *r, xmlNode *cpu)
{
    static const char *const known[] = {"topology", "model", "feature", "numa", "cache", "maxphysaddr", NULL};
    const char *mode = fct_adopt_attr(r, cpu, "mode");
    xmlNode *topology = fct_adopt_child(cpu, "topology");
    if (strcmp(mode, "host-passthrough") != 0 && strcmp(mode, "maximum") != 0) {
        const char *model = fct_adopt_text(r, fct_adopt_child(cpu, "model"));
        fct_adopt_lose(r, "CPU model: the host's own instead of %s",
                       *model  ? model
                       : *mode ? mode
                               : "the one that it has");
    }
    if (topology)
        fct_adopt_lose(r, "CPU topology: %s sockets × %s cores × %s threads", fct_adopt_attr(r, topology, "sockets"),
                       fct_adopt_attr(r, topology, "cores"), fct_adopt_attr(r, topology, "threads"));
    if (fct_adopt_child(cpu, "feature"))
        fct_adopt_lose(r, "CPU features that are switched on or off");
    if (fct_adopt_child(cpu, "numa"))
        fct_adopt_lose(r, "NUMA cells of the guest");
    fct_adopt_others(r, cpu, known, "CPU");
}

/* Every guest that Windows was chosen for gets the same clock from Facet; to others it is a loss. */
static void read_clock(FctAdoptReader *r, xmlNode *clock)
{
    static const char *const known[] = {"timer", NULL};
    const char *offset = fct_adopt_attr(r, clock, "offset");
    gboolean windows = strcmp(r->adoption->spec->os, "windows") == 0;
    if (strcmp(offset, windows ? "localtime" : "utc") != 0)
        fct_adopt_lose(r, "Clock: %s instead of %s", windows ? "local time" : "UTC", *offset ? offset : "what it has");
    if (!windows && fct_adopt_child(clock, "timer"))
        fct_adopt_lose(r, "Settings of timers");
    fct_adopt_others(r, clock, known, "Clock");
}

static void read_event(FctAdoptReader *r, xmlNode *node, const char *when, const char *usual)
{
    const char *action = fct_adopt_text(r, node);
    if (strcmp(action, usual) != 0)
        fct_adopt_lose(r, "What happens %s: “%s”; it becomes “%s”", when, action, usual);
}

/* ---- who wrote it ---- */

static const char *os_of_id(const char *id)
{
    static const char *const unlike[] = {"freebsd.org",        "openbsd.org", "netbsd.org", "apple.com",
                                         "oracle.com/solaris", "novell.com",  "haiku-os",   "reactos.org"};
    if (strstr(id, "microsoft.com/"))
        return "windows";
    for (gsize i = 0; i < G_N_ELEMENTS(unlike); i++)
        if (strstr(id, unlike[i]))
            return "other";
    return "linux";
}

/* What libosinfo's note says of the guest system; the note itself is no setting of the machine. */
static void read_metadata(FctAdoptReader *r, xmlNode *metadata)
{
    for (xmlNode *node = metadata->children; node; node = node->next) {
        if (node->type != XML_ELEMENT_NODE)
            continue;
        const char *ns = node->ns && node->ns->href ? (const char *)node->ns->href : "";
        if (strcmp(ns, FCT_VIRT_NS) == 0)
            continue;
        if (strstr(ns, "libosinfo.org")) {
            const char *id = fct_adopt_attr(r, fct_adopt_child(node, "os"), "id");
            if (*id)
                fct_text_set(&r->adoption->spec->os, os_of_id(id));
        } else {
            fct_adopt_lose(r, "Notes of another program (%s)", *ns ? ns : (const char *)node->name);
        }
    }
}

/* Without a note: what only Windows is given. */
static void guess_os(FctAdoptReader *r, xmlNode *domain)
{
    xmlNode *clock = fct_adopt_child(domain, "clock"), *features = fct_adopt_child(domain, "features");
    xmlNode *metadata = fct_adopt_child(domain, "metadata");
    if (fct_adopt_child(features, "hyperv") || strcmp(fct_adopt_attr(r, clock, "offset"), "localtime") == 0)
        fct_text_set(&r->adoption->spec->os, "windows");
    if (metadata)
        read_metadata(r, metadata);
}

static void read_commandline(FctAdoptReader *r, xmlNode *node)
{
    g_autoptr(GString) args = g_string_new(NULL);
    for (xmlNode *child = node->children; child; child = child->next)
        if (fct_adopt_is(child, "arg") || fct_adopt_is(child, "env"))
            g_string_append_printf(args, " %s",
                                   fct_adopt_attr(r, child, fct_adopt_is(child, "arg") ? "value" : "name"));
    fct_adopt_lose(r, "Extra arguments of QEMU:%s", args->str);
}

/* ---- all of it ---- */

static void read_identity(FctAdoptReader *r, xmlNode *domain)
{
    FctAdoption *adoption = r->adoption;
    const char *title = fct_adopt_text(r, fct_adopt_child(domain, "title"));
    const char *text = fct_adopt_text(r, fct_adopt_child(domain, "description"));
    fct_text_set(&adoption->spec->id, fct_adopt_text(r, fct_adopt_child(domain, "uuid")));
    fct_text_set(&adoption->spec->name, fct_adopt_text(r, fct_adopt_child(domain, "name")));
    fct_text_set(&adoption->description, *text ? text : title);
    fct_adopt_keep(r, "Its name and UUID");
    if (*adoption->description)
        fct_adopt_keep(r, "Its description");
}

static void read_element(FctAdoptReader *r, xmlNode *node)
{
    static const struct {
        const char *name;
        void (*read)(FctAdoptReader *r, xmlNode *node);
    } readers[] = {{"memory", read_memory},
                   {"currentMemory", read_current_memory},
                   {"vcpu", read_vcpu},
                   {"os", read_os},
                   {"features", read_features},
                   {"cpu", read_cpu},
                   {"clock", read_clock},
                   {"devices", fct_adopt_devices},
                   {"commandline", read_commandline}};
    static const char *const done[] = {"name", "uuid", "title", "description", "metadata", NULL};
    static const struct {
        const char *name, *text;
    } losses[] = {{"cputune", "vCPUs: pinning and shares of the host's CPUs"},
                  {"numatune", "Memory: binding to NUMA nodes of the host"},
                  {"memoryBacking", "Memory: huge pages, locking or sharing"},
                  {"maxMemory", "Memory: slots for adding some while it runs"},
                  {"blkiotune", "Disks: shares of the host's bandwidth"},
                  {"memtune", "Memory: limits on the host"},
                  {"iothreads", "Disks: threads of their own"},
                  {"sysinfo", "SMBIOS identity (serial numbers that a guest or its licences may look at)"},
                  {"pm", "Settings of sleep states"},
                  {"genid", "VM generation id"},
                  {"seclabel", "A security label of its own"},
                  {"launchSecurity", "Encrypted memory (SEV, TDX)"},
                  {"resource", "A resource partition of the host"}};
    for (gsize i = 0; i < G_N_ELEMENTS(readers); i++)
        if (fct_adopt_is(node, readers[i].name)) {
            readers[i].read(r, node);
            return;
        }
    for (gsize i = 0; i < G_N_ELEMENTS(losses); i++)
        if (fct_adopt_is(node, losses[i].name)) {
            fct_adopt_lose(r, "%s", losses[i].text);
            return;
        }
    if (fct_adopt_is(node, "on_poweroff"))
        read_event(r, node, "when it powers off", "destroy");
    else if (fct_adopt_is(node, "on_reboot"))
        read_event(r, node, "when it restarts", "restart");
    else if (fct_adopt_is(node, "on_crash"))
        read_event(r, node, "when it crashes", "destroy");
    else if (!g_strv_contains(done, (const char *)node->name))
        fct_adopt_lose(r, "The setting <%s>", (const char *)node->name);
}

static int by_order(gconstpointer a, gconstpointer b, gpointer orders)
{
    return GPOINTER_TO_INT(g_hash_table_lookup(orders, *(const char *const *)a)) -
           GPOINTER_TO_INT(g_hash_table_lookup(orders, *(const char *const *)b));
}

static void end_boot(FctAdoptReader *r)
{
    guint n;
    g_autofree gpointer *names = g_hash_table_get_keys_as_array(r->boot, &n);
    if (n)
        g_qsort_with_data(names, (gint)n, sizeof *names, by_order, r->boot);
    g_strfreev(r->adoption->spec->boot);
    r->adoption->spec->boot = g_new0(char *, n + 1);
    for (guint i = 0; i < n; i++)
        r->adoption->spec->boot[i] = g_strdup(names[i]);
    if (n > 1) {
        g_autofree char *text = g_strjoinv(", ", r->adoption->spec->boot);
        fct_adopt_keep(r, "Boot order: %s", text);
    }
}

static gboolean same_class(const GPtrArray *disks, guint a, guint b)
{
    return ((FctVmDisk *)disks->pdata[a])->cdrom == ((FctVmDisk *)disks->pdata[b])->cdrom;
}

static void swap_disks(FctAdoptReader *r, guint a, guint b)
{
    GPtrArray *disks = r->adoption->spec->disks;
    int *orders = (int *)(gpointer)r->disk_orders->data, order = orders[a];
    gpointer disk = disks->pdata[a];
    disks->pdata[a] = disks->pdata[b];
    disks->pdata[b] = disk;
    orders[a] = orders[b];
    orders[b] = order;
}

/* Facet boots from disks, and from CD drives, in their order: those with a place of their own come first. Stable. */
static void sort_disks(FctAdoptReader *r)
{
    GPtrArray *disks = r->adoption->spec->disks;
    for (guint i = 1; i < disks->len; i++)
        for (guint at = i, before = i; before-- > 0;) {
            const int *orders = (const int *)(gpointer)r->disk_orders->data;
            if (!same_class(disks, at, before))
                continue;
            if (orders[at] >= orders[before])
                break;
            swap_disks(r, at, before);
            at = before;
        }
}

static void end(FctAdoptReader *r)
{
    const FctVmSpec *spec = r->adoption->spec;
    guint disks = 0;
    for (guint i = 0; i < spec->disks->len; i++)
        disks += !((FctVmDisk *)spec->disks->pdata[i])->cdrom;
    if (!disks)
        fct_adopt_refuse(r, "no-disk", "Manage it with the program that made it.",
                         "None of its disks is a file or a block device of this host.");
    if (r->hyperv && strcmp(spec->os, "windows") != 0)
        fct_adopt_lose(r, "Hyper-V settings: Facet gives them to Windows only");
    if (spec->memory_mib < 64)
        fct_adopt_refuse(r, "too-little", "Manage it with the program that made it.",
                         "It has less than 64 MiB of memory.");
    end_boot(r);
    sort_disks(r);
}

static void read_domain(FctAdoptReader *r, xmlNode *domain)
{
    static const char *const types[] = {"kvm", "qemu", NULL};
    const char *type = fct_adopt_attr(r, domain, "type");
    read_identity(r, domain);
    guess_os(r, domain);
    if (!g_strv_contains(types, type))
        fct_adopt_refuse(r, "other-machine", "Manage it with the program that made it.",
                         "It is run by %s; Facet runs QEMU.", *type ? type : "another hypervisor");
    for (xmlNode *node = domain->children; node; node = node->next)
        if (node->type == XML_ELEMENT_NODE)
            read_element(r, node);
    end(r);
}

FctAdoption *fct_adopt_read(const char *xml, const GPtrArray *networks, GError **error)
{
    /* libvirt writes no document type; one that came in all the same names nothing outside. */
    xmlDoc *doc =
        xmlReadMemory(xml, (int)strlen(xml), NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    xmlNode *domain = doc ? xmlDocGetRootElement(doc) : NULL;
    if (!fct_adopt_is(domain, "domain") || xmlGetIntSubset(doc)) {
        xmlFreeDoc(doc);
        fct_set_error(error, FCT_ERROR_LIBVIRT, "libvirt's description of a VM could not be read.");
        return NULL;
    }
    FctAdoptReader reader = {.adoption = fct_adoption_new(), .texts = g_string_chunk_new(1024), .networks = networks};
    reader.boot = g_hash_table_new(g_str_hash, g_str_equal);
    reader.disk_orders = g_array_new(FALSE, FALSE, sizeof(int));
    read_domain(&reader, domain);
    g_array_unref(reader.disk_orders);
    g_hash_table_unref(reader.boot);
    g_string_chunk_free(reader.texts);
    xmlFreeDoc(doc);
    return reader.adoption;
}
