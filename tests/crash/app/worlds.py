#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the world may do to a plan, with the real programs on the simulated host: the card falls off the bus in the
middle, the disk fills up, the host restarts.

usage: worlds.py SIM HELPER FACETD
"""
import os
import resource
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
from facet_host import Host  # noqa: E402

LAYOUT = {"3g.40gb": 1, "2g.20gb": 1, "1g.10gb": 2}


def profiles(host):
    return sorted((start, what[0]) for start, what in host.layout("0").items())


def test_reboot(host):
    """Instances do not survive it; the wanted layout is made again, at the same places."""
    task = host.carve("0", LAYOUT)
    assert host.wait_task(task)["outcome"] == "GPU 0 has the wanted layout."
    before = profiles(host)
    host.sim("reboot")

    def restored():
        done = host.call("GET", "/tasks?state=done&limit=1", status=200)["items"]
        return done and done[0]["user"] == "facet" and done[0]
    task = host.wait_for(restored, "the task that restores the layout")
    assert task["outcome"] == "GPU 0 has the wanted layout.", task
    assert profiles(host) == before, (profiles(host), before)
    host.wait_for(lambda: host.call("GET", "/gpus/0")["drift"] == [], "no drift")


def test_vanish(host):
    """The task says that the card went away; nothing waits for ever, and the other card is not concerned."""
    host.sim("inject", "latency", "0", "--create", "1500")
    task = host.carve("0", {"7g.80gb": 1})
    host.wait_for(lambda: host.call("GET", "/tasks/" + task)["percent"] > 0, "the first step")
    host.sim("lose", "0", "--gone")
    ended = host.wait_task(task)
    assert ended["state"] == "failed" and ended["error"]["code"] == "gpu-lost", ended
    assert ended["outcome"] == "GPU 0 went away in the middle; its layout is not known.", ended
    assert host.call("GET", "/gpus/0000:61:00.0", status=200)["state"] == "ok"
    refused = host.raw("POST", "/plans", {"kind": "carve", "gpu": "gpu-0000-41-00-0", "profiles": LAYOUT})
    assert refused[0] in (201, 404), refused  # refused, with the card or without it
    assert refused[0] == 404 or refused[2]["state"] == "refused", refused


def disk(host, full):
    """A limit on the size of files stands for the full disk: from now on no write of facetd's store succeeds."""
    hard = resource.prlimit(host.facetd.pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(host.facetd.pid, resource.RLIMIT_FSIZE, (1 if full else hard, hard))


def test_full_disk(host):
    """A step whose record cannot be written is not run, what was done is taken back, and nothing is lost."""
    plan = host.call("POST", "/plans", {"kind": "carve", "gpu": "0", "profiles": LAYOUT}, 201)
    disk(host, True)
    error = host.call("POST", f"/plans/{plan['id']}/apply", {}, 507)["error"]
    assert error["code"] == "no-space", error
    assert host.call("GET", "/plans/" + plan["id"], status=200)["state"] == "open"
    disk(host, False)
    task = host.call("POST", f"/plans/{plan['id']}/apply", {}, 202)["id"]
    host.wait_for(lambda: host.call("GET", "/tasks/" + task)["percent"] > 30, "some steps")
    disk(host, True)
    ended = host.wait_task(task)
    assert ended["state"] == "undone" and ended["error"]["code"] == "no-space", ended
    assert ended["outcome"] == "GPU 0 has its previous layout.", ended
    gpu = host.call("GET", "/gpus/0", status=200)
    assert not gpu["mig"]["current"] and not gpu["mig"]["instances"], gpu["mig"]
    disk(host, False)

    def carved():
        plan = host.call("POST", "/plans", {"kind": "carve", "gpu": "0", "profiles": LAYOUT})
        status, _, answer = host.raw("POST", f"/plans/{plan['id']}/apply", {})
        assert status in (202, 409), answer  # 409 until the end of the first one has reached the disk
        return status == 202 and answer["id"]
    assert host.wait_task(host.wait_for(carved, "another apply"))["state"] == "done"
    assert host.call("GET", "/tasks/" + task, status=200)["outcome"] == ended["outcome"]


def main():
    sim, helper, facetd = sys.argv[1:4]
    tests = [test_vanish, test_full_disk, test_reboot]
    print(f"TAP version 13\n1..{len(tests)}", flush=True)
    for number, test in enumerate(tests, 1):
        with Host(sim=sim, helper=helper, facetd=facetd) as host:
            host.login()
            host.wait_gpu("0")
            test(host)
        print(f"ok {number} - {test.__name__}", flush=True)


main()
