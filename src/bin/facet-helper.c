/* SPDX-License-Identifier: Apache-2.0 */
#include "host/helper.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    char *root, *nvml, *socket, *state, *child;
    char **uids;
    int worker_timeout_ms, grace_ms, poll_ms;
    gboolean version;
} Options;

static gboolean options_parse(Options *o, int *argc, char ***argv, GError **error)
{
    const GOptionEntry entries[] = {
        {"root", 0, 0, G_OPTION_ARG_FILENAME, &o->root, "Directory that holds /sys and /proc (default: /)", "DIR"},
        {"nvml", 0, 0, G_OPTION_ARG_FILENAME, &o->nvml, "NVIDIA's library (default: libnvidia-ml.so.1)", "PATH"},
        {"socket", 0, 0, G_OPTION_ARG_FILENAME, &o->socket, "Socket to serve (default: /run/facet/helper.sock)",
         "PATH"},
        {"state", 0, 0, G_OPTION_ARG_FILENAME, &o->state,
         "What must survive a restart (default: /var/lib/facet-helper)", "DIR"},
        {"allow-uid", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->uids, "User id that may connect, besides root", "N"},
        {"worker-timeout", 0, 0, G_OPTION_ARG_INT, &o->worker_timeout_ms, "To look at one card (default: 15000)", "MS"},
        {"grace", 0, 0, G_OPTION_ARG_INT, &o->grace_ms, "From SIGKILL to “cannot be killed” (default: 3000)", "MS"},
        {"poll", 0, 0, G_OPTION_ARG_INT, &o->poll_ms, "Between two looks for changes (default: 2000)", "MS"},
        {"child", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &o->child, NULL, NULL},
        {"version", 0, 0, G_OPTION_ARG_NONE, &o->version, "Print the version", NULL},
        {0},
    };
    g_autoptr(GOptionContext) context = g_option_context_new("- Facet's door to the hardware");
    g_option_context_add_main_entries(context, entries, NULL);
    return g_option_context_parse(context, argc, argv, error);
}

static gboolean read_uids(char **texts, GArray *uids)
{
    for (char **text = texts; text && *text; text++) {
        guint64 value;
        if (!g_ascii_string_to_unsigned(*text, 10, 0, G_MAXUINT32 - 1, &value, NULL)) {
            fprintf(stderr, "facet-helper: --allow-uid must be a number: %s\n", *text);
            return FALSE;
        }
        guint32 uid = (guint32)value;
        g_array_append_val(uids, uid);
    }
    return TRUE;
}

static int helper_run(const Options *o, const FctHelperConfig *config)
{
    if (!o->child)
        return fct_helper_serve(config);
    return strcmp(o->child, "worker") == 0    ? fct_helper_worker(config)
           : strcmp(o->child, "network") == 0 ? fct_helper_network(config)
                                              : fct_helper_step(config);
}

int main(int argc, char **argv)
{
    Options o = {.worker_timeout_ms = 15000, .grace_ms = 3000, .poll_ms = 2000};
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) uids = g_array_new(FALSE, FALSE, sizeof(guint32));
    signal(SIGPIPE, SIG_IGN);
    if (!options_parse(&o, &argc, &argv, &error)) {
        fprintf(stderr, "facet-helper: %s\n", error->message);
        return 2;
    }
    if (o.version) {
        printf("facet-helper %s\n", FACET_VERSION);
        return 0;
    }
    const FctHelperConfig config = {
        .root = o.root ? o.root : "/",
        .nvml = o.nvml ? o.nvml : "libnvidia-ml.so.1",
        .socket = o.socket ? o.socket : "/run/facet/helper.sock",
        .state = o.state ? o.state : "/var/lib/facet-helper",
        .uids = uids,
        .worker_timeout_ms = MAX(o.worker_timeout_ms, 100),
        .grace_ms = MAX(o.grace_ms, 10),
        .poll_ms = MAX(o.poll_ms, 50),
    };
    int status = read_uids(o.uids, uids) ? helper_run(&o, &config) : 2;
    g_free(o.root);
    g_free(o.nvml);
    g_free(o.socket);
    g_free(o.state);
    g_free(o.child);
    g_strfreev(o.uids);
    return status;
}
