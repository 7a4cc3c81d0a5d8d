/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <errno.h>
#include <glib/gstdio.h>

static char *config_path(void)
{
    const char *named = g_getenv("FACET_CONFIG");
    if (named && *named)
        return g_strdup(named);
    return g_build_filename(g_get_user_config_dir(), "facet", "config.json", NULL);
}

char *fct_config_dir(void)
{
    g_autofree char *path = config_path();
    return g_path_get_dirname(path);
}

json_t *fct_config_load(void)
{
    g_autofree char *path = config_path();
    json_t *config = json_load_file(path, 0, NULL);
    if (json_is_object(config))
        return config;
    json_decref(config);
    return json_object();
}

gboolean fct_config_save(const json_t *config, GError **error)
{
    g_autofree char *path = config_path();
    g_autofree char *dir = fct_config_dir();
    g_autofree char *text = fct_json_text(config);
    if (g_mkdir_with_parents(dir, 0700) != 0) {
        fct_set_error(error, FCT_ERROR_INTERNAL, "%s cannot be made: %s", dir, g_strerror(errno));
        return FALSE;
    }
    /* 0600: it holds an API token. */
    return g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}
