#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Snapshots against a model: snapshot_model.py FACETD FACET-HELPER FACET-SIM, under tools/dev/with-libvirtd. Speaks TAP.

Chance chooses what is done to VMs that are off: blocks written by qemu-io, snapshots, reverts, deletes, clones, disks added,
and facetd killed in the middle of these. A model says what each disk and each snapshot must contain; after every change all of it is
read, and no file may be left that nobody has down. FACET_SEED repeats a run.
"""
import json
import os
import pathlib
import random
import subprocess
import sys
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from snapshots import BLOCK, FIRST, clone, create, disk, qemu_io, remove, revert, snapshots, stack, take  # noqa: E402
from disk_safety import delete, stored_source  # noqa: E402

BLOCKS = 4
CHANGES = 28
ENOUGH_S = 60  # no more changes after it; each is checked whole


class Disk(list):
    """Bytes, by block. Another disk may have the same target later: @born tells them apart."""

    count = 0

    def __init__(self, content, born=None):
        super().__init__(content)
        Disk.count += born is None
        self.born = Disk.count if born is None else born


class Model:
    """What a VM must contain, by target."""

    def __init__(self, disks):
        self.disks = {target: Disk(content) for target, content in disks.items()}
        self.snapshots = {}  # name → disks then

    def copy_of(self, disks=None):
        return {target: Disk(disk, disk.born) for target, disk in (disks or self.disks).items()}


class Run:
    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.vms = {}
        self.number = 0

    def name(self, prefix):
        self.number += 1
        return f"{prefix}{self.number}"

    def pick(self):
        name = self.chance.choice(sorted(self.vms))
        return name, self.vms[name]

    # ---- what is done ----

    def make(self):
        name = self.name("vm")
        create(name)
        self.vms[name] = Model({"vda": [0] * BLOCKS})

    def write(self):
        name, model = self.pick()
        target = self.chance.choice(sorted(model.disks))
        block, byte = self.chance.randrange(BLOCKS), self.chance.randrange(1, 255)
        qemu_io(name, f"write -P {byte} {FIRST + block * BLOCK} {BLOCK}", target)
        model.disks[target][block] = byte

    def add_disk(self):
        name, model = self.pick()
        if len(model.disks) < 2:
            before = set(disks_of(name))
            stack.done(stack.call("POST", f"/vms/{name}/disks", {"size_gib": 1}))
            target = (set(disks_of(name)) - before).pop()
            model.disks[target] = Disk([0] * BLOCKS)

    def snapshot(self):
        name, model = self.pick()
        if len(model.snapshots) < 4:
            snapshot = self.name("s")
            take(name, snapshot)
            model.snapshots[snapshot] = model.copy_of()

    def revert(self):
        name, model = self.pick()
        if model.snapshots:
            snapshot = self.chance.choice(sorted(model.snapshots))
            before = disks_of(name)
            revert(name, snapshot)
            self.went_back(name, model, snapshot, before)

    def went_back(self, name, model, snapshot, before):
        """A disk that was added since is kept as a volume when no snapshot has its content; also where an older disk comes back."""
        then = model.snapshots[snapshot]
        for target in [target for target, disk in model.disks.items() if target not in then or then[target].born != disk.born]:
            born = model.disks[target].born
            frozen = any(disks[target].born == born for disks in model.snapshots.values() if target in disks)
            assert os.path.exists(before[target]["path"]) == (not frozen), (name, target, frozen)
            if not frozen:
                read(name, target, before[target]["path"], before[target]["format"], model.disks[target])
                stack.call("DELETE", f"/volumes/facet:{before[target]['volume']}")
        model.disks = model.copy_of(model.snapshots[snapshot])
        assert set(disks_of(name)) == set(model.disks), (disks_of(name), model.disks)

    def delete_snapshot(self):
        name, model = self.pick()
        if model.snapshots:
            snapshot = self.chance.choice(sorted(model.snapshots))
            remove(name, snapshot)
            del model.snapshots[snapshot]

    def clone(self):
        name, model = self.pick()
        if len(self.vms) < 3:
            new = self.name("vm")
            snapshot = self.chance.choice([None, *sorted(model.snapshots)])
            stack.done(clone(name, new, **({"snapshot": snapshot} if snapshot else {})))
            self.vms[new] = Model(model.snapshots[snapshot] if snapshot else model.disks)

    def delete(self):
        if len(self.vms) > 1:
            name, _ = self.pick()
            delete(name)
            del self.vms[name]

    def restart(self):
        stack.kill_facetd()
        stack.start_facetd()

    def killed(self):
        """One of the above, and kill -9 somewhere in it: the state before or the one after."""
        name, model = self.pick()
        kind = self.chance.choice(["take", "revert", "remove"]) if model.snapshots else "take"
        snapshot = self.name("s") if kind == "take" else self.chance.choice(sorted(model.snapshots))
        method, path, body = {"take": ("POST", "", {"name": snapshot}), "revert": ("POST", f"/{snapshot}/revert", {}),
                              "remove": ("DELETE", f"/{snapshot}", None)}[kind]
        before = disks_of(name)
        task = stack.call(method, f"/vms/{name}/snapshots{path}", body)
        time.sleep(self.chance.random() * 0.6)  # anywhere in it
        self.restart()
        end = stack.ended(task)
        if kind == "revert" and "back at" in end["outcome"]:
            self.went_back(name, model, snapshot, before)
        there = {s["name"] for s in snapshots(name) if not s["deleted"]}
        if kind == "take" and snapshot in there:
            model.snapshots[snapshot] = model.copy_of()
        if kind == "remove":
            del model.snapshots[snapshot]
        return f"killed in {kind}: {end['outcome']}"

    # ---- what must be so ----

    def check(self):
        named = set()
        for name, model in self.vms.items():
            assert {s["name"] for s in snapshots(name) if not s["deleted"]} == set(model.snapshots), (name, snapshots(name))
            for target, content in model.disks.items():
                assert stored_source(name, target) == disk(name, target)["path"], (name, target)
                read(name, target, disk(name, target)["path"], disk(name, target)["format"], content)
            named |= self.check_files(name, model)
        there = {p.name for p in (stack.state / "disks").iterdir()}
        assert there == named, (sorted(there - named), sorted(named - there))

    def check_files(self, name, model):
        """The files that are the VM's: its own, and its snapshots'."""
        id = stack.vm(name)["id"]
        for snapshot, disks in model.snapshots.items():
            doc = next(s for s in snapshots(name) if s["name"] == snapshot)
            assert sorted(doc["disks"]) == sorted(disks), (snapshot, doc["disks"], disks)
        return {v["name"] for v in stack.call("GET", "/volumes?pool=facet")["items"]
                if any(user["vm"] == id for user in v["used_by"])}

    def read_snapshots(self):
        """By going back to each: nothing else reads them as a user does."""
        for name, model in self.vms.items():
            for snapshot in sorted(model.snapshots):
                before = disks_of(name)
                revert(name, snapshot)
                self.went_back(name, model, snapshot, before)
                self.check()


def disks_of(name):
    return {d["target"]: d for d in stack.vm(name)["disks"] if d["kind"] == "disk"}


def read(name, target, path, fmt, content):
    commands = [part for block, byte in enumerate(content)
                for part in ("-c", f"read -P {byte} {FIRST + block * BLOCK} {BLOCK}")]
    out = subprocess.run(["qemu-io", "-r", "-f", fmt, *commands, path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = out.stdout.decode()
    assert out.returncode == 0 and "Pattern verification failed" not in text, (name, target, content, text)
    info = json.loads(subprocess.run(["qemu-img", "check", "--output=json", "-f", fmt, path], stdout=subprocess.PIPE).stdout)
    assert not info.get("corruptions"), info


def test_chance(seed):
    run = Run(seed)
    print(f"# seed {seed}", flush=True)
    begin = time.monotonic()
    run.make()
    kinds = ["write"] * 6 + ["snapshot"] * 4 + ["revert"] * 3 + ["delete_snapshot"] * 3 + ["killed"] * 2 + ["clone", "delete",
                                                                                                          "add_disk"]
    for number in range(CHANGES):
        if time.monotonic() - begin > ENOUGH_S:
            print(f"# enough after {number} changes", flush=True)
            break
        kind = run.chance.choice(kinds)
        said = getattr(run, kind)()
        print(f"# {number} {kind} {said or ''}", flush=True)
        run.check()
    run.read_snapshots()
    while len(run.vms) > 1:
        run.delete()
        run.check()
    delete(next(iter(run.vms)))
    assert not list((stack.state / "disks").iterdir())


def main():
    seed = int(os.environ.get("FACET_SEED", random.SystemRandom().randrange(1 << 30)))
    failed = 0
    print("1..1", flush=True)
    try:
        stack.start()
        try:
            test_chance(seed)
            print("ok 1 chance", flush=True)
        except Exception:  # the instance is to be stopped all the same
            failed = 1
            print("not ok 1 chance", flush=True)
            print("# " + traceback.format_exc().replace("\n", "\n# "), flush=True)
            print("# facetd: " + stack.log("facetd").replace("\n", "\n# "), flush=True)
    finally:
        try:
            stack.stop()
        except AssertionError as fault:
            failed = 1
            print(f"Bail out! {fault}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
