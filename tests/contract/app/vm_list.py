#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The list of 1,000 VMs, ours and others', on libvirt's test driver: vm_list.py OPENAPI SIM HELPER FACETD. What the server
filters, sorts and pages is compared with the same done here, from the list without parameters."""
import os
import pathlib
import random
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import thousand  # noqa: E402
from facet_host import Host  # noqa: E402
from openapi import Client, Contract, check_cursors, check_pages  # noqa: E402

N = 1000


def natural(vm):
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", vm["name"].lower())]


def counts_of(vms):
    states = ("off", "running", "paused", "stopping", "crashed", "unknown")
    return {"all": len(vms), "ours": sum(v["ours"] for v in vms), "others": sum(not v["ours"] for v in vms),
            "blocked": sum(len(v["blocked"]) > 0 for v in vms),
            **{s: sum(v["state"] == s for v in vms) for s in states}}


def test_all(api, vms):
    assert len(vms) == N and [v["name"] for v in vms] == [v["name"] for v in sorted(vms, key=natural)]
    for i in random.sample(range(N), 50):
        vm, = (v for v in vms if v["id"] == thousand.vm_id(i))
        assert (vm["name"], vm["ours"], vm["state"]) == (thousand.name(i), thousand.ours(i), thousand.state_name(i)), vm


def test_pages(api, vms):
    api("GET", "/vms?limit=20&offset=7", 200)  # one that the contract's schema looks at
    for limit in (37, 100, 1000):
        paged = []
        for offset in range(0, N + limit, limit):
            page = api.host.call("GET", f"/vms?limit={limit}&offset={offset}", status=200)
            assert page["total"] == N and page["counts"] == counts_of(vms), page["counts"]
            paged += page["items"]
        assert [v["id"] for v in paged] == [v["id"] for v in vms], limit


def test_cursors(api, vms):
    """Every list of the contract that needs libvirt too, and the VMs in each order."""
    ours = next(v["id"] for v in vms if v["ours"])
    for path in sorted(api.contract.lists()):
        path = path.replace("{id}", ours)
        if path != "/vms":
            check_pages(api, path)
    for sort in ("name", "state", "vcpus", "memory", "created", "attention"):
        for order in ("asc", "desc"):
            path = f"/vms?sort={sort}&order={order}"
            whole = [v["id"] for v in api.host.call("GET", path, status=200)["items"]]
            paged, query = [], ""
            while query is not None:
                page = api.host.call("GET", f"{path}&limit=83{query}", status=200)
                assert page["total"] == N
                paged += [v["id"] for v in page["items"]]
                query = "&cursor=" + page["next"] if "next" in page else None
            assert paged == whole, path
    other = api("GET", "/vms?limit=1&sort=memory", 200)["next"]
    check_cursors(api, "/vms", other)
    assert api("GET", f"/vms?limit=1&sort=memory&offset=1&cursor={other}", 400)["error"]["details"]["field"] == "cursor"


def test_filters(api, vms):
    def got(query):
        page = api.host.call("GET", "/vms?limit=1000&" + query, status=200)
        assert page["total"] == len(page["items"])
        return [v["id"] for v in page["items"]], page["counts"]

    def wanted(test):
        return [v["id"] for v in vms if test(v)]
    web = [v for v in vms if "web" in v["name"]]
    assert got("q=WEB") == (wanted(lambda v: "web" in v["name"]), counts_of(web))
    assert got("q=web&state=off&ours=false") == (
        wanted(lambda v: "web" in v["name"] and v["state"] == "off" and not v["ours"]), counts_of(web))
    assert got("state=paused,off")[0] == wanted(lambda v: v["state"] in ("paused", "off"))
    assert got("ours=true")[0] == wanted(lambda v: v["ours"])
    assert got("q=number%20demo%20web")[0] == wanted(lambda v: "web" in v["name"] and v["ours"])
    assert got("q=" + thousand.vm_id(2))[0] == [thousand.vm_id(2)]
    assert got("name=web-10")[0] == wanted(lambda v: v["name"] == "web-10") and len(got("name=web-10")[0]) == 1
    assert got("q=nowhere") == ([], counts_of([]))


def test_orders(api, vms):
    for sort, key in (("memory", "memory_mib"), ("vcpus", "vcpus"), ("created", "created_ms")):
        known = [v for v in vms if v[key] is not None]
        rest = [v["id"] for v in vms if v[key] is None]
        for order, sign in (("asc", 1), ("desc", -1)):
            items = api.host.call("GET", f"/vms?sort={sort}&order={order}", status=200)["items"]
            # sorted() is stable, and vms is in the order of names
            assert [v["id"] for v in items] == [v["id"] for v in sorted(known, key=lambda v: sign * v[key])] + rest, sort
    down = api.host.call("GET", "/vms?order=desc", status=200)["items"]
    assert [v["id"] for v in down] == [v["id"] for v in vms][::-1]


def test_refused(api, vms):
    for field, value in (("limit", "0"), ("limit", "1001"), ("offset", "-1"), ("sort", "colour"), ("order", "up"),
                         ("state", "off,odd"), ("ours", "maybe")):
        assert api("GET", f"/vms?{field}={value}", 400)["error"]["details"]["field"] == field


def test_follows_the_store(api, vms):
    """What is committed is in the next list."""
    vm = next(v for v in vms if v["ours"] and v["state"] == "off")
    api("PATCH", f"/vms/{vm['id']}", 200, {"description": "Straße 7"}, {"If-Match": f'"{vm["revision"]}"'})
    assert [v["id"] for v in api("GET", "/vms?q=STRASSE", 200)["items"]] == [vm["id"]]


def main():
    openapi, sim, helper, facetd = sys.argv[1:5]
    tests = [f for n, f in globals().items() if n.startswith("test_")]
    print(f"TAP version 13\n1..{len(tests)}", flush=True)
    host = Host(sim=sim, helper=helper, facetd=facetd)
    host.libvirt = thousand.write_node(os.path.join(host.dir, "node.xml"), N)
    with host:
        host.facetd.terminate()
        host.facetd.wait(60)
        thousand.write_documents(os.path.join(host.state, "facet.db"), N)
        host.start_facetd()
        host.login()
        api = Client(host, Contract(openapi))

        def settled():
            items = host.call("GET", "/vms")["items"]
            return items if len(items) == N and all(v["state"] != "unknown" for v in items) else None
        vms = host.wait_for(settled, "all VMs")
        for number, test in enumerate(tests, 1):
            test(api, vms)
            print(f"ok {number} - {test.__name__}", flush=True)


if __name__ == "__main__":
    main()
