/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vm_preflight.h"

#include "core/storage_rules.h"

#include <string.h>

static void vm_preflight_say(GPtrArray *verdicts, FctVerdict *verdict)
{
    g_ptr_array_add(verdicts, verdict);
}

/* "1.5 GiB", "512 MiB": as few words as the number allows. */
static char *mib_text(gint64 mib)
{
    if (mib < 1024)
        return g_strdup_printf("%" G_GINT64_FORMAT " MiB", mib);
    return mib % 1024 ? g_strdup_printf("%.1f GiB", (double)mib / 1024)
                      : g_strdup_printf("%" G_GINT64_FORMAT " GiB", mib / 1024);
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* ---- the VM itself ---- */

static void judge_state(const FctVmNeeds *needs, const FctVmFacts *facts, GPtrArray *verdicts)
{
    if (!facts->up)
        vm_preflight_say(verdicts, fct_verdict_new(FCT_BLOCK, "libvirt-down", "", "Check that libvirtd runs.",
                                                   "libvirt does not answer."));
    if (*needs->state && strcmp(needs->state, "ready") != 0)
        vm_preflight_say(verdicts, fct_verdict_new(FCT_REFUSE, "not-ready", "", "Wait for its task to end.",
                                                   strcmp(needs->state, "creating") == 0 ? "The VM is still being made."
                                                                                         : "The VM is being deleted."));
    if (needs->active)
        vm_preflight_say(verdicts, fct_verdict_new(FCT_REFUSE, "running", "", "", "The VM runs already."));
}

/* Another program may have defined a domain of that name: libvirt starts neither under it. */
static void judge_name(const FctVmNeeds *needs, const FctVmFacts *facts, GPtrArray *verdicts)
{
    const char *other = facts->names ? g_hash_table_lookup(facts->names, needs->name) : NULL;
    if (other && strcmp(other, needs->id) != 0)
        vm_preflight_say(verdicts, fct_verdict_new(FCT_REFUSE, "name-taken", needs->name, "Rename one of the two.",
                                                   "Another program has made a VM %s.", needs->name));
}

/* ---- what others did to it ---- */

static void say_moved(const FctVmNeeds *needs, const FctVmMoved *moved, GPtrArray *verdicts)
{
    g_autofree char *subject = g_strdup_printf("disk %s", moved->target);
    g_autofree char *commit =
        g_strdup_printf("Commit it while the VM runs (virsh start %s, then virsh blockcommit %s %s "
                        "--active --pivot). Or release the VM, make one whole file with qemu-img "
                        "convert, name that with virsh edit, and take the VM over again.",
                        needs->name, needs->name, moved->target);
    g_autofree char *copy = g_strdup_printf("Copy that file with qemu-img convert if you need what was written since. "
                                            "Then name %s again with virsh edit %s.",
                                            moved->known, needs->name);
    g_autofree char *pull = g_strdup_printf("Copy what was written there into %s, if you need it. Then name that file "
                                            "again with virsh edit %s.",
                                            moved->known, needs->name);
    const char *next = *moved->path != '/' ? pull : moved->frozen ? copy : commit;
    vm_preflight_say(verdicts, fct_verdict_new(FCT_REFUSE, "disk-moved", subject, next,
                                               "virsh moved disk %s of VM %s to %s%s.", moved->target, needs->name,
                                               moved->path, moved->frozen ? ", which its snapshots stand on" : ""));
}

/* Saved memory belongs to the disks as they were: with others the guest would overwrite what it does not know. */
static void say_saved(const FctVmNeeds *needs, GPtrArray *verdicts)
{
    g_autofree char *next = g_strdup_printf("Let it go on (facet vm continue %s), or drop what was saved (facet vm "
                                            "drop-saved %s): to the guest that is a power cut.",
                                            needs->name, needs->name);
    vm_preflight_say(verdicts,
                     fct_verdict_new(FCT_REFUSE, "saved", "", next,
                                     "VM %s was saved with its memory in the middle of a run (virsh managedsave).",
                                     needs->name));
}

void fct_vm_judge_outside(const FctVmNeeds *needs, GPtrArray *verdicts)
{
    if (needs->mark_lost)
        vm_preflight_say(
            verdicts, fct_verdict_new(FCT_REFUSE, "mark-lost", "", "Take the VM over again: Facet marks it again.",
                                      "VM %s does not bear Facet's mark any more: another program has defined it anew.",
                                      needs->name));
    if (needs->saved && !needs->active)
        say_saved(needs, verdicts);
    for (guint i = 0; needs->moved && i < needs->moved->len; i++)
        say_moved(needs, &g_array_index(needs->moved, FctVmMoved, i), verdicts);
}

/* ---- networks ---- */

static const FctNetwork *find_network(const GPtrArray *networks, const char *name)
{
    for (guint i = 0; i < networks->len; i++)
        if (strcmp(((FctNetwork *)networks->pdata[i])->name, name) == 0)
            return networks->pdata[i];
    return NULL;
}

static void say_link_gone(const FctNetwork *network, const char *device, GPtrArray *verdicts)
{
    g_autofree char *subject = g_strdup_printf("network %s", network->name);
    g_autofree char *anew = g_strdup_printf("Let libvirt make it anew: virsh net-destroy %s, then virsh net-start %s.",
                                            network->name, network->name);
    const char *next =
        strcmp(device, network->device) == 0    ? "Check that facet-helper runs: it makes the VLAN's interface again."
        : fct_network_has_subnet(network->kind) ? anew
                                                : "Make it again on the host, or put the VM into another network.";
    vm_preflight_say(verdicts, fct_verdict_new(FCT_REFUSE, "bridge-missing", subject, next,
                                               "The network %s needs the host's %s %s, which is gone.", network->name,
                                               network->kind == FCT_NETWORK_DIRECT ? "interface" : "bridge", device));
}

/* The device on the host through which the network's frames go. FALSE: nothing more needs to be checked. */
static gboolean judge_link(const FctNetwork *network, const char *device, GHashTable *links, GPtrArray *verdicts)
{
    gpointer value;
    if (!*device || !links || !g_hash_table_lookup_extended(links, device, NULL, &value))
        return TRUE;
    if (GPOINTER_TO_INT(value) == FCT_LINK_SEEN_GONE) {
        say_link_gone(network, device, verdicts);
        return FALSE;
    }
    if (GPOINTER_TO_INT(value) == FCT_LINK_SEEN_THERE)
        return TRUE;
    g_autofree char *subject = g_strdup_printf("network %s", network->name);
    g_autofree char *next = g_strdup_printf("Set it up on the host: ip link set %s up.", device);
    vm_preflight_say(
        verdicts, fct_verdict_new(FCT_WARN, "bridge-down", subject, next,
                                  "The host's %s %s of the network %s is set down: the VM will reach nobody.",
                                  network->kind == FCT_NETWORK_DIRECT ? "interface" : "bridge", device, network->name));
    return FALSE;
}

/* The link below a VLAN's interface is checked first, since the interface cannot work without it. */
static void judge_links(const FctNetwork *network, GHashTable *links, GPtrArray *verdicts)
{
    if (!*network->device || judge_link(network, network->interface, links, verdicts))
        judge_link(network, fct_network_link(network), links, verdicts);
}

static void judge_network(const char *name, const FctVmFacts *facts, GPtrArray *verdicts)
{
    const FctNetwork *network = find_network(facts->networks, name);
    g_autofree char *subject = g_strdup_printf("network %s", name);
    g_autofree char *start = g_strdup_printf("Start the network %s, or choose another.", name);
    if (!network)
        vm_preflight_say(verdicts,
                         fct_verdict_new(FCT_REFUSE, "network-missing", subject,
                                         "Put the VM's network interface into another network, or make this one again.",
                                         "The network %s is gone.", name));
    else if (!network->active)
        vm_preflight_say(verdicts, fct_verdict_new(FCT_REFUSE, "network-stopped", subject, start,
                                                   "The network %s is stopped.", name));
    else
        judge_links(network, facts->links, verdicts);
}

static void judge_networks(const FctVmNeeds *needs, const FctVmFacts *facts, GPtrArray *verdicts)
{
    g_autoptr(GHashTable) done = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; facts->networks && needs->networks && i < needs->networks->len; i++)
        if (g_hash_table_add(done, needs->networks->pdata[i]))
            judge_network(needs->networks->pdata[i], facts, verdicts);
}

/* ---- drives ---- */

static const FctPool *vm_preflight_find_pool(const GPtrArray *pools, const char *name)
{
    for (guint i = 0; i < pools->len; i++)
        if (strcmp(((FctPool *)pools->pdata[i])->name, name) == 0)
            return pools->pdata[i];
    return NULL;
}

/* FALSE when nothing can be said about the volumes in it. */
static gboolean judge_pool(const FctVmNeedDrive *drive, const FctVmFacts *facts, GPtrArray *verdicts)
{
    if (!*drive->pool || !facts->pools)
        return TRUE;
    const FctPool *pool = vm_preflight_find_pool(facts->pools, drive->pool);
    g_autofree char *subject = g_strdup_printf("pool %s", drive->pool);
    if (!pool)
        vm_preflight_say(verdicts,
                         fct_verdict_new(FCT_REFUSE, "pool-missing", subject,
                                         "Add the pool again under Storage, or take the disk out of the VM.",
                                         "The storage pool %s of disk %s is gone.", drive->pool, drive->target));
    else if (!pool->active)
        vm_preflight_say(verdicts,
                         fct_verdict_new(FCT_REFUSE, "pool-stopped", subject, "Start the pool under Storage.",
                                         "The storage pool %s of disk %s is stopped.", drive->pool, drive->target));
    return pool && pool->active;
}

/* The start asks the records, too, and would stop at the same fault. */
static void judge_record(const FctVmNeedDrive *drive, const char *subject, const char *code, GPtrArray *verdicts)
{
    if (*drive->refused)
        vm_preflight_say(verdicts, fct_verdict_new(FCT_REFUSE, code, subject, drive->refused_next, "Disk %s: %s",
                                                   drive->target, drive->refused));
}

static void judge_medium(const FctVmNeedDrive *drive, GPtrArray *verdicts)
{
    g_autofree char *subject = g_strdup_printf("drive %s", drive->target);
    const char *name = *drive->file ? drive->file : last_part(drive->path);
    if (drive->there != FCT_SEEN_NO && drive->fault == FCT_FILE_ODD) {
        vm_preflight_say(verdicts,
                         fct_verdict_new(FCT_REFUSE, "medium-refused", subject, "Take the medium out of the drive.",
                                         "The medium %s in the CD drive %s is neither a file nor a device with blocks.",
                                         name, drive->target));
        return;
    }
    if (drive->there != FCT_SEEN_NO) {
        judge_record(drive, subject, "medium-refused", verdicts);
        return;
    }
    if (drive->seed)
        vm_preflight_say(verdicts, fct_verdict_new(FCT_REFUSE, "seed-missing", subject,
                                                   "Set the first-boot data once more, or take it out.",
                                                   "The medium with the first-boot data (%s) is gone.", drive->path));
    else
        vm_preflight_say(verdicts, fct_verdict_new(FCT_REFUSE, "medium-missing", subject,
                                                   "Take the medium out of the drive, or upload it again under Files.",
                                                   "The medium %s in the CD drive %s is gone.", name, drive->target));
}

/* A file that exists but that QEMU would not open as a disk. */
static FctVerdict *fault_of(const FctVmNeedDrive *drive, const char *subject)
{
    const char *back = "Bring it back from a backup, or take the disk out of the VM.";
    g_autofree char *mend = g_strdup_printf("Mend it on the host: qemu-img check -r all %s", drive->faulty);
    switch (drive->fault) {
    case FCT_FILE_SOUND:
        return NULL;
    case FCT_FILE_ODD:
        return fct_verdict_new(FCT_REFUSE, "disk-refused", subject, back,
                               "Disk %s needs %s, which is neither a file nor a device with blocks.", drive->target,
                               drive->faulty);
    case FCT_FILE_HEADLESS:
        return fct_verdict_new(FCT_REFUSE, "disk-damaged", subject, back,
                               "Disk %s needs %s, which is no qcow2 any more: its first bytes are lost.", drive->target,
                               drive->faulty);
    case FCT_FILE_SPLIT:
        return fct_verdict_new(FCT_REFUSE, "disk-refused", subject,
                               "Make it whole with “qemu-img convert -O qcow2” on the host, and use the new file.",
                               "Disk %s needs %s, which keeps its data in another file.", drive->target, drive->faulty);
    case FCT_FILE_CORRUPT:
        return fct_verdict_new(FCT_REFUSE, "disk-damaged", subject, mend,
                               "Disk %s needs %s, which QEMU has marked as corrupt: it does not write to it.",
                               drive->target, drive->faulty);
    }
    return NULL;
}

static void say_host_uses(const FctVmNeedDrive *drive, const char *name, const char *subject, GPtrArray *verdicts)
{
    g_autofree char *text = fct_device_use_text(drive->use, drive->use_where);
    vm_preflight_say(verdicts, fct_verdict_new(FCT_REFUSE, "disk-in-use", subject, FCT_DEVICE_USE_NEXT,
                                               "Disk %s (%s) is in use. %s", drive->target, name, text));
}

static void say_user(const FctVmNeedDrive *drive, const char *name, const char *subject, GPtrArray *verdicts)
{
    g_autofree char *what = *drive->user_below
                                ? g_strdup_printf("Disk %s needs %s, which is in use", drive->target, drive->user_below)
                                : g_strdup_printf("Disk %s (%s) is in use", drive->target, name);
    if (drive->user_saved)
        vm_preflight_say(verdicts,
                         fct_verdict_new(FCT_REFUSE, "disk-in-use", subject,
                                         "Let that VM go on and shut it down, or take the disk out of it.",
                                         "%s: VM %s was saved in the middle of a run with it (virsh managedsave), and "
                                         "goes on with it as it is now.",
                                         what, drive->user));
    else if (*drive->user_below)
        vm_preflight_say(
            verdicts, fct_verdict_new(FCT_REFUSE, "disk-in-use", subject, "Stop that VM, and take the file out of it.",
                                      "%s: VM %s runs with it, and what it writes destroys all that stands on it.",
                                      what, drive->user));
    else
        vm_preflight_say(verdicts, fct_verdict_new(FCT_REFUSE, "disk-in-use", subject,
                                                   "Stop that VM, or take the disk out of one of the two.",
                                                   "%s: VM %s runs with it, and two writers would destroy it.", what,
                                                   drive->user));
}

static void judge_disk_file(const FctVmNeedDrive *drive, const char *name, const char *subject, GPtrArray *verdicts)
{
    if (drive->there == FCT_SEEN_NO)
        vm_preflight_say(verdicts, fct_verdict_new(FCT_REFUSE, "volume-missing", subject,
                                                   "Bring the file back, or take the disk out of the VM.",
                                                   "Disk %s is gone: there is no %s.", drive->target, drive->path));
    else if (*drive->missing)
        vm_preflight_say(verdicts,
                         fct_verdict_new(FCT_REFUSE, "backing-missing", subject,
                                         "Bring the file back: without it the disk cannot be read.",
                                         "Disk %s stands on %s, which is gone.", drive->target, drive->missing));
    else if (drive->complete == FCT_SEEN_NO && drive->busy)
        vm_preflight_say(verdicts,
                         fct_verdict_new(FCT_REFUSE, "disk-busy", subject, "Wait for the task that works on it.",
                                         "Disk %s (%s) is being copied or changed.", drive->target, name));
    else if (drive->complete == FCT_SEEN_NO)
        vm_preflight_say(verdicts, fct_verdict_new(FCT_REFUSE, "disk-incomplete", subject,
                                                   "Finish its upload, or wait for the task that works on it.",
                                                   "Disk %s (%s) is not all there yet.", drive->target, name));
    else if (drive->fault != FCT_FILE_SOUND)
        vm_preflight_say(verdicts, fault_of(drive, subject));
    else if (drive->encrypted == FCT_SEEN_YES)
        vm_preflight_say(
            verdicts, fct_verdict_new(FCT_REFUSE, "disk-encrypted", subject,
                                      "Convert it into an unencrypted copy with qemu-img, and attach that.",
                                      "Disk %s (%s) is encrypted, and Facet has no key for it.", drive->target, name));
    else if (*drive->user)
        say_user(drive, name, subject, verdicts);
    else if (drive->use != FCT_DEVICE_FREE)
        say_host_uses(drive, name, subject, verdicts);
    else
        judge_record(drive, subject, "disk-refused", verdicts);
}

/*
 * A pool's folder may be writable for others, so no symbolic link in it is followed. A logical volume's path is a link.
 */
static gboolean judge_link_file(const FctVmNeedDrive *drive, const FctVmFacts *facts, const char *subject,
                                GPtrArray *verdicts)
{
    const FctPool *pool =
        drive->link && *drive->pool && facts->pools ? vm_preflight_find_pool(facts->pools, drive->pool) : NULL;
    if (!pool || !fct_pool_has_files(pool))
        return TRUE;
    vm_preflight_say(verdicts, fct_verdict_new(FCT_REFUSE, drive->cdrom ? "medium-refused" : "disk-refused", subject,
                                               "Put the file itself into the pool's folder.",
                                               "Drive %s: %s is a link, which Facet does not follow.", drive->target,
                                               drive->path));
    return FALSE;
}

static const char *drive_name(const FctVmNeedDrive *drive)
{
    return *drive->volume ? drive->volume : last_part(drive->path);
}

static void judge_drive(const FctVmNeedDrive *drive, const FctVmFacts *facts, GPtrArray *verdicts)
{
    g_autofree char *subject = g_strdup_printf("disk %s", drive->target);
    if (!judge_pool(drive, facts, verdicts) || !judge_link_file(drive, facts, subject, verdicts))
        return;
    if (drive->cdrom || drive->seed) {
        judge_medium(drive, verdicts);
        return;
    }
    if (*drive->format && strcmp(drive->format, "qcow2") != 0 && strcmp(drive->format, "raw") != 0)
        vm_preflight_say(verdicts, fct_verdict_new(FCT_REFUSE, "disk-format", subject,
                                                   "Convert it into a qcow2 copy, and attach that.",
                                                   "Disk %s has the format %s; a VM is given only qcow2 and raw disks.",
                                                   drive->target, drive->format));
    else
        judge_disk_file(drive, drive_name(drive), subject, verdicts);
}

void fct_vm_judge_users(const FctVmNeeds *needs, GPtrArray *verdicts)
{
    for (guint i = 0; needs->drives && i < needs->drives->len; i++) {
        const FctVmNeedDrive *drive = &g_array_index(needs->drives, FctVmNeedDrive, i);
        g_autofree char *subject = g_strdup_printf("disk %s", drive->target);
        if (*drive->user && !drive->cdrom && !drive->seed)
            say_user(drive, drive_name(drive), subject, verdicts);
    }
}

/* ---- memory and processors ---- */

static void judge_memory(const FctVmNeeds *needs, const FctVmFacts *facts, GPtrArray *verdicts)
{
    g_autofree char *wants = mib_text(needs->memory_mib);
    if (facts->memory_mib >= 0 && needs->memory_mib > facts->memory_mib) {
        g_autofree char *has = mib_text(facts->memory_mib);
        vm_preflight_say(verdicts, fct_verdict_new(FCT_REFUSE, "memory-beyond-host", "", "Give the VM less memory.",
                                                   "The VM has %s of memory; this host has %s in all.", wants, has));
        return;
    }
    if (facts->memory_free_mib < 0 || needs->memory_mib <= facts->memory_free_mib || needs->active)
        return;
    g_autofree char *left = mib_text(facts->memory_free_mib), *sum = mib_text(MAX(facts->memory_promised_mib, 0));
    g_autofree char *has = mib_text(MAX(facts->memory_mib, 0));
    g_autofree char *promised = facts->memory_promised_mib > 0 && facts->memory_mib >= 0
                                    ? g_strdup_printf(" VMs that run may take %s of the host's %s.", sum, has)
                                    : g_strdup("");
    vm_preflight_say(
        verdicts,
        fct_verdict_new(FCT_WARN, "memory-short", "", "Stop a VM, or give this one less memory.",
                        "The VM has %s of memory; %s are free now.%s %s", wants, left, promised,
                        needs->pinned ? "Its passed-through devices need all of it at once: the start may fail, or the "
                                        "host end another program."
                                      : "If all of it is used, the host slows down or ends a program."));
}

static void judge_vcpus(const FctVmNeeds *needs, const FctVmFacts *facts, GPtrArray *verdicts)
{
    if (facts->vcpus_max > 0 && needs->vcpus > facts->vcpus_max) {
        g_autofree char *next = g_strdup_printf("Give the VM at most %d.", facts->vcpus_max);
        vm_preflight_say(verdicts, fct_verdict_new(FCT_REFUSE, "vcpus-beyond-machine", "", next,
                                                   "The VM has %d vCPUs; QEMU on this host can give a VM at most %d.",
                                                   needs->vcpus, facts->vcpus_max));
    } else if (needs->vcpus > FCT_VM_VCPUS_PLAIN && facts->kvm == FCT_SEEN_NO) {
        vm_preflight_say(verdicts,
                         fct_verdict_new(FCT_REFUSE, "vcpus-need-kvm", "",
                                         "Give the VM at most 255, or turn on virtualization in the host's firmware.",
                                         "The VM has %d vCPUs; more than 255 need KVM, which this host does not have.",
                                         needs->vcpus));
    } else if (facts->threads > 0 && needs->vcpus > facts->threads) {
        vm_preflight_say(verdicts,
                         fct_verdict_new(FCT_WARN, "vcpus-over-host", "", "Give the VM fewer.",
                                         "The VM has %d vCPUs; this host runs %d at once. The VM will be slow.",
                                         needs->vcpus, facts->threads));
    }
}

/* ---- firmware ---- */

/* An adopted VM has its old firmware, wherever that comes from. */
static void judge_own_firmware(const FctVmNeeds *needs, GPtrArray *verdicts)
{
    gboolean gone = needs->loader_there == FCT_SEEN_NO;
    if (gone || needs->nvram_template_there == FCT_SEEN_NO)
        vm_preflight_say(verdicts,
                         fct_verdict_new(FCT_REFUSE, "firmware-missing", "",
                                         "Bring the file back, as by installing the package that it came with.",
                                         "The VM's firmware is gone: there is no %s.",
                                         gone ? needs->loader : needs->nvram_template));
}

/* libvirt makes the file, but not its folder. */
static void judge_variables(const FctVmNeeds *needs, GPtrArray *verdicts)
{
    if (*needs->nvram_folder)
        vm_preflight_say(verdicts, fct_verdict_new(FCT_REFUSE, "firmware-missing", "", "Bring the folder back.",
                                                   "The variables of the VM's firmware are gone: there is no %s.",
                                                   needs->nvram_folder));
}

static void judge_uefi(const FctVmNeeds *needs, const FctVmFacts *facts, GPtrArray *verdicts)
{
    if (needs->uefi && facts->uefi == FCT_SEEN_NO)
        vm_preflight_say(verdicts,
                         fct_verdict_new(FCT_REFUSE, "no-uefi", "", "Install the package ovmf, or choose BIOS.",
                                         "This host has no UEFI firmware for VMs."));
    else if (needs->uefi && needs->windows && facts->secure_boot == FCT_SEEN_NO)
        vm_preflight_say(verdicts,
                         fct_verdict_new(FCT_WARN, "no-secure-boot", "", "Install a newer package ovmf.",
                                         "This host has no firmware with secure boot, which Windows 11 asks for."));
}

static void judge_tpm(const FctVmNeeds *needs, const FctVmFacts *facts, GPtrArray *verdicts)
{
    if (needs->tpm && facts->tpm == FCT_SEEN_NO)
        vm_preflight_say(verdicts,
                         fct_verdict_new(FCT_REFUSE, "no-tpm", "", "Install the packages swtpm and swtpm-tools.",
                                         "This host cannot emulate a TPM."));
    else if (needs->tpm && *needs->secret && facts->secrets && !g_hash_table_contains(facts->secrets, needs->secret))
        vm_preflight_say(
            verdicts, fct_verdict_new(FCT_REFUSE, "secret-missing", "",
                                      "Define that secret in libvirt again (virsh secret-define, secret-set-value).",
                                      "The key of the VM's TPM is gone: libvirt has no secret %s, or no value for it.",
                                      needs->secret));
}

static void judge_firmware(const FctVmNeeds *needs, const FctVmFacts *facts, GPtrArray *verdicts)
{
    if (facts->machine == FCT_SEEN_NO)
        vm_preflight_say(verdicts, fct_verdict_new(FCT_BLOCK, "machine-missing", "",
                                                   "Install the package qemu-system-x86, then restart libvirtd.",
                                                   "libvirt finds no QEMU here that has the machine type q35."));
    if (*needs->loader)
        judge_own_firmware(needs, verdicts);
    else
        judge_uefi(needs, facts, verdicts);
    judge_variables(needs, verdicts);
    judge_tpm(needs, facts, verdicts);
}

void fct_vm_judge(const FctVmNeeds *needs, const FctVmFacts *facts, GPtrArray *verdicts)
{
    judge_state(needs, facts, verdicts);
    judge_name(needs, facts, verdicts);
    fct_vm_judge_outside(needs, verdicts);
    judge_firmware(needs, facts, verdicts);
    judge_vcpus(needs, facts, verdicts);
    judge_memory(needs, facts, verdicts);
    judge_networks(needs, facts, verdicts);
    for (guint i = 0; needs->drives && i < needs->drives->len; i++)
        judge_drive(&g_array_index(needs->drives, FctVmNeedDrive, i), facts, verdicts);
}

void fct_vm_judge_memory_file(const char *path, FctSeen there, GPtrArray *verdicts)
{
    if (there == FCT_SEEN_NO)
        vm_preflight_say(verdicts,
                         fct_verdict_new(FCT_REFUSE, "memory-file-missing", path,
                                         "Go back to the snapshot without a start: its disks are there.",
                                         "The memory that the snapshot saved is gone: there is no %s.", path));
}

/* ---- what they are about ---- */

static const struct {
    const char *code, *field;
    gboolean lasting;
} known[] = {
    {"name-taken", "name", TRUE},
    {"network-missing", "nics", TRUE},
    {"network-stopped", "nics", FALSE},
    {"bridge-missing", "nics", FALSE},
    {"bridge-down", "nics", FALSE},
    {"pool-missing", "disks", FALSE},
    {"pool-stopped", "disks", FALSE},
    {"volume-missing", "disks", FALSE},
    {"backing-missing", "disks", FALSE},
    {"disk-incomplete", "disks", FALSE},
    {"disk-busy", "disks", FALSE},
    {"disk-damaged", "disks", FALSE},
    {"disk-refused", "disks", FALSE},
    {"disk-in-use", "disks", FALSE},
    {"disk-moved", "disks", FALSE},
    {"medium-refused", "cdroms", FALSE},
    {"disk-encrypted", "disks", FALSE},
    {"disk-format", "disks", FALSE},
    {"medium-missing", "cdroms", FALSE},
    {"memory-beyond-host", "memory_mib", TRUE},
    {"memory-short", "memory_mib", FALSE},
    {"vcpus-beyond-machine", "vcpus", TRUE},
    {"vcpus-need-kvm", "vcpus", FALSE},
    {"vcpus-over-host", "vcpus", FALSE},
    {"no-uefi", "uefi", TRUE},
    {"no-secure-boot", "uefi", FALSE},
    {"no-tpm", "tpm", TRUE},
};

gboolean fct_vm_verdict_is_lasting(const FctVerdict *verdict)
{
    for (guint i = 0; i < G_N_ELEMENTS(known); i++)
        if (strcmp(known[i].code, verdict->code) == 0)
            return known[i].lasting;
    return FALSE;
}

const char *fct_vm_verdict_field(const FctVerdict *verdict)
{
    for (guint i = 0; i < G_N_ELEMENTS(known); i++)
        if (strcmp(known[i].code, verdict->code) == 0)
            return known[i].field;
    return NULL;
}
