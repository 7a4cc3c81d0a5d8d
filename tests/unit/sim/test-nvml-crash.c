/* SPDX-License-Identifier: Apache-2.0 */
/* Several processes at once, and processes that are killed in the middle. */
#include "client.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of 24 parallel creators of a 1g on an empty card seven succeed, each id once, and 17 find no room. */
static void test_creators(void)
{
    enum { CREATORS = 24 };
    client_open("small");
    mig_gpu_at(0);
    assert_ok(CALL(nvmlShutdown, (void)));
    int go[2], back[2];
    g_assert_cmpint(pipe(go), ==, 0);
    g_assert_cmpint(pipe(back), ==, 0);
    for (int i = 0; i < CREATORS; i++) {
        pid_t pid = fork();
        g_assert_cmpint(pid, >=, 0);
        if (pid)
            continue;
        close(go[1]);
        char byte;
        int answer[2] = {-1, -1};
        assert_ok(CALL(nvmlInit_v2, (void)));
        nvmlDevice_t gpu = gpu_at(0);
        nvmlGpuInstance_t gi;
        /* All wait for the end of the pipe, and start together. */
        while (read(go[0], &byte, 1) > 0) {
        }
        answer[0] = (int)make_gi(gpu, 19, -1, 0, &gi);
        if (answer[0] == NVML_SUCCESS)
            answer[1] = (int)gi_info(gi).id;
        _exit(write(back[1], answer, sizeof answer) != sizeof answer);
    }
    close(go[0]);
    close(go[1]);
    close(back[1]);
    unsigned made = 0, refused = 0, ids = 0;
    int answer[2];
    while (read(back[0], answer, sizeof answer) == sizeof answer) {
        if (answer[0] == NVML_SUCCESS) {
            made++;
            g_assert_false(ids & 1u << answer[1]);
            ids |= 1u << answer[1];
        } else {
            g_assert_cmpint(answer[0], ==, NVML_ERROR_INSUFFICIENT_RESOURCES);
            refused++;
        }
    }
    close(back[0]);
    for (int i = 0; i < CREATORS; i++) {
        int status;
        g_assert_cmpint(wait(&status), >, 0);
        g_assert_cmpint(status, ==, 0);
    }
    g_assert_cmpuint(made, ==, 7);
    g_assert_cmpuint(refused, ==, 17);
    g_assert_cmpuint(ids, ==, 0x3f80); /* 7 to 13 */
    assert_ok(CALL(nvmlInit_v2, (void)));
    client_close();
}

static void arm(const char *point)
{
    FsimLive *live = &client_state.file->live;
    g_strlcpy(live->crash_point, point, sizeof live->crash_point);
    atomic_store(&live->crash_armed, 1);
}

static unsigned used_instances(unsigned *half)
{
    g_autofree FsimBody *body = g_new0(FsimBody, 1);
    fsim_state_read(&client_state, body);
    unsigned n = 0;
    *half = 0;
    for (unsigned i = 0; i < FSIM_MAX_GIS; i++) {
        const FsimGi *gi = &body->gpus[0].gis[i];
        n += gi->used;
        *half += !gi->used && (gi->serial || gi->size);
    }
    return n;
}

/* Runs `what` in a child that the armed point kills. */
static void die_in(const char *point, void (*what)(void))
{
    arm(point);
    pid_t pid = fork();
    g_assert_cmpint(pid, >=, 0);
    if (pid == 0) {
        what();
        _exit(99);
    }
    int status;
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void create_one(void)
{
    make_gi(gpu_at(0), 14, -1, 0, NULL);
}

static void destroy_one(void)
{
    nvmlGpuInstance_t gi[8];
    unsigned n;
    CALL(nvmlDeviceGetGpuInstances, (nvmlDevice_t, unsigned, nvmlGpuInstance_t *, unsigned *), gpu_at(0), 14, gi, &n);
    destroy_gi(gi[0]);
}

/* After kill -9 at any point of a create or destroy: the old state or the new, and the next writer goes on. */
static void test_kill(void)
{
    static const struct {
        const char *point;
        unsigned done;
    } points[] = {{"begin", 0}, {"copied", 0}, {"half", 0}, {"changed", 0}, {"published", 1}};
    for (gsize i = 0; i < G_N_ELEMENTS(points); i++) {
        unsigned half;
        client_open("small");
        mig_gpu_at(0);
        die_in(points[i].point, create_one);
        g_assert_cmpuint(used_instances(&half), ==, points[i].done);
        g_assert_cmpuint(half, ==, 0);
        nvmlGpuInstance_t gi;
        assert_ok(make_gi(gpu_at(0), 14, -1, 0, &gi));
        g_assert_cmpuint(used_instances(&half), ==, points[i].done + 1);
        die_in(points[i].point, destroy_one);
        g_assert_cmpuint(used_instances(&half), ==, 1);
        g_assert_cmpuint(half, ==, 0);
        client_close();
    }
}

/* A reader never sees two halves: the sizes of what it lists always add up to what one writer made. */
static void test_readers(void)
{
    client_open("small");
    nvmlDevice_t gpu = mig_gpu_at(0);
    pid_t pid = fork();
    g_assert_cmpint(pid, >=, 0);
    if (pid == 0) {
        for (int i = 0; i < 300; i++) {
            FsimTxn txn;
            g_assert_cmpint(fsim_txn_begin(&client_state, &txn), ==, 0);
            FsimGi *gis = txn.body->gpus[0].gis;
            /* Both or none. */
            gis[0].used = gis[15].used = !gis[0].used;
            fsim_txn_commit(&txn);
        }
        _exit(0);
    }
    g_autofree FsimBody *body = g_new0(FsimBody, 1);
    int status = 0;
    do {
        fsim_state_read(&client_state, body);
        g_assert_cmpuint(body->gpus[0].gis[0].used, ==, body->gpus[0].gis[15].used);
    } while (waitpid(pid, &status, WNOHANG) == 0);
    g_assert_cmpint(status, ==, 0);
    g_assert_nonnull(gpu);
    client_close();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sim/nvml/crash/creators", test_creators);
    g_test_add_func("/sim/nvml/crash/kill", test_kill);
    g_test_add_func("/sim/nvml/crash/readers", test_readers);
    return g_test_run();
}
