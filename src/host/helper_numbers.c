/* SPDX-License-Identifier: Apache-2.0 */
#include "host/helper_numbers.h"

#include <glib/gstdio.h>
#include <string.h>

struct FctNumbers {
    char *path;
    json_t *json;
};

static gboolean card_is_number(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) >= 0 && json_integer_value(value) < G_MAXINT;
}

FctNumbers *fct_numbers_load(const char *state_directory)
{
    FctNumbers *numbers = g_new0(FctNumbers, 1);
    g_autofree char *text = NULL;
    gsize length;
    numbers->path = g_build_filename(state_directory, "numbers.json", NULL);
    if (g_file_get_contents(numbers->path, &text, &length, NULL))
        numbers->json = fct_json_parse(text, length, NULL);
    if (!numbers->json)
        numbers->json = json_object();
    return numbers;
}

void fct_numbers_free(FctNumbers *numbers)
{
    json_decref(numbers->json);
    g_free(numbers->path);
    g_free(numbers);
}

json_t *fct_numbers_json(const FctNumbers *numbers)
{
    return numbers->json;
}

void fct_numbers_learn(FctNumbers *numbers, const json_t *seen)
{
    g_autoptr(GError) error = NULL;
    if (!json_is_object(seen) || json_equal(numbers->json, seen))
        return;
    json_decref(numbers->json);
    numbers->json = json_deep_copy(seen);
    g_autofree char *text = fct_json_text(seen);
    if (!g_file_set_contents_full(numbers->path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                  0600, &error))
        g_warning("The numbers of the cards were not kept on disk: %s", error->message);
}

json_t *fct_numbers_give(FctInventory *inventory, const json_t *known)
{
    gboolean same_boot = strcmp(fct_json_str(known, "boot_id", ""), inventory->boot_id) == 0;
    const json_t *old = same_boot ? json_object_get(known, "of") : NULL;
    json_t *of = json_object(), *value;
    const char *id;
    int next = 0;
    if (json_is_object(old))
        json_object_foreach ((json_t *)old, id, value) {
            if (!card_is_number(value))
                continue;
            json_object_set(of, id, value);
            next = MAX(next, (int)json_integer_value(value) + 1);
        }
    for (guint i = 0; i < inventory->gpus->len; i++) {
        FctGpu *gpu = inventory->gpus->pdata[i];
        if (!json_object_get(of, gpu->id))
            json_object_set_new(of, gpu->id, json_integer(next++));
        gpu->index = (int)fct_json_int(of, gpu->id, 0);
    }
    return json_pack("{s:s, s:o}", "boot_id", inventory->boot_id, "of", of);
}
