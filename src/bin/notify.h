/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages to systemd (sd_notify(3)): that facetd serves, that it ends, and, while it is healthy, that it lives
 * (WatchdogSec). Without NOTIFY_SOCKET nothing is sent. Main thread.
 */
#pragma once
#include <glib.h>

/* @healthy is asked before each sign of life. */
void fct_notify_start(gboolean (*healthy)(gpointer data), gpointer data);
void fct_notify_stop(void);
