#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""facet-sim's verbs, seen through the library that it disturbs; speaks TAP.

usage: test_ctl.py FACET-SIM
"""
import ctypes
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SUCCESS, NOT_SUPPORTED, NO_PERMISSION, LOST, UNKNOWN, NOT_FOUND = 0, 3, 4, 15, 999, 6


class Sim:
    """A host with a client that has it open."""

    def __init__(self, program: str, host: str) -> None:
        self.program = os.path.abspath(program)
        self.dir = tempfile.mkdtemp(prefix="fsim-ctl-")
        self("create", host, self.dir)
        # A copy, because the loader takes two links to one file for one library.
        library = f"{self.dir}/lib/libnvidia-ml.so.1"
        shutil.copy(os.path.realpath(library), library + ".copy")
        os.replace(library + ".copy", library)
        self.nvml = ctypes.CDLL(library)
        assert self.nvml.nvmlInit_v2() == SUCCESS

    def __call__(self, *args: str, status: int = 0) -> str:
        done = subprocess.run([self.program, "--sim-dir", self.dir, *args], capture_output=True, text=True, timeout=30,
                              check=False)
        assert done.returncode == status, f"{args}: exit {done.returncode}, {done.stderr}"
        return done.stdout if status == 0 else done.stderr

    def gpu(self, index: int) -> ctypes.c_void_p:
        handle = ctypes.c_void_p()
        assert self.nvml.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(handle)) == SUCCESS
        return handle

    def state(self, index: int) -> dict:
        return json.loads(self("list", "--json"))["gpus"][index]

    def close(self) -> None:
        self("release")
        self.nvml.nvmlShutdown()
        shutil.rmtree(self.dir)


def load(sim: Sim) -> None:
    rates = (ctypes.c_uint * 2)()
    sim("load", "1", "73")
    assert sim.nvml.nvmlDeviceGetUtilizationRates(sim.gpu(1), rates) == SUCCESS and rates[0] == 73
    sim("load", "0000:61:00.0", "0")
    assert sim.nvml.nvmlDeviceGetUtilizationRates(sim.gpu(1), rates) == SUCCESS and rates[0] == 0
    assert "no GPU" in sim("load", "7", "10", status=2)
    assert "percentage" in sim("load", "0", "lots", status=2)
    sim("load", "0/3", "10", status=1)


def hold(sim: Sim) -> None:
    count = ctypes.c_uint()
    before = sim.state(0)["users"]
    pid = int(sim("hold", "0", "--name", "train", "--memory", "1024"))
    assert sim.state(0)["users"] == before + 1
    sim.nvml.nvmlDeviceGetComputeRunningProcesses_v3(sim.gpu(0), ctypes.byref(count), None)
    assert count.value == 1
    os.kill(pid, signal.SIGKILL)
    until = time.monotonic() + 10
    while sim.state(0)["users"] != before and time.monotonic() < until:
        time.sleep(0.02)
    assert sim.state(0)["users"] == before, "a killed holder still counts"
    sim("hold", "0")
    assert sim("release", "0") == "1 released\n"
    assert sim.state(0)["users"] == before
    assert "no such compute instance" in sim("hold", "0/2", status=1)


def lost(sim: Sim) -> None:
    handle, power = sim.gpu(1), ctypes.c_uint()
    sim("lose", "1")
    assert sim.nvml.nvmlDeviceGetPowerUsage(handle, ctypes.byref(power)) == LOST
    assert sim.state(1)["lost"]
    sim("return", "1")
    assert sim.nvml.nvmlDeviceGetPowerUsage(sim.gpu(1), ctypes.byref(power)) == SUCCESS


def reboot(sim: Sim) -> None:
    boot = json.loads(sim("list", "--json"))["boot_id"]
    sim("hold", "0")
    sim("reboot")
    now = json.loads(sim("list", "--json"))
    assert now["boot_id"] != boot and now["boots"] == 2
    # Our own NVML client is what is left.
    assert now["gpus"][0]["users"] == 1


def inject(sim: Sim) -> None:
    count = ctypes.c_uint()
    ask = lambda: sim.nvml.nvmlDeviceGetCount_v2(ctypes.byref(count))  # noqa: E731
    sim("inject", "nvml", "nvmlDeviceGetCount_v2", "999", "--count", "2")
    assert [ask(), ask(), ask()] == [UNKNOWN, UNKNOWN, SUCCESS]
    sim("inject", "nvml", "all", "15", "--count", "-1")
    assert ask() == LOST
    sim("inject", "clear")
    assert ask() == SUCCESS
    assert "no function" in sim("inject", "nvml", "nvmlNonsense", "1", status=2)
    assert "usage" in sim("inject", "tree", "x", "explode", status=2)
    sim("inject", "latency", "20000")
    start = time.monotonic()
    ask()
    assert time.monotonic() - start >= 0.02
    sim("inject", "clear")


def privilege(sim: Sim) -> None:
    result = ctypes.c_int()
    sim("privilege", "deny")
    assert sim.nvml.nvmlDeviceSetMigMode(sim.gpu(0), 1, ctypes.byref(result)) == NO_PERMISSION
    sim("privilege", "root")
    assert sim.nvml.nvmlDeviceSetMigMode(sim.gpu(0), 1, ctypes.byref(result)) == SUCCESS
    sim("privilege", "king", status=2)


def calls(sim: Sim) -> None:
    sim("calls", "--clear")
    sim("trace", "on")
    sim.gpu(0)
    sim.gpu(1)
    sim("trace", "off")
    assert sim("calls").split()[:2] == ["2", "nvmlDeviceGetHandleByIndex_v2"]
    with open(f"{sim.dir}/trace.log", encoding="utf-8") as trace:
        lines = [line.split() for line in trace]
    assert [line[1] for line in lines] == ["nvmlDeviceGetHandleByIndex_v2"] * 2


def no_attach(sim: Sim) -> None:
    """A client that does not attach holds a card from its first question to it on, and no other."""
    before = [sim.state(gpu)["users"] for gpu in (0, 1)]
    ask = ("import ctypes, sys; n = ctypes.CDLL(sys.argv[1]); assert n.nvmlInitWithFlags(2) == 0; h = ctypes.c_void_p();"
           "n.nvmlDeviceGetHandleByIndex_v2(1, ctypes.byref(h)); print('open', flush=True); input();"
           "u = ctypes.create_string_buffer(96); assert n.nvmlDeviceGetUUID(h, u, 96) == 0; print('asked', flush=True); input()")
    client = subprocess.Popen([sys.executable, "-c", ask, f"{sim.dir}/lib/libnvidia-ml.so.1"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    try:
        assert client.stdout.readline() == "open\n"
        assert [sim.state(gpu)["users"] for gpu in (0, 1)] == before
        client.stdin.write("\n")
        client.stdin.flush()
        assert client.stdout.readline() == "asked\n"
        assert [sim.state(gpu)["users"] for gpu in (0, 1)] == [before[0], before[1] + 1]
    finally:
        client.kill()
        client.wait()


def identity(sim: Sim) -> None:
    """Hosts of other names have other dies; the same name and seed give the same ones."""
    def dies(name: str) -> list:
        with tempfile.TemporaryDirectory(prefix="fsim-name-") as top:
            path = f"{top}/own.json"
            with open(path, "w", encoding="utf-8") as out:
                json.dump({"name": name, "cpus": 4, "memory_mib": 8192, "cpu_model": "x",
                           "devices": [{"card": "A100-PCIE-80GB", "address": "0000:41:00.0"}]}, out)
            subprocess.run([sim.program, "create", path, f"{top}/sim"], check=True, timeout=30, stdout=subprocess.DEVNULL)
            lib = ctypes.CDLL(shutil.copy(f"{top}/sim/lib/libnvidia-ml.so.1", f"{top}/sim/lib/own.so"))
            assert lib.nvmlInit_v2() == 0
            handle, mig, found = ctypes.c_void_p(), ctypes.c_void_p(), []
            assert lib.nvmlDeviceGetHandleByIndex_v2(0, ctypes.byref(handle)) == 0
            for ask in (lib.nvmlDeviceGetUUID, lib.nvmlDeviceGetSerial):
                text = ctypes.create_string_buffer(96)
                assert ask(handle, text, 96) == 0
                found.append(text.value)
            mode, gi, ci = ctypes.c_int(), ctypes.c_void_p(), ctypes.c_void_p()
            assert lib.nvmlDeviceSetMigMode(handle, 1, ctypes.byref(mode)) == 0
            assert lib.nvmlDeviceGetHandleByIndex_v2(0, ctypes.byref(handle)) == 0
            assert lib.nvmlDeviceCreateGpuInstance(handle, 9, ctypes.byref(gi)) == 0
            assert lib.nvmlGpuInstanceCreateComputeInstance(gi, 2, ctypes.byref(ci)) == 0
            assert lib.nvmlDeviceGetMigDeviceHandleByIndex(handle, 0, ctypes.byref(mig)) == 0
            text = ctypes.create_string_buffer(96)
            assert lib.nvmlDeviceGetUUID(mig, text, 96) == 0
            found.append(text.value)
            bar = (ctypes.c_ulonglong * 3)()
            assert lib.nvmlDeviceGetBAR1MemoryInfo(mig, bar) == 0
            found.append(bar[0] >> 20)
            lib.nvmlShutdown()
            return found
    one, again, other = dies("one"), dies("one"), dies("other")
    assert one == again, (one, again)
    assert all(a != b for a, b in zip(one[:3], other[:3])), (one, other)
    assert one[3] == 65535, one


def multiprocessors(sim: Sim) -> None:
    """H100 PCIe: 114 SMs, by profile."""
    catalogue = os.path.join(os.path.dirname(__file__), "../../../sim/catalogue/H100-PCIE-80GB.json")
    with open(catalogue, encoding="utf-8") as file:
        card = json.load(file)
    sms = {p["name"]: p["sms"] for p in card["mig"]["profiles"]}
    assert sms == {"1g.10gb": 14, "1g.10gb+me": 14, "1g.20gb": 14, "2g.20gb": 30, "3g.40gb": 46, "4g.40gb": 62,
                   "7g.80gb": 114}, sms


def made_up(sim: Sim) -> None:
    """Every card names what no source tells, and names nothing that it has not."""
    folder = os.path.join(os.path.dirname(__file__), "../../../sim/catalogue")
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            card = json.load(file)
        assert "power_idle_w" in card["made_up"] and "clock_max_mhz" in card["made_up"], name
    with tempfile.TemporaryDirectory(prefix="fsim-made-") as top:
        with open(os.path.join(folder, "A30.json"), encoding="utf-8") as file:
            card = json.load(file)
        card["made_up"].append("mig/profiles/9g.99gb/sms")
        host = {"name": "odd", "cpus": 4, "memory_mib": 8192, "cpu_model": "x", "cards": {"odd": card},
                "devices": [{"card": "odd", "address": "0000:41:00.0"}]}
        with open(f"{top}/own.json", "w", encoding="utf-8") as out:
            json.dump(host, out)
        told = subprocess.run([sim.program, "create", f"{top}/own.json", f"{top}/sim"], capture_output=True, text=True,
                              timeout=30, check=False)
        assert told.returncode != 0 and "9g.99gb" in told.stderr, told


def for_a_user(sim: Sim):
    """Root shows a user the user's own tree, which is closed to root; the program gets nothing of root."""
    if os.geteuid() != 0:
        return "only root can act for a user"
    user = {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": [], "cwd": "/"}
    try:
        subprocess.run([sim.program, "--help"], stdout=subprocess.DEVNULL, check=True, **user)
        os.close(os.open("/dev/fuse", os.O_RDWR))
    except (OSError, subprocess.CalledProcessError):
        return "nobody cannot run what is built here, or there is no FUSE"
    if os.stat("/dev/fuse").st_mode & 0o006 != 0o006:
        return "/dev/fuse is not for everyone"
    with tempfile.TemporaryDirectory(prefix="fsim-user-") as top:
        shutil.chown(top, "nobody")
        start = [sim.program, "start", "small", "--dir", f"{top}/sim"]
        subprocess.run(start, stdout=subprocess.DEVNULL, check=True, timeout=30, **user)
        try:
            assert "does not run" in sim("exec", "--dir", f"{top}/sim", "--", "true", status=1)
            told = sim("exec", "--dir", f"{top}/sim", "--user", "nobody", "--", "sh", "-c",
                       "id -un; cat /proc/version /proc/self/status; ls /sys/bus/pci/devices")
            assert told.startswith("nobody\n") and "facet@simulated" in told and "0000:41:00.0" in told, told
            assert "CapPrm:\t0000000000000000" in told and "CapEff:\t0000000000000000" in told, told
        finally:
            subprocess.run([sim.program, "stop", "--dir", f"{top}/sim"], check=True, timeout=30, **user)
    return None


def main() -> int:
    tests = [load, hold, lost, reboot, inject, privilege, calls, no_attach, identity, multiprocessors,
             made_up, for_a_user]
    failed = 0
    print(f"1..{len(tests)}")
    for number, test in enumerate(tests, 1):
        sim = Sim(sys.argv[1], "small")
        try:
            skip = test(sim)
            print(f"ok {number} - {test.__name__}" + (f" # SKIP {skip}" if skip else ""), flush=True)
        except (AssertionError, OSError, ValueError, subprocess.SubprocessError) as why:
            failed += 1
            line = why.__traceback__.tb_next.tb_lineno if why.__traceback__.tb_next else 0
            print(f"not ok {number} - {test.__name__}\n# line {line}: {why}", flush=True)
        sim.close()
    return 1 if failed else 0


sys.exit(main())
