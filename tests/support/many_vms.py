#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Facet with N VMs on libvirt's test driver, for a browser: many_vms.py N UI-FOLDER SIM HELPER FACETD. Prints its address and password
as JSON, and ends with its standard input."""
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import thousand  # noqa: E402
from facet_host import PASSWORD, Host  # noqa: E402


def main():
    n, ui = int(sys.argv[1]), os.path.abspath(sys.argv[2])
    host = Host(*sys.argv[3:6], ui=ui)
    host.libvirt = thousand.write_node(os.path.join(host.dir, "node.xml"), n)
    with host:
        host.facetd.terminate()
        host.facetd.wait(60)
        thousand.write_documents(os.path.join(host.state, "facet.db"), n)
        host.start_facetd()
        host.login()
        host.wait_for(lambda: (lambda c: c["all"] == n and c["unknown"] == 0)(host.call("GET", "/vms?limit=1")["counts"]), "the VMs")
        print(json.dumps({"url": f"https://127.0.0.1:{host.port}", "user": "admin", "password": PASSWORD, "token": host.token}), flush=True)
        sys.stdin.read()


main()
