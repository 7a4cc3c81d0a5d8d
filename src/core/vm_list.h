/* SPDX-License-Identifier: Apache-2.0 */
/* Which VMs a page of a list shows: filter, order, page and counts. Pure; the rows belong to the caller. */
#pragma once
#include "base/json.h"

typedef struct {
    const char *id, *name;
    const char *text;  /* the text that a search looks in, folded by fct_list_fold */
    const char *state; /* as the API names it */
    gboolean ours;
    gboolean blocked; /* off, and cannot start */
    gboolean devices; /* asks for parts */
    int vcpus;
    gint64 memory_mib, created_ms; /* created_ms 0: unknown */
    double cpu_percent;            /* below 0: unknown */
    gconstpointer data;            /* the caller's */
} FctVmRow;

typedef enum {
    FCT_VM_BY_NAME,
    FCT_VM_BY_STATE,
    FCT_VM_BY_CPU, /* load of this moment */
    FCT_VM_BY_VCPUS,
    FCT_VM_BY_MEMORY,
    FCT_VM_BY_CREATED,
    FCT_VM_BY_ATTENTION, /* crashed or blocked ones first, then those with parts */
    FCT_VM_N_SORTS
} FctVmSort;
/* "name" "state" "cpu" "vcpus" "memory" "created" "attention" */
gboolean fct_vm_sort_from_name(const char *name, FctVmSort *ret);

/* A place in the order: that of a row which may have changed since, or be gone. */
typedef struct {
    double value; /* of fct_vm_sort_value, when the row was given; NAN: unknown */
    const char *name, *id;
} FctVmMark;
/* The value of @row that decides in this order; NAN when it is unknown, 0 when the name alone decides. */
double fct_vm_sort_value(const FctVmRow *row, FctVmSort sort);

typedef struct {
    const char *name;          /* exactly this one; NULL: all */
    const char *text;          /* every word of it, folded, must occur; NULL: all */
    const char *const *states; /* any of these, or "blocked"; NULL: all */
    int ours;                  /* 1: ours, 0: others', -1: all */
    FctVmSort sort;
    gboolean descending;
    const FctVmMark *after; /* only what comes behind it; NULL: from the beginning */
    guint offset, limit;    /* limit 0: to the end */
} FctVmQuery;

typedef struct {
    GPtrArray *rows; /* const FctVmRow*, the page */
    guint total;     /* that pass every filter, before and behind the page too */
    gboolean more;   /* some of them come behind the page */
    /* {"all", "ours", "others", "blocked", and each state}: how many of the VMs that match name and text have it. */
    json_t *counts;
} FctVmPage;
void fct_vm_page_clear(FctVmPage *page);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FctVmPage, fct_vm_page_clear)

/* Equal rows are sorted by name, then by id, whatever the direction. Unknown values come last. */
void fct_vm_page_pick(const FctVmRow *rows, gsize n, const FctVmQuery *query, FctVmPage *ret);

/* Compares as people order names: "vm-9" before "vm-10", ignoring case. Zero only for equal texts. */
int fct_natural_compare(const char *a, const char *b);
char *fct_list_fold(const char *text);
