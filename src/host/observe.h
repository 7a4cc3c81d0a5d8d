/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The observation: sysfs and NVML put together into an inventory. Lives in the helper's children; one thread; may block
 * as long as a driver blocks, which is why the parent has a deadline on it.
 */
#pragma once
#include "host/nvml_card.h"

typedef struct FctObserver FctObserver;

/*
 * Told before each card is asked ("" before NVML itself is opened), so that a hang can be put down to its card, and
 * with FCT_AT_PROCESSES all along the search through /proc, which belongs to no card.
 */
#define FCT_AT_PROCESSES "processes"
typedef void (*FctObserverAt)(const char *gpu, gpointer data);

FctObserver *fct_observer_new(const char *root, const char *nvml_path, gboolean attach);
void fct_observer_on_card(FctObserver *observer, FctObserverAt at, gpointer data);
void fct_observer_free(FctObserver *observer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctObserver, fct_observer_free)

typedef struct {
    const char *only;    /* GPU id; NULL: all */
    const json_t *avoid; /* {GPU id: {"state","reason"}}: cards that must not be touched; may be NULL */
    const json_t
        *known; /* {GPU id: {"name","uuid","serial","architecture","vendor_device"}} from before; may be NULL */
    const char *no_nvml;   /* reason why NVML is left alone; NULL: use it */
    const json_t *numbers; /* of cards, from before (helper_numbers.h); may be NULL */
    gboolean holders;      /* also look through /proc for who holds a card */
    const char *no_search; /* why that is left out all the same: who holds a card is unknown then; NULL */
    gboolean readings;
} FctLook;

/* The numbers of all cards of this boot after the last look, as helper_numbers.h has them; borrowed, NULL before one.
 */
const json_t *fct_observer_numbers(const FctObserver *observer);

/* Never fails: what cannot be read is unknown, and says why. */
FctInventory *fct_observer_look(FctObserver *observer, const FctLook *look);
/* The shape is told in port/hw.h. Uses the cards of the last look. */
json_t *fct_observer_sample(FctObserver *observer, const json_t *avoid);

/* Of a card that the last look saw; NULL otherwise. */
NvDevice fct_observer_device(FctObserver *observer, const char *gpu_id);
FctNvml *fct_observer_nvml(FctObserver *observer);

/* Of everything that a plan may depend on, on the whole host. Free with g_free. */
char *fct_inventory_digest(const FctInventory *inventory);
