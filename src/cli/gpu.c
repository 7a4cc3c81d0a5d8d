/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

static char *gpu_path(const char *name)
{
    g_autofree char *segment = fct_client_segment(name);
    return g_strdup_printf("/gpus/%s", segment);
}

/* "3g.40gb, 2 × 1g.10gb" by place; "" on a card without instances. */
static char *layout_text(const json_t *mig)
{
    g_autoptr(GString) text = g_string_new(NULL);
    size_t i;
    json_t *instance;
    json_array_foreach (json_object_get(mig, "instances"), i, instance) {
        const char *not_whole = fct_json_str(instance, "not_whole", "");
        g_string_append_printf(text, "%s%s", i ? " + " : "", fct_json_str(instance, "profile", ""));
        if (*not_whole)
            g_string_append_printf(text, " (%s)", not_whole);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static int gpu_list(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    size_t i;
    json_t *gpu;
    if (!fct_client_call(cli->client, "GET", "/gpus", NULL, 0, &answer, &error))
        return fct_cli_fail(cli, error);
    if (cli->json) {
        fct_print_json(answer);
        return 0;
    }
    FctTable *table = fct_table_new("GPU", "NAME", "ADDRESS", "MODE", "STATE", "#BUSY", "#MEMORY", "LAYOUT", NULL);
    json_array_foreach (json_object_get(answer, "items"), i, gpu) {
        const json_t *readings = json_object_get(gpu, "readings");
        g_autofree char *index = g_strdup_printf("%d", (int)fct_json_int(gpu, "index", 0));
        g_autofree char *layout = layout_text(json_object_get(gpu, "mig"));
        fct_table_row(table, index, fct_json_str(gpu, "name", ""), fct_json_str(gpu, "address", ""),
                      fct_json_str(gpu, "mode", ""), fct_json_str(gpu, "state", ""),
                      fct_show_reading(json_object_get(readings, "gpu_percent"), " %"),
                      fct_show_mib(json_object_get(readings, "memory_total_mib")), layout, NULL);
    }
    fct_table_print(table);
    return 0;
}

static void show_facts(const json_t *gpu)
{
    const json_t *readings = json_object_get(gpu, "readings");
    const char *why = fct_json_str(readings, "why_not", "");
    printf("GPU %d  %s  ·  %s  ·  %s\n", (int)fct_json_int(gpu, "index", 0), fct_json_str(gpu, "name", ""),
           fct_json_str(gpu, "mode", ""), fct_json_str(gpu, "state", ""));
    if (*fct_json_str(gpu, "state_reason", ""))
        printf("  %s\n", fct_json_str(gpu, "state_reason", ""));
    if (*fct_json_str(gpu, "holders_unknown", ""))
        printf("  %s\n", fct_json_str(gpu, "holders_unknown", ""));
    printf("  busy %s%s%s%s  ·  %s  ·  %s  ·  memory %s of %s\n",
           fct_show_reading(json_object_get(readings, "gpu_percent"), " %"), *why ? " (" : "", why, *why ? ")" : "",
           fct_show_reading(json_object_get(readings, "power_w"), " W"),
           fct_show_reading(json_object_get(readings, "temperature_c"), " °C"),
           fct_show_mib(json_object_get(readings, "memory_used_mib")),
           fct_show_mib(json_object_get(readings, "memory_total_mib")));
    printf("  address %s  ·  IOMMU group %d  ·  NUMA node %d  ·  driver %s\n", fct_json_str(gpu, "address", ""),
           (int)fct_json_int(gpu, "iommu_group", -1), (int)fct_json_int(gpu, "numa_node", -1),
           fct_json_str(gpu, "driver", ""));
    printf("  uuid %s  ·  serial %s\n", fct_json_str(gpu, "uuid", ""), fct_json_str(gpu, "serial", ""));
}

static void show_drift(const json_t *gpu)
{
    size_t i;
    json_t *line;
    json_array_foreach (json_object_get(gpu, "drift"), i, line)
        printf("  differs from what is wanted: %s\n", json_string_value(line));
}

/* Instances that are not what the name of their profile says. */
static void show_not_whole(const json_t *mig)
{
    size_t i;
    json_t *instance;
    json_array_foreach (json_object_get(mig, "instances"), i, instance) {
        const char *not_whole = fct_json_str(instance, "not_whole", "");
        if (*not_whole)
            printf("  %s at slot %d is not whole: %s. To carve the card completes it.\n",
                   fct_json_str(instance, "profile", ""), (int)fct_json_int(instance, "start", 0), not_whole);
    }
}

static void show_mode(const json_t *mig, const char *name)
{
    gboolean on = fct_json_bool(mig, "current", FALSE), then = fct_json_bool(mig, "pending", FALSE);
    if (on != then)
        printf("  MIG is %s, and %s after the next reset of the card. Finish that now: facet gpu mig %s %s; or take it "
               "back: facet gpu mig %s %s\n",
               on ? "on" : "off", then ? "on" : "off", name, then ? "on" : "off", name, on ? "on" : "off");
    else if (!on)
        printf("  MIG is off. Turn it on with: facet gpu mig %s on\n", name);
}

/* What may begin where; --json has the dead choices too, each with its reason. */
static void show_fits(const json_t *mig)
{
    size_t i;
    json_t *fit;
    FctTable *table = fct_table_new("  MAY BEGIN", "#AT SLOT", "LEAVES ROOM FOR", NULL);
    gboolean any = FALSE;
    json_array_foreach (json_object_get(mig, "fits"), i, fit) {
        if (!fct_json_bool(fit, "ok", FALSE))
            continue;
        any = TRUE;
        g_autofree char *name = g_strdup_printf("  %s", fct_json_str(fit, "profile", ""));
        g_autofree char *slot = g_strdup_printf("%d", (int)fct_json_int(fit, "start", 0));
        fct_table_row(table, name, slot, fct_json_str(fit, "leaves", ""), NULL);
    }
    if (!any)
        fct_table_row(table, "  nothing more", "", "", NULL);
    fct_table_print(table);
}

static int gpu_show(FctCli *cli, const FctArgs *args)
{
    const char *name = fct_args_word(args, 0);
    g_autoptr(json_t) gpu = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *path = gpu_path(name);
    if (!fct_client_call(cli->client, "GET", path, NULL, 0, &gpu, &error))
        return fct_cli_fail(cli, error);
    if (cli->json) {
        fct_print_json(gpu);
        return 0;
    }
    const json_t *mig = json_object_get(gpu, "mig");
    show_facts(gpu);
    show_drift(gpu);
    if (g_str_equal(fct_json_str(gpu, "state", ""), "released"))
        printf("  Take it back with: facet gpu take %s\n", name);
    if (fct_json_bool(mig, "capable", FALSE))
        show_mode(mig, name);
    if (fct_json_bool(mig, "current", FALSE)) {
        fct_print_card((int)fct_json_int(mig, "units", 0), json_object_get(mig, "instances"),
                       json_object_get(mig, "stranded"));
        show_not_whole(mig);
        show_fits(mig);
    }
    return 0;
}

/*
 * "3g" means the plain profile of that many compute slices with the least memory; a full name means itself. The API
 * takes full names only, so that a program never depends on this.
 */
static const char *full_profile(const json_t *gpu, const char *text)
{
    size_t i;
    json_t *profile, *best = NULL;
    g_autofree char *prefix = g_strconcat(text, ".", NULL);
    json_array_foreach (json_object_get(json_object_get(gpu, "mig"), "profiles"), i, profile) {
        const char *name = fct_json_str(profile, "name", "");
        if (g_str_equal(name, text))
            return name;
        if (!g_str_has_prefix(name, prefix) || *fct_json_str(profile, "attributes", ""))
            continue;
        if (!best || fct_json_int(profile, "memory_mib", 0) < fct_json_int(best, "memory_mib", 0))
            best = profile;
    }
    return best ? fct_json_str(best, "name", text) : text;
}

/* PROFILE=COUNT, PROFILE (one of it), and A+B+C. */
static gboolean add_wanted(const json_t *gpu, const char *word, json_t *profiles)
{
    g_auto(GStrv) names = g_strsplit(word, "+", -1);
    const char *equals = strchr(word, '=');
    guint64 count = 1;
    if (equals) {
        g_autofree char *name = g_strndup(word, (gsize)(equals - word));
        if (!g_ascii_string_to_unsigned(equals + 1, 10, 0, 16, &count, NULL))
            return FALSE;
        const char *full = full_profile(gpu, name);
        json_object_set_new(profiles, full, json_integer(fct_json_int(profiles, full, 0) + (gint64)count));
        return TRUE;
    }
    /* "1g.10gb+me" is one profile, "3g+2g" are two: a whole name wins. */
    const char *whole = full_profile(gpu, word);
    if (whole != word || !strchr(word, '+')) {
        json_object_set_new(profiles, whole, json_integer(fct_json_int(profiles, whole, 0) + 1));
        return TRUE;
    }
    for (char **name = names; *name; name++) {
        const char *full = full_profile(gpu, *name);
        json_object_set_new(profiles, full, json_integer(fct_json_int(profiles, full, 0) + 1));
    }
    return TRUE;
}

/* PROFILE=1c+2c: how each instance of the profile is split. */
static gboolean add_split(const json_t *gpu, const char *word, json_t *compute)
{
    const char *equals = strchr(word, '=');
    if (!equals || equals == word || !equals[1])
        return FALSE;
    g_autofree char *name = g_strndup(word, (gsize)(equals - word));
    g_auto(GStrv) parts = g_strsplit(equals + 1, "+", -1);
    json_t *names = json_array();
    for (char **part = parts; *part; part++)
        json_array_append_new(names, json_string(*part));
    json_object_set_new(compute, full_profile(gpu, name), names);
    return TRUE;
}

static int gpu_carve(FctCli *cli, const FctArgs *args)
{
    char **splits = fct_args_list(args, "compute"), **wanted = fct_args_words(args, 1);
    if ((*wanted == NULL) != fct_args_flag(args, "empty"))
        return fct_cli_usage("gpu carve takes a GPU and what it shall hold, such as 3g.40gb=1 1g.10gb=2 (or --empty).");
    g_autoptr(json_t) gpu = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *path = gpu_path(fct_args_word(args, 0));
    if (!fct_client_call(cli->client, "GET", path, NULL, 0, &gpu, &error))
        return fct_cli_fail(cli, error);
    g_autoptr(json_t) profiles = json_object();
    for (; *wanted; wanted++)
        if (!add_wanted(gpu, *wanted, profiles))
            return fct_cli_usage("“%s” is not PROFILE=COUNT with a count from 0 to 16.", *wanted);
    g_autoptr(json_t) request =
        json_pack("{s:s, s:s, s:O}", "kind", "carve", "gpu", fct_json_str(gpu, "id", ""), "profiles", profiles);
    g_autoptr(json_t) compute = json_object();
    for (char **split = splits; split && *split; split++)
        if (!add_split(gpu, *split, compute))
            return fct_cli_usage("“%s” is not PROFILE=SPLIT, such as 3g.40gb=1c+2c.", *split);
    if (json_object_size(compute))
        json_object_set(request, "compute", compute);
    return fct_plan_run(cli, args, request);
}

static int gpu_hold(FctCli *cli, const FctArgs *args, gboolean hold)
{
    g_autoptr(json_t) gpu = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *one = gpu_path(fct_args_word(args, 0));
    g_autofree char *path = g_strconcat(one, hold ? "/take" : "/release", NULL);
    g_autoptr(json_t) body = json_object();
    if (!fct_client_call(cli->client, "POST", path, body, 0, &gpu, &error))
        return fct_cli_fail(cli, error);
    int index = (int)fct_json_int(gpu, "index", 0);
    if (cli->json)
        fct_print_json(gpu);
    else if (hold)
        printf("Facet has GPU %d again.\n", index);
    else
        printf(
            "Facet has let go of GPU %d; other programs may use and change it. Take it back with: facet gpu take %d\n",
            index, index);
    return 0;
}

static int gpu_release(FctCli *cli, const FctArgs *args)
{
    return gpu_hold(cli, args, FALSE);
}

static int gpu_take(FctCli *cli, const FctArgs *args)
{
    return gpu_hold(cli, args, TRUE);
}

static int gpu_mig(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) request = json_pack("{s:s, s:s, s:b}", "kind", "mig-mode", "gpu", fct_args_word(args, 0),
                                          "enabled", g_str_equal(fct_args_word(args, 1), "on"));
    return fct_plan_run(cli, args, request);
}

static const FctVerb verbs[] = {
    {"gpu list", "All cards", gpu_list},
    {"gpu show", "One card with its picture and what still fits", gpu_show, .operands = {{"GPU", FCT_KIND_GPU}}},
    {"gpu carve", "Cut a card into these MIG profiles", gpu_carve,
     .operands = {{"GPU", FCT_KIND_GPU}, {"PROFILE=COUNT", FCT_KIND_PROFILE, FCT_MANY}},
     .options = FCT_OPTIONS(FCT_OPTION_PLAN, FCT_OPTION_NO_WAIT, {"empty", .help = "Remove every instance"},
                            {"compute", .value = "PROFILE=1c+2c", .help = "Split each instance of a profile",
                             .kind = FCT_KIND_PROFILE, .many = TRUE}),
     .asks = FCT_ASKS_PLAN, .note = "Name the whole layout that the card shall have, or --empty.",
     .examples = {"facet gpu carve 0 3g=1 2g=1 1g=2 --plan", "facet gpu carve 0 3g+2g+1g+1g"}},
    {"gpu mig", "Turn MIG on or off", gpu_mig, .operands = {{"GPU", FCT_KIND_GPU}, {"on|off", FCT_KIND_CHOICE}},
     .options = FCT_OPTIONS(FCT_OPTION_PLAN, FCT_OPTION_NO_WAIT), .asks = FCT_ASKS_PLAN},
    {"gpu release", "Let go of a card, for nvidia-smi and the like", gpu_release, .operands = {{"GPU", FCT_KIND_GPU}}},
    {"gpu take", "Take a card back that was let go", gpu_take, .operands = {{"GPU", FCT_KIND_GPU}}},
    {NULL},
};
static const FctVerb *const tables[] = {verbs, NULL};
const FctNoun fct_noun_gpu = {"gpu", "cards, and how they are cut", tables};
