/* SPDX-License-Identifier: Apache-2.0 */
/* A process that uses a card: what keeps it from being unbound, reset or re-cut. */
#include "ctl/verbs.h"

#include "model/mig.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

extern const FsimVerb fsim_verb_hold, fsim_verb_release;

/* The instance must be there, and with MIG on a process runs on a compute instance. */
static gboolean check_target(const FsimState *st, guint gpu, guint32 *gi, guint32 *ci, GError **error)
{
    g_autofree FsimBody *body = g_new0(FsimBody, 1);
    fsim_state_read(st, body);
    const FsimGpu *g = &body->gpus[gpu];
    if (strcmp(g->driver, "nvidia") != 0) {
        g_set_error(error, FSIM_ERROR, FSIM_ERROR_STATE, "GPU %u is not on the nvidia driver", gpu);
        return FALSE;
    }
    if (*gi == FSIM_NO_INSTANCE) {
        if (!g->mig_current)
            return TRUE;
        g_set_error(error, FSIM_ERROR, FSIM_ERROR_STATE, "GPU %u is in MIG mode: give GPU/GI[/CI]", gpu);
        return FALSE;
    }
    int slot = fsim_mig_gi_slot(g, *gi);
    for (guint i = 0; slot >= 0 && i < FSIM_MAX_CIS; i++) {
        const FsimCi *c = &g->gis[slot].cis[i];
        if (c->used && (*ci == FSIM_NO_INSTANCE || c->id == *ci)) {
            *ci = c->id;
            return TRUE;
        }
    }
    g_set_error(error, FSIM_ERROR, FSIM_ERROR_STATE, "GPU %u has no such compute instance; facet-sim list shows them",
                gpu);
    return FALSE;
}

static volatile sig_atomic_t stopped;

static void on_signal(int signal)
{
    stopped = signal;
}

/* In the background process: registers, tells its parent, and waits to be ended. */
static _Noreturn void stay(FsimState *st, guint gpu, FsimProc *proc, int ready)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t block, old;
    sigemptyset(&block);
    sigaddset(&block, SIGTERM);
    sigaddset(&block, SIGINT);
    sigprocmask(SIG_BLOCK, &block, &old);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    prctl(PR_SET_NAME, proc->name);
    proc->pid = getpid();
    proc->started = fsim_proc_started(proc->pid);
    int result = fsim_proc_add(st, gpu, proc);
    pid_t answer = result < 0 ? result : proc->pid;
    if (write(ready, &answer, sizeof answer) < 0)
        _exit(1);
    close(ready);
    while (result == 0 && !stopped)
        sigsuspend(&old);
    fsim_proc_remove(st, proc->pid);
    _exit(result == 0 ? 0 : 1);
}

/* Two forks, so that init reaps the holder whenever it ends; the pid, or a negative errno. */
static pid_t start_holder(FsimState *st, guint gpu, FsimProc *proc)
{
    int ready[2];
    if (pipe2(ready, O_CLOEXEC) < 0)
        return -errno;
    pid_t child = fork();
    if (child == 0) {
        setsid();
        pid_t grandchild = fork();
        if (grandchild != 0)
            _exit(grandchild < 0);
        /* The caller's pipes are not ours to keep open. */
        int null = open("/dev/null", O_RDWR);
        for (int fd = 0; fd < 3; fd++)
            dup2(null, fd);
        stay(st, gpu, proc, ready[1]);
    }
    close(ready[1]);
    pid_t answer = child < 0 ? -errno : -ECHILD;
    if (child > 0 && read(ready[0], &answer, sizeof answer) != sizeof answer)
        answer = -ECHILD;
    close(ready[0]);
    return answer;
}

static int run_hold(const FsimContext *ctx, int argc, char **argv, GError **error)
{
    g_autofree char *name = NULL;
    int memory = 512;
    gboolean graphics = FALSE;
    const GOptionEntry entries[] = {{"name", 0, 0, G_OPTION_ARG_STRING, &name, "Name of the process (python3)", "NAME"},
                                    {"memory", 0, 0, G_OPTION_ARG_INT, &memory, "Memory it takes (512)", "MIB"},
                                    {"graphics", 0, 0, G_OPTION_ARG_NONE, &graphics, "A graphics process", NULL},
                                    {NULL}};
    FsimState st;
    FsimProc proc = {0};
    guint gpu;
    if (!fsim_verb_parse(&fsim_verb_hold, entries, &argc, &argv, 1, 1, error))
        return 2;
    if (!fsim_verb_open(ctx, NULL, &st, error))
        return 1;
    if (!fsim_verb_target(&st, argv[1], &gpu, &proc.gi, &proc.ci, error) ||
        !check_target(&st, gpu, &proc.gi, &proc.ci, error)) {
        fsim_state_close(&st);
        return 1;
    }
    g_strlcpy(proc.name, name ? name : "python3", sizeof proc.name);
    proc.graphics = graphics;
    proc.memory = (guint64)MAX(memory, 0) * 1024 * 1024;
    pid_t pid = start_holder(&st, gpu, &proc);
    gboolean ok = fsim_verb_check(pid, "cannot hold the card", error);
    if (ok)
        g_print("%d\n", (int)pid);
    fsim_state_close(&st);
    return ok ? 0 : 1;
}

/* Ends the processes that hold a target; only those that facet-sim started, known by their registration. */
static guint release(FsimState *st, const FsimBody *body, guint gpu, guint32 gi, guint32 ci)
{
    guint n = 0;
    for (guint i = 0; i < FSIM_MAX_PROCS; i++) {
        const FsimProc *p = &body->gpus[gpu].procs[i];
        if (!p->pid || (gi != FSIM_NO_INSTANCE && p->gi != gi) || (ci != FSIM_NO_INSTANCE && p->ci != ci))
            continue;
        if (fsim_proc_alive(p->pid, p->started))
            kill(p->pid, SIGTERM);
        /* Here too, so that the card is free when the command returns. */
        fsim_proc_remove(st, p->pid);
        n++;
    }
    return n;
}

static int run_release(const FsimContext *ctx, int argc, char **argv, GError **error)
{
    FsimState st;
    guint gpu, n = 0;
    guint32 gi, ci;
    if (!fsim_verb_parse(&fsim_verb_release, NULL, &argc, &argv, 0, 1, error))
        return 2;
    if (!fsim_verb_open(ctx, NULL, &st, error))
        return 1;
    g_autofree FsimBody *body = g_new0(FsimBody, 1);
    fsim_state_read(&st, body);
    if (argc == 1) {
        for (gpu = 0; gpu < st.file->fixed.n_gpus; gpu++)
            n += release(&st, body, gpu, FSIM_NO_INSTANCE, FSIM_NO_INSTANCE);
    } else if (fsim_verb_target(&st, argv[1], &gpu, &gi, &ci, error)) {
        n = release(&st, body, gpu, gi, ci);
    }
    fsim_state_close(&st);
    if (*error)
        return 1;
    g_print("%u released\n", n);
    return 0;
}

const FsimVerb fsim_verb_hold = {"hold", "GPU[/GI[/CI]]", "keep a card or instance busy with a process; prints its pid",
                                 run_hold};
const FsimVerb fsim_verb_release = {"release", "[GPU[/GI[/CI]]]", "end the processes that hold it, or all",
                                    run_release};
