/* SPDX-License-Identifier: Apache-2.0 */
#include "host/nvml_card.h"

#include "host/mig_read.h"

NvDevice fct_card_mig_device(FctNvml *nvml, FctCard *card, int gi_id)
{
    guint32 count = 0;
    if (fct_nvml(nvml, mig_count, card->device, &count) != NV_SUCCESS)
        return NULL;
    for (guint32 i = 0; i < MIN(count, FCT_MIG_MAX); i++) {
        NvDevice device;
        guint32 id;
        if (fct_nvml(nvml, mig_handle, card->device, i, &device) == NV_SUCCESS &&
            fct_nvml(nvml, mig_gi_id, device, &id) == NV_SUCCESS && (int)id == gi_id)
            return device;
    }
    return NULL;
}
