/* SPDX-License-Identifier: Apache-2.0 */
#include "host/helper_net.h"

#include "host/frame.h"
#include "host/net_read.h"

#define CHANNEL 3
#define DEADLINE_MS 20000

typedef struct {
    FctChild *child;
    FctNetDone done;
    gpointer data;
    json_t *answer;
    guint timer;
} Question;

static gboolean on_deadline(gpointer data)
{
    Question *question = data;
    question->timer = 0;
    fct_child_kill(question->child);
    return G_SOURCE_REMOVE;
}

static void on_frame(json_t *frame, gpointer data)
{
    Question *question = data;
    json_decref(question->answer);
    question->answer = json_incref(frame);
}

static void on_ended(int status, gpointer data)
{
    Question *question = data;
    g_autoptr(GError) error = NULL;
    gboolean late = question->timer == 0;
    g_clear_handle_id(&question->timer, g_source_remove);
    const json_t *fault = json_object_get(question->answer, "error");
    if (fault)
        error = fct_error_from_json(fault);
    else if (!question->answer)
        fct_set_error(&error, late ? FCT_ERROR_TIMEOUT : FCT_ERROR_HW, "The host’s network could not be read%s.",
                      late ? " in time" : "");
    question->done(error ? NULL : question->answer, error, question->data);
    json_decref(question->answer);
    g_free(question);
}

void fct_net_ask(const FctHelperConfig *config, const json_t *args, FctNetDone done, gpointer data)
{
    static const FctChildEvents events = {on_frame, on_ended};
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) request = json_deep_copy(args);
    Question *question = g_new0(Question, 1);
    question->done = done;
    question->data = data;
    question->child = fct_child_spawn(config, "network", &events, question, &error);
    if (!question->child) {
        done(NULL, error, data);
        g_free(question);
        return;
    }
    question->timer = g_timeout_add(DEADLINE_MS, on_deadline, question);
    fct_child_send(question->child, request);
}

/* ---- the child ---- */

int fct_helper_network(const FctHelperConfig *config)
{
    FctFrames frames;
    g_autoptr(GError) error = NULL;
    fct_frames_init(&frames);
    g_autoptr(json_t) request = fct_frame_receive(CHANNEL, &frames, 0, NULL);
    fct_frames_clear(&frames);
    if (!request)
        return 2;
    g_autoptr(FctHostNetwork) network = fct_net_read(json_object_get(request, "within"), &error);
    g_autoptr(json_t) answer =
        network ? fct_host_network_to_json(network) : json_pack("{s:o}", "error", fct_error_to_json(error));
    return fct_frame_send(CHANNEL, answer, 0, NULL) ? 0 : 1;
}
