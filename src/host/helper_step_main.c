/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The child of one step: lock the card, observe, judge, carry the step out, report. Idempotent: when the step's effect
 * is there already it reports success and touches nothing. It checks identity and `before` right before the step, since
 * things may have changed after the plan was made.
 */
#include "base/scope.h"
#include "host/frame.h"
#include "host/helper.h"
#include "host/mig_step.h"
#include "host/observe.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#define CHANNEL 3

/*
 * One lock file for each card. A child that hangs in the driver keeps the lock, even when the helper is killed
 * meanwhile and does not know about the child any more: the next step then finds the card locked and calls it wedged.
 * -1: locked.
 */
static int lock_card(const FctHelperConfig *config, const FctStep *step)
{
    g_autofree char *name = g_strdup_printf("%s.lock", step->gpu);
    g_autofree char *path = g_build_filename(config->state, name, NULL);
    gint64 deadline = g_get_monotonic_time() + (gint64)step->deadline_ms * 1000 / 2;
    fct_autoclose int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (g_get_monotonic_time() > deadline)
            return -1;
        g_usleep(20 * 1000); /* a predecessor that was killed is about to end */
    }
    return fct_keep_open(&fd);
}

static gboolean step_carry_out(FctObserver *observer, const FctStep *step, gboolean *ret_already, GError **error)
{
    const FctScan scan = {.only = step->gpu};
    g_autoptr(FctInventory) seen = fct_observer_scan(observer, &scan);
    *ret_already = fct_step_after_holds(step, seen, NULL);
    if (*ret_already)
        return TRUE;
    if (!fct_step_before_holds(step, seen, error))
        return FALSE;
    return fct_mig_step_run(fct_observer_nvml(observer), fct_observer_device(observer, step->gpu), step, error);
}

static json_t *step_run(const FctHelperConfig *config, const FctStep *step)
{
    gboolean already = FALSE;
    g_autoptr(GError) error = NULL;
    fct_autoclose int lock = lock_card(config, step); /* held until the observer has let go of the card */
    if (lock < 0)
        return json_pack("{s:s}", "outcome", "locked");
    g_autoptr(FctObserver) observer = fct_observer_new(config->root, config->nvml, FALSE);
    gboolean done = step_carry_out(observer, step, &already, &error);
    json_t *result = json_pack("{s:s, s:b}", "outcome", done ? "done" : "failed", "already", already);
    if (!done)
        json_object_set_new(result, "error", fct_error_to_json(error));
    return result;
}

int fct_helper_step(const FctHelperConfig *config)
{
    FctFrames frames;
    g_autoptr(GError) error = NULL;
    fct_frames_init(&frames, FCT_FRAME_LIMIT);
    g_autoptr(json_t) request = fct_frame_receive(CHANNEL, &frames, 0, NULL);
    fct_frames_clear(&frames);
    g_autoptr(FctStep) step = fct_step_from_json(json_object_get(request, "step"), &error);
    if (!step)
        return 2;
    g_autoptr(json_t) result = step_run(config, step);
    return fct_frame_send(CHANNEL, result, 0, NULL) ? 0 : 1;
}
