/* SPDX-License-Identifier: Apache-2.0 */
/* What libvirt knows: VMs, versions, abilities. None of these calls uses a QEMU monitor. */
#include "base/scope.h"
#include "virt/virt.h"

#include <string.h>

#define LIST_MS 30000
#define INFO_MS 10000
#define FACTS_MS 60000 /* the first question makes libvirt start every QEMU binary to see what it can do */

typedef struct {
    FctVirt *virt;
    char *id;
    GPtrArray *infos;
    FctVmInfo *info;
    json_t *facts;
    GPtrArray *secrets;
} Query;

static void query_clear(gpointer data)
{
    Query *query = data;
    g_free(query->id);
    if (query->infos)
        g_ptr_array_unref(query->infos);
    fct_vm_info_unref(query->info);
    json_decref(query->facts);
    if (query->secrets)
        g_ptr_array_unref(query->secrets);
    fct_virt_unref(query->virt);
}

static void query_release(Query *query)
{
    g_atomic_rc_box_release_full(query, query_clear);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Query, query_release)

static Query *query_new(FctVirt *virt)
{
    Query *query = g_atomic_rc_box_new0(Query);
    query->virt = fct_virt_ref(virt);
    return query;
}

static FctVmState domain_state(int state, int reason)
{
    switch (state) {
    case VIR_DOMAIN_RUNNING:
    case VIR_DOMAIN_BLOCKED:
        return FCT_VM_RUNNING;
    case VIR_DOMAIN_PAUSED:
    case VIR_DOMAIN_PMSUSPENDED:
        return FCT_VM_PAUSED;
    case VIR_DOMAIN_SHUTDOWN:
        return FCT_VM_STOPPING;
    case VIR_DOMAIN_SHUTOFF:
        return reason == VIR_DOMAIN_SHUTOFF_CRASHED ? FCT_VM_CRASHED : FCT_VM_OFF;
    case VIR_DOMAIN_CRASHED:
        return FCT_VM_CRASHED;
    default:
        return FCT_VM_UNKNOWN;
    }
}

static FctVmPause pause_of(int state, int reason)
{
    if (state != VIR_DOMAIN_PAUSED)
        return FCT_PAUSE_NONE;
    if (reason == VIR_DOMAIN_PAUSED_USER)
        return FCT_PAUSE_ASKED;
    return reason == VIR_DOMAIN_PAUSED_IOERROR ? FCT_PAUSE_IO_ERROR : FCT_PAUSE_OTHER;
}

/* How often it was started, and on which connection that was counted. */
static void read_starts(FctVirt *virt, virDomainPtr domain, int *ret_starts, guint *ret_connection)
{
    char id[VIR_UUID_STRING_BUFLEN] = "";
    virDomainGetUUIDString(domain, id); /* local: the handle bears it */
    fct_autolock(&virt->lock);
    *ret_starts = GPOINTER_TO_INT(g_hash_table_lookup(virt->starts, id));
    *ret_connection = virt->connected;
}

static FctVmInfo *read_info(FctVirt *virt, virDomainPtr domain, GError **error)
{
    int state, reason, starts;
    guint connection;
    read_starts(virt, domain, &starts, &connection); /* before all else */
    if (virDomainGetState(domain, &state, &reason, 0) < 0) {
        fct_virt_set_error(error, "A VM could not be read");
        return NULL;
    }
    gboolean active = state != VIR_DOMAIN_SHUTOFF && state != VIR_DOMAIN_CRASHED, unseen;
    g_autofree char *xml = fct_virt_describe(virt, domain, active, &unseen, error);
    g_autoptr(json_t) volumes = json_array();
    g_autoptr(FctVmInfo) info = xml ? fct_domain_info_and_volumes(xml, volumes, error) : NULL;
    if (!info)
        return NULL;
    info->unseen = unseen;
    fct_virt_place_volumes(virt, info, volumes);
    info->starts = starts;
    info->connection = connection;
    info->state = domain_state(state, reason);
    info->pause = pause_of(state, reason);
    if (!active) { /* only a run holds parts */
        json_array_clear(info->parts);
        info->saved = virDomainHasManagedSaveImage(domain, 0) == 1;
    }
    info->can_serial &= active;
    info->can_graphics &= active;
    info->other_screen &= active;
    if (!active)
        info->agent = FCT_AGENT_UNKNOWN;
    g_mutex_lock(&virt->lock);
    fct_virt_usage_note(virt, info->id, active, info->vcpus, info->memory_mib);
    info->reboots = GPOINTER_TO_INT(g_hash_table_lookup(virt->reboots, info->id));
    g_mutex_unlock(&virt->lock);
    return g_steal_pointer(&info);
}

static gboolean list_all(virConnectPtr conn, gpointer data, GError **error)
{
    Query *query = data;
    virDomainPtr *domains = NULL;
    int n = virConnectListAllDomains(conn, &domains, 0);
    if (n < 0) {
        fct_virt_set_error(error, "The VMs could not be listed");
        return FALSE;
    }
    gboolean ok = TRUE;
    query->infos = g_ptr_array_new_with_free_func((GDestroyNotify)fct_vm_info_unref);
    for (int i = 0; i < n; i++) {
        g_autoptr(GError) fault = NULL;
        FctVmInfo *info = ok ? read_info(query->virt, domains[i], &fault) : NULL;
        if (info)
            g_ptr_array_add(query->infos, info);
        else if (ok && fault->code != FCT_ERROR_NOT_FOUND) { /* gone meanwhile is no fault */
            ok = FALSE;
            fct_error_pass(error, &fault);
        }
        virDomainFree(domains[i]);
    }
    free(domains);
    return ok;
}

GPtrArray *fct_virt_list(FctVmm *vmm, GError **error)
{
    FctVirt *virt = (FctVirt *)vmm;
    g_autoptr(Query) query = query_new(virt);
    if (!fct_virt_call(virt, FCT_LANE_QUERY, NULL, LIST_MS, list_all, query, query_clear, error))
        return NULL;
    return g_steal_pointer(&query->infos);
}

static gboolean one_info(virConnectPtr conn, gpointer data, GError **error)
{
    Query *query = data;
    virDomainPtr domain = virDomainLookupByUUIDString(conn, query->id);
    if (!domain) {
        fct_virt_set_error(error, "The VM is not there");
        g_mutex_lock(&query->virt->lock);
        fct_virt_usage_note(query->virt, query->id, FALSE, 0, 0);
        g_mutex_unlock(&query->virt->lock);
        return FALSE;
    }
    query->info = read_info(query->virt, domain, error);
    virDomainFree(domain);
    return query->info != NULL;
}

FctVmInfo *fct_virt_read_info(FctVirt *virt, const char *id, GError **error)
{
    g_autoptr(Query) query = query_new(virt);
    query->id = g_strdup(id);
    if (!fct_virt_call(virt, FCT_LANE_QUERY, NULL, INFO_MS, one_info, query, query_clear, error))
        return NULL;
    return g_steal_pointer(&query->info);
}

FctVmInfo *fct_virt_info(FctVmm *vmm, const char *id, GError **error)
{
    FctVirt *virt = (FctVirt *)vmm;
    /* A start for which nobody waits any more may still succeed: until it has ended the VM must not be called off. */
    return fct_virt_answers(virt, id, error) ? fct_virt_read_info(virt, id, error) : NULL;
}

static void capability_missing(json_t *list, const char *what, const char *why, const char *next)
{
    json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "what", what, "why", why, "next", next));
}

static char *version_text(unsigned long v)
{
    return g_strdup_printf("%lu.%lu.%lu", v / 1000000, v / 1000 % 1000, v % 1000);
}

/* KVM if a trial boot said so, or, without a trial, if libvirt offers it. */
static gboolean decide_kvm(FctVirt *virt, virConnectPtr conn, char **why_not)
{
    if (strcmp(virt->accel, "tcg") == 0) {
        *why_not = g_strdup(*virt->why_not_kvm ? virt->why_not_kvm : "KVM is switched off by a setting.");
        return FALSE;
    }
    char *kvm = virConnectGetDomainCapabilities(conn, NULL, "x86_64", "q35", "kvm", 0);
    if (kvm || strcmp(virt->accel, "kvm") == 0) {
        free(kvm);
        *why_not = g_strdup("");
        return TRUE;
    }
    *why_not = g_strdup("libvirt offers no KVM on this host: /dev/kvm is missing or not accessible.");
    return FALSE;
}

/* Whether <enum name='@name'> below @after lists @value. */
static gboolean capability_offers(const char *caps, const char *after, const char *name, const char *value)
{
    g_autofree char *opening = g_strdup_printf("<enum name='%s'>", name);
    g_autofree char *member = g_strdup_printf("<value>%s</value>", value);
    const char *part = caps ? strstr(caps, after) : NULL;
    const char *list = part ? strstr(part, opening) : NULL;
    const char *end = list ? strstr(list, "</enum>") : NULL;
    const char *found = list ? strstr(list, member) : NULL;
    return found && end && found < end;
}

/* "<vcpu max='288'/>"; -1: it does not say. */
static int vcpus_max(const char *caps)
{
    const char *found = caps ? strstr(caps, "<vcpu max='") : NULL;
    gint64 max = found ? g_ascii_strtoll(found + strlen("<vcpu max='"), NULL, 10) : 0;
    return max > 0 && max < G_MAXINT ? (int)max : -1;
}

/* Upper bounds for any VM on this host. The test driver describes a host that does not exist. */
static void read_limits(const FctVirt *virt, virConnectPtr conn, const char *caps, json_t *facts)
{
    virNodeInfo node;
    gboolean known = !g_str_has_prefix(virt->uri, "test:") && virNodeGetInfo(conn, &node) == 0;
    int max = vcpus_max(caps);
    json_object_set_new(facts, "memory_mib", known ? json_integer((json_int_t)(node.memory / 1024)) : json_null());
    json_object_set_new(facts, "threads", known ? json_integer(node.cpus) : json_null());
    json_object_set_new(facts, "vcpus_max", max > 0 ? json_integer(max) : json_null());
}

/* libvirt lists the emulator only when it finds swtpm. */
static void read_firmware(const FctVirt *virt, virConnectPtr conn, gboolean kvm, json_t *facts, json_t *list)
{
    char *caps = virConnectGetDomainCapabilities(conn, NULL, "x86_64", "q35", kvm ? "kvm" : "qemu", 0);
    gboolean uefi = capability_offers(caps, "<os ", "firmware", "efi");
    gboolean tpm = capability_offers(caps, "<tpm supported='yes'>", "backendModel", "emulator");
    if (!uefi)
        capability_missing(list, "UEFI", "libvirt knows no UEFI firmware for QEMU.", "Install the package ovmf.");
    if (!tpm)
        capability_missing(list, "TPM", "libvirt finds no TPM emulator.",
                           "Install the packages swtpm and swtpm-tools.");
    if (!caps && virGetLastErrorCode() == VIR_ERR_INVALID_ARG) /* no QEMU for this processor, or none with q35 */
        json_object_set_new(facts, "machine", json_false());
    else
        json_object_set_new(facts, "machine", caps ? json_true() : json_null());
    read_limits(virt, conn, caps, facts);
    json_object_set_new(facts, "uefi", json_boolean(uefi));
    json_object_set_new(facts, "tpm", json_boolean(tpm));
    json_object_set_new(facts, "secure_boot",
                        json_boolean(uefi && capability_offers(caps, "<loader ", "secure", "yes")));
    free(caps);
}

static gboolean read_facts(virConnectPtr conn, gpointer data, GError **error)
{
    Query *query = data;
    unsigned long lib = 0, hv = 0;
    if (virConnectGetLibVersion(conn, &lib) < 0) {
        fct_virt_set_error(error, "libvirt does not tell its version");
        return FALSE;
    }
    virConnectGetVersion(conn, &hv);
    g_autofree char *why_not = NULL, *libvirt = version_text(lib), *qemu = hv ? version_text(hv) : g_strdup("");
    gboolean kvm = decide_kvm(query->virt, conn, &why_not);
    json_t *list = json_array();
    if (!kvm)
        capability_missing(list, "Fast virtual machines (KVM)", why_not,
                           "Turn on virtualization in the firmware of the host and load the kvm module.");
    if (lib < 9007000)
        capability_missing(
            list, "vGPUs on virtual functions",
            "This libvirt accepts only functions bound to vfio-pci; NVIDIA's need libvirt 9.7, their displays 10.3.",
            "Install libvirt 10.3 or newer (Debian 12: from backports).");
    else if (lib < 10003000)
        capability_missing(list, "Displays of vGPUs", "They need libvirt 10.3.", "Install libvirt 10.3 or newer.");
    query->facts =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "libvirt", libvirt, "qemu", qemu, "accel", kvm ? "kvm" : "tcg",
                  "why_not_kvm", why_not, "part_device", query->virt->attach->name, "missing", list);
    fct_virt_missing_drivers(conn, list);
    read_firmware(query->virt, conn, kvm, query->facts, list);
    return TRUE;
}

json_t *fct_virt_facts(FctVmm *vmm, GError **error)
{
    FctVirt *virt = (FctVirt *)vmm;
    g_mutex_lock(&virt->lock);
    json_t *known = json_deep_copy(virt->facts);
    g_mutex_unlock(&virt->lock);
    if (known)
        return known;
    g_autoptr(Query) query = query_new(virt);
    if (!fct_virt_call(virt, FCT_LANE_QUERY, NULL, FACTS_MS, read_facts, query, query_clear, error))
        return NULL;
    g_mutex_lock(&virt->lock);
    if (virt->up && !virt->facts)
        virt->facts = json_deep_copy(query->facts);
    g_mutex_unlock(&virt->lock);
    return g_steal_pointer(&query->facts);
}

/* ---- secrets ---- */

/* A TPM's key must have a value, or its VM cannot start. For a private secret libvirt does not tell. */
static gboolean has_value(virSecretPtr secret)
{
    size_t length = 0;
    if (virSecretGetUsageType(secret) != VIR_SECRET_USAGE_TYPE_VTPM)
        return TRUE;
    unsigned char *value = virSecretGetValue(secret, &length, 0);
    if (!value)
        return virGetLastErrorCode() != VIR_ERR_NO_SECRET;
    explicit_bzero(value, length);
    free(value);
    return TRUE;
}

static gboolean query_secrets(virConnectPtr conn, gpointer data, GError **error)
{
    Query *query = data;
    virSecretPtr *secrets = NULL;
    int n = virConnectListAllSecrets(conn, &secrets, 0);
    if (n < 0) {
        fct_virt_set_error(error, "The secrets could not be listed");
        return FALSE;
    }
    query->secrets = g_ptr_array_new_with_free_func(g_free);
    for (int i = 0; i < n; i++) {
        char uuid[VIR_UUID_STRING_BUFLEN];
        if (virSecretGetUUIDString(secrets[i], uuid) == 0 && has_value(secrets[i]))
            g_ptr_array_add(query->secrets, g_strdup(uuid));
        virSecretFree(secrets[i]);
    }
    free(secrets);
    return TRUE;
}

GPtrArray *fct_virt_secrets(FctVmm *vmm, GError **error)
{
    FctVirt *virt = (FctVirt *)vmm;
    g_autoptr(Query) query = query_new(virt);
    if (!fct_virt_call(virt, FCT_LANE_QUERY, NULL, INFO_MS, query_secrets, query, query_clear, error))
        return NULL;
    return g_steal_pointer(&query->secrets);
}
