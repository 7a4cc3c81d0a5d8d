/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/verbs.h"

#include <jansson.h>
#include <string.h>

extern const FsimVerb fsim_verb_list;

static const char *state_word(const FsimGpu *g)
{
    return g->lost ? "lost" : g->removed ? "removed" : *g->driver ? g->driver : "no driver";
}

static const char *mig_word(const FsimGpuFixed *f, const FsimGpu *g)
{
    if (!f->card.mig.supported)
        return "-";
    if (g->mig_current != g->mig_pending)
        return g->mig_pending ? "off (on at reset)" : "on (off at reset)";
    return g->mig_current ? "on" : "off";
}

static void print_gpu(const FsimState *st, const FsimBody *body, guint i)
{
    const FsimGpuFixed *f = &st->file->fixed.gpus[i];
    const FsimGpu *g = &body->gpus[i];
    g_print("%-3u %-13s %-44s %-10s %-8s %u\n", i, f->bus_id, f->card.name, state_word(g), mig_word(f, g),
            fsim_gpu_users(st, body, i, 0));
    for (guint k = 0; k < FSIM_MAX_GIS; k++) {
        const FsimGi *gi = &g->gis[k];
        if (!gi->used)
            continue;
        const FsimGiProfile *p = fsim_card_profile(&f->card, gi->profile);
        g_print("      GI %-2u %-16s units %u-%u\n", gi->id, p ? p->name : "?", gi->start, gi->start + gi->size - 1);
        for (guint c = 0; c < FSIM_MAX_CIS; c++)
            if (gi->cis[c].used)
                g_print("         CI %u slices %u-%u\n", gi->cis[c].id, gi->cis[c].start,
                        gi->cis[c].start + gi->cis[c].size - 1);
    }
}

static json_t *json_gpu(const FsimState *st, const FsimBody *body, guint i)
{
    const FsimGpuFixed *f = &st->file->fixed.gpus[i];
    const FsimGpu *g = &body->gpus[i];
    json_t *instances = json_array();
    for (guint k = 0; k < FSIM_MAX_GIS; k++) {
        const FsimGi *gi = &g->gis[k];
        if (!gi->used)
            continue;
        json_t *cis = json_array();
        for (guint c = 0; c < FSIM_MAX_CIS; c++)
            if (gi->cis[c].used)
                json_array_append_new(cis, json_pack("{sisisisi}", "id", gi->cis[c].id, "profile", gi->cis[c].profile,
                                                     "start", gi->cis[c].start, "size", gi->cis[c].size));
        json_array_append_new(instances, json_pack("{sisisisiso}", "id", gi->id, "profile", gi->profile, "start",
                                                   gi->start, "size", gi->size, "compute_instances", cis));
    }
    return json_pack("{sisssssssssssbsisisiso}", "index", i, "card", f->card.id, "name", f->card.name, "address",
                     f->bus_id, "uuid", f->uuid, "driver", g->driver, "lost", g->lost, "mig_current", g->mig_current,
                     "mig_pending", g->mig_pending, "users", fsim_gpu_users(st, body, i, 0), "gpu_instances",
                     instances);
}

static int run(const FsimContext *ctx, int argc, char **argv, GError **error)
{
    gboolean as_json = FALSE;
    const GOptionEntry entries[] = {{"json", 0, 0, G_OPTION_ARG_NONE, &as_json, "For programs", NULL}, {NULL}};
    if (!fsim_verb_parse(&fsim_verb_list, entries, &argc, &argv, 0, 0, error))
        return 2;
    FsimState st;
    if (!fsim_verb_open(ctx, NULL, &st, error))
        return 1;
    g_autofree FsimBody *body = g_new0(FsimBody, 1);
    fsim_state_read(&st, body);
    const FsimFixed *fixed = &st.file->fixed;
    if (as_json) {
        json_t *gpus = json_array();
        for (guint i = 0; i < fixed->n_gpus; i++)
            json_array_append_new(gpus, json_gpu(&st, body, i));
        json_t *all = json_pack("{sssssssIso}", "host", fixed->name, "driver", fixed->driver_version, "boot_id",
                                body->boot_id, "boots", (json_int_t)body->boots, "gpus", gpus);
        g_autofree char *text = json_dumps(all, JSON_INDENT(1));
        g_print("%s\n", text);
        json_decref(all);
    } else {
        g_print("%s, driver %s, boot %s\n%-3s %-13s %-44s %-10s %-8s %s\n", fixed->name, fixed->driver_version,
                body->boot_id, "GPU", "address", "card", "driver", "MIG", "users");
        for (guint i = 0; i < fixed->n_gpus; i++)
            print_gpu(&st, body, i);
    }
    fsim_state_close(&st);
    return 0;
}

const FsimVerb fsim_verb_list = {"list", "[--json]", "cards, their drivers, MIG instances and users", run};
