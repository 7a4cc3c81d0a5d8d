#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the real programs at every place of a re-carve, on the simulated host.

usage: kill9.py SIM HELPER FACETD-WITH-CRASH-PLACES facetd|helper|both

An A100 with a busy instance goes back and forth between two layouts. Each time something is killed at the next place:
after the commit, after each journal record, after each step, after each step's record; then twice in the middle of a
step, at a random moment (the seed is printed). Everything is started again. Then the card must have the layout that
the task says, the task must be one of "wanted" and "previous", and the busy instance must be the same one with the same
process.
"""
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
from facet_host import Gone, Host  # noqa: E402

KEPT = "3g.40gb"
LAYOUTS = ({KEPT: 1, "2g.20gb": 1}, {KEPT: 1, "1g.10gb": 1})
PLACES = 1 + 4 * 3  # the commit; remove and create an instance and its compute instance: journaled, ran, done
OUTCOMES = {"wanted": "GPU 0 has the wanted layout.", "previous": "GPU 0 has its previous layout."}


def counts(layout):
    result = {}
    for profile, _, _ in layout.values():
        result[profile] = result.get(profile, 0) + 1
    return result


def busy_one(layout):
    return next((start, what) for start, what in layout.items() if what[0] == KEPT)


def restart(host, who):
    """What the service manager does. A facetd that was not killed goes on by itself."""
    if who != "facetd":
        host.helper.wait()
        host.start_helper()
    if who != "helper":
        host.facetd.wait()
        host.start_facetd()


def crash(host, who, wanted, at, delay_us=None):
    """One re-carve with a crash. Returns whether the card has the wanted layout."""
    host.facetd.terminate()
    host.facetd.wait()
    environment = {"FACET_CRASH_AT": str(at), "FACET_CRASH_WHO": who, "FACET_CRASH_HELPER": str(host.helper.pid)}
    if delay_us is not None:
        environment["FACET_CRASH_DELAY_US"] = str(delay_us)
    host.start_facetd(**environment)
    host.wait_gpu("0")
    before = host.layout("0")
    plan = host.call("POST", "/plans", {"kind": "carve", "gpu": "0", "profiles": wanted}, 201)
    try:
        host.call("POST", f"/plans/{plan['id']}/apply", {}, 202)
    except Gone:
        pass  # it died before it could answer: that it was applied is on disk all the same
    restart(host, who)
    task = host.wait_task(host.call("GET", "/plans/" + plan["id"], status=200)["task"])
    host.wait_gpu("0")
    after = host.layout("0")
    note = f"at {at}{'' if delay_us is None else f' + {delay_us} us'}: {task['state']}: {task['outcome']}"
    print("# " + note, flush=True)
    assert task["outcome"] in OUTCOMES.values(), f"{task}\n{host.log()}"
    has_wanted = task["outcome"] == OUTCOMES["wanted"]
    assert counts(after) == (wanted if has_wanted else counts(before)), f"{note}: {before} {after}\n{host.log()}"
    assert all(len(compute) == 1 for _, compute, _ in after.values()), f"{note}: {after}"
    assert busy_one(after) == busy_one(before), f"{note}: the busy instance was touched: {before} {after}"
    os.kill(busy_one(after)[1][2][0], 0)  # its process lives
    return has_wanted


def main():
    sim, helper, facetd, who = sys.argv[1:5]
    seed = int(os.environ.get("FACET_SEED", random.SystemRandom().randrange(1 << 30)))
    chance = random.Random(seed)
    print(f"TAP version 13\n1..{PLACES + 2}\n# seed {seed}", flush=True)
    with Host(sim=sim, helper=helper, facetd=facetd) as host:
        host.login()
        host.wait_gpu("0")
        assert host.wait_task(host.carve("0", LAYOUTS[0]))["state"] == "done"
        kept = next(i for i in host.call("GET", "/gpus/0")["mig"]["instances"] if i["profile"] == KEPT)
        host.sim("hold", f"0/{kept['id']}")
        host.wait_for(lambda: busy_one(host.layout("0"))[1][2], "the process that holds the instance")
        now = 0
        rounds = [(at, None) for at in range(1, PLACES + 1)]
        rounds += [(chance.choice((2, 5, 8, 11)), chance.randrange(300000)) for _ in range(2)]
        for number, (at, delay_us) in enumerate(rounds, 1):
            if crash(host, who, LAYOUTS[1 - now], at, delay_us):
                now = 1 - now
            print(f"ok {number} - {who} killed at place {at}", flush=True)


main()
