#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Another tool on the same cards (case 15): what it makes of them is shown, completed, split, let go and taken back.

usage: foreign.py FACET-SIM FACET-HELPER FACETD FACET     prints TAP
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../support"))
from facet_host import Host  # noqa: E402

# What nvidia-smi mig -cgi and -cci do, by the same library.
TOOL = r"""
import ctypes as C, sys
n = C.CDLL('libnvidia-ml.so.1')
assert n.nvmlInit_v2() == 0
d, h, out, mode = C.c_void_p(), C.c_void_p(), C.c_void_p(), C.c_int()
class Info(C.Structure): _fields_ = [('device', C.c_void_p), ('id', C.c_uint), ('profile', C.c_uint), ('place', C.c_uint * 2)]
assert n.nvmlDeviceGetHandleByIndex_v2(int(sys.argv[1]), C.byref(d)) == 0
word = sys.argv[2:]
if word[0] == 'mig':
    print(n.nvmlDeviceSetMigMode(d, int(word[1]), C.byref(mode)), mode.value)
elif word[0] == 'gi':
    assert n.nvmlDeviceCreateGpuInstance(d, int(word[1]), C.byref(h)) == 0
    i = Info(); n.nvmlGpuInstanceGetInfo(h, C.byref(i)); print(i.id)
else:
    assert n.nvmlDeviceGetGpuInstanceById(d, int(word[1]), C.byref(h)) == 0
    print(n.nvmlGpuInstanceCreateComputeInstance(h, int(word[2]), C.byref(out)))
"""


class World:
    def __init__(self, host, facet):
        self.host, self.facet_program = host, facet

    def tool(self, *words):
        return self.host.sim("exec", "--", sys.executable, "-c", TOOL, *map(str, words)).strip()

    def facet(self, *words, status=0):
        env = {**os.environ, "FACET_URL": f"https://127.0.0.1:{self.host.port}", "FACET_TOKEN": self.host.token,
               "FACET_CA": os.path.join(self.host.state, "tls", "cert.pem"),
               "FACET_CONFIG": os.path.join(self.host.dir, "cli.json")}
        done = subprocess.run([self.facet_program, *words], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
        assert done.returncode == status, f"facet {' '.join(words)}: exit {done.returncode}\n{done.stdout}"
        return done.stdout

    def gpu(self, condition):
        """The card 0, once it is so."""
        def so():
            card = self.host.call("GET", "/gpus/0", status=200)
            return card if condition(card) else None
        return self.host.wait_for(so, "what is seen of the card")

    def instances(self, *not_whole):
        """Once the card's instances, by place, hold this."""
        return self.gpu(lambda g: [i["not_whole"] for i in g["mig"]["instances"]] == list(not_whole))

    def group(self, profile):
        return [g for g in self.host.call("GET", "/resource-groups", status=200)["items"]
                if g["builtin"] and g["rules"]["profile"] == profile][0]


def pending_is_finished(w):
    """nvidia-smi -mig 1 while Facet looks at the card: Ampere waits for a reset."""
    assert w.tool(0, "mig", 1) == "0 19"
    w.gpu(lambda g: g["mig"]["pending"] and not g["mig"]["current"])
    assert "facet gpu mig 0 on" in w.facet("gpu", "show", "0")
    plan = w.host.call("POST", "/plans", {"kind": "mig-mode", "gpu": "0", "enabled": False}, 201)
    assert [s["kind"] for s in plan["steps"]] == ["mig.mode"] and plan["title"].startswith("Take back"), plan
    w.facet("gpu", "mig", "0", "on", "--yes")
    w.gpu(lambda g: g["mig"]["current"])


def a_part_of_the_compute(w):
    """nvidia-smi mig -cgi 0, -gi 0 -cci 0: 1c.7g.80gb."""
    gi = w.tool(0, "gi", 0)
    w.instances("no compute instance")
    w.tool(0, "ci", gi, 0)
    w.instances("1c.7g.80gb, 1 of 7 compute")
    group = w.group("7g.80gb")
    assert (group["free"], group["total"]) == (0, 1) and "not whole" in group["parts"][0]["why"], group
    assert "1c.7g.80gb, 1 of 7 compute" in w.facet("gpu", "show", "0")
    assert "1c.7g.80gb, 1 of 7 compute" in w.facet("group", "list")
    w.facet("gpu", "carve", "0", "7g=1", "--yes")
    w.instances("")
    assert w.group("7g.80gb")["free"] == 1


def split_on_wish_and_by_others(w):
    refused = w.host.call("POST", "/plans", {"kind": "carve", "gpu": "0", "profiles": {}}, 201)
    w.host.call("POST", f"/plans/{refused['id']}/apply", {}, 422)
    w.facet("gpu", "carve", "0", "--empty", "--yes")
    w.instances()
    gi = w.tool(0, "gi", 9)
    w.tool(0, "ci", gi, 0)
    w.tool(0, "ci", gi, 1)
    card = w.instances("1c.3g.40gb + 2c.3g.40gb")
    assert any("not whole" in line or "nobody asked" in line for line in card["drift"]), card["drift"]
    assert w.group("3g.40gb")["free"] == 0
    w.facet("gpu", "carve", "0", "3g=1", "--yes")
    w.instances("")
    w.facet("gpu", "carve", "0", "3g=1", "--compute", "3g=1c+1c+1c", "--yes")
    card = w.instances("3 × 1c.3g.40gb")
    assert card["drift"] == [], card["drift"]
    told = w.facet("gpu", "carve", "0", "3g=2", "--plan")
    assert "1 of 7 compute slices stay unused. This would use them: 1 × 4g.40gb, 1 × 3g.40gb" in told, told


def let_go_and_taken_back(w):
    before = w.gpu(lambda g: True)
    w.facet("gpu", "release", "0")
    card = w.gpu(lambda g: g["state"] == "released")
    assert card["uuid"] == before["uuid"] and card["name"] == before["name"]
    assert "facet gpu take 0" in w.facet("gpu", "show", "0")
    w.facet("gpu", "carve", "0", "3g=1", "--yes", status=6)
    # Nobody is in the way now: what waits for a reset otherwise is done at once.
    w.host.sim("reset", "0")
    assert w.tool(0, "mig", 0) == "0 0"
    w.facet("gpu", "take", "0")
    card = w.gpu(lambda g: g["state"] == "ok")
    assert not card["mig"]["current"] and card["drift"], card["drift"]


def main():
    sim, helper, facetd, facet = sys.argv[1:5]
    tests = [pending_is_finished, a_part_of_the_compute, split_on_wish_and_by_others, let_go_and_taken_back]
    print(f"TAP version 13\n1..{len(tests)}", flush=True)
    if not os.path.exists("/dev/fuse") or os.geteuid() != 0:
        for number, test in enumerate(tests, 1):
            print(f"ok {number} - {test.__name__} # SKIP needs /dev/fuse, and root for a mount namespace")
        return 0
    failed = 0
    with Host(sim, helper, facetd, "small") as host:
        host.login()
        host.wait_gpu("0")
        for number, test in enumerate(tests, 1):
            try:
                test(World(host, facet))
                print(f"ok {number} - {test.__name__.replace('_', ' ')}", flush=True)
            except (AssertionError, OSError, KeyError, IndexError, subprocess.SubprocessError) as why:
                failed += 1
                text = str(why).replace("\n", "\n# ")
                print(f"not ok {number} - {test.__name__}\n# {type(why).__name__}: {text}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
