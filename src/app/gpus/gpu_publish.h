/* SPDX-License-Identifier: Apache-2.0 */
/* What the page and the events hear of cards. Any thread; waits for the disk. Failures are logged. */
#pragma once
#include "app/gpus/observer.h"

/* What belongs to the card beside the inventory (holders, wanted, groups) has changed. */
void fct_gpu_publish(FctApp *app, const char *gpu);
/* For fct_observer_on_change. */
void fct_gpu_publish_news(FctApp *app, const FctObserverNews *news, gpointer data);
