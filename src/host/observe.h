/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The observation: sysfs and NVML put together into an inventory. In the helper's children; one thread. May block as
 * long as a driver blocks, which is why the parent has a deadline on it.
 */
#pragma once
#include "host/nvml_card.h"

typedef struct FctObserver FctObserver;

/*
 * Called before each card is asked ("" before NVML itself is opened), so that a hang can be blamed on its card. During
 * the search through /proc, which belongs to no card, it is called with FCT_AT_PROCESSES again and again.
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
    const json_t *numbers; /* numbers of cards, from before (helper_numbers.h); may be NULL */
    gboolean holders;      /* also look through /proc for who holds a card */
    const char *no_search; /* why that is left out all the same, so that holders are unknown; NULL */
    gboolean readings;
} FctScan;

/*
 * The numbers of all cards of this boot after the last observation, in the form of helper_numbers.h; borrowed, NULL
 * before the first.
 */
const json_t *fct_observer_numbers(const FctObserver *observer);

/* Observes. Never fails: what cannot be read is unknown, with the reason. */
FctInventory *fct_observer_scan(FctObserver *observer, const FctScan *scan);
/* Readings in the form of port/hw.h, of the cards of the last observation. */
json_t *fct_observer_sample(FctObserver *observer, const json_t *avoid);

/* The handle of a card of the last observation; NULL when it was not seen. */
NvDevice fct_observer_device(FctObserver *observer, const char *gpu_id);
FctNvml *fct_observer_nvml(FctObserver *observer);

/* A digest of everything on the host that a plan may depend on. Free with g_free. */
char *fct_inventory_digest(const FctInventory *inventory);
