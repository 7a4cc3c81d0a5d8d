/* SPDX-License-Identifier: Apache-2.0 */
/* A card keeps its number while the host runs (security.md S15). */
#include "host/helper_numbers.h"

#include "base/text.h"
#include "tree.h"

static FctInventory *host(const char *boot_id, const char *slots)
{
    FctInventory *inventory = fct_inventory_new();
    fct_text_set(&inventory->boot_id, boot_id);
    for (; *slots; slots++) {
        FctGpu *gpu = fct_gpu_new();
        fct_text_take(&gpu->id, g_strdup_printf("gpu-0000-%c1-00-0", *slots));
        g_ptr_array_add(inventory->gpus, gpu);
    }
    return inventory;
}

/* What the cards in these slots are called, given @known; *known becomes what is known then. */
static void expect(json_t **known, const char *boot_id, const char *slots, const char *numbers)
{
    g_autoptr(FctInventory) inventory = host(boot_id, slots);
    json_t *now = fct_numbers_give(inventory, *known);
    json_decref(*known);
    *known = now;
    for (guint i = 0; i < inventory->gpus->len; i++)
        g_assert_cmpint(((FctGpu *)inventory->gpus->pdata[i])->index, ==, numbers[i] - '0');
}

static void test_kept(void)
{
    json_t *known = NULL;
    expect(&known, "boot-1", "1468", "0123");
    expect(&known, "boot-1", "168", "023");     /* one is pulled out */
    expect(&known, "boot-1", "1268", "0423");   /* another one comes, elsewhere */
    expect(&known, "boot-1", "14268", "01423"); /* the first comes back */
    expect(&known, "boot-2", "1268", "0123");   /* the next boot counts anew */
    expect(&known, "boot-2", "", "");
    expect(&known, "boot-2", "8", "3");
    json_decref(known);
}

static void test_file(void)
{
    static const char *const damaged[] = {"",
                                          "[",
                                          "[]",
                                          "{\"boot_id\": \"boot-1\", \"of\": 3}",
                                          "{\"boot_id\": \"boot-1\", \"of\": {\"gpu-0000-11-00-0\": \"x\"}}",
                                          "{\"boot_id\": \"boot-1\", \"of\": {\"gpu-0000-11-00-0\": -4}}"};
    char *state = tree_new();
    json_t *known = NULL;
    expect(&known, "boot-1", "14", "01");
    expect(&known, "boot-1", "4", "1");
    FctNumbers *numbers = fct_numbers_load(state);
    fct_numbers_learn(numbers, known);
    fct_numbers_free(numbers);
    numbers = fct_numbers_load(state);
    g_assert_true(json_equal(fct_numbers_json(numbers), known));
    fct_numbers_free(numbers);
    json_decref(known);
    for (gsize i = 0; i < G_N_ELEMENTS(damaged); i++) {
        tree_write(state, "numbers.json", damaged[i], -1);
        numbers = fct_numbers_load(state);
        known = json_incref(fct_numbers_json(numbers));
        expect(&known, "boot-1", "14", "01");
        json_decref(known);
        fct_numbers_free(numbers);
    }
    tree_free(state);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/numbers/kept", test_kept);
    g_test_add_func("/numbers/file", test_file);
    return g_test_run();
}
