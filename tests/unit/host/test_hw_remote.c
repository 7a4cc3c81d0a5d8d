/* SPDX-License-Identifier: Apache-2.0 */
/* The client alone, against a scripted helper: many threads, answers out of order, a helper that comes and goes. */
#include "host/frame.h"
#include "host/hw_remote.h"
#include "tree.h"

#include <sys/socket.h>
#include <sys/un.h>

typedef struct {
    char *dir, *path;
    int listener;
} Side;

static void side_open(Side *side)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    side->dir = tree_new();
    side->path = g_build_filename(side->dir, "s", NULL);
    g_strlcpy(address.sun_path, side->path, sizeof address.sun_path);
    side->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(side->listener, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(listen(side->listener, 4), ==, 0);
}

static void side_close(Side *side)
{
    close(side->listener);
    g_free(side->path);
    tree_free(side->dir);
}

/* The first frame of every connection is the watch. */
static int side_accept(const Side *side, FctFrames *frames)
{
    int fd = accept(side->listener, NULL, NULL);
    g_assert_cmpint(fd, >=, 0);
    fct_frames_init(frames, FCT_FRAME_LIMIT);
    g_autoptr(json_t) watch = fct_frame_receive(fd, frames, 0, NULL);
    g_assert_cmpstr(fct_json_str(watch, "verb", ""), ==, "watch");
    return fd;
}

static void side_answer(int fd, const json_t *request, json_t *result)
{
    g_autoptr(json_t) answer =
        json_pack("{s:I, s:b, s:o}", "id", (json_int_t)fct_json_int(request, "id", 0), "ok", 1, "result", result);
    g_assert_true(fct_frame_send(fd, answer, 0, NULL));
}

static gpointer ask_sample(gpointer data)
{
    FctHw *hw = data;
    return hw->ops->sample(hw, NULL);
}

/* Each thread gets the answer to its own request, though they come in the opposite order. */
static void test_out_of_order(void)
{
    enum { N = 16 };
    Side side;
    FctFrames frames;
    GThread *threads[N];
    json_t *requests[N];
    side_open(&side);
    FctHw *hw = fct_hw_remote_new(side.path);
    int fd = side_accept(&side, &frames);
    for (int i = 0; i < N; i++)
        threads[i] = g_thread_new("ask", ask_sample, hw);
    for (int i = 0; i < N; i++)
        requests[i] = fct_frame_receive(fd, &frames, 0, NULL);
    for (int i = N - 1; i >= 0; i--) {
        side_answer(fd, requests[i], json_pack("{s:i}", "time_ms", i));
        json_decref(requests[i]);
    }
    guint seen = 0;
    for (int i = 0; i < N; i++) {
        g_autoptr(json_t) sample = g_thread_join(threads[i]);
        seen |= 1u << fct_json_int(sample, "time_ms", 31);
    }
    g_assert_cmpuint(seen, ==, (1u << N) - 1);
    fct_hw_free(hw);
    close(fd);
    fct_frames_clear(&frames);
    side_close(&side);
}

static void count(gpointer data)
{
    g_atomic_int_inc((int *)data);
}

static void test_comes_and_goes(void)
{
    static int changes;
    Side side;
    FctFrames frames;
    side_open(&side);
    FctHw *hw = fct_hw_remote_new(side.path);
    hw->ops->watch(hw, count, &changes);
    int fd = side_accept(&side, &frames);
    GThread *waiting = g_thread_new("ask", ask_sample, hw);
    g_autoptr(json_t) request = fct_frame_receive(fd, &frames, 0, NULL);
    g_assert_cmpstr(fct_json_str(request, "verb", ""), ==, "sample");
    close(fd); /* the helper dies with the request in hand */
    fct_frames_clear(&frames);
    fd = side_accept(&side, &frames); /* the client is back by itself, and asks again what changes nothing */
    g_autoptr(json_t) second = fct_frame_receive(fd, &frames, 0, NULL);
    g_assert_cmpstr(fct_json_str(second, "verb", ""), ==, "sample");
    side_answer(fd, second, json_pack("{s:i}", "time_ms", 1));
    g_autoptr(json_t) sample = g_thread_join(waiting);
    g_assert_nonnull(sample);
    g_assert_cmpint(g_atomic_int_get(&changes), >=, 1); /* events may have been missed meanwhile */
    int before = g_atomic_int_get(&changes);
    g_autoptr(json_t) event = json_pack("{s:s, s:i}", "event", "changed", "revision", 7);
    fct_frame_send(fd, event, 0, NULL);
    for (int i = 0; i < 3000 && g_atomic_int_get(&changes) == before; i++)
        g_usleep(10000);
    g_assert_cmpint(g_atomic_int_get(&changes), ==, before + 1);
    fct_hw_free(hw);
    close(fd);
    fct_frames_clear(&frames);
    side_close(&side);
}

typedef struct {
    FctHw *hw;
    const FctStep *step;
    GError *error;
} Step;

static gpointer run_step(gpointer data)
{
    Step *step = data;
    g_assert_cmpint(step->hw->ops->run_step(step->hw, step->step, &step->error), ==, FCT_STEP_OUTCOME_FAILED);
    return NULL;
}

/* A step is never told twice: whether it happened is for the caller to observe. */
static void test_step_is_not_repeated(void)
{
    Side side;
    FctFrames frames;
    side_open(&side);
    g_autoptr(FctInventory) world = fct_inventory_new();
    g_ptr_array_add(world->gpus, fct_gpu_new());
    g_autoptr(FctStep) what = fct_step_new(FCT_STEP_GI_CREATE, world->gpus->pdata[0]);
    Step step = {fct_hw_remote_new(side.path), what, NULL};
    int fd = side_accept(&side, &frames);
    GThread *thread = g_thread_new("step", run_step, &step);
    g_autoptr(json_t) request = fct_frame_receive(fd, &frames, 0, NULL);
    g_assert_cmpstr(fct_json_str(request, "verb", ""), ==, "step.run");
    close(fd);
    fct_frames_clear(&frames);
    g_thread_join(thread);
    g_assert_error(step.error, FCT_ERROR, FCT_ERROR_HELPER);
    g_clear_error(&step.error);
    fct_hw_free(step.hw);
    side_close(&side);
}

static void test_nobody_there(void)
{
    g_autoptr(GError) error = NULL;
    FctHw *hw = fct_hw_remote_new("/nonexistent/helper.sock");
    g_assert_null(hw->ops->inventory(hw, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_HELPER);
    fct_hw_free(hw);
}

/* A refusal keeps code, words and details on its way; an answer that makes no sense is an error too. */
static gpointer ask_inventory(gpointer data)
{
    FctHw *hw = data;
    GError *error = NULL;
    g_assert_null(hw->ops->inventory(hw, &error));
    return error;
}

static void test_errors(void)
{
    Side side;
    FctFrames frames;
    side_open(&side);
    FctHw *hw = fct_hw_remote_new(side.path);
    int fd = side_accept(&side, &frames);
    for (int i = 0; i < 2; i++) {
        GThread *thread = g_thread_new("ask", ask_inventory, hw);
        g_autoptr(json_t) request = fct_frame_receive(fd, &frames, 0, NULL);
        if (i == 0) {
            g_autoptr(json_t) refusal =
                json_pack("{s:I, s:b, s:{s:s, s:s}}", "id", (json_int_t)fct_json_int(request, "id", 0), "ok", 0,
                          "error", "code", "in-use", "message", "Busy.");
            fct_frame_send(fd, refusal, 0, NULL);
        } else {
            side_answer(fd, request, json_pack("{s:s}", "gpus", "none"));
        }
        g_autoptr(GError) error = g_thread_join(thread);
        g_assert_error(error, FCT_ERROR, (int)(i == 0 ? FCT_ERROR_IN_USE : FCT_ERROR_BAD_REQUEST));
    }
    fct_hw_free(hw);
    close(fd);
    fct_frames_clear(&frames);
    side_close(&side);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hw-remote/out-of-order", test_out_of_order);
    g_test_add_func("/hw-remote/comes-and-goes", test_comes_and_goes);
    g_test_add_func("/hw-remote/step-is-not-repeated", test_step_is_not_repeated);
    g_test_add_func("/hw-remote/nobody-there", test_nobody_there);
    g_test_add_func("/hw-remote/errors", test_errors);
    return g_test_run();
}
