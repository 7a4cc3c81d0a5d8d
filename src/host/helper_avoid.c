/* SPDX-License-Identifier: Apache-2.0 */
#include "host/helper_avoid.h"

#include <glib/gstdio.h>
#include <string.h>

#define FIRST_PAUSE_US ((gint64)60 * G_USEC_PER_SEC)
#define LONGEST_PAUSE_US ((gint64)3600 * G_USEC_PER_SEC)

typedef struct {
    gint64 until_us, pause_us;
} Silence;

struct FctAvoid {
    char *path;
    char *boot_id;
    json_t *known;
    json_t *wedged;     /* {GPU id: {"reason","since_ms","card"}} */
    json_t *released;   /* {GPU id: {"since_ms","card"}} */
    GHashTable *silent; /* GPU id → Silence */
};

/* A member of the file, as an object. */
static json_t *load_cards(FctAvoid *avoid, const json_t *file, const char *member)
{
    json_t *cards = json_object_get(file, member), *entry;
    const char *gpu;
    if (!json_is_object(cards))
        return json_object();
    json_object_foreach (cards, gpu, entry)
        if (json_is_object(json_object_get(entry, "card")))
            json_object_set(avoid->known, gpu, json_object_get(entry, "card"));
    return json_deep_copy(cards);
}

FctAvoid *fct_avoid_load(const char *state_directory)
{
    FctAvoid *avoid = g_new0(FctAvoid, 1);
    g_autofree char *text = NULL;
    gsize length;
    avoid->path = g_build_filename(state_directory, "wedged.json", NULL);
    avoid->silent = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(json_t) json =
        g_file_get_contents(avoid->path, &text, &length, NULL) ? fct_json_parse(text, length, NULL) : NULL;
    avoid->boot_id = g_strdup(fct_json_str(json, "boot_id", ""));
    avoid->known = json_object();
    avoid->wedged = load_cards(avoid, json, "gpus");
    avoid->released = load_cards(avoid, json, "released");
    return avoid;
}

void fct_avoid_free(FctAvoid *avoid)
{
    json_decref(avoid->wedged);
    json_decref(avoid->released);
    json_decref(avoid->known);
    g_hash_table_unref(avoid->silent);
    g_free(avoid->path);
    g_free(avoid->boot_id);
    g_free(avoid);
}

static void avoid_save(const FctAvoid *avoid)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) json =
        json_pack("{s:s, s:O, s:O}", "boot_id", avoid->boot_id, "gpus", avoid->wedged, "released", avoid->released);
    g_autofree char *text = fct_json_text(json);
    if (!g_file_set_contents_full(avoid->path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                  0600, &error))
        g_warning("The list of cards to leave alone was not kept on disk: %s", error->message);
}

gboolean fct_avoid_set_boot(FctAvoid *avoid, const char *boot_id)
{
    if (strcmp(avoid->boot_id, boot_id) == 0)
        return FALSE;
    gboolean had = json_object_size(avoid->wedged) > 0 || json_object_size(avoid->released) > 0 ||
                   g_hash_table_size(avoid->silent) > 0;
    g_free(avoid->boot_id);
    avoid->boot_id = g_strdup(boot_id);
    json_object_clear(avoid->wedged);
    json_object_clear(avoid->released);
    g_hash_table_remove_all(avoid->silent);
    if (had)
        avoid_save(avoid);
    return had;
}

void fct_avoid_learn(FctAvoid *avoid, const json_t *cards)
{
    if (json_is_object(cards))
        json_object_update(avoid->known, (json_t *)cards);
}

json_t *fct_avoid_known(const FctAvoid *avoid)
{
    return avoid->known;
}

void fct_avoid_wedge(FctAvoid *avoid, const char *gpu, const char *reason)
{
    json_object_set_new(avoid->wedged, gpu,
                        json_pack("{s:s, s:I, s:O*}", "reason", reason, "since_ms",
                                  (json_int_t)(g_get_real_time() / 1000), "card", json_object_get(avoid->known, gpu)));
    g_warning("%s is left alone until the next restart of the host: %s", gpu, reason);
    avoid_save(avoid);
}

void fct_avoid_set_released(FctAvoid *avoid, const char *gpu, gboolean released)
{
    if (released == fct_avoid_is_released(avoid, gpu))
        return;
    if (released)
        json_object_set_new(avoid->released, gpu,
                            json_pack("{s:I, s:O*}", "since_ms", (json_int_t)(g_get_real_time() / 1000), "card",
                                      json_object_get(avoid->known, gpu)));
    else
        json_object_del(avoid->released, gpu);
    g_message("%s is %s.", gpu, released ? "let go for other programs" : "taken back");
    avoid_save(avoid);
}

gboolean fct_avoid_is_released(const FctAvoid *avoid, const char *gpu)
{
    return json_object_get(avoid->released, gpu) != NULL;
}

void fct_avoid_silent(FctAvoid *avoid, const char *gpu, gint64 now_us)
{
    Silence *silence = g_hash_table_lookup(avoid->silent, gpu);
    if (!silence) {
        silence = g_new0(Silence, 1);
        g_hash_table_insert(avoid->silent, g_strdup(gpu), silence);
    }
    silence->pause_us = silence->pause_us ? MIN(silence->pause_us * 2, LONGEST_PAUSE_US) : FIRST_PAUSE_US;
    silence->until_us = now_us + silence->pause_us;
    g_warning("%s does not answer; it is left alone for %" G_GINT64_FORMAT " s.", gpu,
              silence->pause_us / G_USEC_PER_SEC);
}

const char *fct_avoid_wedged_reason(const FctAvoid *avoid, const char *gpu)
{
    const json_t *entry = json_object_get(avoid->wedged, gpu);
    return entry ? fct_json_str(entry, "reason", "The card hung in an earlier step.") : NULL;
}

json_t *fct_avoid_to_json(const FctAvoid *avoid, gint64 now_us)
{
    json_t *json = json_object();
    const char *gpu;
    json_t *entry;
    GHashTableIter iter;
    gpointer key, value;
    g_hash_table_iter_init(&iter, avoid->silent);
    while (g_hash_table_iter_next(&iter, &key, &value))
        if (((Silence *)value)->until_us > now_us)
            json_object_set_new(json, key,
                                json_pack("{s:s, s:s}", "state", "lost", "reason",
                                          "The driver does not answer for this card. Facet tries again by itself."));
    json_object_foreach (avoid->released, gpu, entry)
        json_object_set_new(json, gpu,
                            json_pack("{s:s, s:s}", "state", "released", "reason",
                                      "Facet does not look at it until it is taken back, or the host restarts."));
    json_object_foreach (avoid->wedged, gpu, entry)
        json_object_set_new(json, gpu,
                            json_pack("{s:s, s:s}", "state", "wedged", "reason",
                                      fct_json_str(entry, "reason", "The card hung in an earlier step.")));
    return json;
}
