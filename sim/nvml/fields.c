/* SPDX-License-Identifier: Apache-2.0 */
/* nvmlDeviceGetFieldValues: many readings in one call, each with a result of its own. */
#include "nvml/internal.h"

static nvmlReturn_t put_uint(nvmlFieldValue_t *v, unsigned value)
{
    v->valueType = NVML_VALUE_TYPE_UNSIGNED_INT;
    v->value.ullVal = 0;
    v->value.uiVal = value;
    return NVML_SUCCESS;
}

static nvmlReturn_t put_ull(nvmlFieldValue_t *v, unsigned long long value)
{
    v->valueType = NVML_VALUE_TYPE_UNSIGNED_LONG_LONG;
    v->value.ullVal = value;
    return NVML_SUCCESS;
}

static nvmlReturn_t ecc_field(const Dev *d, nvmlFieldValue_t *v)
{
    if (!d->card->ecc)
        return NVML_ERROR_NOT_SUPPORTED;
    switch (v->fieldId) {
    case 1:
        return put_uint(v, d->state->ecc_current);
    case 2:
        return put_uint(v, d->state->ecc_pending);
    case 3:
    case 5:
        return put_ull(v, d->state->ecc_corrected);
    case 4:
    case 6:
        return put_ull(v, d->state->ecc_uncorrected);
    default: /* remapped rows: 142 to 145 */
        return d->state->mig_current ? NVML_ERROR_NOT_SUPPORTED : put_uint(v, 0);
    }
}

/* The scope of a power field is the GPU, or a module of GPU and CPU (1), or the memory (2), which no card here tells.
 */
static nvmlReturn_t put_power(nvmlFieldValue_t *v, unsigned mw)
{
    return v->scopeId == 0 ? put_uint(v, mw) : NVML_ERROR_NOT_SUPPORTED;
}

/* Degrees that are left until something happens: Hopper and later count so. */
static nvmlReturn_t put_margin(const FsimCard *c, nvmlFieldValue_t *v, unsigned celsius)
{
    if (c->arch < FSIM_ARCH_HOPPER)
        return NVML_ERROR_NOT_SUPPORTED;
    v->valueType = NVML_VALUE_TYPE_SIGNED_INT;
    v->value.ullVal = 0;
    v->value.siVal = (int)c->temp_max - (int)celsius;
    return NVML_SUCCESS;
}

enum {
    LINK_SPEED_COMMON = 90,
    LINK_COUNT = 91,
    LINK_DATA_TX = 138, /* KiB; then RX, and both with overhead */
    LINK_RAW_RX = 141,
    LINK_REMOTE_ID = 146,
    LINK_REPLAYS = 161, /* then recoveries and CRC errors */
    LINK_CRC_ERRORS = 163,
    LINK_SPEED = 164,
    LINK_STATE = 165,
};

/* MB/s of one link and direction, by nvmlNvlinkVersion_t. */
static unsigned link_speed(unsigned version)
{
    enum { V3_0 = 4, V4_0 = 6, V5_0 = 7 };
    return version >= V5_0 ? 53125 : version >= V4_0 ? 26562 : version >= V3_0 ? 25000 : 25781;
}

/* The scope is the link. No traffic is simulated on them. */
static nvmlReturn_t link_field(const Dev *d, nvmlFieldValue_t *v)
{
    const FsimCard *c = d->card;
    bool up = nvml.fixed->n_nvswitches > 0;
    if (v->fieldId == LINK_COUNT)
        return put_uint(v, c->nvlinks);
    if (v->fieldId == LINK_SPEED_COMMON)
        return c->nvlinks ? put_uint(v, up ? link_speed(c->nvlink_version) : 0) : NVML_ERROR_NOT_SUPPORTED;
    if (v->scopeId >= c->nvlinks)
        return NVML_ERROR_NOT_SUPPORTED;
    switch (v->fieldId) {
    case LINK_STATE:
        return put_uint(v, up);
    case LINK_SPEED:
        return put_uint(v, up ? link_speed(c->nvlink_version) : 0);
    case LINK_REMOTE_ID:
        /* Every card has the same number of links to each switch. */
        return up ? put_uint(v, (d->gpu * c->nvlinks + v->scopeId) / nvml.fixed->n_nvswitches)
                  : NVML_ERROR_NOT_SUPPORTED;
    default:
        return put_ull(v, 0);
    }
}

static nvmlReturn_t field(const Dev *d, nvmlFieldValue_t *v)
{
    const FsimCard *c = d->card;
    switch (v->fieldId) {
    case 1 ... 6:
    case 142 ... 145:
        return ecc_field(d, v);
    case 82: /* memory temperature */
        return c->fans ? NVML_ERROR_NOT_SUPPORTED : put_uint(v, read_device(d).memory_temperature);
    case 83:
    case 191:
        return put_ull(v, fsim_load_energy(d->fixed, d->state, fsim_gpu_busy(d->state), fsim_now()));
    case LINK_SPEED_COMMON:
    case LINK_COUNT:
    case LINK_DATA_TX ... LINK_RAW_RX:
    case LINK_REMOTE_ID:
    case LINK_REPLAYS ... LINK_CRC_ERRORS:
    case LINK_SPEED:
    case LINK_STATE:
        return link_field(d, v);
    case 94: /* PCIe replays, and how often their count ran over */
    case 95:
        return put_uint(v, 0);
    case 147:
        return put_uint(v, nvml.fixed->n_nvswitches ? c->nvlinks : 0);
    case 184: /* a MIG mode change needs no reset */
        return c->mig.supported ? put_uint(v, !c->mig.needs_reset) : NVML_ERROR_NOT_SUPPORTED;
    case 185:
    case 186:
        return put_power(v, read_device(d).power_mw);
    case 187:
        return put_power(v, c->power_min);
    case 188:
        return put_power(v, c->power_max);
    case 189:
        return put_power(v, c->power_default);
    case 190: /* the limit in force, and the one asked for */
    case 192:
        return put_power(v, d->state->power_limit);
    case 193:
        return put_margin(c, v, c->temp_shutdown);
    case 194:
        return put_margin(c, v, c->temp_slowdown);
    case 196:
        return put_margin(c, v, c->temp_max);
    case 199: /* profiles answer with MIG off */
        return c->mig.supported ? put_uint(v, 1) : NVML_ERROR_NOT_SUPPORTED;
    case 230: /* recovery action: none */
        return put_uint(v, 0);
    default:
        return NVML_ERROR_NOT_SUPPORTED;
    }
}

NVML_ANY(nvmlDeviceGetFieldValues, (nvmlDevice_t device, int count, nvmlFieldValue_t *values), (device, count, values))
{
    NEED(values && count > 0);
    for (int i = 0; i < count; i++) {
        values[i].timestamp = fsim_now();
        values[i].latencyUsec = 0;
        values[i].nvmlReturn = d->gi ? NVML_ERROR_NOT_SUPPORTED : field(d, &values[i]);
    }
    return NVML_SUCCESS;
}
