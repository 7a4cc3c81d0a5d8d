/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates ("template/<id>"): recipes from which VMs are made, with their devices. What a template refers to may be
 * gone when it is used: the template shows that, and making a VM from it is refused. Any thread but the main one; waits
 * for the disk and libvirt.
 */
#pragma once
#include "app/api/api.h"

/* Templates as in the contract, with what forbids using them now. */
json_t *fct_templates_list(FctApp *app, GError **error);
json_t *fct_templates_get(FctApp *app, const char *id, GError **error);
/* @input: TemplateInput. @id NULL makes a new one. */
json_t *fct_templates_put(FctApp *app, const char *id, const json_t *input, guint64 revision, GError **error);
/* A new template with the settings and devices of a VM of ours, by id or name. */
json_t *fct_templates_from_vm(FctApp *app, const json_t *input, GError **error);
gboolean fct_templates_delete(FctApp *app, const char *id, guint64 revision, GError **error);

/*
 * The VmInput that is meant: @given itself, or, when it names a template, both together (model/template.h). *ret_id is
 * the template's id, "" without; free it. New reference.
 */
json_t *fct_templates_apply(FctApp *app, const json_t *given, char **ret_id, GError **error);
/* Reports a fault in a field that came from the template as the template's fault. Takes @fault over. */
void fct_templates_blame(FctApp *app, const char *id, const json_t *given, GError *fault, GError **error);
