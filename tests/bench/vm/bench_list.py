#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long lists of 1,000 VMs take, ours and others' mixed: bench_list.py FACET-SIM FACET-HELPER FACETD. libvirt's test
driver stands for libvirt. Each figure is the median over one kept-alive TLS connection, from the request to the last byte.
The peer is "list --all" in a virsh that is connected already, which gives name and state alone."""
import http.client
import json
import os
import pathlib
import ssl
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import thousand  # noqa: E402
from facet_host import Host  # noqa: E402

N = 1000
TIMES = 30
CALLS = (("vm.list.all", ""), ("vm.list.page", "?limit=50"),
         ("vm.list.page.filtered", "?limit=50&offset=50&q=web&state=running&sort=memory&order=desc"),
         ("vm.list.attention", "?limit=20&sort=attention"))


class Client:
    def __init__(self, host):
        context = ssl.create_default_context(cafile=os.path.join(host.state, "tls", "cert.pem"))
        self.connection = http.client.HTTPSConnection("127.0.0.1", host.port, context=context)
        self.headers = {"Authorization": "Bearer " + host.token}

    def get(self, path):
        begin = time.perf_counter()
        self.connection.request("GET", "/api/v1" + path, headers=self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        took = (time.perf_counter() - begin) * 1000
        assert answer.status == 200, text
        return took, text


def virsh_ms(uri):
    """One list in a virsh that is connected already."""
    def took(n):
        begin = time.perf_counter()
        subprocess.run(["virsh", "-c", uri, ";".join(["list --all"] * n)], check=True, stdout=subprocess.DEVNULL)
        return (time.perf_counter() - begin) * 1000
    return statistics.median((took(11) - took(1)) / 10 for _ in range(3))


def main():
    host = Host(*sys.argv[1:4])
    host.libvirt = thousand.write_node(os.path.join(host.dir, "node.xml"), N)
    with host:
        host.facetd.terminate()
        host.facetd.wait(60)
        thousand.write_documents(os.path.join(host.state, "facet.db"), N)
        host.start_facetd()
        host.login()
        host.wait_for(lambda: (lambda a: len(a["items"]) == N and all(v["state"] != "unknown" for v in a["items"]))(
            host.call("GET", "/vms")), "1,000 VMs")
        client, peer = Client(host), virsh_ms(host.libvirt)
        for name, query in CALLS:
            client.get("/vms" + query)
            value = statistics.median(client.get("/vms" + query)[0] for _ in range(TIMES))
            print(json.dumps({"name": name, "value": round(value, 2), "unit": "ms", "peer": "virsh list --all",
                              "peer_value": round(peer, 2), "ratio": round(value / peer, 3)}), flush=True)


main()
