#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What one QEMU that hangs (SIGSTOP) does to the calls for other VMs: bench_hung.py SIM HELPER FACETD, under tools/dev/with-libvirtd.
Rounds without and with the hang alternate; a stop of the hung VM waits for its monitor meanwhile. The peer is the same facetd
without the hang; the ratio is of the two p99, or of the two medians of starts and stops."""
import json
import pathlib
import signal
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import live  # noqa: E402

ROUNDS, CALLS = 3, 100


def p99(values):
    return sorted(values)[int(len(values) * 0.99) - 1]


def timed(times, act):
    begin = time.perf_counter()
    act()
    times.append((time.perf_counter() - begin) * 1000)


def measure(host, other, times):
    for _ in range(CALLS):
        timed(times["list"], lambda: host.call("GET", "/vms?limit=50", status=200))
        timed(times["one"], lambda: host.call("GET", f"/vms/{other}", status=200))
    timed(times["start"], lambda: live.power(host, other, "start"))
    timed(times["stop"], lambda: live.power(host, other, "stop", {"force": True}))


def main():
    names = ("list", "one", "start", "stop")
    with live.open_host(*sys.argv[1:4]) as host:
        live.ready(host)
        hung, other = live.create(host, "hung"), live.create(host, "other")
        live.power(host, hung, "start")
        qemu = live.qemu_of(hung)
        without, beside = ({name: [] for name in names} for _ in range(2))
        measure(host, other, {name: [] for name in names})  # warms the caches
        for _ in range(ROUNDS):
            measure(host, other, without)
            live.send(qemu, signal.SIGSTOP)
            host.raw("POST", f"/vms/{hung}/stop", {})  # refused while the last one is still under way
            measure(host, other, beside)
            live.send(qemu, signal.SIGCONT)
        live.power(host, hung, "stop", {"force": True})
    for name, of in zip(names, (p99, p99, statistics.median, statistics.median)):
        value, peer = of(beside[name]), of(without[name])
        print(json.dumps({"name": f"vm.beside-hung-qemu.{name}", "value": round(value, 2), "unit": "ms " + ("p99" if of is p99 else "median"),
                          "peer": "none hung", "peer_value": round(peer, 2), "ratio": round(value / peer, 3)}), flush=True)


main()
