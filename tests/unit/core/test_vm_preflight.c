/* SPDX-License-Identifier: Apache-2.0 */
/* Every verdict on a VM's start, alone: with all that it needs there is none, and each fault gives exactly one. */
#include "base/text.h"
#include "core/vm_preflight.h"

#include <string.h>

typedef struct {
    FctVmNeeds needs;
    FctVmFacts facts;
    GArray *drives;
    GPtrArray *wanted, *networks, *pools;
    GHashTable *links, *names;
    GPtrArray *verdicts;
} World;

static FctNetwork *add_network(World *w, const char *name, FctNetworkKind kind, const char *device)
{
    FctNetwork *network = fct_network_new();
    fct_text_set(&network->name, name);
    network->active = TRUE;
    network->kind = kind;
    fct_text_set(kind == FCT_NETWORK_DIRECT ? &network->interface : &network->bridge, device);
    g_ptr_array_add(w->networks, network);
    g_hash_table_insert(w->links, g_strdup(device), GINT_TO_POINTER(FCT_LINK_SEEN_THERE));
    return network;
}

static FctPool *add_pool(World *w, const char *name)
{
    FctPool *pool = fct_pool_new();
    fct_text_set(&pool->name, name);
    pool->active = TRUE;
    g_ptr_array_add(w->pools, pool);
    return pool;
}

static FctVmNeedDrive *add_drive(World *w, const char *target)
{
    const FctVmNeedDrive drive = {.target = target,
                                  .pool = "facet",
                                  .volume = "db.qcow2",
                                  .path = "/disks/db.qcow2",
                                  .format = "qcow2",
                                  .file = "",
                                  .there = FCT_SEEN_YES,
                                  .complete = FCT_SEEN_YES,
                                  .encrypted = FCT_SEEN_NO,
                                  .missing = "",
                                  .faulty = "",
                                  .refused = "",
                                  .user = "",
                                  .user_below = "",
                                  .refused_next = ""};
    g_array_append_val(w->drives, drive);
    return &g_array_index(w->drives, FctVmNeedDrive, w->drives->len - 1);
}

/* A VM with everything, on a host that has it all. */
static void set_up(World *w, gconstpointer data)
{
    w->drives = g_array_new(FALSE, TRUE, sizeof(FctVmNeedDrive));
    w->wanted = g_ptr_array_new();
    w->networks = g_ptr_array_new_with_free_func((GDestroyNotify)fct_network_free);
    w->pools = g_ptr_array_new_with_free_func((GDestroyNotify)fct_pool_free);
    w->links = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    w->names = g_hash_table_new(g_str_hash, g_str_equal);
    w->verdicts = g_ptr_array_new_with_free_func((GDestroyNotify)fct_verdict_free);
    add_network(w, "lan", FCT_NETWORK_NAT, "virbr0");
    add_pool(w, "facet");
    add_drive(w, "vda");
    FctVmNeedDrive *cd = add_drive(w, "sda");
    cd->cdrom = TRUE;
    cd->file = "debian.iso";
    cd->path = "/images/debian.iso";
    cd->format = "raw";
    cd->pool = cd->volume = "";
    g_ptr_array_add(w->wanted, (gpointer) "lan");
    g_hash_table_insert(w->names, (gpointer) "db-2", (gpointer) "the-id");
    w->needs = (FctVmNeeds){.id = "the-id",
                            .name = "db-2",
                            .state = "ready",
                            .vcpus = 4,
                            .memory_mib = 4096,
                            .uefi = TRUE,
                            .tpm = TRUE,
                            .windows = TRUE,
                            .loader = "",
                            .nvram_template = "",
                            .nvram_folder = "",
                            .secret = "",
                            .drives = w->drives,
                            .networks = w->wanted};
    w->facts = (FctVmFacts){.up = TRUE,
                            .networks = w->networks,
                            .links = w->links,
                            .pools = w->pools,
                            .names = w->names,
                            .memory_mib = 16384,
                            .memory_free_mib = 8192,
                            .memory_promised_mib = 0,
                            .threads = 8,
                            .vcpus_max = 288,
                            .kvm = FCT_SEEN_YES,
                            .machine = FCT_SEEN_YES,
                            .uefi = FCT_SEEN_YES,
                            .secure_boot = FCT_SEEN_YES,
                            .tpm = FCT_SEEN_YES};
}

static void tear_down(World *w, gconstpointer data)
{
    g_array_unref(w->drives);
    g_ptr_array_unref(w->wanted);
    g_ptr_array_unref(w->networks);
    g_ptr_array_unref(w->pools);
    g_hash_table_unref(w->links);
    g_hash_table_unref(w->names);
    g_ptr_array_unref(w->verdicts);
}

static FctVmNeedDrive *drive(World *w, guint i)
{
    return &g_array_index(w->drives, FctVmNeedDrive, i);
}

/* Exactly one verdict, which is @code; @words are in its sentence. */
static void only(World *w, FctSeverity severity, const char *code, const char *field, const char *words)
{
    g_ptr_array_set_size(w->verdicts, 0);
    fct_vm_judge(&w->needs, &w->facts, w->verdicts);
    for (guint i = 0; i < w->verdicts->len; i++)
        g_test_message("%s", ((FctVerdict *)w->verdicts->pdata[i])->sentence);
    g_assert_cmpuint(w->verdicts->len, ==, 1);
    const FctVerdict *verdict = w->verdicts->pdata[0];
    g_assert_cmpstr(verdict->code, ==, code);
    g_assert_cmpint(verdict->severity, ==, severity);
    g_assert_cmpstr(fct_vm_verdict_field(verdict), ==, field);
    g_assert_nonnull(strstr(verdict->sentence, words));
    g_assert_true(g_str_has_suffix(verdict->sentence, "."));
    if (severity != FCT_BLOCK && strcmp(code, "running") != 0)
        g_assert_cmpstr(verdict->next, !=, "");
}

static void nothing(World *w)
{
    g_ptr_array_set_size(w->verdicts, 0);
    fct_vm_judge(&w->needs, &w->facts, w->verdicts);
    for (guint i = 0; i < w->verdicts->len; i++)
        g_test_message("%s", ((FctVerdict *)w->verdicts->pdata[i])->sentence);
    g_assert_cmpuint(w->verdicts->len, ==, 0);
}

static void test_all_there(World *w, gconstpointer data)
{
    nothing(w);
}

/* A host that tells nothing forbids nothing. */
static void test_unknown(World *w, gconstpointer data)
{
    w->facts = (FctVmFacts){
        .up = TRUE, .memory_mib = -1, .memory_free_mib = -1, .memory_promised_mib = -1, .threads = -1, .vcpus_max = -1};
    for (guint i = 0; i < w->drives->len; i++)
        drive(w, i)->there = drive(w, i)->complete = drive(w, i)->encrypted = FCT_SEEN_UNKNOWN;
    w->needs.vcpus = 400;
    w->needs.memory_mib = 1 << 20;
    nothing(w);
}

static void test_state(World *w, gconstpointer data)
{
    w->facts.up = FALSE;
    only(w, FCT_BLOCK, "libvirt-down", NULL, "libvirt");
    w->facts.up = TRUE;
    w->needs.state = "creating";
    only(w, FCT_REFUSE, "not-ready", NULL, "still being made");
    w->needs.state = "deleting";
    only(w, FCT_REFUSE, "not-ready", NULL, "being deleted");
    w->needs.state = ""; /* only asked for */
    nothing(w);
    w->needs.active = TRUE;
    only(w, FCT_REFUSE, "running", NULL, "runs already");
}

static void test_name(World *w, gconstpointer data)
{
    g_hash_table_insert(w->names, (gpointer) "db-2", (gpointer) "another-id");
    only(w, FCT_REFUSE, "name-taken", "name", "db-2");
}

/* Case 09 and its siblings. */
static void test_networks(World *w, gconstpointer data)
{
    FctNetwork *lan = w->networks->pdata[0];
    g_ptr_array_add(w->wanted, (gpointer) "lan"); /* two NICs in one network are told of once */
    nothing(w);
    lan->active = FALSE;
    only(w, FCT_REFUSE, "network-stopped", "nics", "lan is stopped");
    lan->active = TRUE;
    g_hash_table_insert(w->links, g_strdup("virbr0"), GINT_TO_POINTER(FCT_LINK_SEEN_SET_DOWN));
    only(w, FCT_WARN, "bridge-down", "nics", "virbr0");
    g_hash_table_remove(w->links, "virbr0");
    nothing(w);
    g_hash_table_insert(w->links, g_strdup("virbr0"), GINT_TO_POINTER(FCT_LINK_SEEN_GONE));
    only(w, FCT_REFUSE, "bridge-missing", "nics", "virbr0");
    g_ptr_array_set_size(w->networks, 0);
    only(w, FCT_REFUSE, "network-missing", "nics", "lan is gone");
    add_network(w, "lan", FCT_NETWORK_DIRECT, "eth7");
    nothing(w);
    g_hash_table_insert(w->links, g_strdup("eth7"), GINT_TO_POINTER(FCT_LINK_SEEN_GONE));
    only(w, FCT_REFUSE, "bridge-missing", "nics", "interface eth7");
}

/* Guests are on the interface that Facet made for the VLAN; that is on another, which may be down or gone as well. */
static void test_vlan(World *w, gconstpointer data)
{
    g_ptr_array_set_size(w->networks, 0);
    fct_text_set(&add_network(w, "lan", FCT_NETWORK_DIRECT, "eno1")->device, "eno1.30");
    nothing(w);
    g_hash_table_insert(w->links, g_strdup("eno1.30"), GINT_TO_POINTER(FCT_LINK_SEEN_SET_DOWN));
    only(w, FCT_WARN, "bridge-down", "nics", "interface eno1.30");
    g_hash_table_insert(w->links, g_strdup("eno1.30"), GINT_TO_POINTER(FCT_LINK_SEEN_GONE));
    only(w, FCT_REFUSE, "bridge-missing", "nics", "interface eno1.30");
    g_hash_table_insert(w->links, g_strdup("eno1"), GINT_TO_POINTER(FCT_LINK_SEEN_GONE));
    only(w, FCT_REFUSE, "bridge-missing", "nics", "interface eno1,");
    g_hash_table_insert(w->links, g_strdup("eno1.30"), GINT_TO_POINTER(FCT_LINK_SEEN_THERE));
    g_hash_table_insert(w->links, g_strdup("eno1"), GINT_TO_POINTER(FCT_LINK_SEEN_SET_DOWN));
    only(w, FCT_WARN, "bridge-down", "nics", "interface eno1 ");
}

static void test_pools(World *w, gconstpointer data)
{
    FctPool *pool = w->pools->pdata[0];
    drive(w, 0)->there = FCT_SEEN_NO; /* of a pool that does not run nothing else is said */
    pool->active = FALSE;
    only(w, FCT_REFUSE, "pool-stopped", "disks", "facet of disk vda is stopped");
    g_ptr_array_set_size(w->pools, 0);
    only(w, FCT_REFUSE, "pool-missing", "disks", "facet of disk vda is gone");
}

static void test_disks(World *w, gconstpointer data)
{
    drive(w, 0)->there = FCT_SEEN_NO;
    only(w, FCT_REFUSE, "volume-missing", "disks", "/disks/db.qcow2");
    drive(w, 0)->there = FCT_SEEN_YES;
    drive(w, 0)->missing = "/disks/base.qcow2";
    only(w, FCT_REFUSE, "backing-missing", "disks", "/disks/base.qcow2");
    drive(w, 0)->missing = "";
    drive(w, 0)->faulty = "/disks/base.qcow2";
    drive(w, 0)->fault = FCT_FILE_ODD;
    only(w, FCT_REFUSE, "disk-refused", "disks", "/disks/base.qcow2, which is neither");
    drive(w, 0)->fault = FCT_FILE_HEADLESS;
    only(w, FCT_REFUSE, "disk-damaged", "disks", "/disks/base.qcow2, which is no qcow2");
    drive(w, 0)->fault = FCT_FILE_CORRUPT;
    only(w, FCT_REFUSE, "disk-damaged", "disks", "/disks/base.qcow2, which QEMU has marked");
    drive(w, 0)->fault = FCT_FILE_SPLIT;
    only(w, FCT_REFUSE, "disk-refused", "disks", "keeps its data in another file");
    drive(w, 0)->fault = FCT_FILE_SOUND;
    drive(w, 0)->link = TRUE;
    nothing(w); /* as the path of a logical volume is */
    fct_text_set(&((FctPool *)w->pools->pdata[0])->kind, "dir");
    only(w, FCT_REFUSE, "disk-refused", "disks", "is a link");
    drive(w, 0)->link = FALSE;
    drive(w, 0)->complete = FCT_SEEN_NO;
    only(w, FCT_REFUSE, "disk-incomplete", "disks", "not all there");
    drive(w, 0)->busy = TRUE;
    only(w, FCT_REFUSE, "disk-busy", "disks", "being copied");
    drive(w, 0)->complete = FCT_SEEN_YES;
    drive(w, 0)->refused = "Facet has no record of what volume db.qcow2 is, so it opens it nowhere.";
    drive(w, 0)->refused_next = "Take it out of the VM and attach it again.";
    only(w, FCT_REFUSE, "disk-refused", "disks", "Disk vda: Facet has no record");
    drive(w, 0)->refused = "";
    drive(w, 0)->user = "db-3";
    only(w, FCT_REFUSE, "disk-in-use", "disks", "VM db-3 runs with it");
    drive(w, 0)->user_saved = TRUE;
    only(w, FCT_REFUSE, "disk-in-use", "disks", "VM db-3 was saved in the middle of a run with it");
    drive(w, 0)->user_below = "/disks/base.qcow2";
    only(w, FCT_REFUSE, "disk-in-use", "disks", "needs /disks/base.qcow2, which is in use: VM db-3 was saved");
    drive(w, 0)->user_saved = FALSE;
    only(w, FCT_REFUSE, "disk-in-use", "disks", "needs /disks/base.qcow2, which is in use: VM db-3 runs with it");
    drive(w, 0)->user_below = "";
    drive(w, 0)->user = "";
    drive(w, 0)->use = FCT_DEVICE_MOUNTED;
    drive(w, 0)->use_where = "/srv";
    only(w, FCT_REFUSE, "disk-in-use", "disks", "is in use. This host has it mounted at /srv.");
    drive(w, 0)->use = FCT_DEVICE_SWAP;
    only(w, FCT_REFUSE, "disk-in-use", "disks", "swaps to it");
    drive(w, 0)->use = FCT_DEVICE_HELD;
    drive(w, 0)->use_where = "dm-3 (vg0-data)";
    only(w, FCT_REFUSE, "disk-in-use", "disks", "device dm-3 (vg0-data) is built on it");
    drive(w, 0)->use = FCT_DEVICE_FREE;
    drive(w, 0)->encrypted = FCT_SEEN_YES; /* case 05 */
    only(w, FCT_REFUSE, "disk-encrypted", "disks", "no key");
    drive(w, 0)->encrypted = FCT_SEEN_NO;
    drive(w, 0)->format = "vmdk";
    only(w, FCT_REFUSE, "disk-format", "disks", "vmdk");
}

static void test_saved(World *w, gconstpointer data)
{
    w->needs.saved = TRUE;
    only(w, FCT_REFUSE, "saved", NULL, "VM db-2 was saved with its memory");
    g_assert_nonnull(strstr(((FctVerdict *)w->verdicts->pdata[0])->next, "facet vm continue db-2"));
    g_assert_nonnull(strstr(((FctVerdict *)w->verdicts->pdata[0])->next, "facet vm drop-saved db-2"));
}

static void test_mark(World *w, gconstpointer data)
{
    w->needs.mark_lost = TRUE;
    only(w, FCT_REFUSE, "mark-lost", NULL, "VM db-2 does not bear Facet's mark");
}

/* What a start would go back behind is refused, with the way that fits. */
static void test_moved(World *w, gconstpointer data)
{
    FctVmMoved moved = {"vda", "/disks/db.qcow2", "/backup/db.bk", FALSE};
    g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof moved);
    w->needs.moved = list;
    nothing(w);
    g_array_append_val(list, moved);
    only(w, FCT_REFUSE, "disk-moved", "disks", "virsh moved disk vda of VM db-2 to /backup/db.bk.");
    g_assert_nonnull(
        strstr(((FctVerdict *)w->verdicts->pdata[0])->next, "virsh blockcommit db-2 vda --active --pivot"));
    g_array_index(list, FctVmMoved, 0).frozen = TRUE;
    only(w, FCT_REFUSE, "disk-moved", "disks", "which its snapshots stand on");
    g_assert_nonnull(strstr(((FctVerdict *)w->verdicts->pdata[0])->next, "name /disks/db.qcow2 again"));
    g_array_index(list, FctVmMoved, 0).frozen = FALSE;
    g_array_index(list, FctVmMoved, 0).path = "nbd:db"; /* nobody commits that, nor copies it as a file */
    only(w, FCT_REFUSE, "disk-moved", "disks", "virsh moved disk vda of VM db-2 to nbd:db.");
    g_assert_nonnull(strstr(((FctVerdict *)w->verdicts->pdata[0])->next, "into /disks/db.qcow2"));
}

static void test_media(World *w, gconstpointer data)
{
    drive(w, 1)->fault = FCT_FILE_ODD;
    only(w, FCT_REFUSE, "medium-refused", "cdroms", "neither a file");
    drive(w, 1)->fault = FCT_FILE_SOUND;
    drive(w, 1)->refused = "Facet has no record of what volume /images/debian.iso is, so it opens it nowhere.";
    drive(w, 1)->refused_next = "Take it out of the VM and attach it again.";
    only(w, FCT_REFUSE, "medium-refused", "cdroms", "no record");
    drive(w, 1)->there = FCT_SEEN_NO;
    only(w, FCT_REFUSE, "medium-missing", "cdroms", "debian.iso");
    drive(w, 1)->refused = "";
    drive(w, 1)->file = "";
    only(w, FCT_REFUSE, "medium-missing", "cdroms", "debian.iso");
    drive(w, 1)->seed = TRUE;
    only(w, FCT_REFUSE, "seed-missing", NULL, "first-boot data");
}

static void test_memory(World *w, gconstpointer data)
{
    w->needs.memory_mib = 16384; /* all of it is the host's own word: it may be tried */
    w->facts.memory_free_mib = 16384;
    nothing(w);
    w->needs.memory_mib++;
    only(w, FCT_REFUSE, "memory-beyond-host", "memory_mib", "16 GiB in all");
    w->needs.memory_mib = 512;
    w->facts.memory_free_mib = 100;
    w->facts.memory_promised_mib = 15 * 1024;
    only(w, FCT_WARN, "memory-short", "memory_mib", "may take 15 GiB of the host's 16 GiB");
    w->needs.pinned = TRUE;
    only(w, FCT_WARN, "memory-short", "memory_mib", "all of it at once");
}

/* Case 10. */
static void test_vcpus(World *w, gconstpointer data)
{
    w->needs.vcpus = 8;
    nothing(w);
    w->needs.vcpus = 9;
    only(w, FCT_WARN, "vcpus-over-host", "vcpus", "runs 8 at once");
    w->facts.threads = 384;
    w->needs.vcpus = 256;
    nothing(w);
    w->facts.kvm = FCT_SEEN_NO;
    only(w, FCT_REFUSE, "vcpus-need-kvm", "vcpus", "KVM");
    w->needs.vcpus = 255;
    nothing(w);
    w->needs.vcpus = 289;
    only(w, FCT_REFUSE, "vcpus-beyond-machine", "vcpus", "at most 288");
}

static void test_firmware(World *w, gconstpointer data)
{
    w->facts.secure_boot = FCT_SEEN_NO;
    only(w, FCT_WARN, "no-secure-boot", "uefi", "secure boot");
    w->needs.windows = FALSE;
    nothing(w);
    w->facts.uefi = FCT_SEEN_NO;
    only(w, FCT_REFUSE, "no-uefi", "uefi", "UEFI");
    w->needs.uefi = FALSE;
    nothing(w);
    w->facts.tpm = FCT_SEEN_NO;
    only(w, FCT_REFUSE, "no-tpm", "tpm", "TPM");
    w->needs.tpm = FALSE;
    w->facts.machine = FCT_SEEN_NO;
    only(w, FCT_BLOCK, "machine-missing", NULL, "q35");
}

/* Of an adopted VM: the host's own firmware does not matter to it. */
static void test_own_firmware(World *w, gconstpointer data)
{
    g_autoptr(GHashTable) secrets = g_hash_table_new(g_str_hash, g_str_equal);
    w->needs.loader = "/srv/OVMF_CODE.fd";
    w->needs.nvram_template = "/srv/OVMF_VARS.fd";
    w->facts.uefi = FCT_SEEN_NO;
    nothing(w);
    w->needs.nvram_template_there = FCT_SEEN_NO;
    only(w, FCT_REFUSE, "firmware-missing", NULL, "/srv/OVMF_VARS.fd");
    w->needs.loader_there = FCT_SEEN_NO;
    only(w, FCT_REFUSE, "firmware-missing", NULL, "/srv/OVMF_CODE.fd");
    w->needs.loader_there = w->needs.nvram_template_there = FCT_SEEN_YES;
    w->needs.nvram_folder = "/srv/nvram";
    only(w, FCT_REFUSE, "firmware-missing", NULL, "/srv/nvram");
    w->needs.nvram_folder = "";
    w->needs.secret = "6f1c4d9e-2f0a-4b5e-9a57-0d3c5b1a7e42";
    nothing(w);
    w->facts.secrets = secrets;
    only(w, FCT_REFUSE, "secret-missing", NULL, w->needs.secret);
    g_hash_table_add(secrets, (gpointer)w->needs.secret);
    nothing(w);
}

/* What passes with time is no reason not to make a VM; what no host state mends is. */
static void test_lasting(void)
{
    static const char *const lasting[] = {
        "memory-beyond-host", "vcpus-beyond-machine", "no-uefi", "no-tpm", "network-missing", "name-taken"};
    static const char *const passing[] = {"network-stopped", "pool-stopped",   "memory-short",
                                          "vcpus-need-kvm",  "medium-missing", "unheard-of"};
    for (guint i = 0; i < G_N_ELEMENTS(lasting); i++) {
        FctVerdict *verdict = fct_verdict_new(FCT_REFUSE, lasting[i], "", "", "It.");
        g_assert_true(fct_vm_verdict_is_lasting(verdict));
        fct_verdict_free(verdict);
    }
    for (guint i = 0; i < G_N_ELEMENTS(passing); i++) {
        FctVerdict *verdict = fct_verdict_new(FCT_REFUSE, passing[i], "", "", "It.");
        g_assert_false(fct_vm_verdict_is_lasting(verdict));
        fct_verdict_free(verdict);
    }
}

static void test_memory_file(World *w, gconstpointer data)
{
    fct_vm_judge_memory_file("/disks/db.mem", FCT_SEEN_YES, w->verdicts);
    fct_vm_judge_memory_file("/disks/db.mem", FCT_SEEN_UNKNOWN, w->verdicts);
    g_assert_cmpuint(w->verdicts->len, ==, 0);
    fct_vm_judge_memory_file("/disks/db.mem", FCT_SEEN_NO, w->verdicts);
    g_assert_cmpstr(((FctVerdict *)w->verdicts->pdata[0])->code, ==, "memory-file-missing");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    static const struct {
        const char *path;
        void (*func)(World *w, gconstpointer data);
    } tests[] = {{"/vm-preflight/all-there", test_all_there},
                 {"/vm-preflight/unknown", test_unknown},
                 {"/vm-preflight/state", test_state},
                 {"/vm-preflight/name", test_name},
                 {"/vm-preflight/networks", test_networks},
                 {"/vm-preflight/pools", test_pools},
                 {"/vm-preflight/vlan", test_vlan},
                 {"/vm-preflight/disks", test_disks},
                 {"/vm-preflight/saved", test_saved},
                 {"/vm-preflight/mark", test_mark},
                 {"/vm-preflight/moved", test_moved},
                 {"/vm-preflight/media", test_media},
                 {"/vm-preflight/memory", test_memory},
                 {"/vm-preflight/vcpus", test_vcpus},
                 {"/vm-preflight/firmware", test_firmware},
                 {"/vm-preflight/memory-file", test_memory_file},
                 {"/vm-preflight/own-firmware", test_own_firmware}};
    for (guint i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add(tests[i].path, World, NULL, set_up, tests[i].func, tear_down);
    g_test_add_func("/vm-preflight/lasting", test_lasting);
    return g_test_run();
}
