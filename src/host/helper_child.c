/* SPDX-License-Identifier: Apache-2.0 */
#include "host/helper_child.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct FctChild {
    GPid pid;
    FctChannel *channel;
    const FctChildEvents *events; /* NULL once abandoned */
    gpointer data;
    gboolean reaped, closed;
    int status;
};

static void end_when_complete(FctChild *child)
{
    if (!child->reaped || (!child->closed && child->events))
        return;
    const FctChildEvents *events = child->events;
    gpointer data = child->data;
    int status = child->status;
    fct_channel_free(child->channel);
    g_free(child);
    if (events)
        events->ended(status, data);
}

static void on_reaped(GPid pid, int status, gpointer data)
{
    FctChild *child = data;
    child->reaped = TRUE;
    child->status = status;
    g_spawn_close_pid(pid);
    end_when_complete(child);
}

static void child_on_frame(json_t *frame, gpointer data)
{
    FctChild *child = data;
    if (child->events)
        child->events->frame(frame, child->data);
}

static void child_on_closed(const GError *error, gpointer data)
{
    FctChild *child = data;
    child->closed = TRUE;
    if (error)
        g_warning("A child of the helper sent what cannot be understood: %s", error->message);
    end_when_complete(child);
}

/* Runs between fork and exec. */
static void child_prepare(gpointer data)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

FctChild *fct_child_spawn(const FctHelperConfig *config, const char *kind, const FctChildEvents *events, gpointer data,
                          GError **error)
{
    const char *argv[] = {"/proc/self/exe", "facet-helper", "--child", kind,          "--root", config->root,
                          "--nvml",         config->nvml,   "--state", config->state, NULL};
    int pair[2];
    const int target = 3;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        fct_set_error(error, FCT_ERROR_INTERNAL, "No socket pair for a child: %s.", g_strerror(errno));
        return NULL;
    }
    GPid pid;
    GError *fault = NULL;
    gboolean ok = g_spawn_async_with_pipes_and_fds(
        NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_FILE_AND_ARGV_ZERO, child_prepare, NULL, -1, -1, -1,
        &pair[1], &target, 1, &pid, NULL, NULL, NULL, &fault);
    close(pair[1]);
    if (!ok) {
        close(pair[0]);
        fct_set_error(error, FCT_ERROR_INTERNAL, "A child cannot be started: %s.", fault->message);
        g_error_free(fault);
        return NULL;
    }
    FctChild *child = g_new0(FctChild, 1);
    child->pid = pid;
    child->events = events;
    child->data = data;
    child->channel = fct_channel_new(pair[0], &fct_channel_child, child_on_frame, child_on_closed, child);
    g_child_watch_add(pid, on_reaped, child);
    return child;
}

void fct_child_send(FctChild *child, const json_t *frame)
{
    fct_channel_send(child->channel, frame);
}

void fct_child_kill(FctChild *child)
{
    if (!child->reaped)
        kill(child->pid, SIGKILL);
}

void fct_child_abandon(FctChild *child)
{
    child->events = NULL;
    end_when_complete(child);
}
