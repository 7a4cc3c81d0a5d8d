/* SPDX-License-Identifier: Apache-2.0 */
/* The NVML stand-in apart from MIG: loading, identity, lost cards, personality, faults, readings. */
#include "client.h"

#include "model/load.h"

#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static unsigned count(void)
{
    unsigned n = 99;
    assert_ok(CALL(nvmlDeviceGetCount_v2, (unsigned *), &n));
    return n;
}

static nvmlReturn_t name_of(nvmlDevice_t gpu)
{
    char name[96];
    return CALL(nvmlDeviceGetName, (nvmlDevice_t, char *, unsigned), gpu, name, 96);
}

/* Every public name can be resolved; what nobody implements answers like the rest of the library. */
static void test_names(void)
{
    client_open("small");
    g_autofree char *file = g_build_filename(g_getenv("FSIM_SOURCE"), "nvml", "names.txt", NULL);
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    unsigned n = 0;
    for (char **l = lines; *l; l++)
        if (**l && **l != '#') {
            *strchr(*l, ' ') = '\0';
            g_assert_nonnull(client_symbol(*l));
            n++;
        }
    g_assert_cmpuint(n, ==, 416 + 1); /* the public ones, and the one that nvidia-smi wants */
    nvmlDevice_t gpu = gpu_at(0);
    g_assert_cmpint(CALL(nvmlDeviceGetSupportedVgpus, (nvmlDevice_t, unsigned *, unsigned *), gpu, &n, NULL), ==,
                    NVML_ERROR_NOT_SUPPORTED);
    assert_ok(CALL(nvmlShutdown, (void)));
    g_assert_cmpint(CALL(nvmlDeviceGetSupportedVgpus, (nvmlDevice_t, unsigned *, unsigned *), gpu, &n, NULL), ==,
                    NVML_ERROR_UNINITIALIZED);
    g_assert_cmpstr(((const char *(*)(nvmlReturn_t))client_symbol("nvmlErrorString"))(23), ==,
                    "Insufficient Resources");
    char version[80];
    assert_ok(CALL(nvmlSystemGetNVMLVersion, (char *, unsigned), version, 80));
    g_assert_cmpstr(version, ==, "12.550.163.01");
    client_close();
}

/* NVIDIA's tools ask for internal functions before all else; they get a table of refusals that tells its size. */
static void test_export_table(void)
{
    static const unsigned char id[16] = {0};
    const void *table = NULL;
    client_open("small");
    assert_ok(CALL(nvmlShutdown, (void)));
    assert_ok(CALL(nvmlInternalGetExportTable, (const void **, const void *), &table, id));
    size_t words = *(const size_t *)table / sizeof(void *);
    g_assert_cmpuint(words, >, 256);
    for (size_t i = 1; i < words; i++) {
        nvmlReturn_t (*function)(nvmlDevice_t, unsigned *) =
            ((nvmlReturn_t(*const *)(nvmlDevice_t, unsigned *))table)[i];
        unsigned out = 77;
        g_assert_cmpint(function(NULL, &out), ==, NVML_ERROR_NOT_SUPPORTED);
        g_assert_cmpuint(out, ==, 77);
    }
    g_assert_cmpint(CALL(nvmlInternalGetExportTable, (const void **, const void *), NULL, id), ==,
                    NVML_ERROR_INVALID_ARGUMENT);
    g_assert_cmpint(CALL(nvmlInternalGetExportTable, (const void **, const void *), &table, NULL), ==,
                    NVML_ERROR_INVALID_ARGUMENT);
    assert_ok(CALL(nvmlInit_v2, (void)));
    client_close();
}

static nvmlReturn_t field(unsigned gpu, unsigned id, unsigned scope, nvmlFieldValue_t *out)
{
    *out = (nvmlFieldValue_t){.fieldId = id, .scopeId = scope};
    assert_ok(CALL(nvmlDeviceGetFieldValues, (nvmlDevice_t, int, nvmlFieldValue_t *), gpu_at(gpu), 1, out));
    return out->nvmlReturn;
}

/* What nvidia-smi -q and -pl ask for besides the well-known calls. */
static void test_nvidia_smi(void)
{
    enum { A100, H100, REQUESTED = 192, SHUTDOWN_MARGIN = 193, MAX_MARGIN = 196, MODULE = 1 };
    client_open_json(
        "{\"name\":\"x\",\"dmi\":{\"vendor\":\"simulated\",\"product\":\"x\"},\"cpus\":2,\"memory_mib\":4096,"
        "\"devices\":[{\"card\":\"A100-PCIE-80GB\",\"address\":\"0000:01:00.0\"},"
        "{\"card\":\"H100-PCIE-80GB\",\"address\":\"0000:02:00.0\"}]}");
    nvmlDevice_t gpu = gpu_at(A100);
    nvmlFieldValue_t value;
    unsigned state = 99, count = 99;
    unsigned long long reasons = 0;
    /* HBM keeps its clock, so these cards idle in P0. */
    assert_ok(CALL(nvmlDeviceGetPerformanceState, (nvmlDevice_t, unsigned *), gpu, &state));
    assert_ok(CALL(nvmlDeviceGetCurrentClocksThrottleReasons, (nvmlDevice_t, unsigned long long *), gpu, &reasons));
    g_assert_cmpuint(state, ==, 0);
    g_assert_cmpuint(reasons, ==, 1);
    nvmlPowerValue_v2_t limit = {.version = sizeof limit | 2 << 24, .powerValueMw = 200000};
    assert_ok(CALL(nvmlDeviceSetPowerManagementLimit_v2, (nvmlDevice_t, nvmlPowerValue_v2_t *), gpu, &limit));
    assert_ok(field(A100, REQUESTED, 0, &value));
    g_assert_cmpuint(value.value.uiVal, ==, 200000);
    g_assert_cmpint(field(A100, REQUESTED, MODULE, &value), ==, NVML_ERROR_NOT_SUPPORTED);
    limit.powerScope = MODULE;
    g_assert_cmpint(CALL(nvmlDeviceSetPowerManagementLimit_v2, (nvmlDevice_t, nvmlPowerValue_v2_t *), gpu, &limit), ==,
                    NVML_ERROR_NOT_SUPPORTED);
    g_assert_cmpint(field(A100, MAX_MARGIN, 0, &value), ==, NVML_ERROR_NOT_SUPPORTED);
    assert_ok(field(H100, MAX_MARGIN, 0, &value));
    g_assert_cmpint(value.value.siVal, ==, 0);
    assert_ok(field(H100, SHUTDOWN_MARGIN, 0, &value));
    g_assert_cmpint(value.value.siVal, <, 0);
    nvmlEccSramErrorStatus_v1_t sram = {.version = sizeof sram | 1 << 24, .volatileCor = 5};
    assert_ok(CALL(nvmlDeviceGetSramEccErrorStatus, (nvmlDevice_t, nvmlEccSramErrorStatus_v1_t *), gpu, &sram));
    g_assert_cmpuint(sram.volatileCor, ==, 0);
    sram.version = 1;
    g_assert_cmpint(CALL(nvmlDeviceGetSramEccErrorStatus, (nvmlDevice_t, nvmlEccSramErrorStatus_v1_t *), gpu, &sram),
                    ==, NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
    assert_ok(CALL(nvmlDeviceGetFBCSessions, (nvmlDevice_t, unsigned *, void *), gpu, &count, NULL));
    g_assert_cmpuint(count, ==, 0);
    assert_ok(CALL(nvmlDeviceGetPcieSpeed, (nvmlDevice_t, unsigned *), gpu, &count));
    g_assert_cmpuint(count, ==, 16000);
    client_close();
}

/* Counted: the last shutdown counts. Without a state there is no driver. */
static void test_init(void)
{
    client_open("small");
    assert_ok(CALL(nvmlInit_v2, (void)));
    assert_ok(CALL(nvmlShutdown, (void)));
    g_assert_cmpuint(count(), ==, 2);
    assert_ok(CALL(nvmlShutdown, (void)));
    unsigned n;
    g_assert_cmpint(CALL(nvmlDeviceGetCount_v2, (unsigned *), &n), ==, NVML_ERROR_UNINITIALIZED);
    g_autofree char *state = g_build_filename(client_dir(), "state.bin", NULL);
    g_assert_cmpint(remove(state), ==, 0);
    g_assert_cmpint(CALL(nvmlInit_v2, (void)), ==, NVML_ERROR_DRIVER_NOT_LOADED);
    client_close();
}

static void test_identity(void)
{
    client_open("lab");
    g_assert_cmpuint(count(), ==, 5);
    for (unsigned i = 0; i < 5; i++) {
        nvmlDevice_t gpu = gpu_at(i), found;
        char uuid[96], serial[30];
        nvmlPciInfo_t pci;
        unsigned index;
        assert_ok(CALL(nvmlDeviceGetUUID, (nvmlDevice_t, char *, unsigned), gpu, uuid, 96));
        assert_ok(CALL(nvmlDeviceGetHandleByUUID, (const char *, nvmlDevice_t *), uuid, &found));
        g_assert_true(found == gpu);
        assert_ok(CALL(nvmlDeviceGetSerial, (nvmlDevice_t, char *, unsigned), gpu, serial, 30));
        assert_ok(CALL(nvmlDeviceGetHandleBySerial, (const char *, nvmlDevice_t *), serial, &found));
        g_assert_true(found == gpu);
        assert_ok(CALL(nvmlDeviceGetPciInfo_v3, (nvmlDevice_t, nvmlPciInfo_t *), gpu, &pci));
        assert_ok(CALL(nvmlDeviceGetHandleByPciBusId_v2, (const char *, nvmlDevice_t *), pci.busId, &found));
        g_assert_true(found == gpu);
        assert_ok(CALL(nvmlDeviceGetHandleByPciBusId_v2, (const char *, nvmlDevice_t *), pci.busIdLegacy, &found));
        g_assert_true(found == gpu);
        assert_ok(CALL(nvmlDeviceGetIndex, (nvmlDevice_t, unsigned *), gpu, &index));
        g_assert_cmpuint(index, ==, i);
    }
    char text[8];
    g_assert_cmpint(CALL(nvmlDeviceGetName, (nvmlDevice_t, char *, unsigned), gpu_at(0), text, 8), ==,
                    NVML_ERROR_INSUFFICIENT_SIZE);
    nvmlDevice_t none;
    g_assert_cmpint(CALL(nvmlDeviceGetHandleByPciBusId_v2, (const char *, nvmlDevice_t *), "0000:7f:00.0", &none), ==,
                    NVML_ERROR_NOT_FOUND);
    g_assert_cmpint(name_of((nvmlDevice_t)text), ==, NVML_ERROR_INVALID_ARGUMENT);
    g_assert_cmpint(name_of(NULL), ==, NVML_ERROR_INVALID_ARGUMENT);
    nvmlMemory_v2_t memory = {.version = 7};
    g_assert_cmpint(CALL(nvmlDeviceGetMemoryInfo_v2, (nvmlDevice_t, nvmlMemory_v2_t *), gpu_at(0), &memory), ==,
                    NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
    client_close();
}

/* Only what is on "nvidia" is seen; handles from before a change of driver are stale. */
static void test_drivers(void)
{
    client_open("lab");
    nvmlDevice_t first = gpu_at(0);
    char uuid[96], second[96];
    assert_ok(CALL(nvmlDeviceGetUUID, (nvmlDevice_t, char *, unsigned), gpu_at(1), second, 96));
    g_assert_cmpint(fsim_gpu_set_driver(&client_state, 0, "vfio-pci"), ==, 0);
    g_assert_cmpuint(count(), ==, 4);
    g_assert_cmpint(name_of(first), ==, NVML_ERROR_INVALID_ARGUMENT);
    assert_ok(CALL(nvmlDeviceGetUUID, (nvmlDevice_t, char *, unsigned), gpu_at(0), uuid, 96));
    g_assert_cmpstr(uuid, ==, second);
    g_assert_cmpint(fsim_gpu_set_driver(&client_state, 0, "nvidia"), ==, 0);
    g_assert_cmpuint(count(), ==, 5);
    g_assert_cmpint(name_of(first), ==, NVML_ERROR_INVALID_ARGUMENT);
    assert_ok(name_of(gpu_at(0)));
    client_close();
}

/* A lost card answers so to everything; the others go on. */
static void test_lost(void)
{
    client_open("lab");
    nvmlDevice_t gpu = gpu_at(2), again;
    unsigned value;
    g_assert_cmpint(fsim_gpu_set_lost(&client_state, 2, TRUE), ==, 0);
    g_assert_cmpuint(count(), ==, 5);
    g_assert_cmpint(name_of(gpu), ==, NVML_ERROR_GPU_IS_LOST);
    g_assert_cmpint(CALL(nvmlDeviceGetHandleByIndex_v2, (unsigned, nvmlDevice_t *), 2, &again), ==,
                    NVML_ERROR_GPU_IS_LOST);
    g_assert_cmpint(CALL(nvmlDeviceGetPowerUsage, (nvmlDevice_t, unsigned *), gpu, &value), ==, NVML_ERROR_GPU_IS_LOST);
    g_assert_cmpint(CALL(nvmlDeviceGetSupportedVgpus, (nvmlDevice_t, unsigned *, unsigned *), gpu, &value, NULL), ==,
                    NVML_ERROR_GPU_IS_LOST);
    assert_ok(name_of(gpu_at(3)));
    client_close();
}

static void test_events(void)
{
    client_open("small");
    nvmlEventSet_t set;
    nvmlEventData_t data;
    nvmlDevice_t gpu = gpu_at(0);
    assert_ok(CALL(nvmlEventSetCreate, (nvmlEventSet_t *), &set));
    assert_ok(CALL(nvmlDeviceRegisterEvents, (nvmlDevice_t, unsigned long long, nvmlEventSet_t), gpu, 8, set));
    g_assert_cmpint(CALL(nvmlEventSetWait_v2, (nvmlEventSet_t, nvmlEventData_t *, unsigned), set, &data, 0), ==,
                    NVML_ERROR_TIMEOUT);
    g_assert_cmpint(fsim_gpu_set_lost(&client_state, 0, TRUE), ==, 0);
    assert_ok(CALL(nvmlEventSetWait_v2, (nvmlEventSet_t, nvmlEventData_t *, unsigned), set, &data, 1000));
    g_assert_cmpuint(data.eventType, ==, 8);
    g_assert_cmpuint(data.eventData, ==, 79);
    g_assert_cmpint(CALL(nvmlEventSetWait_v2, (nvmlEventSet_t, nvmlEventData_t *, unsigned), set, &data, 1000), ==,
                    NVML_ERROR_GPU_IS_LOST);
    assert_ok(CALL(nvmlEventSetFree, (nvmlEventSet_t), set));
    client_close();
}

/* Names younger than the driver branch are not there. */
static void test_personality(void)
{
    static const struct {
        const char *host;
        nvmlReturn_t pdi, capability;
    } cases[] = {{"messy", NVML_ERROR_FUNCTION_NOT_FOUND, NVML_ERROR_NOT_SUPPORTED},
                 {"small", NVML_ERROR_FUNCTION_NOT_FOUND, NVML_SUCCESS},
                 {"lab", NVML_ERROR_NOT_SUPPORTED, NVML_SUCCESS}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        client_open(cases[i].host);
        nvmlDevice_t gpu = gpu_at(i == 0 ? 1 : 0);
        unsigned n;
        g_assert_cmpint(CALL(nvmlDeviceGetPdi, (nvmlDevice_t, void *), gpu, NULL), ==, cases[i].pdi);
        /* With MIG off the capacity answers from branch 550 on. */
        g_assert_cmpint(CALL(nvmlDeviceGetGpuInstanceRemainingCapacity, (nvmlDevice_t, unsigned, unsigned *), gpu,
                             i == 0 ? 14 : 19, &n),
                        ==, cases[i].capability);
        client_close();
    }
}

/* Old names keep their old records: nothing is written past them. */
static void test_old_structs(void)
{
    client_open("small");
    nvmlDevice_t gpu = gpu_at(0);
    FsimProc proc = {.pid = getpid(), .memory = 1 << 30, .gi = FSIM_NO_INSTANCE, .ci = FSIM_NO_INSTANCE};
    g_assert_cmpint(fsim_proc_add(&client_state, 0, &proc), ==, 0);
    struct {
        nvmlProcessInfo_v1_t info;
        guint64 guard;
    } v1 = {.guard = 0x5a5a5a5a};
    unsigned n = 1;
    assert_ok(CALL(nvmlDeviceGetComputeRunningProcesses, (nvmlDevice_t, unsigned *, nvmlProcessInfo_v1_t *), gpu, &n,
                   &v1.info));
    g_assert_cmpuint(v1.info.pid, ==, (unsigned)getpid());
    g_assert_cmpuint(v1.guard, ==, 0x5a5a5a5a);
    struct {
        nvmlPciInfoOld_t pci;
        guint8 guard[32];
    } old;
    memset(&old, 0x5a, sizeof old);
    assert_ok(CALL(nvmlDeviceGetPciInfo_v2, (nvmlDevice_t, nvmlPciInfoOld_t *), gpu, &old.pci));
    g_assert_cmpstr(old.pci.busId, ==, "0000:41:00.0");
    for (gsize i = 0; i < sizeof old.guard; i++)
        g_assert_cmpint(old.guard[i], ==, 0x5a);
    client_close();
}

/* A process that died does not hold the card. */
static void test_dead_process(void)
{
    client_open("small");
    FsimProc proc = {.gi = FSIM_NO_INSTANCE, .ci = FSIM_NO_INSTANCE};
    g_autoptr(GSubprocess) sleeper = g_subprocess_new(G_SUBPROCESS_FLAGS_NONE, NULL, "sleep", "600", NULL);
    proc.pid = (int)g_ascii_strtoll(g_subprocess_get_identifier(sleeper), NULL, 10);
    proc.started = fsim_proc_started(proc.pid);
    g_assert_cmpint(fsim_proc_add(&client_state, 0, &proc), ==, 0);
    g_autofree FsimBody *body = g_new0(FsimBody, 1);
    fsim_state_read(&client_state, body);
    g_assert_cmpuint(fsim_gpu_users(&client_state, body, 0, getpid()), ==, 1);
    g_subprocess_force_exit(sleeper);
    g_assert_true(g_subprocess_wait(sleeper, NULL, NULL));
    g_assert_cmpuint(fsim_gpu_users(&client_state, body, 0, getpid()), ==, 0);
    unsigned n = 0;
    assert_ok(CALL(nvmlDeviceGetComputeRunningProcesses_v3, (nvmlDevice_t, unsigned *, nvmlProcessInfo_t *), gpu_at(0),
                   &n, NULL));
    client_close();
}

static void test_faults(void)
{
    client_open("small");
    FsimNvmlFault *f = &client_state.file->live.faults[0];
    f->function = FSIM_MAX_FUNCTIONS;
    f->code = NVML_ERROR_UNKNOWN;
    atomic_store(&f->count, 2);
    atomic_store(&f->active, 1);
    atomic_store(&client_state.file->live.fault_high, 1);
    unsigned n;
    g_assert_cmpint(CALL(nvmlDeviceGetCount_v2, (unsigned *), &n), ==, NVML_ERROR_UNKNOWN);
    g_assert_cmpint(CALL(nvmlDeviceGetCount_v2, (unsigned *), &n), ==, NVML_ERROR_UNKNOWN);
    g_assert_cmpuint(count(), ==, 2);
    client_close();
}

/* The curves: within bounds, the same for everybody at one instant, energy never falls. */
static void test_readings(void)
{
    client_open("lab");
    const FsimGpuFixed *fixed = &client_state.file->fixed.gpus[0];
    g_autofree FsimBody *body = g_new0(FsimBody, 1);
    fsim_state_read(&client_state, body);
    FsimGpu *g = &body->gpus[0];
    FsimReading idle, before = {0};
    guint64 energy = 0;
    unsigned lowest = 100, highest = 0;
    fsim_load_read(fixed, g, false, g->energy_at, &idle);
    g_assert_cmpuint(idle.gpu_percent, ==, 0);
    g_assert_cmpuint(idle.power_mw, <, fixed->card.power_idle * 11 / 10);
    for (int i = 0; i < 2000; i++) {
        FsimReading r, same;
        gint64 t = g->energy_at + i * G_GINT64_CONSTANT(250000);
        fsim_load_read(fixed, g, true, t, &r);
        fsim_load_read(fixed, g, true, t, &same);
        g_assert_cmpmem(&r, sizeof r, &same, sizeof same);
        g_assert_cmpuint(r.gpu_percent, <=, 100);
        g_assert_cmpuint(r.power_mw, <=, fixed->card.power_max);
        g_assert_cmpuint(r.temperature, <, fixed->card.temp_slowdown);
        if (i)
            g_assert_cmpint(ABS((int)r.gpu_percent - (int)before.gpu_percent), <=, 10);
        guint64 now = fsim_load_energy(fixed, g, true, t);
        g_assert_cmpuint(now, >=, energy);
        energy = now;
        before = r;
        lowest = MIN(lowest, r.gpu_percent);
        highest = MAX(highest, r.gpu_percent);
    }
    g_assert_cmpuint(highest - lowest, >, 20);
    client_close();
}

/* Behind NVSwitches links are up and end at a switch; elsewhere they are down. */
static void test_nvlink(void)
{
    enum { REMOTE_ID = 146, REPLAYS = 161, SPEED = 164 };
    static const struct {
        const char *host;
        unsigned active, fabric;
        nvmlReturn_t remote;
    } cases[] = {{"hgx", 1, 3, NVML_SUCCESS}, {"lab", 0, 0, NVML_ERROR_NOT_SUPPORTED}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        client_open(cases[i].host);
        nvmlDevice_t gpu = gpu_at(0);
        unsigned value = 9;
        nvmlPciInfo_t pci;
        nvmlGpuFabricInfo_t fabric;
        assert_ok(CALL(nvmlDeviceGetNvLinkState, (nvmlDevice_t, unsigned, unsigned *), gpu, 3, &value));
        g_assert_cmpuint(value, ==, cases[i].active);
        g_assert_cmpint(CALL(nvmlDeviceGetNvLinkState, (nvmlDevice_t, unsigned, unsigned *), gpu, 35, &value), ==,
                        NVML_ERROR_INVALID_ARGUMENT);
        g_assert_cmpint(
            CALL(nvmlDeviceGetNvLinkRemotePciInfo_v2, (nvmlDevice_t, unsigned, nvmlPciInfo_t *), gpu, 1, &pci), ==,
            cases[i].remote);
        if (cases[i].remote == NVML_SUCCESS)
            g_assert_cmpstr(pci.busId, ==, "00000000:08:00.0");
        assert_ok(CALL(nvmlDeviceGetGpuFabricInfo, (nvmlDevice_t, nvmlGpuFabricInfo_t *), gpu, &fabric));
        g_assert_cmpuint(fabric.state, ==, cases[i].fabric);
        nvmlFieldValue_t of_link;
        assert_ok(field(0, SPEED, 3, &of_link));
        g_assert_cmpuint(of_link.value.uiVal, ==, cases[i].active ? 26562 : 0);
        assert_ok(field(0, REPLAYS, 3, &of_link));
        g_assert_cmpint(field(0, REMOTE_ID, 3, &of_link), ==, cases[i].remote);
        g_assert_cmpint(field(0, SPEED, 18, &of_link), ==, NVML_ERROR_NOT_SUPPORTED);
        client_close();
    }
}

/* Threads of one client, while another process writes. */
static gpointer ask_often(gpointer data)
{
    for (int i = 0; i < 500; i++) {
        nvmlMemory_t memory;
        if (CALL(nvmlDeviceGetMemoryInfo, (nvmlDevice_t, nvmlMemory_t *), data, &memory) != NVML_SUCCESS ||
            memory.used + memory.free != memory.total)
            return GINT_TO_POINTER(1);
    }
    return NULL;
}

static void test_threads(void)
{
    client_open("small");
    nvmlDevice_t gpu = gpu_at(1);
    GThread *threads[4];
    for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("client", ask_often, gpu);
    for (unsigned i = 0; i < 200; i++) {
        const FsimLoad load = {.mode = FSIM_LOAD_FIXED, .percent = i % 101};
        g_assert_cmpint(fsim_gpu_set_load(&client_state, 1, FSIM_NO_INSTANCE, &load), ==, 0);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
        g_assert_null(g_thread_join(threads[i]));
    client_close();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sim/nvml/names", test_names);
    g_test_add_func("/sim/nvml/export-table", test_export_table);
    g_test_add_func("/sim/nvml/nvidia-smi", test_nvidia_smi);
    g_test_add_func("/sim/nvml/init", test_init);
    g_test_add_func("/sim/nvml/identity", test_identity);
    g_test_add_func("/sim/nvml/drivers", test_drivers);
    g_test_add_func("/sim/nvml/lost", test_lost);
    g_test_add_func("/sim/nvml/events", test_events);
    g_test_add_func("/sim/nvml/personality", test_personality);
    g_test_add_func("/sim/nvml/old-structs", test_old_structs);
    g_test_add_func("/sim/nvml/dead-process", test_dead_process);
    g_test_add_func("/sim/nvml/faults", test_faults);
    g_test_add_func("/sim/nvml/readings", test_readings);
    g_test_add_func("/sim/nvml/nvlink", test_nvlink);
    g_test_add_func("/sim/nvml/threads", test_threads);
    return g_test_run();
}
