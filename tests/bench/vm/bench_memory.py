#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What facetd takes of memory with 1,000 VMs, after lists and a minute of readings: bench_memory.py FACET-SIM FACET-HELPER FACETD, under
tools/dev/with-libvirtd. libvirt's test driver runs in that libvirtd: within facetd it would keep the VMs once for each connection, and
most of the figure would be libvirt's. The peer is the same facetd with 2 VMs."""
import json
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import thousand  # noqa: E402
from facet_host import Host  # noqa: E402

SECONDS = 60


def resident_mib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmRSS")


def measure(n):
    host = Host(*sys.argv[1:4], folder=os.environ["FACET_TEST_DIR"])
    node = thousand.write_node(os.path.join(host.dir, "node.xml"), n)
    with host:
        host.facetd.terminate()
        host.facetd.wait(60)
        thousand.write_documents(os.path.join(host.state, "facet.db"), n)
        socket = os.environ["FACET_TEST_LIBVIRT_URI"].split("?")[1]
        host.libvirt = node.replace("test://", "test+unix://") + "?" + socket
        host.start_facetd()
        host.login()
        host.wait_for(lambda: (lambda c: c["all"] == n and c["unknown"] == 0)(host.call("GET", "/vms?limit=1")["counts"]), "the VMs")
        for _ in range(10):
            host.call("GET", "/vms", status=200)
        time.sleep(SECONDS)
        return resident_mib(host.facetd.pid)


def main():
    few, many = measure(2), measure(1000)
    print(json.dumps({"name": "facetd.resident.1000vms", "value": round(many, 1), "unit": "MiB", "peer": "with 2 VMs",
                      "peer_value": round(few, 1), "ratio": round(many / few, 3)}), flush=True)


main()
