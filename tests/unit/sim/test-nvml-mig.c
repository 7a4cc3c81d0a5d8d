/* SPDX-License-Identifier: Apache-2.0 */
/* MIG as an NVML client sees it: sections 1 to 7 of reference/nvidia/mig-semantics.md. */
#include "client.h"

#include <string.h>
#include <unistd.h>

#define ONE_CARD(card, extra)                                                                                          \
    "{ \"name\": \"one\", \"cpus\": 8, \"memory_mib\": 8192, \"driver\": \"580.95.05\", \"devices\": [{ \"card\": "    \
    "\"" card "\", \"address\": \"0000:01:00.0\"" extra " }] }"

static nvmlReturn_t set_mig(nvmlDevice_t gpu, unsigned mode, nvmlReturn_t *activation)
{
    return CALL(nvmlDeviceSetMigMode, (nvmlDevice_t, unsigned, nvmlReturn_t *), gpu, mode, activation);
}

static void assert_mode(nvmlDevice_t gpu, unsigned current, unsigned pending)
{
    unsigned c = 9, p = 9;
    assert_ok(CALL(nvmlDeviceGetMigMode, (nvmlDevice_t, unsigned *, unsigned *), gpu, &c, &p));
    g_assert_cmpuint(c, ==, current);
    g_assert_cmpuint(p, ==, pending);
}

static void add_process(unsigned gpu, uint32_t gi, uint32_t ci)
{
    FsimProc proc = {.pid = getpid(), .started = fsim_proc_started(getpid()), .memory = 1 << 30, .gi = gi, .ci = ci};
    g_assert_cmpint(fsim_proc_add(&client_state, gpu, &proc), ==, 0);
}

/* A100: a change resets the card, so it waits for a reset while anybody holds it, and outlives a reboot. */
static void test_mode_ampere(void)
{
    client_open("small");
    nvmlDevice_t gpu = gpu_at(0);
    nvmlReturn_t activation;
    assert_mode(gpu, 0, 0);
    add_process(0, FSIM_NO_INSTANCE, FSIM_NO_INSTANCE);
    /* Our own process does not count as another client; init does live, and is a client here. */
    FsimProc other = {.pid = 1, .gi = FSIM_NO_INSTANCE, .ci = FSIM_NO_INSTANCE};
    g_assert_cmpint(fsim_proc_add(&client_state, 0, &other), ==, 0);
    assert_ok(set_mig(gpu, 1, &activation));
    g_assert_cmpint(activation, ==, NVML_ERROR_IN_USE);
    assert_mode(gpu, 0, 1);
    g_assert_cmpint(fsim_gpu_reset(&client_state, 0), ==, 0);
    char name[96];
    g_assert_cmpint(CALL(nvmlDeviceGetName, (nvmlDevice_t, char *, unsigned), gpu, name, 96), ==,
                    NVML_ERROR_INVALID_ARGUMENT);
    gpu = gpu_at(0);
    assert_mode(gpu, 1, 1);
    assert_ok(make_gi(gpu, 19, -1, 0, NULL));
    g_assert_cmpint(fsim_reboot(&client_state), ==, 0);
    gpu = gpu_at(0);
    assert_mode(gpu, 1, 1);
    g_assert_cmpuint(capacity(gpu, 19), ==, 7);
    client_close();
}

/* Hopper: live at once, gone with the next boot. */
static void test_mode_hopper(void)
{
    client_open("hgx");
    nvmlDevice_t gpu = gpu_at(0);
    nvmlReturn_t activation;
    /* Another program that only has NVML open is not in the way here. */
    g_assert_cmpint(fsim_client_add(&client_state, 1, UINT32_MAX), >=, 0);
    assert_ok(set_mig(gpu, 1, &activation));
    assert_ok(activation);
    gpu = gpu_at(0);
    assert_mode(gpu, 1, 1);
    assert_ok(make_gi(gpu, 9, -1, 0, NULL));
    g_assert_cmpint(fsim_reboot(&client_state), ==, 0);
    assert_mode(gpu_at(0), 0, 0);
    client_close();
}

static void test_mode_refusals(void)
{
    client_open("small");
    nvmlReturn_t activation;
    g_assert_cmpint(set_mig(gpu_at(1), 1, &activation), ==, NVML_ERROR_NOT_SUPPORTED);
    g_assert_cmpint(set_mig(gpu_at(0), 2, &activation), ==, NVML_ERROR_INVALID_ARGUMENT);
    nvmlDevice_t gpu = mig_gpu_at(0);
    nvmlGpuInstance_t gi;
    assert_ok(make_gi(gpu, 19, -1, 0, &gi));
    g_assert_cmpint(set_mig(gpu, 0, &activation), ==, NVML_ERROR_IN_USE);
    assert_mode(gpu, 1, 1);
    assert_ok(destroy_gi(gi));
    assert_ok(set_mig(gpu, 0, &activation));
    assert_mode(gpu_at(0), 0, 0);
    g_assert_cmpint(fsim_gpu_set_vfs(&client_state, 0, 4), ==, 0);
    g_assert_cmpint(set_mig(gpu_at(0), 1, &activation), ==, NVML_ERROR_IN_USE);
    client_close();
}

/* With MIG off: which calls answer, and how. */
static void test_mig_off(void)
{
    client_open("small");
    nvmlDevice_t gpu = gpu_at(0), mig;
    nvmlGpuInstance_t gi[8];
    nvmlGpuInstanceProfileInfo_t info;
    unsigned n = 9;
    g_assert_cmpint(make_gi(gpu, 19, -1, 0, NULL), ==, NVML_ERROR_NOT_SUPPORTED);
    g_assert_cmpint(
        CALL(nvmlDeviceGetGpuInstances, (nvmlDevice_t, unsigned, nvmlGpuInstance_t *, unsigned *), gpu, 19, gi, &n), ==,
        NVML_ERROR_NOT_SUPPORTED);
    g_assert_cmpint(CALL(nvmlDeviceGetMigDeviceHandleByIndex, (nvmlDevice_t, unsigned, nvmlDevice_t *), gpu, 0, &mig),
                    ==, NVML_ERROR_NOT_SUPPORTED);
    assert_ok(CALL(nvmlDeviceGetMaxMigDeviceCount, (nvmlDevice_t, unsigned *), gpu, &n));
    g_assert_cmpuint(n, ==, 0);
    assert_ok(CALL(nvmlDeviceGetGpuInstanceProfileInfo, (nvmlDevice_t, unsigned, nvmlGpuInstanceProfileInfo_t *), gpu,
                   2, &info));
    g_assert_cmpuint(info.id, ==, 9);
    g_assert_cmpuint(info.memorySizeMB, ==, 40192);
    n = 0;
    assert_ok(CALL(nvmlDeviceGetGpuInstancePossiblePlacements_v2,
                   (nvmlDevice_t, unsigned, nvmlGpuInstancePlacement_t *, unsigned *), gpu, 14, NULL, &n));
    g_assert_cmpuint(n, ==, 3);
    client_close();
}

/* Enums from 0 up to the branch's end; holes are not supported. */
static void test_profiles(void)
{
    static const struct {
        const char *host;
        unsigned gpu, enums;
    } cases[] = {{"messy", 1, 10}, {"small", 0, 10}, {"lab", 4, 18}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        client_open(cases[i].host);
        nvmlDevice_t gpu = gpu_at(cases[i].gpu);
        nvmlGpuInstanceProfileInfo_v2_t v2;
        nvmlGpuInstanceProfileInfo_v3_t v3;
        unsigned value = 0, found = 0;
        for (;; value++) {
            v2.version = NVML_VERSION_WORD(v2, 2);
            v3.version = NVML_VERSION_WORD(v3, 3);
            nvmlReturn_t r =
                CALL(nvmlDeviceGetGpuInstanceProfileInfoV, (nvmlDevice_t, unsigned, void *), gpu, value, &v2);
            if (r == NVML_ERROR_INVALID_ARGUMENT)
                break;
            g_assert_cmpint(
                CALL(nvmlDeviceGetGpuInstanceProfileInfoV, (nvmlDevice_t, unsigned, void *), gpu, value, &v3), ==, r);
            if (r == NVML_ERROR_NOT_SUPPORTED)
                continue;
            assert_ok(r);
            found++;
            g_assert_cmpstr(v2.name, ==, v3.name);
            g_assert_cmpuint(v2.id, ==, v3.id);
            g_assert_cmpuint(v2.memorySizeMB, ==, v3.memorySizeMB);
            g_assert_cmpuint(v2.ofaCount, ==, v3.ofaCount);
            g_assert_cmpint(strstr(v3.name, "+gfx") != NULL, ==, v3.capabilities == 2);
        }
        g_assert_cmpuint(value, ==, cases[i].enums);
        g_assert_cmpuint(found, >=, 5);
        v2.version = 1;
        g_assert_cmpint(CALL(nvmlDeviceGetGpuInstanceProfileInfoV, (nvmlDevice_t, unsigned, void *), gpu, 0, &v2), ==,
                        NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
        client_close();
    }
}

/* The error table of section 6. */
static void test_errors(void)
{
    client_open("small");
    nvmlDevice_t gpu = mig_gpu_at(0), mig;
    nvmlGpuInstance_t gi, other, list[8];
    nvmlComputeInstance_t ci;
    unsigned n = 0;
    g_assert_cmpint(make_gi(gpu, 99, -1, 0, &gi), ==, NVML_ERROR_INVALID_ARGUMENT);
    g_assert_cmpint(make_gi(gpu, 9, 2, 4, &gi), ==, NVML_ERROR_INVALID_ARGUMENT);
    g_assert_cmpint(make_gi(gpu, 9, 4, 3, &gi), ==, NVML_ERROR_INVALID_ARGUMENT);
    assert_ok(make_gi(gpu, 5, -1, 0, &gi));
    g_assert_cmpint(make_gi(gpu, 9, 0, 4, NULL), ==, NVML_ERROR_INSUFFICIENT_RESOURCES);
    g_assert_cmpint(make_gi(gpu, 5, -1, 0, NULL), ==, NVML_ERROR_INSUFFICIENT_RESOURCES);
    g_assert_cmpint(CALL(nvmlDeviceGetGpuInstanceById, (nvmlDevice_t, unsigned, nvmlGpuInstance_t *), gpu, 6, &other),
                    ==, NVML_ERROR_NOT_FOUND);
    assert_ok(make_ci(gi, 3, &ci));
    g_assert_cmpint(make_ci(gi, 0, NULL), ==, NVML_ERROR_INSUFFICIENT_RESOURCES);
    g_assert_cmpint(destroy_gi(gi), ==, NVML_ERROR_IN_USE);
    add_process(0, gi_info(gi).id, 0);
    g_assert_cmpint(destroy_ci(ci), ==, NVML_ERROR_IN_USE);
    g_assert_cmpint(fsim_proc_remove(&client_state, getpid()), ==, 0);
    g_assert_cmpint(CALL(nvmlDeviceGetMigDeviceHandleByIndex, (nvmlDevice_t, unsigned, nvmlDevice_t *), gpu, 1, &mig),
                    ==, NVML_ERROR_NOT_FOUND);
    g_assert_cmpint(CALL(nvmlDeviceGetHandleByUUID, (const char *, nvmlDevice_t *),
                         "MIG-00000000-0000-5000-8000-000000000000", &mig),
                    ==, NVML_ERROR_NOT_FOUND);
    n = 1;
    nvmlGpuInstancePlacement_t places[8];
    g_assert_cmpint(CALL(nvmlDeviceGetGpuInstancePossiblePlacements_v2,
                         (nvmlDevice_t, unsigned, nvmlGpuInstancePlacement_t *, unsigned *), gpu, 19, places, &n),
                    ==, NVML_ERROR_INSUFFICIENT_SIZE);
    g_assert_cmpuint(n, ==, 7);

    FsimTxn txn;
    g_assert_cmpint(fsim_txn_begin(&client_state, &txn), ==, 0);
    txn.body->privilege = FSIM_PRIVILEGE_DENY;
    fsim_txn_commit(&txn);
    nvmlReturn_t activation;
    g_assert_cmpint(make_gi(gpu, 19, -1, 0, NULL), ==, NVML_ERROR_NO_PERMISSION);
    g_assert_cmpint(destroy_ci(ci), ==, NVML_ERROR_NO_PERMISSION);
    g_assert_cmpint(set_mig(gpu, 0, &activation), ==, NVML_ERROR_NO_PERMISSION);
    g_assert_cmpint(
        CALL(nvmlDeviceGetGpuInstances, (nvmlDevice_t, unsigned, nvmlGpuInstance_t *, unsigned *), gpu, 5, list, &n),
        ==, NVML_ERROR_NO_PERMISSION);
    g_assert_cmpint(CALL(nvmlDeviceGetGpuInstanceRemainingCapacity, (nvmlDevice_t, unsigned, unsigned *), gpu, 5, &n),
                    ==, NVML_ERROR_NO_PERMISSION);
    assert_ok(CALL(nvmlDeviceGetMigDeviceHandleByIndex, (nvmlDevice_t, unsigned, nvmlDevice_t *), gpu, 0, &mig));
    assert_mode(gpu, 1, 1);
    g_assert_cmpint(fsim_txn_begin(&client_state, &txn), ==, 0);
    txn.body->privilege = FSIM_PRIVILEGE_ROOT;
    fsim_txn_commit(&txn);

    assert_ok(destroy_ci(ci));
    g_assert_cmpint(destroy_ci(ci), ==, NVML_ERROR_INVALID_ARGUMENT);
    assert_ok(destroy_gi(gi));
    g_assert_cmpint(destroy_gi(gi), ==, NVML_ERROR_INVALID_ARGUMENT);
    client_close();
}

/* The same place again: same id, same UUID, another handle. Both wirings. */
static void test_wirings(void)
{
    client_open("lab");
    static const unsigned ids[2][3] = {{1, 11, 14}, {2, 7, 10}}; /* of 4g at 0; 1g at 4; unit 7 does not start a 1g */
    for (unsigned card = 0; card < 2; card++) {
        nvmlDevice_t gpu = mig_gpu_at(card), mig;
        nvmlGpuInstance_t four, one, again;
        char uuid[96], second[96];
        assert_ok(make_gi(gpu, 5, 0, 4, &four));
        assert_ok(make_gi(gpu, 19, 4, 1, &one));
        g_assert_cmpuint(gi_info(four).id, ==, ids[card][0]);
        g_assert_cmpuint(gi_info(one).id, ==, ids[card][1]);
        assert_ok(make_ci(one, 0, NULL));
        assert_ok(CALL(nvmlDeviceGetMigDeviceHandleByIndex, (nvmlDevice_t, unsigned, nvmlDevice_t *), gpu, 0, &mig));
        assert_ok(CALL(nvmlDeviceGetUUID, (nvmlDevice_t, char *, unsigned), mig, uuid, 96));
        nvmlComputeInstance_t ci;
        assert_ok(CALL(nvmlGpuInstanceGetComputeInstanceById, (nvmlGpuInstance_t, unsigned, nvmlComputeInstance_t *),
                       one, 0, &ci));
        assert_ok(destroy_ci(ci));
        assert_ok(destroy_gi(one));
        assert_ok(make_gi(gpu, 19, 4, 1, &again));
        g_assert_true(again != one);
        g_assert_cmpint(destroy_gi(one), ==, NVML_ERROR_INVALID_ARGUMENT);
        assert_ok(make_ci(again, 0, NULL));
        g_assert_cmpuint(gi_info(again).id, ==, ids[card][1]);
        assert_ok(CALL(nvmlDeviceGetMigDeviceHandleByIndex, (nvmlDevice_t, unsigned, nvmlDevice_t *), gpu, 0, &mig));
        assert_ok(CALL(nvmlDeviceGetUUID, (nvmlDevice_t, char *, unsigned), mig, second, 96));
        g_assert_cmpstr(uuid, ==, second);
    }
    client_close();
}

/* What works on the handle of a MIG device, and what does not. */
static void test_mig_device(void)
{
    client_open("small");
    nvmlDevice_t gpu = mig_gpu_at(0), mig, found, parent;
    nvmlGpuInstance_t gi;
    assert_ok(make_gi(gpu, 9, -1, 0, &gi));
    assert_ok(make_ci(gi, 0, NULL));
    assert_ok(make_ci(gi, 1, NULL));
    unsigned n, id;
    assert_ok(CALL(nvmlDeviceGetMaxMigDeviceCount, (nvmlDevice_t, unsigned *), gpu, &n));
    g_assert_cmpuint(n, ==, 7);
    assert_ok(CALL(nvmlDeviceGetMigDeviceHandleByIndex, (nvmlDevice_t, unsigned, nvmlDevice_t *), gpu, 0, &mig));
    char text[128];
    assert_ok(CALL(nvmlDeviceGetName, (nvmlDevice_t, char *, unsigned), mig, text, 96));
    g_assert_cmpstr(text, ==, "NVIDIA A100 80GB PCIe MIG 1c.3g.40gb");
    assert_ok(CALL(nvmlDeviceGetUUID, (nvmlDevice_t, char *, unsigned), mig, text, 96));
    assert_ok(CALL(nvmlDeviceGetHandleByUUID, (const char *, nvmlDevice_t *), text, &found));
    g_assert_true(found == mig);
    char parent_uuid[96];
    assert_ok(CALL(nvmlDeviceGetUUID, (nvmlDevice_t, char *, unsigned), gpu, parent_uuid, 96));
    g_autofree char *old_form = g_strdup_printf("MIG-%s/%u/0", parent_uuid, gi_info(gi).id);
    assert_ok(CALL(nvmlDeviceGetHandleByUUID, (const char *, nvmlDevice_t *), old_form, &found));
    g_assert_true(found == mig);
    assert_ok(CALL(nvmlDeviceIsMigDeviceHandle, (nvmlDevice_t, unsigned *), mig, &n));
    g_assert_cmpuint(n, ==, 1);
    assert_ok(CALL(nvmlDeviceGetGpuInstanceId, (nvmlDevice_t, unsigned *), mig, &id));
    g_assert_cmpuint(id, ==, gi_info(gi).id);
    assert_ok(CALL(nvmlDeviceGetDeviceHandleFromMigDeviceHandle, (nvmlDevice_t, nvmlDevice_t *), mig, &parent));
    g_assert_true(parent == gpu);
    nvmlMemory_v2_t memory = {.version = NVML_VERSION_WORD(memory, 2)};
    assert_ok(CALL(nvmlDeviceGetMemoryInfo_v2, (nvmlDevice_t, nvmlMemory_v2_t *), mig, &memory));
    g_assert_cmpuint(memory.total, ==, 40192ull << 20);
    nvmlDeviceAttributes_t a;
    assert_ok(CALL(nvmlDeviceGetAttributes_v2, (nvmlDevice_t, nvmlDeviceAttributes_t *), mig, &a));
    g_assert_cmpuint(a.multiprocessorCount, ==, 14);
    g_assert_cmpuint(a.gpuInstanceSliceCount, ==, 3);
    g_assert_cmpuint(a.computeInstanceSliceCount, ==, 1);
    unsigned long long errors;
    assert_ok(CALL(nvmlDeviceGetMemoryErrorCounter, (nvmlDevice_t, unsigned, unsigned, unsigned, unsigned long long *),
                   mig, 0, 0, 7, &errors));
    nvmlUtilization_t rates;
    g_assert_cmpint(CALL(nvmlDeviceGetUtilizationRates, (nvmlDevice_t, nvmlUtilization_t *), mig, &rates), ==,
                    NVML_ERROR_NOT_SUPPORTED);
    g_assert_cmpint(CALL(nvmlDeviceGetUtilizationRates, (nvmlDevice_t, nvmlUtilization_t *), gpu, &rates), ==,
                    NVML_ERROR_NOT_SUPPORTED);
    nvmlPciInfo_t pci = {0};
    assert_ok(CALL(nvmlDeviceGetPciInfo_v3, (nvmlDevice_t, nvmlPciInfo_t *), mig, &pci));
    g_assert_cmpstr(pci.busId, !=, ""); /* that of the card */
    g_assert_cmpint(CALL(nvmlDeviceGetSerial, (nvmlDevice_t, char *, unsigned), mig, text, 96), ==,
                    NVML_ERROR_NOT_SUPPORTED);
    unsigned mw;
    g_assert_cmpint(CALL(nvmlDeviceGetPowerUsage, (nvmlDevice_t, unsigned *), mig, &mw), ==, NVML_ERROR_NOT_SUPPORTED);
    assert_ok(CALL(nvmlDeviceGetPowerUsage, (nvmlDevice_t, unsigned *), gpu, &mw));

    /* A process shows on its own instance and on the card, not on the neighbour. */
    add_process(0, gi_info(gi).id, 1);
    nvmlProcessInfo_t infos[4];
    n = 4;
    assert_ok(
        CALL(nvmlDeviceGetComputeRunningProcesses_v3, (nvmlDevice_t, unsigned *, nvmlProcessInfo_t *), mig, &n, infos));
    g_assert_cmpuint(n, ==, 0);
    g_assert_cmpint(
        CALL(nvmlDeviceGetComputeRunningProcesses_v3, (nvmlDevice_t, unsigned *, nvmlProcessInfo_t *), gpu, &n, NULL),
        ==, NVML_ERROR_INSUFFICIENT_SIZE);
    g_assert_cmpuint(n, ==, 1);
    assert_ok(
        CALL(nvmlDeviceGetComputeRunningProcesses_v3, (nvmlDevice_t, unsigned *, nvmlProcessInfo_t *), gpu, &n, infos));
    g_assert_cmpuint(infos[0].pid, ==, (unsigned)getpid());
    g_assert_cmpuint(infos[0].computeInstanceId, ==, 1);
    client_close();
}

/* From Hopper on GPM tells the load of an instance; before, nothing does. */
static void test_gpm(void)
{
    client_open("hgx");
    nvmlDevice_t gpu = mig_gpu_at(1);
    nvmlGpuInstance_t gi;
    assert_ok(make_gi(gpu, 9, -1, 0, &gi));
    assert_ok(make_ci(gi, 2, NULL));
    FsimLoad load = {.mode = FSIM_LOAD_FIXED, .percent = 40};
    unsigned id = gi_info(gi).id;
    g_assert_cmpint(fsim_gpu_set_load(&client_state, 1, id, &load), ==, 0);
    nvmlGpmSupport_t support = {.version = 1};
    assert_ok(CALL(nvmlGpmQueryDeviceSupport, (nvmlDevice_t, nvmlGpmSupport_t *), gpu, &support));
    g_assert_cmpuint(support.isSupportedDevice, ==, 1);
    g_autofree nvmlGpmMetricsGet_t *get = g_new0(nvmlGpmMetricsGet_t, 1);
    get->version = 1;
    get->numMetrics = 2;
    get->metrics[0].metricId = 1;
    get->metrics[1].metricId = 10;
    assert_ok(CALL(nvmlGpmSampleAlloc, (nvmlGpmSample_t *), &get->sample1));
    assert_ok(CALL(nvmlGpmSampleAlloc, (nvmlGpmSample_t *), &get->sample2));
    assert_ok(CALL(nvmlGpmMigSampleGet, (nvmlDevice_t, unsigned, nvmlGpmSample_t), gpu, id, get->sample1));
    g_usleep(1000);
    assert_ok(CALL(nvmlGpmMigSampleGet, (nvmlDevice_t, unsigned, nvmlGpmSample_t), gpu, id, get->sample2));
    assert_ok(CALL(nvmlGpmMetricsGet, (nvmlGpmMetricsGet_t *), get));
    assert_ok(get->metrics[0].nvmlReturn);
    g_assert_cmpfloat_with_epsilon(get->metrics[0].value, 40, 0.01);
    g_assert_cmpint(CALL(nvmlGpmMigSampleGet, (nvmlDevice_t, unsigned, nvmlGpmSample_t), gpu, 6, get->sample2), ==,
                    NVML_ERROR_NOT_FOUND);
    assert_ok(CALL(nvmlGpmSampleFree, (nvmlGpmSample_t), get->sample1));
    assert_ok(CALL(nvmlGpmSampleFree, (nvmlGpmSample_t), get->sample2));
    client_close();

    client_open("small");
    gpu = gpu_at(0);
    assert_ok(CALL(nvmlGpmQueryDeviceSupport, (nvmlDevice_t, nvmlGpmSupport_t *), gpu, &support));
    g_assert_cmpuint(support.isSupportedDevice, ==, 0);
    client_close();
}

/* Compute instances: ids from 0 in each GPU instance, places in compute slices. */
static void test_compute_instances(void)
{
    client_open_json(ONE_CARD("A100-SXM4-40GB", ""));
    nvmlDevice_t gpu = mig_gpu_at(0);
    nvmlGpuInstance_t gi;
    assert_ok(make_gi(gpu, 0, -1, 0, &gi));
    unsigned n;
    static const unsigned most[] = {7, 3, 2, 1, 1}; /* what 1c, 2c, 3c, 4c, 7c number in a 7g */
    for (unsigned profile = 0; profile < 5; profile++) {
        assert_ok(CALL(nvmlGpuInstanceGetComputeInstanceRemainingCapacity, (nvmlGpuInstance_t, unsigned, unsigned *),
                       gi, profile, &n));
        g_assert_cmpuint(n, ==, most[profile]);
    }
    nvmlComputeInstance_t first, second;
    nvmlComputeInstanceInfo_t info;
    assert_ok(make_ci(gi, 0, &first));
    assert_ok(make_ci(gi, 0, &second));
    assert_ok(CALL(nvmlComputeInstanceGetInfo_v2, (nvmlComputeInstance_t, nvmlComputeInstanceInfo_t *), second, &info));
    g_assert_cmpuint(info.id, ==, 1);
    g_assert_cmpuint(info.placement.size, ==, 1);
    assert_ok(destroy_ci(first));
    assert_ok(make_ci(gi, 0, &first));
    assert_ok(CALL(nvmlComputeInstanceGetInfo_v2, (nvmlComputeInstance_t, nvmlComputeInstanceInfo_t *), first, &info));
    g_assert_cmpuint(info.id, ==, 0);
    nvmlComputeInstanceProfileInfo_v2_t profile = {.version = NVML_VERSION_WORD(profile, 2)};
    assert_ok(CALL(nvmlGpuInstanceGetComputeInstanceProfileInfoV,
                   (nvmlGpuInstance_t, unsigned, unsigned, nvmlComputeInstanceProfileInfo_v2_t *), gi, 2, 0, &profile));
    g_assert_cmpstr(profile.name, ==, "3c.7g.40gb");
    g_assert_cmpint(CALL(nvmlGpuInstanceGetComputeInstanceProfileInfoV,
                         (nvmlGpuInstance_t, unsigned, unsigned, nvmlComputeInstanceProfileInfo_v2_t *), gi, 99, 0,
                         &profile),
                    ==, NVML_ERROR_INVALID_ARGUMENT);
    client_close();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sim/nvml/mig/mode-ampere", test_mode_ampere);
    g_test_add_func("/sim/nvml/mig/mode-hopper", test_mode_hopper);
    g_test_add_func("/sim/nvml/mig/mode-refusals", test_mode_refusals);
    g_test_add_func("/sim/nvml/mig/off", test_mig_off);
    g_test_add_func("/sim/nvml/mig/profiles", test_profiles);
    g_test_add_func("/sim/nvml/mig/errors", test_errors);
    g_test_add_func("/sim/nvml/mig/wirings", test_wirings);
    g_test_add_func("/sim/nvml/mig/device", test_mig_device);
    g_test_add_func("/sim/nvml/mig/gpm", test_gpm);
    g_test_add_func("/sim/nvml/mig/compute-instances", test_compute_instances);
    return g_test_run();
}
