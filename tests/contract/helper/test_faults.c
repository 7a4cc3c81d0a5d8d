/* SPDX-License-Identifier: Apache-2.0 */
/* What may go wrong around facet-helper: processes killed at any time, drivers that hang, clients that babble. */
#include "core/chooser.h"
#include "core/preflight.h"
#include "host/frame.h"
#include "world.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char *const patient[] = {"--poll", "600000", NULL};

static FctGpu *card(const FctInventory *seen, guint index)
{
    return seen->gpus->pdata[index];
}

static void test_worker_killed(void)
{
    World *world = world_new("small", patient);
    if (!world)
        return;
    g_autoptr(FctInventory) before = world_look(world);
    for (int i = 0; i < 3; i++) {
        kill(world_child(world, "worker"), SIGKILL);
        g_autoptr(FctInventory) after = world_look(world);
        g_assert_cmpuint(after->revision, ==, before->revision);
        g_assert_cmpint(card(after, 0)->state, ==, FCT_GPU_OK);
    }
    world_free(world);
}

typedef struct {
    World *world;
    const FctStep *step;
    FctStepOutcome outcome;
    GError *error;
} Running;

static gpointer run_step(gpointer data)
{
    Running *running = data;
    FctHw *hw = running->world->hw;
    running->outcome = hw->ops->run_step(hw, running->step, &running->error);
    return NULL;
}

/* The helper dies at some moment of a step. The card then has the old layout or the new one, and the step can be told
 * again. */
static void test_helper_killed_in_step(void)
{
    World *world = world_new("small", patient);
    if (!world)
        return;
    world_mig_on(world, 0);
    g_autoptr(FctInventory) before = world_look(world);
    g_autoptr(FctStep) create = world_step(before, 0, FCT_STEP_GI_CREATE, 9, 0);
    g_autoptr(FctStep) destroy = world_step(before, 0, FCT_STEP_GI_DESTROY, 9, 0);
    atomic_store(&world->sim.file->live.create_ms, 300);
    for (gulong delay_us = 0; delay_us < 800000; delay_us += 100000) {
        Running running = {world, create, FCT_STEP_OUTCOME_DONE, NULL};
        GThread *thread = g_thread_new("step", run_step, &running);
        world_child(world, "step");
        g_usleep(delay_us);
        world_helper_kill(world);
        world_helper_start(world, patient);
        g_thread_join(thread);
        if (running.outcome != FCT_STEP_OUTCOME_DONE)
            g_assert_error(running.error, FCT_ERROR, FCT_ERROR_HELPER);
        g_clear_error(&running.error);
        g_autoptr(FctInventory) reconnected = world_look(world);
        g_assert_cmpuint(card(reconnected, 0)->mig.instances->len, <=, 1);
        world_do(world, create);
        world_do(world, destroy);
    }
    g_autoptr(FctInventory) after = world_look(world);
    g_assert_cmpuint(after->revision, >, before->revision);
    g_assert_cmpuint(card(after, 0)->mig.instances->len, ==, 0);
    world_free(world);
}

/* A read in the driver that never returns and cannot be interrupted. */
static void hang(World *world, const char *address, int count)
{
    FsimTreeFault fault = {.op = FSIM_TREE_READ, .action = FSIM_TREE_HANG, .count = count};
    guint32 id;
    g_snprintf(fault.match, sizeof fault.match, "sys/*/%s/config", address);
    g_assert_cmpint(fsim_tree_fault_add(&world->sim, &fault, &id), ==, 0);
}

static void test_wedged(void)
{
    const char *const options[] = {"--poll", "600000", "--grace", "1500", NULL};
    World *world = world_new("lab", options);
    if (!world)
        return;
    g_autoptr(FctInventory) before = world_look(world);
    g_autoptr(FctStep) stuck = world_step(before, 0, FCT_STEP_MIG_MODE, -1, -1);
    g_autoptr(FctStep) other = world_step(before, 1, FCT_STEP_MIG_MODE, -1, -1);
    stuck->deadline_ms = 700;
    hang(world, card(before, 0)->address, 1);
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(world->hw->ops->run_step(world->hw, stuck, &error), ==, FCT_STEP_OUTCOME_WEDGED);
    g_assert_error(error, FCT_ERROR, FCT_ERROR_GPU_WEDGED);
    g_clear_error(&error);

    world_do(world, other); /* another card works on */
    g_autoptr(FctInventory) seen = world_look(world);
    g_assert_cmpint(card(seen, 0)->state, ==, FCT_GPU_WEDGED);
    g_assert_cmpstr(card(seen, 0)->name, ==, card(before, 0)->name);
    g_assert_cmpint(card(seen, 1)->state, ==, FCT_GPU_OK);

    /* A helper that knows nothing of it reads it from disk: nothing more is sent in this boot. */
    world_helper_kill(world);
    world_helper_start(world, options);
    g_autoptr(FctInventory) reconnected = world_look(world);
    g_assert_cmpint(card(reconnected, 0)->state, ==, FCT_GPU_WEDGED);
    g_assert_cmpint(world->hw->ops->run_step(world->hw, stuck, &error), ==, FCT_STEP_OUTCOME_WEDGED);
    g_assert_error(error, FCT_ERROR, FCT_ERROR_GPU_WEDGED);
    g_autoptr(FctInventory) later = world_look(world);
    g_assert_cmpint(card(later, 0)->state, ==, FCT_GPU_WEDGED);

    /* Until the next boot. */
    fsim_tree_fault_clear(&world->sim, 0);
    fsim_reboot(&world->sim);
    world_wait(({
        g_autoptr(FctInventory) now = world_look(world);
        card(now, 0)->state == FCT_GPU_OK;
    }));
    world_free(world);
}

/* The helper is killed while a step hangs: the next helper knows it from the lock that the stuck child still has. */
static void test_wedged_and_killed(void)
{
    const char *const options[] = {"--poll", "600000", "--grace", "1500", NULL};
    World *world = world_new("small", options);
    if (!world)
        return;
    g_autoptr(FctInventory) before = world_look(world);
    g_autoptr(FctStep) step = world_step(before, 0, FCT_STEP_MIG_MODE, -1, -1);
    step->deadline_ms = 4000;
    hang(world, card(before, 0)->address, 1);
    Running running = {world, step, FCT_STEP_OUTCOME_DONE, NULL};
    GThread *thread = g_thread_new("step", run_step, &running);
    world_child(world, "step");
    g_usleep(500 * 1000); /* into the hang; earlier is as good, then the step simply succeeds below */
    world_helper_kill(world);
    world_helper_start(world, options);
    g_thread_join(thread);
    g_clear_error(&running.error);
    fsim_tree_fault_clear(&world->sim, 0);
    g_autoptr(FctInventory) reconnected = world_look(world);
    g_assert_cmpuint(reconnected->gpus->len, ==, 2);
    g_autoptr(GError) error = NULL;
    FctStepOutcome outcome = world->hw->ops->run_step(world->hw, step, &error);
    g_assert_true(outcome == FCT_STEP_OUTCOME_WEDGED || outcome == FCT_STEP_OUTCOME_DONE);
    g_assert_true(outcome == FCT_STEP_OUTCOME_DONE || g_error_matches(error, FCT_ERROR, FCT_ERROR_GPU_WEDGED));
    world_free(world);
}

/* An observation that hangs on one card must not blind the host. */
static void test_observation_hangs(void)
{
    const char *const options[] = {"--poll", "600000", "--grace", "1500", "--worker-timeout", "8000", NULL};
    World *world = world_new("lab", options);
    if (!world)
        return;
    g_autoptr(FctInventory) before = world_look(world);
    hang(world, card(before, 2)->address, -1);
    g_autoptr(FctInventory) seen = world_look(world);
    g_assert_cmpint(card(seen, 2)->state, ==, FCT_GPU_WEDGED); /* the worker could not be killed */
    g_assert_cmpint(card(seen, 0)->state, ==, FCT_GPU_OK);
    g_assert_cmpint(card(seen, 4)->state, ==, FCT_GPU_OK);
    world_free(world);
}

/* The cards are seen; whether those who hold them are is for the caller to know. */
static gboolean sees_holders(World *world)
{
    g_autoptr(FctInventory) seen = world->hw->ops->inventory(world->hw, NULL);
    g_assert_nonnull(seen);
    return !*card(seen, 0)->holders_unknown;
}

/*
 * A search for holders that hangs costs one deadline, once: it is neither begun anew for the same look, which would go
 * well here, nor for the next one. Later it is. Meanwhile the cards are seen, and none of their parts is free.
 */
static void test_search_hangs(void)
{
    const char *const options[] = {"--poll", "600000", "--grace", "1500", "--worker-timeout", "8000", NULL};
    FsimTreeFault fault = {.op = FSIM_TREE_READ, .action = FSIM_TREE_HANG, .count = 1, .match = "proc/*/stat"};
    guint32 id;
    World *world = world_new("small", options);
    if (!world)
        return;
    g_assert_true(sees_holders(world));
    world_hold(world, 0, 0, 0);
    g_assert_cmpint(fsim_tree_fault_add(&world->sim, &fault, &id), ==, 0);
    for (int i = 0; i < 2; i++) {
        g_autoptr(FctInventory) seen = world_look(world);
        g_assert_cmpint(card(seen, 0)->state, ==, FCT_GPU_OK);
        g_assert_cmpuint(card(seen, 0)->mig.profiles->len, >, 0);
        g_assert_nonnull(strstr(card(seen, 0)->holders_unknown, "Who holds it"));
        g_autoptr(GPtrArray) parts = fct_parts_of(seen, NULL);
        for (guint k = 0; k < parts->len; k++)
            g_assert_cmpint(((FctPart *)parts->pdata[k])->state, !=, FCT_PART_FREE);
        g_autoptr(GPtrArray) verdicts = g_ptr_array_new_with_free_func((GDestroyNotify)fct_verdict_free);
        g_assert_false(fct_preflight_card(card(seen, 0), verdicts));
        g_assert_cmpstr(((FctVerdict *)verdicts->pdata[0])->code, ==, "holders-unknown");
    }
    world_wait(sees_holders(world));
    world_free(world);
}

static int raw_connection(const World *world)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_strlcpy(address.sun_path, world->socket, sizeof address.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    return fd;
}

/* What does not parse ends the connection; the helper and everybody else go on. */
static void test_babble(void)
{
    static const struct {
        const char *bytes;
        gsize length;
    } babble[] = {
        {"\xff\xff\xff\xff", 4},
        {"\x05\0\0\0hello", 9},
        {"\x02\0\0\0[]", 6},
        {"\0\0\0\0", 4},
        {"\x04\0\0\0null", 8},
        {"\x01\0\0\x01", 4},
        {"\x0d\0\0\0{\"id\":1,\"id\":2}", 19},
    };
    World *world = world_new("small", patient);
    if (!world)
        return;
    g_autoptr(FctInventory) before = world_look(world);
    for (gsize i = 0; i < G_N_ELEMENTS(babble); i++) {
        char byte;
        int fd = raw_connection(world);
        g_assert_cmpint(send(fd, babble[i].bytes, babble[i].length, MSG_NOSIGNAL), ==, (gssize)babble[i].length);
        g_assert_cmpint(recv(fd, &byte, 1, 0), <=, 0); /* cut off */
        close(fd);
    }
    /* A frame that parses but asks for nonsense gets an error, and the connection stays. */
    static const char *const nonsense[] = {
        "{\"id\":1}", "{\"id\":1,\"verb\":\"reboot\"}", "{\"id\":1,\"verb\":\"step.run\"}",
        ("{\"id\":1,\"verb\":\"step.run\",\"args\":{\"step\":{\"kind\":\"gi.create\","
         "\"gpu\":\"../../x\",\"deadline_ms\":9}}}")};
    int fd = raw_connection(world);
    FctFrames frames;
    fct_frames_init(&frames, FCT_FRAME_LIMIT);
    for (gsize i = 0; i < G_N_ELEMENTS(nonsense); i++) {
        g_autoptr(json_t) request = fct_json_parse(nonsense[i], strlen(nonsense[i]), NULL);
        g_assert_true(fct_frame_send(fd, request, 0, NULL));
        g_autoptr(json_t) answer = fct_frame_receive(fd, &frames, 0, NULL);
        g_assert_false(fct_json_bool(answer, "ok", TRUE));
        g_assert_cmpstr(fct_json_str(json_object_get(answer, "error"), "code", ""), ==, "bad-request");
    }
    fct_frames_clear(&frames);
    close(fd);
    g_autoptr(FctInventory) after = world_look(world);
    g_assert_cmpuint(after->revision, ==, before->revision);
    world_free(world);
}

static gpointer look_often(gpointer data)
{
    World *world = data;
    for (int i = 0; i < 5; i++) {
        g_autoptr(FctInventory) seen = world_look(world);
        g_assert_cmpuint(seen->gpus->len, ==, 2);
        g_autoptr(json_t) sample = world->hw->ops->sample(world->hw, NULL);
        g_assert_nonnull(sample);
    }
    return NULL;
}

static void test_many_at_once(void)
{
    World *world = world_new("small", NULL);
    if (!world)
        return;
    GThread *threads[8];
    for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("look", look_often, world);
    for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
    world_free(world);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/faults/worker-killed", test_worker_killed);
    g_test_add_func("/faults/helper-killed-in-step", test_helper_killed_in_step);
    g_test_add_func("/faults/wedged", test_wedged);
    g_test_add_func("/faults/wedged-and-killed", test_wedged_and_killed);
    g_test_add_func("/faults/observation-hangs", test_observation_hangs);
    g_test_add_func("/faults/search-hangs", test_search_hangs);
    g_test_add_func("/faults/babble", test_babble);
    g_test_add_func("/faults/many-at-once", test_many_at_once);
    return g_test_run();
}
