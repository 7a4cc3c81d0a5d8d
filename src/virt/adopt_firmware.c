/* SPDX-License-Identifier: Apache-2.0 */
/* The firmware of a domain of others, and where that keeps what it remembers. */
#include "virt/adopt.h"

#include <string.h>

static const char *firmware_feature(FctAdoptReader *r, xmlNode *os, const char *name)
{
    xmlNode *firmware = fct_tree_child(os, "firmware");
    for (xmlNode *f = firmware ? firmware->children : NULL; f; f = f->next)
        if (fct_tree_is(f, "feature") && strcmp(fct_adopt_attr(r, f, "name"), name) == 0)
            return fct_adopt_attr(r, f, "enabled");
    return "";
}

/* libvirt picks the firmware by what is asked of it. */
static void firmware_read_features(FctAdoptReader *r, xmlNode *os)
{
    gboolean windows = strcmp(r->adoption->spec->os, "windows") == 0;
    const char *asked = firmware_feature(r, os, "secure-boot"), *keys = firmware_feature(r, os, "enrolled-keys");
    gboolean secure = strcmp(asked, "yes") == 0;
    if (secure && windows)
        fct_adopt_keep(r, "Secure Boot, when this host has a firmware for it");
    else if (secure)
        fct_adopt_lose(r, "Secure Boot: it starts without");
    else if (strcmp(keys, "yes") == 0)
        fct_adopt_lose(r, "Secure Boot: the keys that its firmware brings");
    if (secure && windows && strcmp(keys, "no") == 0)
        fct_adopt_lose(r, "Secure Boot: it gets the keys of Microsoft");
}

/* Told of, or, with a file that was chosen by them, no longer asked. */
static void told_features(FctAdoptReader *r, xmlNode *os)
{
    xmlNode *firmware = fct_tree_child(os, "firmware");
    for (xmlNode *f = firmware ? firmware->children : NULL; f; f = f->next) {
        const char *name = fct_adopt_attr(r, f, "name");
        if (fct_tree_is(f, "feature") && (strcmp(name, "secure-boot") == 0 || strcmp(name, "enrolled-keys") == 0))
            fct_adopt_told(r, f);
    }
}

static gboolean is_other_format(const char *format)
{
    return *format && strcmp(format, "raw") != 0;
}

/* A file that somebody chose, or libvirt when it was defined: the VM keeps it, and what belongs to it. */
static void read_own(FctAdoptReader *r, xmlNode *loader, xmlNode *nvram)
{
    FctVmSpec *spec = r->adoption->spec;
    const char *path = fct_adopt_text(r, loader);
    spec->loader_secure = spec->uefi && strcmp(fct_adopt_attr(r, loader, "secure"), "yes") == 0;
    fct_text_set(&spec->loader, path);
    fct_text_set(&spec->loader_type, spec->uefi ? "pflash" : "rom");
    if (spec->uefi)
        fct_text_set(&spec->nvram_template, fct_adopt_attr(r, nvram, "template"));
    fct_adopt_told_text(r, loader);
    fct_adopt_told_attrs(r, loader, "type", "readonly", spec->uefi ? "secure" : NULL, NULL);
    if (!g_path_is_absolute(path))
        fct_adopt_refuse(r, "firmware", "Manage it with the program that made it.",
                         "Its firmware is no file of this host (%s).", *path ? path : "none is named");
    else if (spec->uefi && strcmp(fct_adopt_attr(r, loader, "type"), "rom") == 0)
        fct_adopt_refuse(r, "firmware", "Manage it with the program that made it.",
                         "Its UEFI firmware %s is of a kind that remembers nothing.", path);
    else if (strcmp(fct_adopt_attr(r, loader, "readonly"), "no") == 0)
        fct_adopt_refuse(r, "firmware", "Give it UEFI variables in a file of their own first.",
                         "Its firmware writes into its own file %s.", path);
    else if (is_other_format(fct_adopt_attr(r, loader, "format")) ||
             is_other_format(fct_adopt_attr(r, nvram, "templateFormat")))
        fct_adopt_refuse(r, "firmware", "Manage it with the program that made it.",
                         "Its firmware is in a file that is not in the format raw.");
    else
        fct_adopt_keep(r, "Its firmware %s", path);
}

/* libvirt's older and its newer way to name the file. */
static const char *variables_of(FctAdoptReader *r, xmlNode *nvram)
{
    xmlNode *source = fct_tree_child(nvram, "source");
    const char *type = fct_adopt_attr(r, nvram, "type");
    if (!source)
        return fct_adopt_text(r, nvram);
    return *type && strcmp(type, "file") != 0 ? "" : fct_adopt_attr(r, source, "file");
}

static void read_variables(FctAdoptReader *r, xmlNode *nvram)
{
    FctVmSpec *spec = r->adoption->spec;
    g_autofree char *usual = g_strdup_printf(FCT_NVRAM, spec->name);
    g_autofree char *own = g_strdup_printf(FCT_NVRAM, spec->id);
    xmlNode *source = fct_tree_child(nvram, "source");
    const char *path = variables_of(r, nvram), *format = fct_adopt_attr(r, nvram, "format");
    gboolean named = *path || source;
    const char *type = fct_adopt_attr(r, nvram, "type");
    if (is_other_format(format))
        fct_adopt_refuse(r, "firmware", "Manage it with the program that made it.",
                         "Its UEFI variables are kept in the format %s.", format);
    else if ((*type && strcmp(type, "file") != 0) || (named && !g_path_is_absolute(path)) ||
             (source && source->children))
        fct_adopt_refuse(r, "firmware", "Move them into a file of this host first.",
                         "Its UEFI variables are not in a plain file of this host.");
    else if (named)
        fct_adopt_keep(r, "UEFI variables in %s", path);
    if (strcmp(path, own) != 0)
        fct_text_set(&spec->nvram, *path ? path : usual);
    fct_adopt_told_attrs(r, nvram, "type", "format", NULL);
    fct_adopt_told_text(r, nvram);
    if (source && source->properties && !source->properties->next) /* the file itself */
        fct_adopt_told(r, source);
}

void fct_adopt_firmware(FctAdoptReader *r, xmlNode *os)
{
    FctVmSpec *spec = r->adoption->spec;
    xmlNode *loader = fct_tree_child(os, "loader"), *nvram = fct_tree_child(os, "nvram");
    const char *firmware = fct_adopt_attr(r, os, "firmware");
    gboolean picked = strcmp(firmware, "efi") == 0;
    spec->uefi = picked || strcmp(fct_adopt_attr(r, loader, "type"), "pflash") == 0;
    if (strcmp(firmware, "bios") == 0) /* what Facet gives without a word */
        fct_adopt_told_attrs(r, os, "firmware", NULL);
    if (picked)
        fct_adopt_told_attrs(r, os, "firmware", NULL);
    if (loader)
        read_own(r, loader, nvram);
    told_features(r, os);
    if (!spec->uefi)
        return;
    fct_adopt_keep(r, "UEFI firmware");
    read_variables(r, nvram);
    if (!loader)
        firmware_read_features(r, os);
    else if (spec->loader_secure)
        fct_adopt_keep(r, "Secure Boot");
}
