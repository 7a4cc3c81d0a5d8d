/* SPDX-License-Identifier: Apache-2.0 */
#include "virt/adopt.h"

#include <stdlib.h>
#include <string.h>

#define XML_MAX (4 * 1024 * 1024) /* what libvirt itself sends at most */
#define VCPUS_MAX 512

/* ---- the machine ---- */

/* libvirt's units of memory; -1 when there is none of that name, or it is more than there is in the world. */
static gint64 in_bytes(const char *number, const char *unit)
{
    static const struct {
        const char *unit;
        gint64 bytes;
    } units[] = {{"b", 1},         {"bytes", 1},     {"KB", 1000},     {"", 1 << 10},      {"k", 1 << 10},
                 {"KiB", 1 << 10}, {"MB", 1000000},  {"M", 1 << 20},   {"MiB", 1 << 20},   {"GB", 1000000000},
                 {"G", 1 << 30},   {"GiB", 1 << 30}, {"T", 1LL << 40}, {"TiB", 1LL << 40}, {"TB", 1000000000000}};
    gint64 count = g_ascii_strtoll(number, NULL, 10);
    for (gsize i = 0; i < G_N_ELEMENTS(units); i++)
        if (strcmp(units[i].unit, unit) == 0)
            return count < 0 || count > (G_MAXINT64 >> 1) / units[i].bytes ? -1 : count * units[i].bytes;
    return -1;
}

static gint64 adopt_mib(const char *number, const char *unit)
{
    gint64 bytes = in_bytes(number, unit);
    return bytes < 0 ? -1 : (bytes + (1 << 20) - 1) / (1 << 20);
}

static void adopt_read_memory(FctAdoptReader *r, xmlNode *node)
{
    const char *number = fct_adopt_text(r, node), *unit = fct_adopt_attr(r, node, "unit");
    gint64 mib = adopt_mib(number, unit);
    r->adoption->spec->memory_mib = MAX(mib, 0);
    fct_adopt_told_attrs(r, node, "unit", NULL);
    fct_adopt_told_text(r, node);
    if (mib > 0)
        fct_adopt_keep(r, "%" G_GINT64_FORMAT " MiB of memory", mib);
    if (mib > 0 && in_bytes(number, unit) != mib * (1 << 20))
        fct_adopt_lose(r, "Memory: %" G_GINT64_FORMAT " MiB instead of %s %s", mib, number, unit);
}

/* A balloon lets the guest have less than its memory. It is read after <memory>, which libvirt writes first. */
static void read_current_memory(FctAdoptReader *r, xmlNode *node)
{
    gint64 mib = adopt_mib(fct_adopt_text(r, node), fct_adopt_attr(r, node, "unit"));
    if (mib < r->adoption->spec->memory_mib)
        fct_adopt_lose(r, "Memory: the balloon that leaves it %" G_GINT64_FORMAT " MiB; it gets all of it", mib);
    fct_adopt_told_attrs(r, node, "unit", NULL);
    fct_adopt_told_text(r, node);
}

static void read_vcpu(FctAdoptReader *r, xmlNode *node)
{
    FctVmSpec *spec = r->adoption->spec;
    const char *current = fct_adopt_attr(r, node, "current");
    gint64 count = g_ascii_strtoll(fct_adopt_text(r, node), NULL, 10);
    spec->vcpus = (int)CLAMP(count, 1, VCPUS_MAX);
    if (count != spec->vcpus)
        fct_adopt_refuse(r, "other-machine", "Manage it with the program that made it.",
                         "It has %s vCPUs; Facet gives 1 to %d.", fct_adopt_text(r, node), VCPUS_MAX);
    if (*current && atoi(current) != spec->vcpus)
        fct_adopt_lose(r, "vCPUs: %s of %d are on at first; it gets all of them", current, spec->vcpus);
    if (*fct_adopt_attr(r, node, "cpuset"))
        fct_adopt_lose(r, "vCPUs: pinning to the host's CPUs %s", fct_adopt_attr(r, node, "cpuset"));
    fct_adopt_told_attrs(r, node, "current", "cpuset", NULL);
    fct_adopt_told_text(r, node);
    fct_adopt_keep(r, "%d vCPU%s", spec->vcpus, spec->vcpus == 1 ? "" : "s");
}

static void adopt_read_machine(FctAdoptReader *r, xmlNode *type)
{
    const char *arch = fct_adopt_attr(r, type, "arch"), *machine = fct_adopt_attr(r, type, "machine");
    if (strcmp(arch, "x86_64") != 0)
        fct_adopt_refuse(r, "other-machine", "Manage it with the program that made it.",
                         "It is a machine of architecture %s; Facet runs x86_64.", *arch ? arch : "unknown");
    else if (strcmp(fct_adopt_text(r, type), "hvm") != 0)
        fct_adopt_refuse(r, "other-machine", "Manage it with the program that made it.",
                         "It is no fully virtualised machine (%s).", fct_adopt_text(r, type));
    fct_adopt_told(r, type); /* what is neither of these is refused */
    r->q35 = strcmp(machine, "q35") == 0 || g_str_has_prefix(machine, "pc-q35");
    if (r->q35)
        fct_adopt_keep(r, "Chipset Q35");
    if (r->q35 && strcmp(machine, "q35") != 0 && strcmp(machine, r->host->machine) != 0)
        fct_adopt_lose(r, "Chipset Q35 of version %s: it gets that of this host, %s", machine,
                       *r->host->machine ? r->host->machine : "the newest");
    if (r->q35)
        return;
    if (g_str_has_prefix(machine, "pc-i440fx") || strcmp(machine, "pc") == 0)
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

static void adopt_read_boot_order(FctAdoptReader *r, xmlNode *boot, int *order)
{
    const char *dev = fct_adopt_attr(r, boot, "dev"), *name = boot_name(dev);
    if (name && !g_hash_table_contains(r->boot, name))
        g_hash_table_insert(r->boot, (gpointer)name, GINT_TO_POINTER(++*order));
    else if (!name)
        fct_adopt_lose(r, "Boot order: %s", dev);
    fct_adopt_told(r, boot);
}

static void read_kernel(FctAdoptReader *r, xmlNode *os)
{
    static const char *const with[] = {"kernel", "initrd", "cmdline", "dtb"};
    xmlNode *kernel = fct_tree_child(os, "kernel");
    if (!kernel)
        return;
    fct_adopt_lose(r, "Boot: the kernel %s of the host; it boots from its disk", fct_adopt_text(r, kernel));
    for (gsize i = 0; i < G_N_ELEMENTS(with); i++)
        fct_adopt_told(r, fct_tree_child(os, with[i]));
}

static void read_os(FctAdoptReader *r, xmlNode *os)
{
    static const char *const known[] = {"type",   "loader",  "nvram", "boot",     "firmware", "kernel",
                                        "initrd", "cmdline", "dtb",   "bootmenu", "smbios",   NULL};
    xmlNode *menu = fct_tree_child(os, "bootmenu"), *smbios = fct_tree_child(os, "smbios");
    int order = 0;
    adopt_read_machine(r, fct_tree_child(os, "type"));
    fct_adopt_firmware(r, os);
    for (xmlNode *node = os->children; node; node = node->next)
        if (fct_tree_is(node, "boot"))
            adopt_read_boot_order(r, node, &order);
    read_kernel(r, os);
    if (strcmp(fct_adopt_attr(r, menu, "enable"), "yes") == 0)
        fct_adopt_lose(r, "Boot menu");
    fct_adopt_told(r, menu); /* switched off it is none */
    if (smbios)
        fct_adopt_lose(r, "SMBIOS identity (serial numbers that a guest or its licences may look at)");
    fct_adopt_told(r, smbios);
    fct_adopt_others(r, os, known, "Boot");
}

static void adopt_read_domain_features(FctAdoptReader *r, xmlNode *features)
{
    static const char *const same[] = {"acpi", "apic", "pae", "smm", "vmport", NULL};
    gboolean windows = strcmp(r->adoption->spec->os, "windows") == 0;
    for (xmlNode *node = features->children; node; node = node->next) {
        if (node->type != XML_ELEMENT_NODE || node->ns || g_strv_contains(same, (const char *)node->name))
            continue;
        if (fct_tree_is(node, "hyperv"))
            r->hyperv = TRUE;
        else if (fct_tree_is(node, "kvm"))
            fct_adopt_lose(r, "KVM settings (a hypervisor that hides itself)");
        else
            fct_adopt_lose(r, "Machine: the feature <%s>", (const char *)node->name);
        if (!r->hyperv || !windows || !fct_tree_is(node, "hyperv"))
            fct_adopt_told(r, node);
    }
}

static void read_cpu_model(FctAdoptReader *r, xmlNode *cpu)
{
    const char *mode = fct_adopt_attr(r, cpu, "mode");
    const char *model = fct_adopt_text(r, fct_tree_child(cpu, "model"));
    if (strcmp(mode, "host-passthrough") == 0 || strcmp(mode, "maximum") == 0)
        return;
    fct_adopt_lose(r, "CPU model: the host's own instead of %s", *model ? model : *mode ? mode : "the one that it has");
    fct_adopt_told_attrs(r, cpu, "mode", "match", "check", NULL);
    fct_adopt_told(r, fct_tree_child(cpu, "model"));
    fct_adopt_told(r, fct_tree_child(cpu, "vendor"));
}

static void read_cpu(FctAdoptReader *r, xmlNode *cpu)
{
    static const char *const known[] = {"topology", "model", "vendor", "feature", "numa", "maxphysaddr", NULL};
    xmlNode *topology = fct_tree_child(cpu, "topology");
    read_cpu_model(r, cpu);
    if (topology)
        fct_adopt_lose(r, "CPU topology: %s sockets × %s cores × %s threads", fct_adopt_attr(r, topology, "sockets"),
                       fct_adopt_attr(r, topology, "cores"), fct_adopt_attr(r, topology, "threads"));
    if (fct_tree_child(cpu, "feature"))
        fct_adopt_lose(r, "CPU features that are switched on or off");
    if (fct_tree_child(cpu, "numa"))
        fct_adopt_lose(r, "NUMA cells of the guest");
    if (fct_tree_child(cpu, "maxphysaddr"))
        fct_adopt_lose(r, "CPU: how much memory it can address");
    for (xmlNode *node = cpu->children; node; node = node->next)
        if (!fct_tree_is(node, "model") && !fct_tree_is(node, "vendor") && node->type == XML_ELEMENT_NODE &&
            !node->ns && g_strv_contains(known, (const char *)node->name))
            fct_adopt_told(r, node);
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
    fct_adopt_told_attrs(r, clock, "offset", NULL);
    if (!windows && fct_tree_child(clock, "timer"))
        fct_adopt_lose(r, "Settings of timers");
    for (xmlNode *timer = clock->children; !windows && timer; timer = timer->next)
        if (fct_tree_is(timer, "timer"))
            fct_adopt_told(r, timer);
    fct_adopt_others(r, clock, known, "Clock");
}

static void read_event(FctAdoptReader *r, xmlNode *node, const char *when, const char *usual)
{
    const char *action = fct_adopt_text(r, node);
    if (strcmp(action, usual) != 0)
        fct_adopt_lose(r, "What happens %s: “%s”; it becomes “%s”", when, action, usual);
    fct_adopt_told_text(r, node);
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

/* What libosinfo's note says of the guest system. */
static void read_os_note(FctAdoptReader *r, xmlNode *metadata)
{
    for (xmlNode *node = metadata->children; node; node = node->next) {
        if (node->type != XML_ELEMENT_NODE || !node->ns || !node->ns->href ||
            !strstr((const char *)node->ns->href, "libosinfo.org"))
            continue;
        for (xmlNode *os = node->children; os; os = os->next)
            if (os->type == XML_ELEMENT_NODE && strcmp((const char *)os->name, "os") == 0 &&
                *fct_adopt_attr(r, os, "id"))
                fct_text_set(&r->adoption->spec->os, os_of_id(fct_adopt_attr(r, os, "id")));
    }
}

/* Without a note: what only Windows is given. */
static void guess_os(FctAdoptReader *r, xmlNode *domain)
{
    xmlNode *clock = fct_tree_child(domain, "clock"), *features = fct_tree_child(domain, "features");
    xmlNode *metadata = fct_tree_child(domain, "metadata");
    if (fct_tree_child(features, "hyperv") || strcmp(fct_adopt_attr(r, clock, "offset"), "localtime") == 0)
        fct_text_set(&r->adoption->spec->os, "windows");
    if (metadata)
        read_os_note(r, metadata);
}

/* Elements of QEMU's own namespace. */
static void read_qemu(FctAdoptReader *r, xmlNode *node)
{
    g_autoptr(GString) args = g_string_new(NULL);
    for (xmlNode *child = node->children; child; child = child->next)
        if (child->type == XML_ELEMENT_NODE)
            g_string_append_printf(
                args, " %s",
                fct_adopt_attr(r, child, strcmp((const char *)child->name, "arg") == 0 ? "value" : "name"));
    if (strcmp((const char *)node->name, "commandline") == 0)
        fct_adopt_lose(r, "Extra arguments of QEMU:%s", args->str);
    else
        fct_adopt_lose(r, "Settings of QEMU by its driver (%s)", (const char *)node->name);
    fct_adopt_told(r, node);
}

/* ---- all of it ---- */

static void read_identity(FctAdoptReader *r, xmlNode *domain)
{
    FctVmSpec *spec = r->adoption->spec;
    fct_text_set(&spec->id, fct_adopt_text(r, fct_tree_child(domain, "uuid")));
    fct_text_set(&spec->name, fct_adopt_text(r, fct_tree_child(domain, "name")));
    fct_adopt_keep(r, "Its name and UUID");
    fct_adopt_words(r, domain);
}

/* How many, too: with fewer vCPUs there are fewer. */
static void read_pins(FctAdoptReader *r, xmlNode *cputune)
{
    int pins = 0;
    for (xmlNode *node = cputune->children; node; node = node->next)
        pins += fct_tree_is(node, "vcpupin");
    if (pins)
        fct_adopt_lose(r, "vCPUs: %d of them pinned to CPUs of the host", pins);
}

/* One that Facet has no setting for, and a sentence. */
static gboolean lose_element(FctAdoptReader *r, xmlNode *node)
{
    static const struct {
        const char *name, *text;
    } losses[] = {{"cputune", "vCPUs: pinning and shares of the host's CPUs"},
                  {"vcpus", "vCPUs: which of them are on at first"},
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
    for (gsize i = 0; i < G_N_ELEMENTS(losses); i++)
        if (fct_tree_is(node, losses[i].name)) {
            fct_adopt_lose(r, "%s", losses[i].text);
            if (fct_tree_is(node, "cputune"))
                read_pins(r, node);
            fct_adopt_told(r, node);
            return TRUE;
        }
    return FALSE;
}

static void read_element(FctAdoptReader *r, xmlNode *node)
{
    static const struct {
        const char *name;
        void (*read)(FctAdoptReader *r, xmlNode *node);
    } readers[] = {{"memory", adopt_read_memory},
                   {"currentMemory", read_current_memory},
                   {"vcpu", read_vcpu},
                   {"os", read_os},
                   {"features", adopt_read_domain_features},
                   {"cpu", read_cpu},
                   {"clock", read_clock},
                   {"devices", fct_adopt_devices}};
    static const char *const done[] = {"name", "uuid", "title", "description", "metadata", NULL};
    for (gsize i = 0; i < G_N_ELEMENTS(readers); i++)
        if (fct_tree_is(node, readers[i].name)) {
            readers[i].read(r, node);
            return;
        }
    if (node->ns)
        read_qemu(r, node);
    else if (fct_tree_is(node, "on_poweroff"))
        read_event(r, node, "when it powers off", "destroy");
    else if (fct_tree_is(node, "on_reboot"))
        read_event(r, node, "when it restarts", "restart");
    else if (fct_tree_is(node, "on_crash"))
        read_event(r, node, "when it crashes", "destroy");
    else if (!lose_element(r, node) && !g_strv_contains(done, (const char *)node->name)) {
        fct_adopt_lose(r, "The setting <%s>", (const char *)node->name);
        fct_adopt_told(r, node);
    }
}

static int boot_by_order(gconstpointer a, gconstpointer b, gpointer orders)
{
    return GPOINTER_TO_INT(g_hash_table_lookup(orders, *(const char *const *)a)) -
           GPOINTER_TO_INT(g_hash_table_lookup(orders, *(const char *const *)b));
}

static int by_place(gconstpointer a, gconstpointer b)
{
    return ((const FctAdoptBoot *)a)->order - ((const FctAdoptBoot *)b)->order;
}

/* Facet boots from all drives of a kind, then from all of the next; NICs as they stand in its list. */
static void check_places(FctAdoptReader *r)
{
    const FctAdoptBoot *places = (const FctAdoptBoot *)(gpointer)r->places->data;
    gboolean same = TRUE;
    g_array_sort(r->places, by_place);
    for (guint i = 1; i < r->places->len; i++) {
        gboolean again = strcmp(places[i].kind, places[i - 1].kind) != 0;
        for (guint k = 0; again && k < i - 1; k++)
            same = same && strcmp(places[k].kind, places[i].kind) != 0;
        if (strcmp(places[i].kind, "network") == 0 && !again)
            same = same && places[i].met > places[i - 1].met;
    }
    if (!same)
        fct_adopt_lose(r, "Boot order: Facet takes all drives of a kind one after the other");
}

static void end_boot(FctAdoptReader *r)
{
    guint n;
    g_autofree gpointer *names = g_hash_table_get_keys_as_array(r->boot, &n);
    if (n)
        g_qsort_with_data(names, (gint)n, sizeof *names, boot_by_order, r->boot);
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

/* What every VM of Facet has, and this one need not: it stands nowhere, so it is not found by what stands there. */
static void check_absent(FctAdoptReader *r, xmlNode *domain)
{
    if (!fct_tree_child(fct_tree_child(domain, "features"), "acpi"))
        fct_adopt_lose(r, "Machine: it has no ACPI now; it gets it");
    if (!fct_tree_child(domain, "cpu"))
        fct_adopt_lose(r, "CPU model: the host's own instead of QEMU's plain one");
}

static void adopt_end(FctAdoptReader *r, xmlNode *domain)
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
    check_absent(r, domain);
    end_boot(r);
    check_places(r);
    sort_disks(r);
}

static void adopt_read_xml(FctAdoptReader *r, xmlNode *domain)
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
    adopt_end(r, domain);
    fct_adopt_rest(r, domain);
    if (r->unsaid)
        g_ptr_array_add(r->adoption->lost, g_strdup_printf("%u more settings", r->unsaid));
}

static FctAdoption *read_doc(xmlNode *domain, const FctAdoptHost *host)
{
    FctAdoptReader r = {.adoption = fct_adoption_new(), .host = host, .texts = g_string_chunk_new(1024)};
    GHashTable **sets[] = {&r.told, &r.read, &r.titles, &r.pairs};
    for (guint i = 0; i < G_N_ELEMENTS(sets); i++)
        *sets[i] = g_hash_table_new(NULL, NULL);
    r.said = g_hash_table_new(g_str_hash, g_str_equal);
    r.boot = g_hash_table_new(g_str_hash, g_str_equal);
    r.disk_orders = g_array_new(FALSE, FALSE, sizeof(int));
    r.places = g_array_new(FALSE, FALSE, sizeof(FctAdoptBoot));
    adopt_read_xml(&r, domain);
    for (guint i = 0; i < G_N_ELEMENTS(sets); i++)
        g_hash_table_unref(*sets[i]);
    g_hash_table_unref(r.said);
    g_hash_table_unref(r.boot);
    g_array_unref(r.disk_orders);
    g_array_unref(r.places);
    g_string_chunk_free(r.texts);
    return r.adoption;
}

FctAdoption *fct_adopt_read(const char *xml, const FctAdoptHost *host, GError **error)
{
    xmlDoc *doc = strlen(xml) > XML_MAX ? NULL : fct_tree_parse(xml);
    xmlNode *domain = doc ? xmlDocGetRootElement(doc) : NULL;
    FctAdoption *adoption = NULL;
    if (fct_tree_is(domain, "domain"))
        adoption = read_doc(domain, host);
    else
        fct_set_error(error, FCT_ERROR_LIBVIRT, "libvirt's description of a VM could not be read.");
    if (adoption)
        fct_text_set(&adoption->xml, xml);
    xmlFreeDoc(doc);
    return adoption;
}
