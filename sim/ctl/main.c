/* SPDX-License-Identifier: Apache-2.0 */
/* facet-sim: makes, starts and disturbs a simulated NVIDIA host. */
#include "ctl/verbs.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#define DECLARE(verb) extern const FsimVerb fsim_verb_##verb;
FSIM_VERBS(DECLARE)

#define ENTRY(verb) &fsim_verb_##verb,
static const FsimVerb *const verbs[] = {FSIM_VERBS(ENTRY)};

gboolean fsim_verb_parse(const FsimVerb *verb, const GOptionEntry *entries, int *argc, char ***argv, int min, int max,
                         GError **error)
{
    g_autofree char *usage = g_strdup_printf("%s – %s", verb->arguments, verb->summary);
    g_autoptr(GOptionContext) context = g_option_context_new(usage);
    g_autofree char *name = g_strdup_printf("facet-sim %s", verb->name);
    g_set_prgname(name);
    g_option_context_set_strict_posix(context, FALSE);
    if (entries)
        g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, argc, argv, error)) {
        if (error && *error)
            (*error)->domain = FSIM_ERROR, (*error)->code = FSIM_ERROR_USAGE;
        return FALSE;
    }
    if (*argc - 1 >= min && *argc - 1 <= max)
        return TRUE;
    g_set_error(error, FSIM_ERROR, FSIM_ERROR_USAGE, "usage: facet-sim %s %s", verb->name, verb->arguments);
    return FALSE;
}

gboolean fsim_verb_open(const FsimContext *ctx, FsimHost **host, FsimState *st, GError **error)
{
    return fsim_host_open(ctx->sim_dir, host, st, error);
}

gboolean fsim_verb_check(int result, const char *what, GError **error)
{
    if (result >= 0)
        return TRUE;
    g_set_error(error, FSIM_ERROR, FSIM_ERROR_STATE, "%s: %s", what, g_strerror(-result));
    return FALSE;
}

int fsim_verb_gpu(const FsimState *st, const char *name, GError **error)
{
    const FsimFixed *fixed = &st->file->fixed;
    char *end;
    guint64 index = g_ascii_strtoull(name, &end, 10);
    if (*name && *end == '\0' && index < fixed->n_gpus)
        return (int)index;
    for (guint i = 0; i < fixed->n_gpus; i++) {
        const FsimGpuFixed *g = &fixed->gpus[i];
        if (g_ascii_strcasecmp(name, g->bus_id) == 0 || g_ascii_strcasecmp(name, g->bus_id + 5) == 0 ||
            g_ascii_strcasecmp(name, g->uuid) == 0 || strcmp(name, g->serial) == 0)
            return (int)i;
    }
    g_set_error(error, FSIM_ERROR, FSIM_ERROR_USAGE,
                "there is no GPU \"%s\"; give its index (0 to %u), PCI address, UUID or serial", name,
                fixed->n_gpus ? fixed->n_gpus - 1 : 0);
    return -1;
}

gboolean fsim_verb_target(const FsimState *st, const char *text, guint *gpu, guint32 *gi, guint32 *ci, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, "/", 3);
    int index = fsim_verb_gpu(st, parts[0] ? parts[0] : "", error);
    if (index < 0)
        return FALSE;
    *gpu = (guint)index;
    *gi = *ci = FSIM_NO_INSTANCE;
    guint32 *out[] = {gi, ci};
    for (int i = 0; i < 2 && parts[1] && (i == 0 || parts[2]); i++) {
        guint64 id;
        if (!g_ascii_string_to_unsigned(parts[1 + i], 10, 0, 255, &id, NULL)) {
            g_set_error(error, FSIM_ERROR, FSIM_ERROR_USAGE, "\"%s\": write GPU, GPU/GI or GPU/GI/CI with instance ids",
                        text);
            return FALSE;
        }
        *out[i] = (guint32)id;
    }
    return TRUE;
}

static void print_help(void)
{
    g_print(
        "Usage:\n  facet-sim [--sim-dir DIR] VERB …\n\nA simulated NVIDIA host: cards, MIG, NVML, sysfs.\n\nVerbs:\n");
    for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++)
        g_print("  %-10s %s\n", verbs[i]->name, verbs[i]->summary);
    g_print("\n  facet-sim VERB --help tells more about one.\n\n"
            "The host is the directory given by --sim-dir, else by FACET_SIM_DIR, else ./sim-host.\n");
}

/* Beside the program in the build tree, else where it was installed to. */
static char *data_dir(const char *program)
{
    const char *env = g_getenv("FACET_SIM_DATA");
    if (env)
        return g_strdup(env);
    g_autofree char *folder = g_path_get_dirname(program);
    g_autofree char *installed = g_build_filename(folder, "..", "share", "facet-sim", NULL);
    return g_strdup(g_file_test(installed, G_FILE_TEST_IS_DIR) ? installed : FSIM_DATA_DIR);
}

static char *library(const char *program)
{
    g_autofree char *folder = g_path_get_dirname(program);
    g_autofree char *built = g_build_filename(folder, "..", "nvml", "libnvidia-ml.so.1", NULL);
    if (g_file_test(built, G_FILE_TEST_EXISTS))
        return g_steal_pointer(&built);
    return g_build_filename(folder, "..", "lib", "facet-sim", "libnvidia-ml.so.1", NULL);
}

int main(int argc, char **argv)
{
    setlocale(LC_ALL, "");
    const char *sim_dir = g_getenv("FACET_SIM_DIR");
    int at = 1;
    if (argc > 2 && strcmp(argv[1], "--sim-dir") == 0) {
        sim_dir = argv[2];
        at = 3;
    }
    if (at >= argc || strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0) {
        print_help();
        return at >= argc ? 2 : 0;
    }
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    if (!program)
        program = g_strdup(argv[0]);
    g_autofree char *data = data_dir(program);
    g_autofree char *lib = library(program);
    const FsimContext ctx = {
        .program = program, .sim_dir = sim_dir ? sim_dir : "sim-host", .data_dir = data, .library = lib};
    for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++) {
        if (strcmp(argv[at], verbs[i]->name) != 0)
            continue;
        g_autoptr(GError) error = NULL;
        int status = verbs[i]->run(&ctx, argc - at, argv + at, &error);
        if (!error)
            return status;
        g_printerr("facet-sim: %s\n", error->message);
        return g_error_matches(error, FSIM_ERROR, FSIM_ERROR_USAGE) ? 2 : 1;
    }
    g_printerr("facet-sim: there is no verb \"%s\"; facet-sim --help lists them\n", argv[at]);
    return 2;
}
