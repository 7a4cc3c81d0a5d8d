/* SPDX-License-Identifier: Apache-2.0 */
#include "model/part.h"

#include "model/codec.h"

static const char *const reservation_states[] = {"reserved", "in-use", "releasing", NULL};
static const char *const part_states[] = {"free", "reserved", "in-use", "releasing", "unavailable", NULL};

static const FctField part_fields[] = {
    FCT_FIELD(FctPart, id, STR),
    FCT_FIELD(FctPart, gpu, STR),
    FCT_FIELD(FctPart, gpu_name, STR),
    FCT_FIELD(FctPart, gpu_label, STR),
    FCT_FIELD(FctPart, profile, STR),
    FCT_FIELD(FctPart, profile_id, INT, .empty = -1),
    FCT_FIELD(FctPart, start, INT, .empty = -1),
    FCT_FIELD(FctPart, size, INT),
    FCT_FIELD(FctPart, units, INT),
    FCT_FIELD(FctPart, compute_slices, INT),
    FCT_FIELD(FctPart, memory_mib, INT),
    FCT_FIELD(FctPart, state, ENUM, .names = part_states),
    FCT_FIELD(FctPart, why, STR),
    FCT_FIELD(FctPart, not_whole, STR),
    FCT_FIELD(FctPart, holder_kind, STR),
    FCT_FIELD(FctPart, holder_id, STR),
    FCT_FIELD(FctPart, holder_name, STR),
    {0},
};
static const FctType part_type = {"part", sizeof(FctPart), part_fields, NULL};

static const FctField rules_fields[] = {
    FCT_FIELD(FctGroupRules, model, STR),
    FCT_FIELD(FctGroupRules, profile, STR),
    FCT_FIELD(FctGroupRules, mode, STR),
    FCT_FIELD(FctGroupRules, gpu, STR),
    {0},
};
static const FctType rules_type = {"rules", sizeof(FctGroupRules), rules_fields, NULL};

static const FctField group_fields[] = {
    FCT_FIELD(FctGroup, id, STR),
    FCT_FIELD(FctGroup, name, STR),
    FCT_FIELD(FctGroup, description, STR),
    FCT_FIELD(FctGroup, builtin, BOOL),
    FCT_FIELD(FctGroup, rules, STRUCT, .type = &rules_type),
    {0},
};
static const FctType group_type = {"resource group", sizeof(FctGroup), group_fields, NULL};

static const FctField device_fields[] = {
    FCT_FIELD(FctDevice, group, STR),
    FCT_FIELD(FctDevice, count, INT, .empty = 1),
    FCT_FIELD(FctDevice, optional, BOOL),
    {0},
};
const FctType fct_device_type = {"device", sizeof(FctDevice), device_fields, (GDestroyNotify)fct_device_free};

static const FctField reservation_fields[] = {
    FCT_FIELD(FctReservation, part, STR),
    FCT_FIELD(FctReservation, vm_id, STR),
    FCT_FIELD(FctReservation, vm_name, STR),
    FCT_FIELD(FctReservation, state, ENUM, .names = reservation_states),
    {0},
};
static const FctType reservation_type = {"reservation", sizeof(FctReservation), reservation_fields, NULL};

char *fct_part_id(const char *gpu, int start, int profile_id)
{
    return g_strdup_printf("%s.%d.%d", gpu, start, profile_id);
}

const char *fct_part_state_name(FctPartState state)
{
    return part_states[state];
}

FctPart *fct_part_new(void)
{
    return fct_type_new(&part_type);
}

FctGroup *fct_group_new(void)
{
    return fct_type_new(&group_type);
}

FctDevice *fct_device_new(void)
{
    return fct_type_new(&fct_device_type);
}

FctReservation *fct_reservation_new(const char *part, const char *vm_id, const char *vm_name, FctReservationState state)
{
    FctReservation *reservation = g_new(FctReservation, 1);
    *reservation = (FctReservation){g_strdup(part), g_strdup(vm_id), g_strdup(vm_name), state};
    return reservation;
}

void fct_part_free(FctPart *part)
{
    fct_type_free(&part_type, part);
}

void fct_group_free(FctGroup *group)
{
    fct_type_free(&group_type, group);
}

void fct_device_free(FctDevice *device)
{
    fct_type_free(&fct_device_type, device);
}

void fct_reservation_free(FctReservation *reservation)
{
    fct_type_free(&reservation_type, reservation);
}

json_t *fct_part_to_json(const FctPart *part)
{
    json_t *json = fct_type_to_json(&part_type, part);
    json_t *holder = *part->holder_kind ? json_object() : json_null();
    if (json_is_object(holder)) {
        json_object_set(holder, "kind", json_object_get(json, "holder_kind"));
        json_object_set(holder, "id", json_object_get(json, "holder_id"));
        json_object_set(holder, "name", json_object_get(json, "holder_name"));
    }
    json_object_del(json, "holder_kind");
    json_object_del(json, "holder_id");
    json_object_del(json, "holder_name");
    json_object_set_new(json, "holder", holder);
    return json;
}

json_t *fct_group_to_json(const FctGroup *group)
{
    json_t *json = fct_type_to_json(&group_type, group), *rules = json_object_get(json, "rules"), *value;
    const char *key;
    void *next;
    json_object_foreach_safe(rules, next, key, value) if (json_string_length(value) == 0) json_object_del(rules, key);
    return json;
}

FctGroup *fct_group_from_json(const json_t *json, GError **error)
{
    return fct_type_new_from_json(&group_type, json, error);
}

json_t *fct_device_to_json(const FctDevice *device)
{
    return fct_type_to_json(&fct_device_type, device);
}

FctDevice *fct_device_from_json(const json_t *json, GError **error)
{
    return fct_type_new_from_json(&fct_device_type, json, error);
}

json_t *fct_reservation_to_json(const FctReservation *reservation)
{
    return fct_type_to_json(&reservation_type, reservation);
}

FctReservation *fct_reservation_from_json(const json_t *json, GError **error)
{
    return fct_type_new_from_json(&reservation_type, json, error);
}
