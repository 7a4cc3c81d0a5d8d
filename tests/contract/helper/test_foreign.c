/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other programs on the same host: whatever they made, left pending, broke or took away is shown as it is; and the
 * helper lets go of a card for them.
 */
#include "core/card.h"
#include "world.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const quick[] = {"--poll", "100", NULL};

static FctGpu *card(const FctInventory *seen, guint index)
{
    g_assert_cmpuint(index, <, seen->gpus->len);
    return seen->gpus->pdata[index];
}

/* ---- compute instances ---- */

/* case 15, and nvidia-smi mig -cgi 0, -gi 0 -cci 0 */
static void test_split(void)
{
    World *world = world_new("small", quick);
    if (!world)
        return;
    world_mig_on(world, 0);
    g_autoptr(FctInventory) empty = world_look(world);
    g_autoptr(FctStep) gi = world_step(empty, 0, FCT_STEP_GI_CREATE, 0, 0);
    g_autoptr(FctStep) one = world_step(empty, 0, FCT_STEP_CI_CREATE, 0, 0);
    one->ci_profile_id = 0;
    one->ci_id = 0;
    world_do(world, gi);
    world_do(world, one);
    g_autoptr(FctInventory) seen = world_look(world);
    const FctGpuInstance *instance = fct_mig_instance_at(&card(seen, 0)->mig, 0);
    g_assert_false(fct_gpu_instance_is_whole(&card(seen, 0)->mig, instance));
    g_autofree char *text = fct_card_instance_not_whole(card(seen, 0), instance);
    g_assert_cmpstr(text, ==, "1c.7g.80gb, 1 of 7 compute");
    g_autoptr(FctStep) away = world_step(seen, 0, FCT_STEP_CI_DESTROY, 0, 0);
    g_autoptr(FctStep) whole = world_step(empty, 0, FCT_STEP_CI_CREATE, 0, 0);
    world_do(world, away);
    world_do(world, whole);
    g_autoptr(FctInventory) then = world_look(world);
    g_assert_true(fct_gpu_instance_is_whole(&card(then, 0)->mig, fct_mig_instance_at(&card(then, 0)->mig, 0)));
    world_free(world);
}

/* ---- a mode that waits ---- */

/* As nvidia-smi -mig 1 leaves an Ampere card that somebody holds. */
static void make_pending(World *world, unsigned gpu)
{
    FsimTxn txn;
    g_assert_cmpint(fsim_txn_begin(&world->sim, &txn), ==, 0);
    txn.body->gpus[gpu].mig_pending = 1;
    fsim_txn_commit(&txn);
}

static void test_pending(void)
{
    World *world = world_new("small", quick);
    if (!world)
        return;
    make_pending(world, 0);
    g_autoptr(FctInventory) seen = world_look(world);
    g_assert_true(!card(seen, 0)->mig.current && card(seen, 0)->mig.pending);
    /* Taken back, then left again, then finished: the helper's own worker is not in the way. */
    g_autoptr(FctStep) off = world_step(seen, 0, FCT_STEP_MIG_MODE, -1, -1);
    off->enabled = FALSE;
    world_do(world, off);
    make_pending(world, 0);
    /* Somebody holds it: it stays pending, as that program left it. */
    world_hold(world, 0, FSIM_NO_INSTANCE, FSIM_NO_INSTANCE);
    g_autoptr(FctStep) on = world_step(seen, 0, FCT_STEP_MIG_MODE, -1, -1);
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(world->hw->ops->run_step(world->hw, on, &error), ==, FCT_STEP_OUTCOME_FAILED);
    g_assert_error(error, FCT_ERROR, FCT_ERROR_IN_USE);
    g_autoptr(FctInventory) still = world_look(world);
    g_assert_true(!card(still, 0)->mig.current && card(still, 0)->mig.pending);
    world_release(world);
    world_do(world, on);
    world_free(world);
}

/* ---- letting go ---- */

static unsigned users(World *world, unsigned gpu)
{
    g_autofree FsimBody *body = g_new(FsimBody, 1);
    fsim_state_read(&world->sim, body);
    return fsim_gpu_users(&world->sim, body, gpu, 0);
}

static void hold(World *world, const char *gpu, gboolean hold)
{
    g_autoptr(GError) error = NULL;
    world->hw->ops->hold(world->hw, gpu, hold, &error);
    g_assert_no_error(error);
}

static void test_release(void)
{
    World *world = world_new("small", quick);
    if (!world)
        return;
    g_autoptr(FctInventory) before = world_look(world);
    g_assert_cmpuint(users(world, 0), >, 0); /* the helper's worker */
    hold(world, card(before, 0)->id, FALSE);
    g_assert_cmpuint(users(world, 0), ==, 0); /* now, not some time */
    g_autoptr(FctInventory) released = world_look(world);
    g_assert_cmpint(card(released, 0)->state, ==, FCT_GPU_RELEASED);
    g_assert_cmpstr(card(released, 0)->uuid, ==, card(before, 0)->uuid);
    g_assert_cmpstr(card(released, 0)->name, ==, card(before, 0)->name);
    g_assert_cmpint(card(released, 1)->state, ==, FCT_GPU_OK);
    g_autoptr(json_t) sample = world->hw->ops->sample(world->hw, NULL);
    g_assert_nonnull(sample);
    g_assert_cmpuint(users(world, 0), ==, 0); /* the look and the sample did not touch it */
    g_autoptr(FctStep) on = world_step(before, 0, FCT_STEP_MIG_MODE, -1, -1);
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(world->hw->ops->run_step(world->hw, on, &error), ==, FCT_STEP_OUTCOME_FAILED);
    g_assert_error(error, FCT_ERROR, FCT_ERROR_CONFLICT);

    /* Another helper of this boot leaves it alone too. */
    world_helper_kill(world);
    world_helper_start(world, quick);
    g_autoptr(FctInventory) again = world_look(world);
    g_assert_cmpint(card(again, 0)->state, ==, FCT_GPU_RELEASED);
    g_assert_cmpstr(card(again, 0)->name, ==, card(before, 0)->name);
    g_assert_cmpuint(users(world, 0), ==, 0);

    hold(world, card(before, 0)->id, TRUE);
    g_autoptr(FctInventory) taken = world_look(world);
    g_assert_cmpint(card(taken, 0)->state, ==, FCT_GPU_OK);
    world_do(world, on);
    hold(world, card(before, 0)->id, FALSE);
    fsim_reboot(&world->sim);
    world_wait(({
        g_autoptr(FctInventory) booted = world_look(world);
        card(booted, 0)->state == FCT_GPU_OK;
    }));
    world_free(world);
}

static void test_bad_hold(void)
{
    static const char *const ids[] = {"", "0", "gpu-../../etc", "gpu-0000-41-00-0/"};
    World *world = world_new("small", quick);
    if (!world)
        return;
    for (gsize i = 0; i < G_N_ELEMENTS(ids); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(world->hw->ops->hold(world->hw, ids[i], FALSE, &error));
        g_assert_error(error, FCT_ERROR, FCT_ERROR_BAD_REQUEST);
    }
    world_free(world);
}

/* ---- taken away ---- */

/* A card that is gone from the bus does not rename the others (S15). */
static void test_numbers(void)
{
    World *world = world_new("lab", quick);
    if (!world)
        return;
    g_autoptr(FctInventory) before = world_look(world);
    g_assert_cmpuint(before->gpus->len, >=, 3);
    fsim_gpu_set_removed(&world->sim, 1, true);
    world_wait(({
        g_autoptr(FctInventory) seen = world_look(world);
        seen->gpus->len == before->gpus->len - 1;
    }));
    g_autoptr(FctInventory) without = world_look(world);
    g_assert_cmpstr(card(without, 1)->id, ==, card(before, 2)->id);
    g_assert_cmpint(card(without, 1)->index, ==, 2);
    world_helper_kill(world);
    world_helper_start(world, quick);
    g_autoptr(FctInventory) later = world_look(world);
    g_assert_cmpint(card(later, 1)->index, ==, 2);
    fsim_gpu_set_removed(&world->sim, 1, false);
    world_wait(({
        g_autoptr(FctInventory) seen = world_look(world);
        seen->gpus->len == before->gpus->len;
    }));
    g_autoptr(FctInventory) back = world_look(world);
    for (guint i = 0; i < back->gpus->len; i++)
        g_assert_cmpint(card(back, i)->index, ==, (int)i);
    world_free(world);
}

/* Somebody's echo … > unbind while a program holds the card: it never comes back. */
static void test_stuck_unbind(void)
{
    World *world = world_new("small", quick);
    if (!world)
        return;
    world_hold(world, 0, FSIM_NO_INSTANCE, FSIM_NO_INSTANCE);
    g_autofree char *unbind = g_build_filename(world->root, "sys/bus/pci/drivers/nvidia/unbind", NULL);
    GPid writer = fork();
    if (writer == 0) {
        int fd = open(unbind, O_WRONLY | O_CLOEXEC);
        _exit(fd >= 0 && write(fd, "0000:41:00.0", 12) == 12 ? 0 : 1);
    }
    world_wait(({
        g_autoptr(FctInventory) seen = world_look(world);
        card(seen, 0)->state == FCT_GPU_WEDGED;
    }));
    g_autoptr(FctInventory) stuck = world_look(world);
    g_assert_nonnull(strstr(card(stuck, 0)->state_reason, "stuck"));
    g_assert_nonnull(strstr(card(stuck, 0)->state_reason, "Restart the host"));
    g_assert_cmpint(card(stuck, 1)->state, ==, FCT_GPU_OK);
    /* A card without a driver that nobody is stuck on is just that. */
    fsim_gpu_set_driver(&world->sim, 1, "");
    g_autoptr(FctInventory) bare = world_look(world);
    g_assert_cmpint(card(bare, 1)->state, ==, FCT_GPU_UNMANAGED);
    fsim_reboot(&world->sim); /* wakes the writer */
    waitpid(writer, NULL, 0);
    world_wait(({
        g_autoptr(FctInventory) seen = world_look(world);
        card(seen, 0)->state == FCT_GPU_OK;
    }));
    world_free(world);
}

/* ---- rights ---- */

static void set_privilege(World *world, FsimPrivilege privilege)
{
    FsimTxn txn;
    g_assert_cmpint(fsim_txn_begin(&world->sim, &txn), ==, 0);
    txn.body->privilege = privilege;
    fsim_txn_commit(&txn);
}

/* A driver that shows nothing to us has not nothing; and a refusal for want of rights is called so. */
static void test_denied(void)
{
    World *world = world_new("small", quick);
    if (!world)
        return;
    world_mig_on(world, 0);
    g_autoptr(FctInventory) before = world_look(world);
    g_autoptr(FctStep) gi = world_step(before, 0, FCT_STEP_GI_CREATE, 9, 4);
    world_do(world, gi);
    set_privilege(world, FSIM_PRIVILEGE_DENY);
    g_autoptr(FctInventory) denied = world_look(world);
    g_assert_cmpint(card(denied, 0)->state, ==, FCT_GPU_UNMANAGED);
    g_assert_true(g_str_has_prefix(card(denied, 0)->state_reason, "Permission denied"));
    g_assert_cmpint(card(denied, 1)->state, ==, FCT_GPU_OK); /* it has no MIG */
    set_privilege(world, FSIM_PRIVILEGE_ROOT);
    g_autoptr(FctInventory) allowed = world_look(world);
    g_assert_cmpint(card(allowed, 0)->state, ==, FCT_GPU_OK);
    /* The driver refuses the call itself. */
    const char *argv[] = {g_getenv("FACET_SIM"),
                          "--sim-dir",
                          world->dir,
                          "inject",
                          "nvml",
                          "nvmlGpuInstanceCreateComputeInstance",
                          "4",
                          NULL};
    g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL));
    g_autoptr(FctStep) ci = world_step(allowed, 0, FCT_STEP_CI_CREATE, 9, 4);
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(world->hw->ops->run_step(world->hw, ci, &error), ==, FCT_STEP_OUTCOME_FAILED);
    g_assert_error(error, FCT_ERROR, FCT_ERROR_NO_PERMISSION);
    g_assert_nonnull(strstr(error->message, "permission denied"));
    world_free(world);
}

/* TRUE when a process of that user gets an answer from the helper. */
static gboolean may_ask(World *world, uid_t uid)
{
    GPid asker = fork();
    if (asker == 0) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        static const char hello[] = "\x1a\0\0\0{\"id\": 1, \"verb\": \"hello\"}";
        char answer[4];
        g_strlcpy(address.sun_path, world->socket, sizeof address.sun_path);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        gboolean ok = setresgid(uid, uid, uid) == 0 && setresuid(uid, uid, uid) == 0 &&
                      connect(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
                      write(fd, hello, sizeof hello - 1) == (ssize_t)sizeof hello - 1 && read(fd, answer, 4) == 4;
        _exit(ok ? 0 : 1);
    }
    int status = 0;
    waitpid(asker, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* security.md S9: who is named may connect, whoever else may not, root always. */
static void test_allowed_users(void)
{
    const char *const one[] = {"--allow-uid", "12345", NULL};
    const char *const two[] = {"--allow-uid", "12345", "--allow-uid", "23456", NULL};
    if (geteuid() != 0) {
        g_test_skip("only root can become another user");
        return;
    }
    World *world = world_new("small", NULL);
    if (!world)
        return;
    g_assert_cmpint(chmod(world->dir, 0711), ==, 0);
    g_autoptr(FctInventory) up = world_look(world);
    struct stat info;
    g_assert_nonnull(up);
    g_assert_cmpint(stat(world->socket, &info), ==, 0);
    g_assert_cmpuint(info.st_mode & 0777, ==, 0660);
    g_assert_true(may_ask(world, 0));
    g_assert_false(may_ask(world, 12345));
    world_helper_kill(world);
    world_helper_start(world, one);
    g_autoptr(FctInventory) again = world_look(world);
    g_assert_nonnull(again);
    g_assert_true(may_ask(world, 0));
    g_assert_true(may_ask(world, 12345));
    g_assert_false(may_ask(world, 23456));
    world_helper_kill(world);
    world_helper_start(world, two);
    g_autoptr(FctInventory) third = world_look(world);
    g_assert_nonnull(third);
    g_assert_true(may_ask(world, 12345));
    g_assert_true(may_ask(world, 23456));
    g_assert_false(may_ask(world, 34567));
    world_free(world);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/helper-foreign/split", test_split);
    g_test_add_func("/helper-foreign/pending", test_pending);
    g_test_add_func("/helper-foreign/release", test_release);
    g_test_add_func("/helper-foreign/bad-hold", test_bad_hold);
    g_test_add_func("/helper-foreign/numbers", test_numbers);
    g_test_add_func("/helper-foreign/stuck-unbind", test_stuck_unbind);
    g_test_add_func("/helper-foreign/denied", test_denied);
    g_test_add_func("/helper-foreign/allowed-users", test_allowed_users);
    return g_test_run();
}
