#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How much later a VM runs when it is started through the API instead of virsh: bench_start.py SIM HELPER FACETD, under
tools/dev/with-libvirtd. Starts alternate. The end is the same for both: the moment at which libvirt announces the domain
as started, by the clock of a `virsh event` that listens beside. The beginning is the moment before the request is sent or
virsh gets its command. Like is compared with like: `vm.start.behind-virsh` is a request on a new TLS connection against a
new virsh, `vm.start.behind-libvirt` a request on an open connection, as the page and `facet` have it, against a virsh that is
connected already and reads its command from a pipe."""
import datetime
import http.client
import json
import os
import pathlib
import queue
import ssl
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import live  # noqa: E402
from live import URI  # noqa: E402

ROUNDS = int(os.environ.get("FACET_BENCH_ROUNDS", "31"))


class Events:
    """Lifecycle events as (name, what, seconds since 1970)."""

    def __init__(self):
        self.queue = queue.Queue()
        self.process = subprocess.Popen(["stdbuf", "-oL", "virsh", "-c", URI, "event", "--event", "lifecycle", "--loop",
                                         "--timestamp"], stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            if "event 'lifecycle'" not in line:
                continue
            stamp, rest = line.split(": ", 1)
            when = datetime.datetime.strptime(stamp, "%Y-%m-%d %H:%M:%S.%f%z").timestamp()
            name, what = rest.split("domain ", 1)[1].split(": ", 1)
            self.queue.put((name.strip("'"), what.split()[0], when))

    def wait(self, name, what):
        while True:
            got = self.queue.get(timeout=120)
            if got[:2] == (name, what):
                return got[2]


class Shell:
    """A virsh that is connected already."""

    def __init__(self):
        self.process = subprocess.Popen(["virsh", "-q", "-c", URI], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)

    def __call__(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()


class Client:
    """A connection to facetd that is open already."""

    def __init__(self, host):
        context = ssl.create_default_context(cafile=os.path.join(host.state, "tls", "cert.pem"))
        self.connection = http.client.HTTPSConnection("127.0.0.1", host.port, context=context)
        self.headers = {"Authorization": "Bearer " + host.token, "Content-Type": "application/json"}

    def start(self, vm):
        self.connection.request("POST", f"/api/v1/vms/{vm}/start", "{}", self.headers)
        answer = self.connection.getresponse()
        task = json.loads(answer.read())
        assert answer.status == 202, task
        return task


def main():
    with live.open_host(*sys.argv[1:4]) as host:
        live.ready(host)
        vm = live.create(host, "tiny")
        events, shell, client = Events(), Shell(), Client(host)

        def by_api():
            begin = time.time()
            task = host.call("POST", f"/vms/{vm}/start", {}, 202)
            took = events.wait("tiny", "Started") - begin
            assert host.wait_task(task["id"])["state"] == "done"
            return took

        def by_open_api():
            begin = time.time()
            task = client.start(vm)
            took = events.wait("tiny", "Started") - begin
            assert host.wait_task(task["id"])["state"] == "done"
            return took

        def by_virsh():
            begin = time.time()
            virsh = subprocess.Popen(["virsh", "-q", "-c", URI, "start", "tiny"], stdout=subprocess.DEVNULL)
            took = events.wait("tiny", "Started") - begin
            assert virsh.wait() == 0
            return took

        def by_shell():
            begin = time.time()
            shell("start tiny")
            return events.wait("tiny", "Started") - begin

        def off():
            subprocess.run(["virsh", "-q", "-c", URI, "destroy", "tiny"], check=True, stdout=subprocess.DEVNULL)
            host.wait_for(lambda: host.call("GET", f"/vms/{vm}")["state"] == "off", "the VM to be off")
        ways = {"api": by_api, "virsh": by_virsh, "open-api": by_open_api, "shell": by_shell}
        took = {name: [] for name in ways}
        time.sleep(1)  # the listener registers; nobody tells when
        for turn in range(ROUNDS + 1):
            for name, start in ways.items():
                value = start() * 1000
                off()
                if turn:  # the first warms the caches
                    took[name].append(value)
        events.process.terminate()
        shell.process.terminate()
    median = {name: statistics.median(values) for name, values in took.items()}
    for name, way, peer in (("vm.start.behind-virsh", "api", "virsh"), ("vm.start.behind-libvirt", "open-api", "shell")):
        behind = statistics.median(a - b for a, b in zip(took[way], took[peer]))
        print(json.dumps({"name": name, "value": round(behind, 1), "unit": "ms", "peer": "virsh start" if peer == "virsh" else "virsh, connected",
                          "peer_value": round(median[peer], 1), "ratio": round(median[way] / median[peer], 3)}))


main()
