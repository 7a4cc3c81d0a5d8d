/* SPDX-License-Identifier: Apache-2.0 */
/* Publishes changes of cards to the page and the events. Any thread; waits for the disk. Failures are logged. */
#pragma once
#include "app/gpus/observer.h"

/* Something about the card has changed that is not in the inventory: holders, wanted layout, groups. */
void fct_gpu_publish(FctApp *app, const char *gpu);
/* For fct_observer_on_change. */
void fct_gpu_publish_news(FctApp *app, const FctObserverNews *news, gpointer data);
