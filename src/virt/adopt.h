/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes over a domain that another program made: from its XML it makes the spec from which Facet would make the domain,
 * and says what Facet would not make again. Whatever is not known here counts as lost, never as kept. The readers below
 * describe in people's words what they know; adopt_rest.c compares every element, attribute and text that they did not
 * describe with what Facet makes from the spec. Pure.
 */
#pragma once
#include "base/text.h"
#include "virt/xml.h"
#include "virt/xml_tree.h"

/* The host on which it will run. */
typedef struct {
    FctXmlOptions xml;
    const GPtrArray *networks; /* FctNetwork*, to find the one that has a bridge; NULL */
    const char *machine;       /* the version that this host calls "q35"; "": not known */
} FctAdoptHost;

/*
 * @xml: the persistent definition, as libvirt writes it. The result's `host_starts` and `state` keep their initial
 * values. FCT_ERROR_LIBVIRT when it cannot be read.
 */
FctAdoption *fct_adopt_read(const char *xml, const FctAdoptHost *host, GError **error);

/*
 * @original, from which @adopted was read, with the differences that @now has in name, description, memory and vCPUs.
 * NULL when more differs. Free it.
 */
char *fct_adopt_back(const char *original, const FctVmSpec *adopted, const FctVmSpec *now);

/*
 * char*: what @then would have lost by Facet's definition, and @now, the same domain later, does not have any more.
 * @now NULL: nothing of it is known.
 */
GPtrArray *fct_adopt_lost_for_good(const FctAdoption *then, const FctAdoption *now);

/* ---- shared by the files adopt_*.c ---- */

typedef struct {
    int order;
    const char *kind; /* "disk", "cdrom", "network" */
    guint met;        /* counted over all devices with a place */
} FctAdoptBoot;

typedef struct {
    FctAdoption *adoption;
    const FctAdoptHost *host;
    GStringChunk *texts; /* what attr and text give lives as long */
    GHashTable *told;    /* set of xmlNode* and xmlAttr*: described to people, with everything below them */
    GHashTable *read;    /* set of xmlNode* whose own text was described */
    GHashTable *titles;  /* xmlNode* → "Disk vda", of texts */
    GHashTable *pairs;   /* xmlNode* of a disk or NIC → that of the spec; NULL: it has none */
    GHashTable *said;    /* set of the sentences in `kept` and `lost`, which own them */
    guint unsaid;        /* more than anybody reads */
    gboolean q35, hyperv, spice;
    GHashTable *boot;     /* "disk", "cdrom", "network" → the lowest <boot order>, as GINT */
    GArray *places;       /* FctAdoptBoot: every <boot order> */
    GArray *disk_orders;  /* gint, one for each disk of the spec: its <boot order>, G_MAXINT without one */
    guint nics, consoles; /* met so far */
} FctAdoptReader;

/* "" when there is none. */
const char *fct_adopt_attr(FctAdoptReader *r, xmlNode *node, const char *name);
const char *fct_adopt_text(FctAdoptReader *r, xmlNode *node);
void fct_adopt_keep(FctAdoptReader *r, const char *format, ...) G_GNUC_PRINTF(2, 3);
void fct_adopt_lose(FctAdoptReader *r, const char *format, ...) G_GNUC_PRINTF(2, 3);
void fct_adopt_refuse(FctAdoptReader *r, const char *code, const char *next, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

/* Marks @node (NULL: nothing) and everything in it as described, or as not worth describing. */
void fct_adopt_told(FctAdoptReader *r, xmlNode *node);
/* The same only for these attributes of it; ends with NULL. */
void fct_adopt_told_attrs(FctAdoptReader *r, xmlNode *node, ...) G_GNUC_NULL_TERMINATED;
/* The same only for the text in it. */
void fct_adopt_told_text(FctAdoptReader *r, xmlNode *node);
gboolean fct_adopt_was_told(const FctAdoptReader *r, gconstpointer node_or_attr);

/* Every element below @node except those of @known (ends with NULL) is lost: "WHAT: the setting <x>". */
void fct_adopt_others(FctAdoptReader *r, xmlNode *node, const char *const *known, const char *what);
void fct_adopt_devices(FctAdoptReader *r, xmlNode *devices);
void fct_adopt_firmware(FctAdoptReader *r, xmlNode *os);
/* Title, description and metadata of other programs: kept as they are. */
void fct_adopt_words(FctAdoptReader *r, xmlNode *domain);
/* Everything that was not described and that Facet would not make again is lost. Call it after all readers. */
void fct_adopt_rest(FctAdoptReader *r, xmlNode *domain);
/*
 * Whether Facet need not make what stands at @path ("devices/disk/alias/@name") with @value, since libvirt makes it by
 * itself or it means nothing. @value NULL: an element, whose attributes and children still count.
 */
gboolean fct_adopt_is_harmless(const char *path, const char *value);
