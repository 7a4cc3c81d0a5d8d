/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an adopted VM brought along for which Facet has no setting: its own firmware, the key of its TPM, metadata that
 * people and programs wrote into it. Facet puts it into every definition that it makes, so nothing is lost when the VM
 * is released.
 */
#include "app/domains/vm_doc.h"
#include "base/text.h"

#include <string.h>

#define SHOWN_MAX 400 /* characters of a description: the limit in the contract */

/* The texts one after the other; NULL past the last. */
static char **origin_text(FctVmSpec *spec, guint i, const char **ret_key)
{
    static const char *const keys[] = {"loader", "loader_type", "nvram_template", "tpm_secret", "metadata",
                                       "title",  "text"};
    char **texts[] = {&spec->loader, &spec->loader_type, &spec->nvram_template, &spec->tpm_secret, &spec->metadata,
                      &spec->title,  &spec->text};
    if (i >= G_N_ELEMENTS(keys))
        return NULL;
    *ret_key = keys[i];
    return texts[i];
}

/* A description, cut to the length that the contract allows. */
static char *shown_of(const FctVmSpec *spec)
{
    g_autofree char *valid = g_utf8_make_valid(*spec->text ? spec->text : spec->title, -1);
    g_strstrip(valid);
    if (g_utf8_strlen(valid, -1) <= SHOWN_MAX)
        return g_steal_pointer(&valid);
    g_autofree char *begin = g_utf8_substring(valid, 0, SHOWN_MAX - 1);
    return g_strconcat(begin, "…", NULL);
}

void fct_vm_origin_set(FctVm *vm, const FctVmSpec *adopted)
{
    const char *key;
    char **text;
    fct_text_take(&vm->description, shown_of(adopted));
    json_decref(vm->origin);
    vm->origin = json_pack("{s:b, s:s}", "loader_secure", adopted->loader_secure, "shown", vm->description);
    for (guint i = 0; (text = origin_text((FctVmSpec *)adopted, i, &key)); i++)
        json_object_set_new(vm->origin, key, json_string(*text));
}

void fct_vm_origin_put(const FctVm *vm, FctVmSpec *spec)
{
    const char *key;
    char **text;
    spec->loader_secure = fct_json_bool(vm->origin, "loader_secure", FALSE);
    for (guint i = 0; (text = origin_text(spec, i, &key)); i++)
        fct_text_set(text, fct_json_str(vm->origin, key, ""));
    /* A description that was cut for showing and not changed by anybody keeps its full length. */
    if (!json_is_object(vm->origin) || strcmp(vm->description, fct_json_str(vm->origin, "shown", "")) != 0)
        fct_text_set(&spec->text, vm->description);
}

void fct_vm_origin_copied(FctVm *vm)
{
    static const char *const said[] = {"metadata", "title", "text"};
    if (!json_is_object(vm->origin))
        return;
    for (guint i = 0; i < G_N_ELEMENTS(said); i++)
        json_object_set_new(vm->origin, said[i], json_string(""));
    json_object_set_new(vm->origin, "shown", json_null()); /* a clone has its own description */
}

char *fct_vm_origin_key(const char *id)
{
    return g_strconcat("vm-origin/", id, NULL);
}
