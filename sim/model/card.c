/* SPDX-License-Identifier: Apache-2.0 */
/* A card of the catalogue, from JSON. */
#include "model/parts.h"

#include <string.h>

static guint32 arch_of(FsimFields *f)
{
    static const struct {
        const char *name;
        FsimArch arch;
    } known[] = {{"turing", FSIM_ARCH_TURING},
                 {"ampere", FSIM_ARCH_AMPERE},
                 {"ada", FSIM_ARCH_ADA},
                 {"hopper", FSIM_ARCH_HOPPER},
                 {"blackwell", FSIM_ARCH_BLACKWELL}};
    const char *name = fsim_field_string(f, "architecture", NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].arch;
    fsim_fields_fail(f, "architecture", "must be turing, ampere, ada, hopper or blackwell, not \"%s\"", name);
    return FSIM_ARCH_AMPERE;
}

static void read_engines(FsimFields *f, FsimEngines *e)
{
    e->copy = (guint32)fsim_field_uint_or(f, "copy", 0, 64, 0);
    e->decoder = (guint32)fsim_field_uint_or(f, "decoders", 0, 64, 0);
    e->encoder = (guint32)fsim_field_uint_or(f, "encoders", 0, 64, 0);
    e->jpeg = (guint32)fsim_field_uint_or(f, "jpeg", 0, 64, 0);
    e->ofa = (guint32)fsim_field_uint_or(f, "ofa", 0, 64, 0);
}

static gboolean read_bars(FsimFields *card, FsimCard *out, GError **error)
{
    json_t *bars = fsim_field_array(card, "bars", TRUE);
    if (json_array_size(bars) > FSIM_MAX_BARS)
        fsim_fields_fail(card, "bars", "a device has at most %d", FSIM_MAX_BARS);
    else
        out->n_bars = fsim_bars_read(card, "bars", bars, out->bars, error);
    return !error || !*error;
}

guint fsim_bars_read(FsimFields *owner, const char *name, json_t *bars, FsimBar *out, GError **error)
{
    guint n = 0;
    size_t i;
    json_t *value;
    json_array_foreach (bars, i, value) {
        FsimFields f;
        g_autofree char *where = fsim_fields_path(owner, name, (gssize)i);
        fsim_fields_begin(&f, owner->file, where, value);
        FsimBar *bar = &out[n++];
        bar->index = (guint32)fsim_field_uint(&f, "index", 0, 5);
        bar->size = fsim_field_uint(&f, "size", 16, G_GUINT64_CONSTANT(1) << 42);
        bar->is64 = fsim_field_bool_or(&f, "bits64", TRUE);
        bar->prefetch = fsim_field_bool_or(&f, "prefetch", bar->is64);
        bar->io = fsim_field_bool_or(&f, "io", FALSE);
        if (bar->size & (bar->size - 1))
            fsim_fields_fail(&f, "size", "must be a power of two");
        if (!fsim_fields_end(&f, error))
            return 0;
    }
    return n;
}

static gboolean read_companions(FsimFields *card, FsimCard *out, GError **error)
{
    json_t *list = fsim_field_array(card, "companions", FALSE);
    if (json_array_size(list) > FSIM_MAX_COMPANIONS)
        fsim_fields_fail(card, "companions", "at most %d", FSIM_MAX_COMPANIONS);
    size_t i;
    json_t *value;
    json_array_foreach (list, i, value) {
        if (i >= FSIM_MAX_COMPANIONS)
            break;
        FsimFields f;
        g_autofree char *where = fsim_fields_path(card, "companions", (gssize)i);
        fsim_fields_begin(&f, card->file, where, value);
        FsimCompanion *c = &out->companions[out->n_companions++];
        c->function = (guint32)fsim_field_uint(&f, "function", 1, 7);
        c->vendor = (guint32)fsim_field_uint(&f, "vendor", 1, 0xfffe);
        c->device = (guint32)fsim_field_uint(&f, "device", 0, 0xfffe);
        c->pci_class = (guint32)fsim_field_uint(&f, "class", 0, 0xffffff);
        fsim_field_copy(&f, "driver", "", c->driver, sizeof c->driver);
        if (!fsim_fields_end(&f, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean read_ci_profiles(FsimFields *profile, FsimGiProfile *out, GError **error)
{
    json_t *list = fsim_field_array(profile, "compute_instances", TRUE);
    size_t i;
    json_t *value;
    json_array_foreach (list, i, value) {
        if (i >= FSIM_MAX_CI_PROFILES)
            break;
        FsimFields f;
        g_autofree char *where = fsim_fields_path(profile, "compute_instances", (gssize)i);
        fsim_fields_begin(&f, profile->file, where, value);
        FsimCiProfile *c = &out->ci[out->n_ci++];
        c->id = (guint32)fsim_field_uint(&f, "id", 0, 8);
        fsim_field_copy(&f, "name", NULL, c->name, sizeof c->name);
        c->slices = (guint32)fsim_field_uint(&f, "slices", 1, 8);
        c->max = (guint32)fsim_field_uint(&f, "max", 1, FSIM_MAX_CIS);
        c->sms = (guint32)fsim_field_uint(&f, "sms", 1, 1024);
        if (!fsim_fields_end(&f, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean read_profile(FsimFields *card, size_t i, json_t *value, FsimGiProfile *p, guint units, GError **error)
{
    FsimFields f;
    g_autofree char *where = fsim_fields_path(card, "mig.profiles", (gssize)i);
    fsim_fields_begin(&f, card->file, where, value);
    p->id = (guint32)fsim_field_uint(&f, "id", 0, 1023);
    p->value = (guint32)fsim_field_uint(&f, "value", 0, 63);
    fsim_field_copy(&f, "name", NULL, p->name, sizeof p->name);
    p->slices = (guint32)fsim_field_uint(&f, "slices", 1, 8);
    p->size = (guint32)fsim_field_uint(&f, "memory_units", 1, units);
    p->memory_mib = (guint32)fsim_field_uint(&f, "memory_mib", 1, G_MAXINT32);
    p->sms = (guint32)fsim_field_uint(&f, "sms", 1, 1024);
    p->max = (guint32)fsim_field_uint(&f, "max", 1, FSIM_MAX_GIS);
    p->graphics = fsim_field_bool_or(&f, "graphics", FALSE);
    read_engines(&f, &p->engines);
    json_t *starts = fsim_field_array(&f, "starts", TRUE);
    size_t s;
    json_t *start;
    json_array_foreach (starts, s, start) {
        if (s >= FSIM_MAX_STARTS || !json_is_integer(start) || json_integer_value(start) < 0 ||
            json_integer_value(start) >= units)
            fsim_fields_fail(&f, "starts", "must hold numbers below %u, at most %d of them", units, FSIM_MAX_STARTS);
        else
            p->starts[p->n_starts++] = (guint32)json_integer_value(start);
    }
    gboolean ok = read_ci_profiles(&f, p, error);
    return fsim_fields_end(&f, ok ? error : NULL) && ok;
}

static gboolean read_mig(FsimFields *card, FsimCard *out, GError **error)
{
    json_t *value = fsim_field_object(card, "mig", FALSE);
    if (!value)
        return TRUE;
    FsimFields f;
    g_autofree char *where = fsim_fields_path(card, "mig", -1);
    fsim_fields_begin(&f, card->file, where, value);
    FsimMigCaps *mig = &out->mig;
    mig->supported = 1;
    mig->slices = (guint32)fsim_field_uint(&f, "slices", 1, 8);
    mig->units = (guint32)fsim_field_uint(&f, "memory_units", 1, 32);
    mig->max_devices = (guint32)fsim_field_uint_or(&f, "max_devices", 1, 16, mig->slices);
    mig->needs_reset = fsim_field_bool_or(&f, "change_needs_reset", out->arch == FSIM_ARCH_AMPERE);
    mig->survives_reboot = fsim_field_bool_or(&f, "survives_reboot", out->arch == FSIM_ARCH_AMPERE);
    json_t *profiles = fsim_field_array(&f, "profiles", TRUE);
    size_t i;
    json_t *profile;
    json_array_foreach (profiles, i, profile) {
        if (i >= FSIM_MAX_GI_PROFILES) {
            fsim_fields_fail(&f, "profiles", "at most %d", FSIM_MAX_GI_PROFILES);
            break;
        }
        FsimGiProfile *p = &mig->profiles[mig->n_profiles++];
        if (!read_profile(card, i, profile, p, mig->units, error)) {
            fsim_fields_end(&f, NULL);
            return FALSE;
        }
        /* What all instances share is what the instance that takes the whole card has. */
        if (p->size == mig->units)
            mig->engines = p->engines;
    }
    if (mig->engines.copy == 0)
        fsim_fields_fail(&f, "profiles", "none takes the whole card (memory_units %u)", mig->units);
    return fsim_fields_end(&f, error);
}

static void read_numbers(FsimFields *f, FsimCard *c)
{
    c->memory_mib = (guint32)fsim_field_uint(f, "memory_mib", 1, G_MAXINT32);
    c->reserved_mib = (guint32)fsim_field_uint_or(f, "reserved_mib", 0, c->memory_mib, c->memory_mib / 128);
    c->memory_bus_bits = (guint32)fsim_field_uint(f, "memory_bus_bits", 32, 16384);
    c->cores = (guint32)fsim_field_uint(f, "cores", 1, 1000000);
    c->pcie_gen = (guint32)fsim_field_uint(f, "pcie_generation", 1, 7);
    c->pcie_width = (guint32)fsim_field_uint_or(f, "pcie_width", 1, 32, 16);
    c->power_idle = 1000 * (guint32)fsim_field_uint(f, "power_idle_w", 1, 3000);
    c->power_default = 1000 * (guint32)fsim_field_uint(f, "power_w", 1, 3000);
    c->power_min = 1000 * (guint32)fsim_field_uint(f, "power_min_w", 1, 3000);
    c->power_max = 1000 * (guint32)fsim_field_uint(f, "power_max_w", 1, 3000);
    c->clock_idle = (guint32)fsim_field_uint_or(f, "clock_idle_mhz", 1, 10000, 210);
    c->clock_base = (guint32)fsim_field_uint(f, "clock_base_mhz", 1, 10000);
    c->clock_max = (guint32)fsim_field_uint(f, "clock_max_mhz", 1, 10000);
    c->clock_memory = (guint32)fsim_field_uint(f, "clock_memory_mhz", 1, 30000);
    c->clock_memory_idle = (guint32)fsim_field_uint_or(f, "clock_memory_idle_mhz", 1, 30000, c->clock_memory);
    c->clock_video = (guint32)fsim_field_uint_or(f, "clock_video_mhz", 1, 10000, c->clock_max * 9 / 10);
    c->temp_idle = (guint32)fsim_field_uint_or(f, "temperature_idle", 1, 120, 32);
    c->temp_busy = (guint32)fsim_field_uint_or(f, "temperature_busy", 1, 120, 66);
    c->temp_slowdown = (guint32)fsim_field_uint_or(f, "temperature_slowdown", 1, 150, 89);
    c->temp_shutdown = (guint32)fsim_field_uint_or(f, "temperature_shutdown", 1, 150, 92);
    c->temp_max = (guint32)fsim_field_uint_or(f, "temperature_max", 1, 150, 85);
    c->temp_memory_max = (guint32)fsim_field_uint_or(f, "temperature_memory_max", 1, 150, 95);
    c->fans = (guint32)fsim_field_uint_or(f, "fans", 0, 8, 0);
    c->ecc = fsim_field_bool_or(f, "ecc", TRUE);
    c->nvlinks = (guint32)fsim_field_uint_or(f, "nvlinks", 0, 36, 0);
    c->nvlink_version = (guint32)fsim_field_uint_or(f, "nvlink_version", 0, 8, 0);
}

static void read_identity(FsimFields *f, FsimCard *c)
{
    fsim_field_copy(f, "name", NULL, c->name, sizeof c->name);
    fsim_field_copy(f, "chip", NULL, c->chip, sizeof c->chip);
    c->arch = arch_of(f);
    c->brand = (guint32)fsim_field_uint_or(f, "brand", 0, 17, 14); /* 14: "NVIDIA" */
    c->cc_major = (guint32)fsim_field_uint(f, "compute_major", 1, 99);
    c->cc_minor = (guint32)fsim_field_uint(f, "compute_minor", 0, 99);
    c->vendor = (guint32)fsim_field_uint_or(f, "vendor", 1, 0xfffe, 0x10de);
    c->device = (guint32)fsim_field_uint(f, "device", 0, 0xfffe);
    c->subvendor = (guint32)fsim_field_uint_or(f, "subvendor", 0, 0xfffe, c->vendor);
    c->subdevice = (guint32)fsim_field_uint(f, "subdevice", 0, 0xfffe);
    c->pci_class = (guint32)fsim_field_uint_or(f, "class", 0, 0xffffff, 0x030200);
    c->revision = (guint32)fsim_field_uint_or(f, "revision", 0, 255, 0xa1);
    fsim_field_copy(f, "reset_methods", "flr bus", c->reset_methods, sizeof c->reset_methods);
}

static gboolean read_sriov(FsimFields *card, FsimCard *out, GError **error)
{
    json_t *value = fsim_field_object(card, "sriov", FALSE);
    if (!value)
        return TRUE;
    FsimFields f;
    g_autofree char *where = fsim_fields_path(card, "sriov", -1);
    fsim_fields_begin(&f, card->file, where, value);
    out->vfs = (guint32)fsim_field_uint(&f, "vfs", 1, 256);
    out->vf_device = (guint32)fsim_field_uint_or(&f, "device", 0, 0xfffe, out->device);
    out->vf_offset = (guint32)fsim_field_uint_or(&f, "offset", 1, 255, 4);
    out->vf_stride = (guint32)fsim_field_uint_or(&f, "stride", 1, 255, 1);
    return fsim_fields_end(&f, error);
}

/* "mig/profiles/3g.40gb/sms": members by name, elements of a list by theirs. NULL when there is no such figure. */
static json_t *figure_at(json_t *json, const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    for (char **part = parts; json && *part; part++) {
        size_t i;
        json_t *element, *found = json_object_get(json, *part);
        json_array_foreach (json, i, element)
            if (g_strcmp0(json_string_value(json_object_get(element, "name")), *part) == 0)
                found = element;
        json = found;
    }
    return json;
}

/* What no source tells of the card and somebody made up is named; a name that names nothing would hide that. */
static void check_made_up(FsimFields *f)
{
    json_t *list = fsim_field_array(f, "made_up", FALSE);
    size_t i;
    json_t *name;
    json_array_foreach (list, i, name)
        if (!json_is_string(name) || !figure_at(f->object, json_string_value(name)))
            fsim_fields_fail(f, "made_up", "names \"%s\", which the card has not",
                             json_is_string(name) ? json_string_value(name) : "?");
}

gboolean fsim_card_parse(const char *file, const char *where, const char *id, json_t *json, FsimCard *card,
                         GError **error)
{
    memset(card, 0, sizeof *card);
    g_strlcpy(card->id, id, sizeof card->id);
    FsimFields f;
    fsim_fields_begin(&f, file, where, json);
    read_identity(&f, card);
    read_numbers(&f, card);
    check_made_up(&f);
    GError *inner = NULL;
    if (!(read_bars(&f, card, &inner) && read_companions(&f, card, &inner) && read_sriov(&f, card, &inner) &&
          read_mig(&f, card, &inner))) {
        fsim_fields_end(&f, NULL);
        g_propagate_error(error, inner);
        return FALSE;
    }
    return fsim_fields_end(&f, error);
}

json_t *fsim_card_file(const char *catalogue, const char *id, GError **error)
{
    g_autofree char *name = g_strdup_printf("%s.json", id);
    g_autofree char *path = g_build_filename(catalogue, name, NULL);
    json_error_t why;
    if (strchr(id, '/') || !g_file_test(path, G_FILE_TEST_EXISTS)) {
        g_set_error(error, FSIM_ERROR, FSIM_ERROR_FIELD, "there is no card \"%s\" in %s", id, catalogue);
        return NULL;
    }
    json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
    if (!json)
        g_set_error(error, FSIM_ERROR, FSIM_ERROR_FILE, "%s:%d: %s", path, why.line, why.text);
    return json;
}

gboolean fsim_card_load(const char *catalogue, const char *id, FsimCard *card, GError **error)
{
    g_autofree char *name = g_strdup_printf("%s.json", id);
    json_t *json = fsim_card_file(catalogue, id, error);
    if (!json)
        return FALSE;
    gboolean ok = fsim_card_parse(name, "", id, json, card, error);
    json_decref(json);
    return ok;
}
