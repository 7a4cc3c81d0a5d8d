/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans and steps. A step is data: what to do, what must hold before, what must hold after, how long it may take, how
 * it is undone. The planner makes them, the page previews them, the journal keeps them, the helper runs them.
 *
 * Before and after conditions follow from kind and arguments and are judged on a fresh inventory, nowhere else.
 */
#pragma once
#include "model/inventory.h"

typedef enum {
    FCT_STEP_MIG_MODE,   /* enabled; when the mode is so already, it takes a pending change back */
    FCT_STEP_CI_DESTROY, /* start, profile_id (of the GPU instance), ci_id */
    FCT_STEP_GI_DESTROY, /* start, profile_id */
    FCT_STEP_GI_CREATE,  /* start, profile_id, size */
    FCT_STEP_CI_CREATE,  /* start, profile_id, ci_profile_id; ci_id when several of one profile are made, else -1 */
    FCT_N_STEP_KINDS
} FctStepKind;

typedef struct {
    FctStepKind kind;
    char *gpu;        /* FctGpu id */
    char *gpu_uuid;   /* identity guard: the step refuses another card in the same slot */
    char *title;      /* "Create 3g.40gb at slot 4" */
    gboolean enabled; /* mig.mode */
    int start;        /* memory unit where the GPU instance begins: instances are named by place, ids are read */
    int size;
    int profile_id;
    int ci_profile_id;
    int ci_id;
    int deadline_ms;
} FctStep;

FctStep *fct_step_new(FctStepKind kind, const FctGpu *gpu);
/* Writes the title from kind and arguments, in the names that @gpu gives its profiles. */
void fct_step_set_title(FctStep *step, const FctGpu *gpu);
FctStep *fct_step_copy(const FctStep *step);
void fct_step_free(FctStep *step);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctStep, fct_step_free)

json_t *fct_step_to_json(const FctStep *step);
FctStep *fct_step_from_json(const json_t *json, GError **error);

/*
 * Judges a step on an observation. Both may be FALSE, when something else happened meanwhile: then the error says what
 * was seen. before TRUE: the step may run. after TRUE: its effect is there, whoever caused it.
 */
gboolean fct_step_before_holds(const FctStep *step, const FctInventory *seen, GError **error);
gboolean fct_step_after_holds(const FctStep *step, const FctInventory *seen, GError **error);
/* The step that undoes @step, given the card before it ran; NULL when nothing needs to be undone, or cannot be. */
FctStep *fct_step_undo(const FctStep *step, const FctGpu *gpu_before);

/* One instance of a layout. */
typedef struct {
    int profile_id;
    char *profile;
    int start;
    int size;
    gboolean kept;      /* in "then": it is there already and stays untouched */
    gboolean busy;      /* in "now" */
    char *holder;       /* VM or process name; "" */
    char *holder_kind;  /* "vm", "process"; "" */
    int ci_profile_id;  /* -1: the default, whole */
    int slices_used;    /* of its compute, by compute instances */
    GPtrArray *compute; /* char *: profiles of its compute instances */
    char *not_whole;    /* what it holds when that is not its whole compute: "1c.7g.80gb, 1 of 7 compute"; "" */
} FctLayoutItem;

typedef enum { FCT_BLOCK, FCT_REFUSE, FCT_CONFIRM, FCT_WARN } FctSeverity;

/* What preflight says. The same list in preview and in execution. */
typedef struct {
    FctSeverity severity;
    char *code; /* "gpu-lost", "held-by-process", "needs-reset" … */
    char *sentence;
    char *next;    /* the smallest change that would help; "" */
    char *subject; /* "process 4711 python3", "vm db-2"; "" */
} FctVerdict;

typedef struct {
    char *id;
    char *node, *project;
    guint64 revision;
    char *kind;  /* "carve" | "mig-mode" | "undo" */
    char *title; /* what the plan does: "Re-carve GPU 0" */
    char *gpu;
    char *gpu_digest; /* digest of the card when the plan was made, which apply compares */
    json_t *request;  /* the validated request; owned */
    gboolean mig_now, mig_then;
    int units;
    GPtrArray *now;          /* FctLayoutItem* */
    GPtrArray *then;         /* FctLayoutItem*: foreseen end state */
    GPtrArray *steps;        /* FctStep* */
    GPtrArray *verdicts;     /* FctVerdict* */
    GPtrArray *interrupts;   /* char*: VMs and processes that stop, by name; empty: nothing is interrupted */
    GPtrArray *alternatives; /* char*: why not in another way, and smaller changes that would fit */
    char *state;             /* "open" | "applied" | "refused" */
    char *task;              /* id of the task once applied; "" */
    gint64 created_ms;       /* Unix time */
} FctPlan;

FctPlan *fct_plan_new(void);
void fct_plan_free(FctPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctPlan, fct_plan_free)
json_t *fct_plan_to_json(const FctPlan *plan);
FctPlan *fct_plan_from_json(const json_t *json, GError **error);

FctLayoutItem *fct_layout_item_new(void);
void fct_layout_item_free(FctLayoutItem *item);
FctVerdict *fct_verdict_new(FctSeverity severity, const char *code, const char *subject, const char *next,
                            const char *format, ...) G_GNUC_PRINTF(5, 6);
void fct_verdict_free(FctVerdict *verdict);
json_t *fct_verdicts_to_json(const GPtrArray *verdicts);
const char *fct_severity_name(FctSeverity severity); /* "block" "refuse" "confirm" "warn" */
/* TRUE when no verdict is BLOCK or REFUSE, and none is CONFIRM unless @confirmed. */
gboolean fct_verdicts_allow(const GPtrArray *verdicts, gboolean confirmed);
