/* SPDX-License-Identifier: Apache-2.0 */
#include "host/helper_watch.h"
#include "base/scope.h"

#include <glib-unix.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

/* uevents come in bursts; one observation after the burst */
#define SETTLE_MS 200

struct FctWatch {
    FctAvoid *avoid;
    FctWorker *worker;
    void (*changed)(guint64 revision, gpointer data);
    gpointer data;
    guint64 revision;
    char *quick, *full; /* digests of the last observation of each kind; NULL before the first */
    guint poll, hurry, uevents;
    int netlink;
    gboolean observing;
};

static void raise_revision(FctWatch *watch)
{
    watch->revision++;
    watch->changed(watch->revision, watch->data);
}

/* TRUE when there was an earlier digest and it differs. */
static gboolean answer_differs(char **kept, const json_t *answer)
{
    const char *now = fct_json_str(answer, "digest", "");
    gboolean changed = *kept && strcmp(*kept, now) != 0;
    g_free(*kept);
    *kept = g_strdup(now);
    return changed;
}

void fct_watch_saw(FctWatch *watch, const json_t *answer)
{
    if (fct_avoid_set_boot(watch->avoid, fct_json_str(answer, "boot_id", "")))
        fct_watch_hurry(watch);
    if (answer_differs(&watch->full, answer))
        raise_revision(watch);
}

static void watch_on_observed(json_t *answer, const GError *error, gpointer data)
{
    FctWatch *watch = data;
    watch->observing = FALSE;
    if (error)
        return;
    if (fct_avoid_set_boot(watch->avoid, fct_json_str(answer, "boot_id", "")))
        fct_watch_hurry(watch);
    if (answer_differs(&watch->quick, answer))
        raise_revision(watch);
}

static gboolean watch_observe(gpointer data)
{
    FctWatch *watch = data;
    if (!watch->observing) {
        watch->observing = TRUE;
        fct_worker_ask(watch->worker, json_pack("{s:s}", "verb", "look"), watch_on_observed, watch);
    }
    return G_SOURCE_CONTINUE;
}

static gboolean watch_on_hurry(gpointer data)
{
    FctWatch *watch = data;
    watch->hurry = 0;
    watch_observe(watch);
    return G_SOURCE_REMOVE;
}

void fct_watch_hurry(FctWatch *watch)
{
    if (!watch->hurry)
        watch->hurry = g_timeout_add(SETTLE_MS, watch_on_hurry, watch);
}

static gboolean on_uevent(int fd, GIOCondition condition, gpointer data)
{
    char message[8192];
    gssize n = recv(fd, message, sizeof message - 1, MSG_DONTWAIT);
    for (gssize at = 0; n > 0 && at < n; at += (gssize)strlen(message + at) + 1) {
        message[n] = '\0';
        if (strcmp(message + at, "SUBSYSTEM=pci") == 0 || strcmp(message + at, "SUBSYSTEM=drm") == 0 ||
            strcmp(message + at, "SUBSYSTEM=vfio") == 0)
            fct_watch_hurry(data);
    }
    return G_SOURCE_CONTINUE;
}

static void listen_to_kernel(FctWatch *watch)
{
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = 1};
    watch->netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
    if (watch->netlink < 0)
        return;
    if (bind(watch->netlink, (struct sockaddr *)&address, sizeof address) < 0) {
        g_message("No kernel events (%s); changes are noticed by looking.", g_strerror(errno));
        fct_close(&watch->netlink);
        return;
    }
    watch->uevents = g_unix_fd_add(watch->netlink, G_IO_IN, on_uevent, watch);
}

FctWatch *fct_watch_new(const FctHelperConfig *config, FctAvoid *avoid, FctWorker *worker,
                        void (*changed)(guint64 revision, gpointer data), gpointer data)
{
    FctWatch *watch = g_new0(FctWatch, 1);
    watch->avoid = avoid;
    watch->worker = worker;
    watch->changed = changed;
    watch->data = data;
    watch->netlink = -1;
    watch->revision = (guint64)(g_get_real_time() / 1000);
    watch->poll = g_timeout_add((guint)config->poll_ms, watch_observe, watch);
    if (strcmp(config->root, "/") == 0)
        listen_to_kernel(watch);
    watch_observe(watch);
    return watch;
}

void fct_watch_free(FctWatch *watch)
{
    g_clear_handle_id(&watch->poll, g_source_remove);
    g_clear_handle_id(&watch->hurry, g_source_remove);
    g_clear_handle_id(&watch->uevents, g_source_remove);
    fct_close(&watch->netlink);
    g_free(watch->quick);
    g_free(watch->full);
    g_free(watch);
}

guint64 fct_watch_revision(const FctWatch *watch)
{
    return watch->revision;
}
