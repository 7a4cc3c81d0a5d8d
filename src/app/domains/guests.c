/* SPDX-License-Identifier: Apache-2.0 */
#include "app/domains/guests.h"
#include "base/scope.h"

#include <string.h>

#define AT_ONCE 4                    /* guests that are asked at the same time */
#define SOON_US (5 * G_USEC_PER_SEC) /* while it may still be starting its network */
#define SLOWLY_US (60 * G_USEC_PER_SEC)
#define EARLY 6 /* asked this many times soon after the agent came up, then slowly */

typedef struct {
    json_t *said; /* as the port gives it; NULL: nothing yet */
    gint64 said_ms;
    char *fault; /* why the last question was not answered; NULL */
    gint64 due_us;
    int asked;
    gboolean asking;
} Guest;

struct FctGuests {
    FctApp *app;
    FctGuestsNews news; /* set before the first thread starts */
    gpointer news_data;
    GThread *thread;
    GThreadPool *askers;
    GMutex lock; /* guards everything below */
    GCond cond;
    gboolean quit;
    GHashTable *known; /* VM id → Guest*: those whose agent is connected */
};

static void guest_free(gpointer data)
{
    Guest *guest = data;
    json_decref(guest->said);
    g_free(guest->fault);
    g_free(guest);
}

/* ---- asking ---- */

/*
 * The part of a guest's answer that lists show: a change of it is news. How full its disks are changes all the time and
 * is not.
 */
static gboolean same_to_people(const json_t *a, const json_t *b)
{
    static const char *const keys[] = {"hostname", "os", "interfaces"};
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++)
        if (!a || !b || !json_equal(json_object_get(a, keys[i]), json_object_get(b, keys[i])))
            return FALSE;
    return TRUE;
}

/* Takes @said over. */
static void note_answer(FctGuests *guests, const char *id, json_t *said, const GError *fault)
{
    gboolean news = FALSE;
    g_mutex_lock(&guests->lock);
    Guest *guest = g_hash_table_lookup(guests->known, id);
    if (guest) {
        news = said ? !same_to_people(guest->said, said) : !guest->fault;
        g_free(guest->fault);
        guest->fault = fault ? g_strdup(fault->message) : NULL;
        guest->asking = FALSE;
        guest->due_us = g_get_monotonic_time() + (++guest->asked <= EARLY ? SOON_US : SLOWLY_US);
        if (said) {
            json_decref(guest->said);
            guest->said = json_incref(said);
            guest->said_ms = fct_app_now_ms();
        }
        g_cond_broadcast(&guests->cond);
    }
    g_mutex_unlock(&guests->lock);
    json_decref(said);
    if (news)
        guests->news.said(id, guests->news_data);
}

static void guest_ask(FctGuests *guests, const char *id)
{
    FctVmm *vmm = guests->app->vmm;
    g_autoptr(GError) fault = NULL;
    json_t *said = vmm->ops->guest(vmm, id, &fault);
    if (said)
        guests->news.answered(id, guests->news_data);
    note_answer(guests, id, said, fault);
}

static void ask_one(gpointer data, gpointer guests)
{
    g_autofree char *id = data;
    guest_ask(guests, id);
}

/* Asks every guest whose time has come. Returns when the next one is due, or -1. The lock is held. */
static gint64 hand_out(FctGuests *guests)
{
    gint64 now = g_get_monotonic_time(), next = -1;
    GHashTableIter iter;
    gpointer id, value;
    g_hash_table_iter_init(&iter, guests->known);
    while (g_hash_table_iter_next(&iter, &id, &value)) {
        Guest *guest = value;
        if (guest->asking)
            continue;
        if (guest->due_us <= now) {
            guest->asking = TRUE;
            g_thread_pool_push(guests->askers, g_strdup(id), NULL);
        } else if (next < 0 || guest->due_us < next) {
            next = guest->due_us;
        }
    }
    return next;
}

static gpointer keep_asking(gpointer data)
{
    FctGuests *guests = data;
    fct_autolock(&guests->lock);
    while (!guests->quit) {
        gint64 next = hand_out(guests);
        if (next < 0)
            g_cond_wait(&guests->cond, &guests->lock);
        else
            g_cond_wait_until(&guests->cond, &guests->lock, next);
    }
    return NULL;
}

/* ---- life ---- */

FctGuests *fct_guests_new(FctApp *app)
{
    FctGuests *guests = g_new0(FctGuests, 1);
    guests->app = app;
    g_mutex_init(&guests->lock);
    g_cond_init(&guests->cond);
    guests->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, guest_free);
    return guests;
}

void fct_guests_start(FctGuests *guests, const FctGuestsNews *news, gpointer data)
{
    guests->news = *news;
    guests->news_data = data;
    guests->askers = g_thread_pool_new_full(ask_one, guests, g_free, AT_ONCE, FALSE, NULL);
    guests->thread = g_thread_new("guests", keep_asking, guests);
}

void fct_guests_stop(FctGuests *guests)
{
    if (!guests->thread)
        return;
    g_mutex_lock(&guests->lock);
    guests->quit = TRUE;
    g_cond_broadcast(&guests->cond);
    g_mutex_unlock(&guests->lock);
    g_thread_join(guests->thread);
    guests->thread = NULL;
    /* Each call has a deadline, and calls that have not begun are dropped, so this ends soon. */
    g_thread_pool_free(guests->askers, TRUE, TRUE);
}

void fct_guests_free(FctGuests *guests)
{
    if (!guests)
        return;
    g_hash_table_unref(guests->known);
    g_mutex_clear(&guests->lock);
    g_cond_clear(&guests->cond);
    g_free(guests);
}

gboolean fct_guests_note(FctGuests *guests, const char *id, const FctVmInfo *info)
{
    gboolean connected = info && info->agent == FCT_AGENT_CONNECTED;
    g_mutex_lock(&guests->lock);
    gboolean was = g_hash_table_contains(guests->known, id);
    if (connected && !was)
        g_hash_table_insert(guests->known, g_strdup(id), g_new0(Guest, 1)); /* due at once */
    else if (!connected && was)
        g_hash_table_remove(guests->known, id);
    if (connected != was)
        g_cond_broadcast(&guests->cond);
    g_mutex_unlock(&guests->lock);
    return connected != was;
}

/* ---- telling ---- */

static const char *agent_name(const FctVmInfo *info)
{
    static const char *const names[] = {"unknown", "none", "disconnected", "connected"};
    return names[fct_vm_info_active(info) ? info->agent : FCT_AGENT_UNKNOWN];
}

static const char *why_not(const FctVmInfo *info)
{
    if (!info)
        return "libvirt does not know this VM now.";
    if (!fct_vm_info_active(info))
        return "The VM is off.";
    switch (info->agent) {
    case FCT_AGENT_NONE:
        return "This run of the VM has no channel for a guest agent. Turn the channel on; it is there from the next "
               "start.";
    case FCT_AGENT_DISCONNECTED:
        return "No agent runs in the guest. Install qemu-guest-agent there (on Windows virtio-win-guest-tools) and "
               "start it.";
    case FCT_AGENT_UNKNOWN:
        return "libvirt does not tell.";
    case FCT_AGENT_CONNECTED:
        break;
    }
    return NULL;
}

/* A copy of what the guest said last; NULL: nothing. */
static json_t *guest_newest(FctGuests *guests, const char *id, gint64 *ret_ms, char **ret_fault)
{
    fct_autolock(&guests->lock);
    const Guest *guest = g_hash_table_lookup(guests->known, id);
    json_t *said = guest ? json_incref(guest->said) : NULL; /* it is replaced, never changed */
    *ret_ms = guest ? guest->said_ms : 0;
    *ret_fault = guest ? g_strdup(guest->fault) : NULL;
    return said;
}

static json_t *guest_addresses_of(const json_t *said)
{
    json_t *by_mac = json_object();
    const json_t *interfaces = json_object_get(said, "interfaces");
    for (size_t i = 0; i < json_array_size(interfaces); i++) {
        const json_t *each = json_array_get(interfaces, i), *list = json_object_get(each, "addresses");
        json_t *own = json_array();
        for (size_t k = 0; k < json_array_size(list); k++) {
            g_auto(GStrv) halves = g_strsplit(json_string_value(json_array_get(list, k)), "/", 2);
            if (!g_str_has_prefix(halves[0], "fe80:") && !g_str_has_prefix(halves[0], "169.254."))
                json_array_append_new(own, json_string(halves[0]));
        }
        json_object_set_new(by_mac, fct_json_str(each, "mac", ""), own);
    }
    return by_mac;
}

json_t *fct_guests_addresses(FctGuests *guests, const char *id)
{
    gint64 ms;
    g_autofree char *fault = NULL;
    g_autoptr(json_t) said = guest_newest(guests, id, &ms, &fault);
    return guest_addresses_of(said);
}

json_t *fct_guests_view(FctGuests *guests, const char *id, const FctVmInfo *info, json_t **ret_addresses)
{
    gint64 ms;
    g_autofree char *fault = NULL;
    const char *why = why_not(info);
    g_autoptr(json_t) said = why ? NULL : guest_newest(guests, id, &ms, &fault);
    *ret_addresses = guest_addresses_of(said);
    return json_pack("{s:s, s:s?, s:s?, s:s?}", "agent", agent_name(info), "hostname",
                     fct_json_str(said, "hostname", NULL), "os", fct_json_str(said, "os", NULL), "why_not",
                     why ? why : fault);
}

/* At most one question to a guest is under way: a guest that does not answer blocks one thread, however many ask. */
static gboolean begin_asking(FctGuests *guests, const char *id)
{
    fct_autolock(&guests->lock);
    Guest *guest = g_hash_table_lookup(guests->known, id);
    gboolean begins = guest && !guest->asking;
    if (begins)
        guest->asking = TRUE;
    return begins;
}

json_t *fct_guests_ask(FctGuests *guests, const char *id, const FctVmInfo *info)
{
    gint64 ms = 0;
    g_autofree char *fault = NULL;
    const char *why = why_not(info);
    if (!why && begin_asking(guests, id))
        guest_ask(guests, id);
    g_autoptr(json_t) said = why ? NULL : guest_newest(guests, id, &ms, &fault);
    static const char *const keys[] = {"hostname", "os", "kernel", "interfaces", "filesystems"};
    json_t *json = json_pack("{s:s, s:s?, s:o}", "agent", agent_name(info), "why_not", why ? why : fault, "asked_ms",
                             said ? json_integer(ms) : json_null());
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        json_t *value = json_object_get(said, keys[i]);
        json_object_set_new(json, keys[i], value ? json_deep_copy(value) : json_null());
    }
    return json;
}
