/* SPDX-License-Identifier: Apache-2.0 */
/* The guest agent. A guest answers when it likes: so on a connection of its own, each question with a deadline. */
#include "virt/guest.h"

#include "virt/virt.h"

#include <string.h>

#define ANSWER_S 5 /* for each question; libvirt's own time is longer than a page waits */
#define ALL_MS 12000
#define POWER_MS 8000

typedef struct {
    char *id;
    json_t *said;
} Question;

static void question_clear(gpointer data)
{
    Question *question = data;
    g_free(question->id);
    json_decref(question->said);
}

static void question_release(Question *question)
{
    g_atomic_rc_box_release_full(question, question_clear);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Question, question_release)

static gboolean call_agent(FctVirt *virt, const char *id, int ms, FctVirtFn fn, json_t **ret_said, GError **error)
{
    g_autoptr(Question) question = g_atomic_rc_box_new0(Question);
    g_autofree char *key = g_strconcat(FCT_VIRT_AGENT, id, NULL);
    question->id = g_strdup(id);
    gboolean ok = fct_virt_call(virt, FCT_LANE_AGENT, key, ms, fn, question, question_clear, error);
    if (ok && ret_said)
        *ret_said = g_steal_pointer(&question->said);
    return ok;
}

static virDomainPtr guest_find_domain(virConnectPtr conn, const char *id, GError **error)
{
    virDomainPtr domain = virDomainLookupByUUIDString(conn, id);
    if (!domain)
        fct_virt_set_error(error, "The VM is not there");
    else
        virDomainAgentSetResponseTimeout(domain, ANSWER_S, 0); /* an older libvirt has only its own time */
    return domain;
}

static gboolean is_absent(void)
{
    const virError *fault = virGetLastError();
    return fault && (fault->code == VIR_ERR_AGENT_UNRESPONSIVE || fault->code == VIR_ERR_OPERATION_INVALID ||
                     fault->code == VIR_ERR_AGENT_UNSYNCED || fault->code == VIR_ERR_ARGUMENT_UNSUPPORTED);
}

/* One kind after the other: an agent that does not know one of them fails a question for several as a whole. */
static gboolean ask_all(virDomainPtr domain, virTypedParameterPtr *params, int *n, GError **error)
{
    static const guint kinds[] = {VIR_DOMAIN_GUEST_INFO_HOSTNAME, VIR_DOMAIN_GUEST_INFO_OS,
                                  VIR_DOMAIN_GUEST_INFO_INTERFACES, VIR_DOMAIN_GUEST_INFO_FILESYSTEM};
    gboolean answered = FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        virTypedParameterPtr some = NULL;
        int count = 0;
        if (virDomainGetGuestInfo(domain, kinds[i], &some, &count, 0) == 0) {
            answered = TRUE;
            *params = g_realloc_n(*params, (gsize)(*n + count) + 1, sizeof **params);
            if (count)
                memcpy(*params + *n, some, sizeof *some * (gsize)count);
            *n += count;
            free(some); /* the values live on in the list */
        } else if (!answered && is_absent()) {
            return fct_set_error_full(error, FCT_ERROR_CONFLICT, "Install qemu-guest-agent in the guest and start it.",
                                      NULL, "The guest agent does not answer.");
        } else if (virGetLastErrorCode() == VIR_ERR_AGENT_UNRESPONSIVE) {
            break; /* what has come so far is shown */
        }
    }
    if (!answered)
        fct_virt_set_error(error, "The guest agent could not be asked");
    return answered;
}

static gboolean do_ask(virConnectPtr conn, gpointer data, GError **error)
{
    Question *question = data;
    virTypedParameterPtr params = NULL;
    int n = 0;
    virDomainPtr domain = guest_find_domain(conn, question->id, error);
    if (!domain)
        return FALSE;
    gboolean ok = ask_all(domain, &params, &n, error);
    if (ok)
        question->said = fct_guest_read(params, n);
    virTypedParamsFree(params, n);
    virDomainFree(domain);
    return ok;
}

json_t *fct_virt_guest(FctVmm *vmm, const char *id, GError **error)
{
    json_t *said = NULL;
    return call_agent((FctVirt *)vmm, id, ALL_MS, do_ask, &said, error) ? said : NULL;
}

/* ---- thawing ---- */

/* An agent that cannot thaw has not frozen anything either. */
static gboolean cannot_freeze(void)
{
    const char *words = virGetLastErrorMessage();
    return words && strstr(words, "guest-fsfreeze-thaw") &&
           (strstr(words, "not been found") || strstr(words, "has been disabled") || strstr(words, "not supported"));
}

static gboolean do_thaw(virConnectPtr conn, gpointer data, GError **error)
{
    const Question *question = data;
    g_autoptr(GError) fault = NULL;
    virDomainPtr domain = guest_find_domain(conn, question->id, &fault);
    if (!domain && fault->code == FCT_ERROR_NOT_FOUND)
        return TRUE;
    gboolean ok = domain && (virDomainIsActive(domain) == 0 || virDomainFSThaw(domain, NULL, 0, 0) >= 0 ||
                             cannot_freeze() || virDomainIsActive(domain) == 0);
    if (!ok && !fault)
        fct_virt_set_error(&fault, "The guest's file systems could not be thawed");
    if (domain)
        virDomainFree(domain);
    if (!ok)
        fct_error_pass(error, &fault);
    return ok;
}

gboolean fct_virt_thaw(FctVmm *vmm, const char *id, GError **error)
{
    return call_agent((FctVirt *)vmm, id, ALL_MS, do_thaw, NULL, error);
}

/* ---- power ---- */

static gboolean guest_power(virConnectPtr conn, const Question *question, int (*send)(virDomainPtr domain),
                            GError **error)
{
    virDomainPtr domain = guest_find_domain(conn, question->id, error);
    if (!domain)
        return FALSE;
    gboolean ok = send(domain) == 0;
    if (!ok)
        fct_virt_set_error(error, "The agent did not take it");
    virDomainFree(domain);
    return ok;
}

static int guest_order_shutdown(virDomainPtr domain)
{
    return virDomainShutdownFlags(domain, VIR_DOMAIN_SHUTDOWN_GUEST_AGENT);
}

static int guest_order_reboot(virDomainPtr domain)
{
    return virDomainReboot(domain, VIR_DOMAIN_REBOOT_GUEST_AGENT);
}

static gboolean guest_do_shutdown(virConnectPtr conn, gpointer data, GError **error)
{
    return guest_power(conn, data, guest_order_shutdown, error);
}

static gboolean guest_do_reboot(virConnectPtr conn, gpointer data, GError **error)
{
    return guest_power(conn, data, guest_order_reboot, error);
}

gboolean fct_virt_agent_shutdown(FctVirt *virt, const char *id)
{
    return call_agent(virt, id, POWER_MS, guest_do_shutdown, NULL, NULL);
}

gboolean fct_virt_agent_reboot(FctVirt *virt, const char *id)
{
    return call_agent(virt, id, POWER_MS, guest_do_reboot, NULL, NULL);
}
