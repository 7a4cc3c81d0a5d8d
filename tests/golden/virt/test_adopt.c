/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Domains as other programs write them (foreign/NAME.xml) against what adopting them keeps and loses
 * (foreign/NAME.txt); FACET_GOLDEN_UPDATE=1 rewrites the latter. And what Facet itself generates loses nothing.
 */
#include "virt/adopt.h"

#include <string.h>

static char *read_file(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(g_getenv("FACET_GOLDEN"), folder, name, NULL);
    char *text = NULL;
    g_autoptr(GError) error = NULL;
    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    return text;
}

static GPtrArray *networks_new(void)
{
    GPtrArray *networks = g_ptr_array_new_with_free_func((GDestroyNotify)fct_network_free);
    FctNetwork *nat = fct_network_new(), *lan = fct_network_new();
    fct_text_set(&nat->name, "default");
    fct_text_set(&nat->bridge, "virbr0");
    nat->kind = FCT_NETWORK_NAT;
    fct_text_set(&lan->name, "lan");
    fct_text_set(&lan->bridge, "br0");
    lan->kind = FCT_NETWORK_BRIDGE;
    g_ptr_array_add(networks, nat);
    g_ptr_array_add(networks, lan);
    return networks;
}

static void print_list(GString *text, const char *title, const GPtrArray *list)
{
    g_string_append_printf(text, "\n%s\n", title);
    for (guint i = 0; i < list->len; i++)
        g_string_append_printf(text, "  %s\n", (char *)list->pdata[i]);
}

static void print_drives(GString *text, const FctVmSpec *spec)
{
    for (guint i = 0; i < spec->disks->len; i++) {
        const FctVmDisk *disk = spec->disks->pdata[i];
        g_string_append_printf(text, "drive %s %s %s path=%s volume=%s/%s%s%s\n", disk->target, disk->bus, disk->format,
                               disk->path, disk->pool, disk->volume, disk->cdrom ? " cdrom" : "",
                               disk->read_only ? " read-only" : "");
    }
    for (guint i = 0; i < spec->nics->len; i++) {
        const FctVmNic *nic = spec->nics->pdata[i];
        g_string_append_printf(text, "nic %s %s %s\n", nic->mac, nic->network, nic->model);
    }
}

static char *print(const FctAdoption *adoption)
{
    const FctVmSpec *spec = adoption->spec;
    GString *text = g_string_new(NULL);
    g_autofree char *boot = g_strjoinv(" ", spec->boot);
    g_string_append_printf(
        text, "%s %s\nos %s, %d vCPUs, %" G_GINT64_FORMAT " MiB%s%s%s\ntitle “%s”\ndescription “%s”\nboot %s\n",
        spec->name, spec->id, spec->os, spec->vcpus, spec->memory_mib, spec->uefi ? ", UEFI" : "",
        spec->tpm ? ", TPM" : "", spec->agent ? ", agent" : "", spec->title, spec->text, boot);
    if (spec->uefi || *spec->loader)
        g_string_append_printf(text, "firmware “%s” %s%s, variables “%s” of “%s”\n", spec->loader, spec->loader_type,
                               spec->loader_secure ? " secure" : "", spec->nvram, spec->nvram_template);
    print_drives(text, spec);
    print_list(text, "kept", adoption->kept);
    print_list(text, "lost", adoption->lost);
    g_string_append(text, "\nverdicts\n");
    for (guint i = 0; i < adoption->verdicts->len; i++) {
        const FctVerdict *verdict = adoption->verdicts->pdata[i];
        g_string_append_printf(text, "  %s %s: %s\n", fct_severity_name(verdict->severity), verdict->code,
                               verdict->sentence);
    }
    return g_string_free(text, FALSE);
}

static FctAdoption *adopt(const char *xml)
{
    g_autoptr(GPtrArray) networks = networks_new();
    g_autoptr(GError) error = NULL;
    gboolean kvm = strstr(xml, "<domain type='kvm'") != NULL;
    const FctAdoptHost host = {{kvm, kvm, &fct_attach_vfio}, networks, "pc-q35-7.2"};
    FctAdoption *adoption = fct_adopt_read(xml, &host, &error);
    g_assert_no_error(error);
    return adoption;
}

static void test_foreign(gconstpointer name)
{
    g_autofree char *xml_name = g_strconcat(name, ".xml", NULL), *text_name = g_strconcat(name, ".txt", NULL);
    g_autofree char *xml = read_file("foreign", xml_name);
    g_autoptr(FctAdoption) adoption = adopt(xml);
    g_autofree char *text = print(adoption);
    if (g_getenv("FACET_GOLDEN_UPDATE")) {
        g_autofree char *path = g_build_filename(g_getenv("FACET_GOLDEN"), "foreign", text_name, NULL);
        g_assert_true(g_file_set_contents(path, text, -1, NULL));
    }
    g_autofree char *kept = read_file("foreign", text_name);
    g_assert_cmpstr(text, ==, kept);
}

/* What is ours adopts without loss, and gives the same domain again. */
static void test_own(gconstpointer name)
{
    g_autofree char *xml = read_file("", name);
    g_autoptr(FctAdoption) adoption = adopt(xml);
    gboolean kvm = strstr(xml, "<domain type='kvm'") != NULL;
    FctXmlOptions options = {kvm, kvm, &fct_attach_vfio};
    for (guint i = 0; i < adoption->lost->len; i++)
        g_test_message("lost: %s", (char *)adoption->lost->pdata[i]);
    g_assert_cmpuint(adoption->lost->len, ==, 0);
    g_assert_cmpuint(adoption->verdicts->len, ==, 0);
    g_autofree char *again = fct_domain_xml(adoption->spec, &options, FALSE);
    g_assert_cmpstr(again, ==, xml);
}

/* @xml without the element of that name. */
static char *without(const char *xml, const char *name)
{
    g_autofree char *pattern = g_strdup_printf("<%s( [^>]*)?(/>|>.*?</%s>)", name, name);
    g_autoptr(GRegex) regex = g_regex_new(pattern, G_REGEX_DOTALL, 0, NULL);
    g_autofree char *text = g_regex_replace_literal(regex, xml, -1, 0, "", 0, NULL);
    g_assert_cmpstr(text, !=, xml);
    return g_steal_pointer(&text);
}

/* What it gets from Facet stands nowhere in its own definition. */
static void test_absent(void)
{
    static const char *const cases[][2] = {{"features", "Machine: it has no ACPI now; it gets it"},
                                           {"acpi", "Machine: it has no ACPI now; it gets it"},
                                           {"cpu", "CPU model: the host's own instead of QEMU's plain one"}};
    g_autofree char *xml = read_file("foreign", "virt-install-debian-cloud.xml");
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = without(xml, cases[i][0]);
        g_autoptr(FctAdoption) adoption = adopt(text);
        g_assert_true(g_ptr_array_find_with_equal_func(adoption->lost, cases[i][1], g_str_equal, NULL));
    }
}

/* Whatever nobody here has heard of is told, never passed over. */
static void test_unknown(void)
{
    g_autofree char *xml = read_file("foreign", "virt-install-debian-cloud.xml");
    static const struct {
        const char *at, *added, *told;
    } cases[] = {{"<devices>", "<quantum/>", "The setting <quantum>"},
                 {"<emulator>", "<abacus model='wood'/>", "A device of kind <abacus>"},
                 {"<apic/>", "<teleport/>", "Machine: the feature <teleport>"},
                 {"<target dev='vda'", "<blessing/>", "Disk vda: the setting <blessing>"},
                 {"<source network=", "<virtue/>", "Network interface 52:54:00:53:8b:9f: the setting <virtue>"},
                 {"<boot dev='hd'/>", "<ritual/>", "Boot: the setting <ritual>"}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) text = g_string_new(xml);
        char *at = strstr(text->str, cases[i].at);
        g_assert_nonnull(at);
        g_string_insert(text, at - text->str, cases[i].added);
        g_autoptr(FctAdoption) adoption = adopt(text->str);
        g_assert_true(g_ptr_array_find_with_equal_func(adoption->lost, cases[i].told, g_str_equal, NULL));
    }
}

static char *replaced(const char *text, const char *old, const char *new)
{
    g_autoptr(GString) string = g_string_new(text);
    g_assert_cmpuint(g_string_replace(string, old, new, 1), ==, 1);
    return g_strdup(string->str);
}

static char *generated(const FctAdoption *adoption)
{
    const FctXmlOptions options = {TRUE, TRUE, &fct_attach_vfio};
    return fct_domain_xml(adoption->spec, &options, FALSE);
}

static gboolean refuses(const FctAdoption *adoption, const char *code)
{
    for (guint i = 0; i < adoption->verdicts->len; i++)
        if (strcmp(((FctVerdict *)adoption->verdicts->pdata[i])->code, code) == 0)
            return TRUE;
    return FALSE;
}

/* Case 06: firmware, UEFI variables and the key of a TPM are there afterwards, or the VM is not taken over. */
static void test_own_files(void)
{
    g_autofree char *xml = read_file("", "adopt-base-windows.xml");
    static const char nvram[] = "<nvram template='/srv/my_VARS.fd'>/srv/mine_VARS.fd</nvram>";
    static const struct {
        const char *old, *new, *kept, *code; /* kept: in what Facet generates; code: of the refusal */
    } cases[] = {
        {nvram, nvram, "<loader readonly='yes' secure='yes' type='pflash'>/srv/my_CODE.fd</loader>", NULL},
        {nvram, nvram, nvram, NULL},
        {nvram, "<nvram type='file'><source file='/srv/x.fd'/></nvram>", "<nvram>/srv/x.fd</nvram>", NULL},
        {nvram, "<nvram type='block'><source dev='/dev/vg/x'/></nvram>", NULL, "firmware"},
        {nvram, "<nvram type='network'><source protocol='iscsi' name='x'/></nvram>", NULL, "firmware"},
        {nvram, "<nvram format='qcow2'>/srv/x.qcow2</nvram>", NULL, "firmware"},
        {nvram, "<nvram type='file'><source file='/srv/x.fd'><encryption format='luks'/></source></nvram>", NULL,
         "firmware"},
        {" secure='yes' type='pflash'", " type='pflash' format='qcow2'", NULL, "firmware"},
        {"readonly='yes' secure", "readonly='no' secure", NULL, "firmware"},
        {"<tpm ", "<tpm ", "<encryption secret='6dd3e4a5-1d76-44ce-961f-f119f5aad935'/>", NULL},
        {"secret='6dd3e4a5-1d76-44ce-961f-f119f5aad935'", "", NULL, "tpm"},
        {"<encryption secret", "<source type='dir' path='/srv/tpm'/><encryption secret", NULL, "tpm"},
        {"<source file='/srv/a.qcow2'/>", "<source file='/srv/a.qcow2'><slices/></source>", NULL, "other-disk"},
        {"<source file='/srv/a.qcow2'/>", "<source file='/srv/a.qcow2'><encryption format='luks'/></source>", NULL,
         "encrypted-disk"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *changed = replaced(xml, cases[i].old, cases[i].new);
        g_autoptr(FctAdoption) adoption = adopt(changed);
        g_autofree char *ours = generated(adoption);
        g_test_message("%s", cases[i].new);
        if (cases[i].code)
            g_assert_true(refuses(adoption, cases[i].code));
        else
            g_assert_cmpuint(adoption->verdicts->len, ==, 0);
        if (cases[i].kept)
            g_assert_nonnull(strstr(ours, cases[i].kept));
    }
}

/* What a disk stands on is told, and is in our definition only as far as it was read. */
static void test_chain(void)
{
    static const char file[] = "<source file='/srv/a.qcow2'/>";
    static const struct {
        const char *below, *path, *code; /* path: of the first layer; NULL: nothing is said, or nothing is below */
    } cases[] = {
        {"", NULL, NULL},
        {"<backingStore/>", NULL, NULL},
        {"<backingStore type='file'><format type='raw'/><source file='/b.img'/><backingStore/></backingStore>",
         "/b.img", NULL},
        {"<backingStore type='block'><format type='qcow2'/><source dev='/dev/b'/></backingStore>", "/dev/b", NULL},
        {"<backingStore type='file'><format type='vmdk'/><source file='/b'/></backingStore>", NULL, "chain"},
        {"<backingStore type='file'><source file='/b'/></backingStore>", NULL, "chain"},
        {"<backingStore type='file'><format type='raw'/></backingStore>", NULL, "chain"},
        {"<backingStore type='network'><format type='raw'/><source protocol='rbd' name='b'/></backingStore>", NULL,
         "chain"},
        {"<mirror type='file' file='/c.qcow2' job='copy'/>", NULL, "block-job"}};
    g_autofree char *xml = read_file("", "adopt-base-windows.xml");
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *with = g_strconcat(file, cases[i].below, NULL), *changed = replaced(xml, file, with);
        g_autoptr(FctAdoption) adoption = adopt(changed);
        const FctVmDisk *disk = adoption->spec->disks->pdata[0];
        g_test_message("%s", cases[i].below);
        g_assert_true(!!cases[i].code == !!adoption->verdicts->len);
        g_assert_true(!cases[i].code || refuses(adoption, cases[i].code));
        if (cases[i].code)
            continue;
        g_assert_cmpuint(adoption->lost->len, ==, 0);
        g_assert_true((disk->below != NULL) == (*cases[i].below != '\0'));
        g_assert_cmpuint(disk->below ? disk->below->len : 0, ==, cases[i].path ? 1 : 0);
        if (cases[i].path)
            g_assert_cmpstr(((FctLayer *)disk->below->pdata[0])->path, ==, cases[i].path);
    }
}

/* Case 17: what people and programs wrote is in the domain that Facet generates, to the letter. */
static void test_words(void)
{
    g_autofree char *xml = read_file("", "adopt-base-windows.xml");
    g_autoptr(GString) text = g_string_new("\n  Ask <Mrs & Mr Miller>\tbefore\n");
    while (text->len < 20000)
        g_string_append(text, "Ask Mrs Miller before a restart. ");
    g_autofree char *escaped = g_markup_escape_text(text->str, -1);
    g_autofree char *element = g_strdup_printf("<description>%s</description>", escaped);
    g_autofree char *described = replaced(xml, "<description>Ask before a restart.</description>", element);
    g_autofree char *noted =
        replaced(described, "<metadata>", "<metadata><a:b xmlns:a='urn:a' c='&lt;\"'>x<a:d/></a:b><plain/>");
    g_autoptr(FctAdoption) adoption = adopt(noted);
    g_autofree char *ours = generated(adoption);
    g_autoptr(FctAdoption) again = adopt(ours);
    g_autofree char *twice = generated(again);
    g_assert_cmpuint(adoption->lost->len, ==, 0);
    g_assert_cmpstr(adoption->spec->title, ==, "Payroll");
    g_assert_cmpstr(adoption->spec->text, ==, text->str);
    g_assert_cmpstr(again->spec->text, ==, text->str);
    g_assert_nonnull(strstr(ours, "<a:b xmlns:a=\"urn:a\" c=\"&lt;&quot;\">x<a:d/></a:b>"));
    g_assert_nonnull(strstr(ours, "<plain/>"));
    g_assert_nonnull(strstr(ours, "libosinfo:os id=\"http://microsoft.com/win/11\""));
    g_assert_cmpstr(twice, ==, ours);
    g_autoptr(GString) long_text = g_string_new("<title>");
    while (long_text->len < 300000)
        g_string_append(long_text, "words ");
    g_string_append(long_text, "</title>");
    g_autofree char *much = replaced(xml, "<title>Payroll</title>", long_text->str);
    g_autoptr(FctAdoption) refused = adopt(much);
    g_assert_true(refuses(refused, "too-long"));
}

/* The way back: the definition of then, with what was changed on purpose. */
static void test_back(void)
{
    g_autofree char *xml = read_file("foreign", "virt-manager-ubuntu.xml");
    g_autoptr(FctAdoption) then = adopt(xml), now = adopt(xml);
    g_autofree char *same = fct_adopt_back(xml, then->spec, now->spec);
    g_autoptr(FctAdoption) kept = adopt(same);
    g_assert_cmpuint(kept->lost->len, ==, then->lost->len);
    fct_text_set(&now->spec->name, "renamed");
    fct_text_set(&now->spec->text, "a < b");
    now->spec->vcpus = 6;
    now->spec->memory_mib = 3000;
    g_autofree char *changed = fct_adopt_back(xml, then->spec, now->spec);
    g_autoptr(FctAdoption) back = adopt(changed);
    g_assert_cmpstr(back->spec->name, ==, "renamed");
    g_assert_cmpstr(back->spec->text, ==, "a < b");
    g_assert_cmpint(back->spec->vcpus, ==, 6);
    g_assert_cmpint(back->spec->memory_mib, ==, 3000);
    g_assert_nonnull(strstr(changed, "<sound model=\"ich9\">"));
    fct_text_set(&((FctVmNic *)now->spec->nics->pdata[0])->network, "lan");
    g_assert_null(fct_adopt_back(xml, then->spec, now->spec));
}

/* What a change of memory and vCPUs takes along is named, and nothing else. */
static void test_lost_for_good(void)
{
    static const char added[] =
        "<cpu mode='host-passthrough'><topology sockets='1' cores='2' threads='1'/>"
        "<numa><cell id='0' cpus='0-1' memory='1048576'/></numa></cpu><numatune><memnode cellid='0'/></numatune>"
        "<cputune><vcpupin vcpu='0' cpuset='0'/><vcpupin vcpu='1' cpuset='1'/></cputune>"
        "<vcpus><vcpu id='0' enabled='yes'/></vcpus><pm/>";
    static const char *const gone[] = {"NUMA cells of the guest", "CPU topology: 1 sockets × 2 cores × 1 threads",
                                       "Memory: binding to NUMA nodes of the host",
                                       "vCPUs: which of them are on at first"};
    g_autofree char *base = read_file("", "adopt-base-linux.xml");
    g_autofree char *xml = replaced(base, "<cpu mode='host-passthrough'/>", added);
    g_autoptr(FctAdoption) then = adopt(xml), wanted = adopt(xml);
    wanted->spec->vcpus = 1;
    g_autofree char *changed = fct_adopt_back(xml, then->spec, wanted->spec);
    g_autoptr(FctAdoption) now = adopt(changed);
    g_autoptr(GPtrArray) none = fct_adopt_lost_for_good(then, then), lost = fct_adopt_lost_for_good(then, now);
    g_autoptr(GPtrArray) all = fct_adopt_lost_for_good(then, NULL);
    g_assert_cmpuint(none->len, ==, 0);
    g_assert_cmpuint(all->len, ==, then->lost->len);
    g_assert_cmpuint(lost->len, ==, G_N_ELEMENTS(gone));
    for (guint i = 0; i < G_N_ELEMENTS(gone); i++)
        g_assert_true(g_ptr_array_find_with_equal_func(lost, gone[i], g_str_equal, NULL));
    g_assert_nonnull(strstr(
        changed, "<vcpupin vcpu=\"1\"")); /* libvirt takes out what has no vCPU, which its own definition tells */
}

/* It is in what a release gives back, and is shown nowhere. */
static void test_password(void)
{
    static const char *const screens[] = {
        "<graphics type='vnc' port='5991' passwd='geheim' passwdValidTo='2030-01-01T00:00:00'/>",
        "<graphics type='vnc' passwd='geheim'><listen type='none'/></graphics>",
        "<graphics type='spice' autoport='yes' passwd='geheim'/>"};
    static const char told[] = "The password of its screen: who is signed in to Facet needs none";
    g_autofree char *xml = read_file("", "adopt-base-linux.xml");
    for (guint i = 0; i < G_N_ELEMENTS(screens); i++) {
        g_autofree char *with = g_strconcat(screens[i], "</devices>", NULL);
        g_autofree char *locked = replaced(xml, "</devices>", with);
        g_autoptr(FctAdoption) adoption = adopt(locked);
        g_autofree char *shown = print(adoption), *ours = generated(adoption);
        g_autofree char *back = fct_adopt_back(locked, adoption->spec, adoption->spec);
        g_assert_true(g_ptr_array_find_with_equal_func(adoption->lost, told, g_str_equal, NULL));
        g_assert_null(strstr(shown, "geheim"));
        g_assert_null(strstr(ours, "geheim"));
        g_assert_nonnull(strstr(back, "passwd=\"geheim\""));
    }
}

static void test_broken(void)
{
    static const char *const bad[] = {"", "<domain", "<network/>", "not xml",
                                      "<!DOCTYPE domain [<!ENTITY x 'y'>]><domain type='kvm'>&x;</domain>"};
    static const FctAdoptHost nowhere = {{FALSE, FALSE, &fct_attach_vfio}, NULL, ""};
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(fct_adopt_read(bad[i], &nowhere, &error));
        g_assert_error(error, FCT_ERROR, FCT_ERROR_LIBVIRT);
    }
}

int main(int argc, char **argv)
{
    static const char *const foreign[] = {
        "virt-manager-ubuntu",       "virt-manager-win11", "cockpit-fileserver", "proxmox-like",
        "virt-install-debian-cloud", "gpu-passthrough",    "ceph-only",          "arm64"};
    static const char *const own[] = {"plain.xml", "uefi.xml", "nics.xml", "drives.xml", "windows.xml", "chain.xml"};
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(foreign); i++) {
        g_autofree char *path = g_strconcat("/virt/adopt/foreign/", foreign[i], NULL);
        g_test_add_data_func(path, foreign[i], test_foreign);
    }
    for (guint i = 0; i < G_N_ELEMENTS(own); i++) {
        g_autofree char *path = g_strconcat("/virt/adopt/own/", own[i], NULL);
        g_test_add_data_func(path, own[i], test_own);
    }
    g_test_add_func("/virt/adopt/unknown", test_unknown);
    g_test_add_func("/virt/adopt/own-files", test_own_files);
    g_test_add_func("/virt/adopt/chain", test_chain);
    g_test_add_func("/virt/adopt/words", test_words);
    g_test_add_func("/virt/adopt/back", test_back);
    g_test_add_func("/virt/adopt/lost-for-good", test_lost_for_good);
    g_test_add_func("/virt/adopt/password", test_password);
    g_test_add_func("/virt/adopt/broken", test_broken);
    g_test_add_func("/virt/adopt/absent", test_absent);
    return g_test_run();
}
