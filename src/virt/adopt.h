/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking over a domain that another program made: what its XML tells, as a spec that Facet generates the domain from,
 * and what of it Facet would not generate again. Whatever is not known here counts as lost, never as kept. Pure.
 */
#pragma once
#include "base/text.h"
#include "virt/xml.h"

#include <libxml/tree.h>

/*
 * @xml: the persistent definition, as libvirt writes it. @networks: FctNetwork*, to find the one that has a bridge; may
 * be NULL. The result's `host_starts` and `state` are left as they are new. FCT_ERROR_LIBVIRT when it cannot be read.
 */
FctAdoption *fct_adopt_read(const char *xml, const GPtrArray *networks, GError **error);

/* ---- shared by adopt_read.c and adopt_devices.c ---- */

typedef struct {
    FctAdoption *adoption;
    GStringChunk *texts; /* what attr and text give lives as long */
    const GPtrArray *networks;
    gboolean q35, hyperv;
    GHashTable *boot;     /* "disk", "cdrom", "network" → the lowest <boot order>, as GINT */
    GArray *disk_orders;  /* gint, one a disk of the spec: its <boot order>, G_MAXINT without */
    guint nics, consoles; /* met so far */
} FctAdoptReader;

/* "" when there is none. */
const char *fct_adopt_attr(FctAdoptReader *r, xmlNode *node, const char *name);
const char *fct_adopt_text(FctAdoptReader *r, xmlNode *node);
/* NULL when there is none, or @node is NULL. */
xmlNode *fct_adopt_child(xmlNode *node, const char *name);
gboolean fct_adopt_is(xmlNode *node, const char *name);
void fct_adopt_keep(FctAdoptReader *r, const char *format, ...) G_GNUC_PRINTF(2, 3);
void fct_adopt_lose(FctAdoptReader *r, const char *format, ...) G_GNUC_PRINTF(2, 3);
void fct_adopt_refuse(FctAdoptReader *r, const char *code, const char *next, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
/* Every element below @node but those of @known (ends with NULL) is lost: "WHAT: its setting <x>". */
void fct_adopt_others(FctAdoptReader *r, xmlNode *node, const char *const *known, const char *what);
void fct_adopt_devices(FctAdoptReader *r, xmlNode *devices);
