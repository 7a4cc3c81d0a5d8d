/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The background process of a running host: `facet-sim fs`. As long as it lives it holds a lock on $SIM/fs.pid, which
 * contains its pid; so a stale file is never mistaken for a running process.
 */
#include "ctl/verbs.h"

#include <sys/types.h>

/* The pid of the process that serves $SIM, or 0. */
pid_t fsim_daemon_pid(const char *sim_dir);
/* Whether the tree answers. */
gboolean fsim_daemon_serves(const char *sim_dir);
/*
 * Takes the lock and writes the pid; the descriptor stays open as long as the process lives. -1 and an error if another
 * one runs.
 */
int fsim_daemon_claim(const char *sim_dir, GError **error);
/* Unmounts $SIM/root, also when the process that served it has died. */
void fsim_daemon_unmount(const char *sim_dir);
/* Ends the processes of facet-sim that hold cards of this host; other programs' processes are left alone. */
void fsim_daemon_end_holders(const FsimContext *ctx, const char *sim_dir);
/* Ends the process, then unmounts what is left. Waits at most a few seconds. */
gboolean fsim_daemon_stop(const char *sim_dir, GError **error);
