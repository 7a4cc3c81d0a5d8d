/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hardware port as a model in memory: A100 cards that make and remove instances by the rules, and faults on
 * request. Thread-safe. What real drivers do is tested against the simulator (tests/crash/app); this model is quick,
 * and exact in time.
 */
#pragma once
#include "port/hw.h"

typedef enum {
    HW_FINE,
    HW_REFUSE,     /* the step fails with the driver's words and has no effect */
    HW_LIE,        /* the step "succeeds" without effect */
    HW_LATE,       /* the step "fails" but its effect is there */
    HW_WEDGE,      /* the step hangs; its effect is not there */
    HW_LOSE,       /* the card falls off the bus instead */
    HW_AWAY,       /* the helper dies before the step reached the card, and is back at once */
    HW_AWAY_AFTER, /* the helper dies after the step reached the card, and is back at once */
} HwFault;

/* @cards: one text a card as test_gpu_a100 takes it ("9@4 19@0*"), ended by NULL. */
FctHw *hw_model_new(const char *const *cards);
/* A second model with the state of @hw, without faults. */
FctHw *hw_model_copy(FctHw *hw);
/* The @nth step (1…) from now on has this fault. */
void hw_model_fault(FctHw *hw, int nth, HwFault fault);
/* While @down the helper does not answer at all. */
void hw_model_down(FctHw *hw, gboolean down);
/* The host restarts: another boot id, no instances. */
void hw_model_reboot(FctHw *hw);
/* A process begins, or ends, to use the instance at @start of card @index. */
void hw_model_hold(FctHw *hw, guint index, int start, gboolean hold);
/* Another program makes an instance of that profile at @start, with its compute instance. */
void hw_model_make(FctHw *hw, guint index, int profile_id, int start);
/* Another program switches MIG on or off; off removes the instances. */
void hw_model_mig(FctHw *hw, guint index, gboolean on);
/* "9@4 19@0*": by start; "mig off"; "gone". Free it. */
char *hw_model_text(FctHw *hw, guint index);
/* Steps that reached a card, in words: "-ci0@0 -gi@0 +gi14@0 +ci1@0". Free it. */
char *hw_model_log(FctHw *hw);
/* Interfaces of VLANs that were made (+) and deleted (-), in order: "+eno1.30 -eno1.30". Free it. */
char *hw_model_vlans(FctHw *hw);
/* TRUE when any step tried to remove something that a process was using. */
gboolean hw_model_touched_busy(FctHw *hw);
/* Holds each step back until hw_model_release, which lets one step run. */
void hw_model_block(FctHw *hw, gboolean block);
void hw_model_release(FctHw *hw);
