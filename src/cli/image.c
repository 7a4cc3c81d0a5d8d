/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <string.h>

static int image_list(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    size_t i;
    json_t *image;
    if (!fct_client_call(cli->client, "GET", "/images", NULL, 0, &answer, &error))
        return fct_cli_fail(cli, error);
    if (cli->json) {
        fct_print_json(answer);
        return 0;
    }
    FctTable *table = fct_table_new("IMAGE", "NAME", "FORMAT", "#SIZE", NULL);
    json_array_foreach (json_object_get(answer, "items"), i, image) {
        g_autoptr(json_t) mib = json_real((double)fct_json_int(image, "size_bytes", 0) / 1048576.0);
        fct_table_row(table, fct_json_str(image, "id", ""), fct_json_str(image, "name", ""),
                      fct_json_str(image, "format", ""), fct_show_mib(mib), NULL);
    }
    fct_table_print(table);
    return 0;
}

static int image_show(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    const char *name = fct_args_word(args, 0);
    size_t i;
    json_t *image;
    if (!fct_client_call(cli->client, "GET", "/images", NULL, 0, &answer, &error))
        return fct_cli_fail(cli, error);
    json_array_foreach (json_object_get(answer, "items"), i, image) {
        if (strcmp(fct_json_str(image, "id", ""), name) != 0 && strcmp(fct_json_str(image, "name", ""), name) != 0)
            continue;
        fct_cli_show(cli, image);
        return 0;
    }
    fct_set_error(&error, FCT_ERROR_NOT_FOUND, "There is no image “%s”.", name);
    return fct_cli_fail(cli, error);
}

static const FctVerb verbs[] = {
    {"image list", "Images that a VM can be made from", image_list},
    {"image show", "One image", image_show, .operands = {{"IMAGE", FCT_KIND_IMAGE}}},
    {NULL},
};
static const FctVerb *const tables[] = {verbs, NULL};
const FctNoun fct_noun_image = {"image", "images that VMs are made from", tables};
