/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a part reaches a guest. One method is chosen at start (facetd --part-device); nothing outside src/virt knows
 * which. All functions are pure: they only write XML.
 */
#pragma once
#include "port/vmm.h"

typedef struct {
    const char *name; /* "vfio" or "standin": also what the API's `attach` says */
    /* Whether the method can pass @device to a guest; the error says why not and what to do. */
    gboolean (*check)(const FctVmDevice *device, GError **error);
    /* Members of <devices>. */
    void (*devices)(GString *xml, const GPtrArray *devices);
    /* Members of <qemu:commandline>. */
    void (*commandline)(GString *xml, const GPtrArray *devices);
    const char *title; /* added to the domain's title before the labels: "simulated GPU" */
} FctAttach;

extern const FctAttach fct_attach_vfio;
extern const FctAttach fct_attach_standin;

/* NULL when there is no method of that name. */
const FctAttach *fct_attach_by_name(const char *name);
