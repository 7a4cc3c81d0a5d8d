/* SPDX-License-Identifier: Apache-2.0 */
#include "host/helper_net.h"

#include "host/frame.h"
#include "host/net_read.h"
#include "host/net_vlan.h"

#include <string.h>

#define CHANNEL 3
#define DEADLINE_MS 20000
#define SOON_S 5   /* a card of the host may appear late */
#define LATER_S 60 /* somebody may have deleted an interface */

typedef struct {
    FctChild *child;
    FctNetDone done;
    gpointer data;
    json_t *answer;
    guint timer;
} Question;

static gboolean net_on_deadline(gpointer data)
{
    Question *question = data;
    question->timer = 0;
    fct_child_kill(question->child);
    return G_SOURCE_REMOVE;
}

static void net_on_frame(json_t *frame, gpointer data)
{
    Question *question = data;
    json_decref(question->answer);
    question->answer = json_incref(frame);
}

static void net_on_ended(int status, gpointer data)
{
    Question *question = data;
    g_autoptr(GError) error = NULL;
    gboolean late = question->timer == 0;
    g_clear_handle_id(&question->timer, g_source_remove);
    const json_t *fault = json_object_get(question->answer, "error");
    if (fault)
        error = fct_error_from_json(fault);
    else if (!question->answer)
        fct_set_error(&error, late ? FCT_ERROR_TIMEOUT : FCT_ERROR_HW, "The host’s network did not answer%s.",
                      late ? " in time" : "");
    question->done(error ? NULL : question->answer, error, question->data);
    json_decref(question->answer);
    g_free(question);
}

void fct_net_ask(const FctHelperConfig *config, const char *what, const json_t *args, FctNetDone done, gpointer data)
{
    static const FctChildEvents events = {net_on_frame, net_on_ended};
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) request = json_is_object(args) ? json_deep_copy(args) : json_object();
    Question *question = g_new0(Question, 1);
    json_object_set_new(request, "do", json_string(what));
    question->done = done;
    question->data = data;
    question->child = fct_child_spawn(config, "network", &events, question, &error);
    if (!question->child) {
        done(NULL, error, data);
        g_free(question);
        return;
    }
    question->timer = g_timeout_add(DEADLINE_MS, net_on_deadline, question);
    fct_child_send(question->child, request);
}

/* ---- VLAN interfaces are kept ---- */

struct FctNetKeeper {
    const FctHelperConfig *config;
    char *record;
    guint timer;
    gboolean asking, gone;
};

static void keeper_end(FctNetKeeper *keeper)
{
    g_free(keeper->record);
    g_free(keeper);
}

static void net_keeper_start(FctNetKeeper *keeper);

static gboolean net_keeper_on_time(gpointer data)
{
    FctNetKeeper *keeper = data;
    keeper->timer = 0;
    net_keeper_start(keeper);
    return G_SOURCE_REMOVE;
}

static void net_on_kept(json_t *result, const GError *error, gpointer data)
{
    FctNetKeeper *keeper = data;
    keeper->asking = FALSE;
    if (keeper->gone) {
        keeper_end(keeper);
        return;
    }
    gboolean soon = error || fct_json_int(result, "missing", 0) > 0;
    keeper->timer = g_timeout_add_seconds(soon ? SOON_S : LATER_S, net_keeper_on_time, keeper);
}

static void net_keeper_start(FctNetKeeper *keeper)
{
    if (!g_file_test(keeper->record, G_FILE_TEST_EXISTS)) { /* none was ever made */
        keeper->timer = g_timeout_add_seconds(LATER_S, net_keeper_on_time, keeper);
        return;
    }
    keeper->asking = TRUE;
    fct_net_ask(keeper->config, "vlan.keep", NULL, net_on_kept, keeper);
}

FctNetKeeper *fct_net_keeper_new(const FctHelperConfig *config)
{
    FctNetKeeper *keeper = g_new0(FctNetKeeper, 1);
    keeper->config = config;
    keeper->record = g_build_filename(config->state, FCT_NET_VLANS, NULL);
    net_keeper_start(keeper);
    return keeper;
}

void fct_net_keeper_free(FctNetKeeper *keeper)
{
    g_clear_handle_id(&keeper->timer, g_source_remove);
    keeper->gone = TRUE;
    if (!keeper->asking)
        keeper_end(keeper);
}

/* ---- the child ---- */

static json_t *net_read_host(const json_t *request, GError **error)
{
    g_autoptr(FctHostNetwork) network = fct_net_read(json_object_get(request, "within"), error);
    return network ? fct_host_network_to_json(network) : NULL;
}

static json_t *net_vlan_take(const char *state, const json_t *request, GError **error)
{
    g_autofree char *why = NULL;
    if (!fct_net_vlan_take(state, fct_json_str(request, "name", ""), &why, error))
        return NULL;
    return json_pack("{s:s}", "kept", why ? why : "");
}

static json_t *net_change(const FctHelperConfig *config, const json_t *request, GError **error)
{
    const char *what = fct_json_str(request, "do", "");
    if (strcmp(what, "vlan.make") == 0)
        return fct_net_vlan_make(config->state, request, error) ? json_object() : NULL;
    if (strcmp(what, "vlan.take") == 0)
        return net_vlan_take(config->state, request, error);
    return strcmp(what, "vlan.keep") == 0 ? fct_net_vlan_keep(config->state) : net_read_host(request, error);
}

int fct_helper_network(const FctHelperConfig *config)
{
    FctFrames frames;
    g_autoptr(GError) error = NULL;
    fct_frames_init(&frames, FCT_FRAME_LIMIT);
    g_autoptr(json_t) request = fct_frame_receive(CHANNEL, &frames, 0, NULL);
    fct_frames_clear(&frames);
    if (!request)
        return 2;
    g_autoptr(json_t) answer = net_change(config, request, &error);
    if (!answer)
        answer = json_pack("{s:o}", "error", fct_error_to_json(error));
    return fct_frame_send(CHANNEL, answer, 0, NULL) ? 0 : 1;
}
