/* SPDX-License-Identifier: Apache-2.0 */
#include "app/server/intake.h"

#include "app/people/opened.h"

#include <libsoup/soup.h>

#define BLOCK (512 * 1024)
#define KEY "facet-intake"

typedef enum { JOB_OPEN, JOB_WRITE, JOB_END } Job;

struct FctIntake {
    FctApp *app;
    SoupServerMessage *message;
    GThreadPool *pool;
    FctIntakeDone done;
    gpointer data;
    gulong on_chunk, on_finished;
    FctRawRequest raw;
    GByteArray *filling; /* the main thread's */
    gboolean busy;       /* a job is on the pool: the members below are the job's until it is back */
    gboolean body_read, gone, ended;
    /* used by the job while busy */
    Job job;
    GByteArray *writing;
    gboolean failed;
    FctReply reply;
    char *allow;
};

FctIntake *fct_intake_of(FctSoupMessage *message)
{
    return g_object_get_data(G_OBJECT(message), KEY);
}

void fct_intake_free(FctIntake *intake)
{
    g_idle_remove_by_data(intake);
    g_signal_handler_disconnect(intake->message, intake->on_chunk);
    g_signal_handler_disconnect(intake->message, intake->on_finished);
    g_object_set_data(G_OBJECT(intake->message), KEY, NULL);
    g_object_unref(intake->message);
    fct_raw_request_clear(&intake->raw);
    fct_reply_clear(&intake->reply);
    g_byte_array_unref(intake->filling);
    g_byte_array_unref(intake->writing);
    g_free(intake->allow);
    g_free(intake);
}

static void intake_fail(FctIntake *intake, GError *fault)
{
    intake->failed = TRUE;
    if (fct_error_code(fault) == FCT_ERROR_INTERNAL)
        g_warning("%s %s: %s", intake->raw.method, intake->raw.path, fault->message);
    fct_access_fail(&intake->reply, fault); /* ends the sink, too */
}

static void end_sink(FctIntake *intake)
{
    FctReply answer = {.status = 200};
    g_autoptr(GError) fault = NULL;
    gboolean whole = intake->body_read && !intake->gone;
    if (!intake->reply.sink->end(intake->reply.data, whole, &answer, &fault)) {
        intake_fail(intake, fault);
        return;
    }
    fct_reply_clear(&intake->reply);
    intake->reply = answer;
}

static gboolean intake_go_on(gpointer data);

void fct_intake_work(gpointer data, gpointer unused)
{
    FctIntake *intake = data;
    g_autoptr(GError) fault = NULL;
    switch (intake->job) {
    case JOB_OPEN:
        fct_access_serve(intake->app, &intake->raw, &intake->reply, &intake->allow);
        intake->failed = !intake->reply.sink;
        break;
    case JOB_WRITE:
        if (!intake->reply.sink->write(intake->reply.data, intake->writing->data, intake->writing->len, &fault))
            intake_fail(intake, fault);
        g_byte_array_set_size(intake->writing, 0);
        break;
    case JOB_END:
        end_sink(intake);
        break;
    }
    g_idle_add_full(G_PRIORITY_DEFAULT, intake_go_on, intake, NULL);
}

static void intake_start(FctIntake *intake, Job job)
{
    intake->job = job;
    intake->busy = TRUE;
    intake->ended = job == JOB_END;
    g_thread_pool_push(intake->pool, intake, NULL);
}

static void write_block(FctIntake *intake)
{
    GByteArray *full = intake->filling;
    intake->filling = intake->writing;
    intake->writing = full;
    intake_start(intake, JOB_WRITE);
}

/* Starts the next job, when none is on the pool. */
static void intake_advance(FctIntake *intake)
{
    gboolean last = intake->body_read || intake->gone;
    if (!intake->failed && !intake->ended && intake->filling->len >= (last ? 1 : BLOCK))
        write_block(intake);
    else if (last && !intake->failed && !intake->ended)
        intake_start(intake, JOB_END);
    else if (last) {
        intake->done(intake, intake->message, intake->gone ? NULL : &intake->reply, intake->allow, intake->data);
        return;
    }
    if (!intake->body_read && !intake->gone)
        soup_server_message_unpause(intake->message);
}

static gboolean intake_go_on(gpointer data)
{
    FctIntake *intake = data;
    intake->busy = FALSE;
    if (intake->job == JOB_OPEN && !intake->failed && !intake->gone)
        fct_opened_message(intake->app->opened, intake->reply.login, TRUE, intake->message);
    if (intake->failed)
        g_byte_array_set_size(intake->filling, 0);
    intake_advance(intake);
    return G_SOURCE_REMOVE;
}

static void intake_on_chunk(SoupServerMessage *message, GBytes *chunk, gpointer data)
{
    FctIntake *intake = data;
    gsize length;
    const guint8 *bytes = g_bytes_get_data(chunk, &length);
    if (!intake->busy && intake->failed)
        return;
    g_byte_array_append(intake->filling, bytes, (guint)length);
    if (intake->filling->len < BLOCK)
        return;
    if (intake->busy)
        soup_server_message_pause(message);
    else
        write_block(intake);
}

static void intake_on_finished(SoupServerMessage *message, gpointer data)
{
    FctIntake *intake = data;
    intake->gone = TRUE;
    if (!intake->busy)
        intake_advance(intake);
}

void fct_intake_body_read(FctIntake *intake)
{
    intake->body_read = TRUE;
    soup_server_message_pause(intake->message);
    if (!intake->busy)
        intake_advance(intake);
}

FctIntake *fct_intake_new(FctApp *app, FctSoupMessage *message, FctRawRequest *raw, GThreadPool *pool,
                          FctIntakeDone done, gpointer data)
{
    FctIntake *intake = g_new0(FctIntake, 1);
    *intake = (FctIntake){.app = app, .message = g_object_ref(message), .pool = pool, .done = done, .data = data};
    intake->raw = *raw;
    *raw = (FctRawRequest){0};
    intake->filling = g_byte_array_sized_new(BLOCK + 65536);
    intake->writing = g_byte_array_sized_new(BLOCK + 65536);
    soup_message_body_set_accumulate(soup_server_message_get_request_body(message), FALSE);
    g_object_set_data(G_OBJECT(message), KEY, intake);
    intake->on_chunk = g_signal_connect(message, "got-chunk", G_CALLBACK(intake_on_chunk), intake);
    intake->on_finished = g_signal_connect(message, "finished", G_CALLBACK(intake_on_finished), intake);
    soup_server_message_pause(message);
    intake_start(intake, JOB_OPEN);
    return intake;
}
