/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What facetd does is done by tasks: each step that ends, and each task that ends, is one line in the log
 * with fields by which journald finds it: FACET_TASK (id), FACET_KIND ("vm.start"), FACET_STEP, FACET_STATE ("done",
 * "failed", …), FACET_USER, one of FACET_VM, FACET_GPU, FACET_VOLUME, FACET_NETWORK, FACET_POOL and FACET_NODE (the
 * name), FACET_ID (of that), FACET_ERROR (its code). Any thread.
 */
#pragma once
#include <jansson.h>

/* @id and @task: as in the contract. @step: the title of the step; "": the task itself. @text: what is said of it; "".
 */
void fct_task_tell_log(const char *id, const json_t *task, const char *step, const char *state, const char *text);
