/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates ("template/<id>"): recipes that VMs are made from, with their devices. What one refers to may be gone when
 * it is used: that is shown with it, and refused then. Any thread; waits for the disk and libvirt.
 */
#pragma once
#include "app/api/api.h"

/* As in the contract, with what stands against their use now. */
json_t *fct_templates_list(FctApp *app, GError **error);
json_t *fct_templates_get(FctApp *app, const char *id, GError **error);
/* @input: TemplateInput. @id NULL makes a new one. */
json_t *fct_templates_put(FctApp *app, const char *id, const json_t *input, guint64 revision, GError **error);
/* A new one with the settings and devices of a VM of ours, by id or name. */
json_t *fct_templates_from_vm(FctApp *app, const json_t *input, GError **error);
gboolean fct_templates_delete(FctApp *app, const char *id, guint64 revision, GError **error);

/*
 * The VmInput that is meant: @given itself, or, when it names a template, both together (model/template.h). *ret_id is
 * the template's id, "" without; free it. New reference.
 */
json_t *fct_templates_apply(FctApp *app, const json_t *given, char **ret_id, GError **error);
/* A fault in a field that the template gave, and not the caller, is told as the template's. Takes @fault over. */
void fct_templates_blame(FctApp *app, const char *id, const json_t *given, GError *fault, GError **error);
