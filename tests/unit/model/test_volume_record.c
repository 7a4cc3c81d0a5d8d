/* SPDX-License-Identifier: Apache-2.0 */
/* A record comes back from the store as it was stored, and a document that cannot be understood is no record. */
#include "base/text.h"
#include "model/volume_record.h"

static void test_round(void)
{
    static const FctRecordState states[] = {FCT_RECORD_READY, FCT_RECORD_MAKING, FCT_RECORD_UPLOADING};
    for (gsize i = 0; i < G_N_ELEMENTS(states); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(FctVolumeRecord) record = fct_volume_record_new("facet", "a.img", i ? "raw" : "qcow2");
        g_assert_cmpint(record->state, ==, FCT_RECORD_MAKING); /* it is not there yet */
        fct_text_set(&record->path, "/disks/a.img");
        fct_text_set(&record->backing, "nas:b.img");
        fct_text_set(&record->vm, "vm-1");
        fct_text_set(&record->task, "task-1");
        fct_text_set(&record->inode, "12 1700000000.000000001");
        record->seed = i == 1;
        record->state = states[i];
        record->revision = 7;
        g_autoptr(FctVolumeRecord) copy = fct_volume_record_copy(record);
        g_assert_cmpuint(copy->revision, ==, 7);
        g_autoptr(json_t) json = fct_volume_record_to_json(copy);
        g_autoptr(FctVolumeRecord) back = fct_volume_record_from_json(json, &error);
        g_assert_no_error(error);
        g_autoptr(json_t) again = fct_volume_record_to_json(back);
        g_assert_true(json_equal(json, again));
        g_assert_cmpstr(back->inode, ==, record->inode);
        g_assert_cmpuint(back->revision, ==, 0);
        g_autofree char *id = fct_volume_record_id(back);
        g_assert_cmpstr(id, ==, "facet:a.img");
    }
}

static void test_broken(void)
{
    static const char *const texts[] = {"{}",
                                        "{\"format\":\"raw\"}",
                                        "{\"state\":\"ready\"}",
                                        "{\"format\":\"vmdk\",\"state\":\"ready\"}",
                                        "{\"format\":\"raw\",\"state\":\"done\"}",
                                        "{\"format\":7,\"state\":\"ready\"}"};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(json_t) json = json_loads(texts[i], 0, NULL);
        g_assert_null(fct_volume_record_from_json(json, &error));
        g_assert_error(error, FCT_ERROR, FCT_ERROR_INTERNAL);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/volume-record/round", test_round);
    g_test_add_func("/volume-record/broken", test_broken);
    return g_test_run();
}
