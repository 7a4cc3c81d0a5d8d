/* SPDX-License-Identifier: Apache-2.0 */
/* The model's JSON decoders, as the helper, the store and the API use them: what was read is written and read again as
 * the same. */
#include "model/part.h"
#include "model/plan.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

#define ROUND_TRIP(Type, name)                                                                                         \
    static void try_##name(const json_t *json)                                                                         \
    {                                                                                                                  \
        g_autoptr(Type) first = fct_##name##_from_json(json, NULL);                                                    \
        if (!first)                                                                                                    \
            return;                                                                                                    \
        g_autoptr(json_t) once = fct_##name##_to_json(first);                                                          \
        g_autoptr(Type) second = fct_##name##_from_json(once, NULL);                                                   \
        g_assert_nonnull(second);                                                                                      \
        g_autoptr(json_t) twice = fct_##name##_to_json(second);                                                        \
        g_assert_true(json_equal(once, twice));                                                                        \
    }
ROUND_TRIP(FctInventory, inventory)
ROUND_TRIP(FctStep, step)
ROUND_TRIP(FctPlan, plan)
ROUND_TRIP(FctGroup, group)
ROUND_TRIP(FctDevice, device)
ROUND_TRIP(FctReservation, reservation)

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    static void (*const tries[])(const json_t *) = {try_inventory, try_step,   try_plan,
                                                    try_group,     try_device, try_reservation};
    g_autoptr(json_t) json = fct_json_parse((const char *)data, size, NULL);
    for (gsize i = 0; json && i < G_N_ELEMENTS(tries); i++)
        tries[i](json);
    return 0;
}
