/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Port: the hardware of this node, behind facet-helper. Every call blocks (a round trip over a socket, bounded by its
 * deadline), so never on the thread that serves HTTP. Thread-safe. The implementation reconnects by itself; while the
 * helper is away calls fail with FCT_ERROR_HELPER.
 */
#pragma once
#include "model/host_network.h"
#include "model/plan.h"

typedef struct FctHw FctHw;
typedef void (*FctHwChanged)(gpointer data); /* called on an unspecified thread: it must only post */

typedef enum {
    FCT_STEP_OUTCOME_DONE,   /* the call returned success; whether `after` holds must be observed */
    FCT_STEP_OUTCOME_FAILED, /* error is set: the driver's code and words */
    FCT_STEP_OUTCOME_WEDGED  /* past its deadline and not killable: the gpu is wedged until the next boot */
} FctStepOutcome;

typedef struct {
    FctInventory *(*inventory)(FctHw *hw, GError **error); /* observes now; new reference */
    FctStepOutcome (*run_step)(FctHw *hw, const FctStep *step, GError **error);
    /*
     * Readings only; cheap. {"time_ms", "host": {"cpu_percent","memory_used_mib","memory_total_mib"}, "gpus": {GPU id:
     * {readings…, "instances": [{"start","gpu_percent","memory_used_mib","memory_total_mib","why_not"}]}}}.
     */
    json_t *(*sample)(FctHw *hw, GError **error);
    /*
     * @hold FALSE: lets go of the gpu. On return no process of ours holds it, so other programs may reset it, switch
     * its mode or take it away. Until it is taken back (TRUE), or the next boot, its state is FCT_GPU_RELEASED and its
     * steps fail. FCT_ERROR_CONFLICT while a step of it runs.
     */
    gboolean (*hold)(FctHw *hw, const char *gpu, gboolean hold, GError **error);
    void (*watch)(FctHw *hw, FctHwChanged changed, gpointer data); /* hot-plug and changes by others; one watcher */
    /*
     * The host's network, in the namespace in which libvirt runs: its links, and the routes that share addresses with
     * one of @within (ends with NULL; "10.0.0.0/8"). `more` is about the first of them.
     */
    FctHostNetwork *(*network)(FctHw *hw, const char *const *within, GError **error);
    /*
     * Makes the interface @name for VLAN @tag on the host's @parent, without an address and without changing what
     * exists; it is made again whenever the host starts. FCT_ERROR_EXISTS when an interface of that name is not ours.
     */
    gboolean (*vlan_make)(FctHw *hw, const char *parent, int tag, const char *name, GError **error);
    /* Deletes an interface that vlan_make made. *ret_kept ("" or why it stays) is to be freed. */
    gboolean (*vlan_take)(FctHw *hw, const char *name, char **ret_kept, GError **error);
    void (*free)(FctHw *hw);
} FctHwOps;

struct FctHw {
    const FctHwOps *ops;
};

static inline void fct_hw_free(FctHw *hw)
{
    if (hw)
        hw->ops->free(hw);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctHw, fct_hw_free)
