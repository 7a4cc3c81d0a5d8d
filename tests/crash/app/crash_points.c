/* SPDX-License-Identifier: Apache-2.0 */
/*
 * facetd with places at which it can be killed: the unchanged facetd.c and its libraries, linked with
 * --wrap=fct_executor_new, so that the executor gets a probe. The program that is shipped has none of this.
 *
 * FACET_CRASH_AT=N: at the Nth place of the run (1…), FACET_CRASH_WHO=facetd|helper|both is killed with SIGKILL;
 * FACET_CRASH_HELPER is the helper's process id. FACET_CRASH_DELAY_US: the kill comes so long after the place, from
 * another thread, and so hits the middle of what follows.
 */
#include "app/gpus/executor.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

FctExecutor *__real_fct_executor_new(FctApp *app);
FctExecutor *__wrap_fct_executor_new(FctApp *app);

static int countdown;

static void strike(void)
{
    const char *who = g_getenv("FACET_CRASH_WHO");
    const char *helper = g_getenv("FACET_CRASH_HELPER");
    if (helper && strcmp(who, "facetd") != 0)
        kill(atoi(helper), SIGKILL);
    if (strcmp(who, "helper") != 0)
        kill(getpid(), SIGKILL);
}

static gpointer strike_later(gpointer delay)
{
    g_usleep((gulong)GPOINTER_TO_INT(delay));
    strike();
    return NULL;
}

static void probe(const char *place, gpointer data)
{
    const char *delay = g_getenv("FACET_CRASH_DELAY_US");
    if (!g_atomic_int_dec_and_test(&countdown))
        return;
    g_message("crash at “%s”", place);
    if (delay)
        g_thread_unref(g_thread_new("strike", strike_later, GINT_TO_POINTER(atoi(delay))));
    else
        strike();
}

FctExecutor *__wrap_fct_executor_new(FctApp *app)
{
    FctExecutor *executor = __real_fct_executor_new(app);
    const char *at = g_getenv("FACET_CRASH_AT");
    if (at) {
        countdown = atoi(at);
        fct_executor_set_probe(executor, probe, NULL);
    }
    return executor;
}
