/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static gboolean simulator(World *world, const char *verb, const char *host)
{
    const char *argv[] = {g_getenv("FACET_SIM"), "--sim-dir", world->dir, verb, host, NULL};
    g_autofree char *errors = NULL;
    int status = 0;
    g_autoptr(GError) error = NULL;
    gboolean ran =
        g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, &errors, &status, &error);
    g_assert_no_error(error);
    if (status != 0)
        g_test_message("facet-sim %s: %s", verb, errors);
    return ran && status == 0;
}

World *world_new(const char *host, const char *const *options)
{
    g_autoptr(GError) error = NULL;
    if (!g_file_test("/dev/fuse", G_FILE_TEST_EXISTS)) {
        g_test_skip("this machine has no /dev/fuse");
        return NULL;
    }
    World *world = g_new0(World, 1);
    world->dir = g_dir_make_tmp("facet-helper-XXXXXX", &error);
    g_assert_no_error(error);
    world->root = g_build_filename(world->dir, "root", NULL);
    world->library = g_build_filename(world->dir, "lib", "libnvidia-ml.so.1", NULL);
    world->socket = g_build_filename(world->dir, "helper.sock", NULL);
    world->state_dir = g_build_filename(world->dir, "helper-state", NULL);
    g_assert_true(simulator(world, "start", host));
    g_autofree char *state = g_build_filename(world->dir, "state.bin", NULL);
    g_assert_cmpint(fsim_state_open(state, &world->sim), ==, 0);
    world_helper_start(world, options);
    world->hw = fct_hw_remote_new(world->socket);
    return world;
}

/* A failed test leaves nothing behind that holds its output open. */
static void die_with_test(gpointer data)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void world_helper_start(World *world, const char *const *options)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    const char *fixed[] = {g_getenv("FACET_HELPER"), "--root",   world->root,   "--nvml",
                           world->library,           "--socket", world->socket, "--state",
                           world->state_dir};
    g_autoptr(GError) error = NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(fixed); i++)
        g_ptr_array_add(argv, (char *)fixed[i]);
    for (; options && *options; options++)
        g_ptr_array_add(argv, (char *)*options);
    g_ptr_array_add(argv, NULL);
    g_spawn_async(NULL, (char **)argv->pdata, NULL, G_SPAWN_DO_NOT_REAP_CHILD, die_with_test, NULL, &world->helper,
                  &error);
    g_assert_no_error(error);
}

static void end(GPid *pid, int signal)
{
    if (*pid == 0)
        return;
    kill(*pid, signal);
    waitpid(*pid, NULL, 0);
    *pid = 0;
}

void world_helper_kill(World *world)
{
    end(&world->helper, SIGKILL);
}

void world_release(World *world)
{
    GPid pid = (GPid)world->sleeper;
    if (pid)
        fsim_proc_remove(&world->sim, pid);
    end(&pid, SIGKILL);
    world->sleeper = 0;
}

void world_free(World *world)
{
    if (!world)
        return;
    world_release(world);
    fct_hw_free(world->hw);
    /* The tree first: whoever hangs in it wakes up, and the helper can end properly. */
    simulator(world, "stop", NULL);
    end(&world->helper, SIGTERM);
    fsim_state_close(&world->sim);
    const char *argv[] = {"rm", "-rf", "--one-file-system", world->dir, NULL};
    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
    g_free(world->dir);
    g_free(world->root);
    g_free(world->library);
    g_free(world->socket);
    g_free(world->state_dir);
    g_free(world);
}

static GPid find_child(GPid parent, const char *word)
{
    g_autofree char *list = g_strdup_printf("/proc/%d/task/%d/children", parent, parent);
    g_autofree char *text = NULL;
    if (!g_file_get_contents(list, &text, NULL, NULL))
        return 0;
    g_auto(GStrv) pids = g_strsplit_set(g_strstrip(text), " ", -1);
    for (char **pid = pids; *pid && **pid; pid++) {
        g_autofree char *path = g_strdup_printf("/proc/%s/cmdline", *pid);
        g_autofree char *line = NULL;
        gsize length = 0;
        if (!g_file_get_contents(path, &line, &length, NULL))
            continue;
        for (gsize i = 0; i + 1 < length; i++)
            if (line[i] == '\0')
                line[i] = ' ';
        g_autofree char *wanted = g_strdup_printf("--child %s", word);
        if (strstr(line, wanted))
            return (GPid)g_ascii_strtoll(*pid, NULL, 10);
    }
    return 0;
}

GPid world_child(World *world, const char *word)
{
    GPid pid = 0;
    world_wait((pid = find_child(world->helper, word)) != 0);
    return pid;
}

void world_hold(World *world, unsigned gpu, guint32 gi, guint32 ci)
{
    const char *argv[] = {"sleep", "600", NULL};
    g_autoptr(GError) error = NULL;
    GPid pid;
    g_spawn_async(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, die_with_test, NULL, &pid,
                  &error);
    g_assert_no_error(error);
    FsimProc proc = {.pid = pid, .memory = 512ull << 20, .gi = gi, .ci = ci, .name = "python3"};
    proc.started = fsim_proc_started(pid);
    g_assert_cmpint(fsim_proc_add(&world->sim, gpu, &proc), ==, 0);
    world->sleeper = (guint32)pid;
}

FctInventory *world_look(World *world)
{
    g_autoptr(GError) error = NULL;
    FctInventory *seen = world->hw->ops->inventory(world->hw, &error);
    g_assert_no_error(error);
    return seen;
}

void world_do(World *world, const FctStep *step)
{
    g_autoptr(GError) error = NULL;
    FctStepOutcome outcome = world->hw->ops->run_step(world->hw, step, &error);
    g_assert_no_error(error);
    g_assert_cmpint(outcome, ==, FCT_STEP_OUTCOME_DONE);
    g_autoptr(FctInventory) seen = world_look(world);
    fct_step_after_holds(step, seen, &error);
    g_assert_no_error(error);
}

FctStep *world_step(const FctInventory *seen, guint gpu, FctStepKind kind, int profile_id, int start)
{
    const FctGpu *card = seen->gpus->pdata[gpu];
    const FctMigProfile *profile = fct_mig_profile(&card->mig, profile_id);
    FctStep *step = fct_step_new(kind, card);
    step->profile_id = profile_id;
    step->start = start;
    step->size = profile ? profile->size : 0;
    if (kind == FCT_STEP_CI_CREATE)
        for (guint i = 0; i < profile->ci_profiles->len; i++) {
            const FctCiProfile *ci = profile->ci_profiles->pdata[i];
            if (ci->whole)
                step->ci_profile_id = ci->id;
        }
    if (kind == FCT_STEP_CI_DESTROY)
        step->ci_id = 0;
    step->enabled = kind == FCT_STEP_MIG_MODE;
    return step;
}

void world_mig_on(World *world, guint gpu)
{
    g_autoptr(FctInventory) seen = world_look(world);
    g_autoptr(FctStep) step = world_step(seen, gpu, FCT_STEP_MIG_MODE, -1, -1);
    world_do(world, step);
}
