#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Snapshots keep content: snapshots.py FACETD FACET-HELPER FACET-SIM, under tools/dev/with-libvirtd. Speaks TAP.

What a disk has is written and read behind Facet's back: with qemu-io into the files while the VM is off, and through the
QEMU of a VM that runs. Each block that is written is remembered by its first byte.
"""
import os
import pathlib
import random
import re
import subprocess
import sys
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from stack import PATIENCE, Stack, WebSocket, until  # noqa: E402

stack = Stack(*sys.argv[1:4], host="lab")
BLOCK = 64 * 1024
FIRST = 200 * 1024 * 1024  # beyond what the image has


def create(name, **more):
    stack.done(stack.call("POST", "/vms", {"name": name, "image": "demo", "memory_mib": 256, **more}))
    return stack.vm(name)


def power(name, verb, body=None):
    return stack.done(stack.call("POST", f"/vms/{stack.vm(name)['id']}/{verb}", body or {}))


def disk(name, target="vda"):
    return next(d for d in stack.vm(name)["disks"] if d["target"] == target)


def is_active(name):
    return stack.vm(name)["state"] in ("running", "paused")


def qemu_io(name, command, target="vda"):
    """In the file that the disk writes to, with all that it stands on."""
    how = ["-U", "-r"] if is_active(name) else []
    out = subprocess.run(["qemu-io", *how, "-f", disk(name, target)["format"], "-c", command, disk(name, target)["path"]],
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True)
    return out.stdout.decode()


def qdev(vm, target):
    xml = stack.virsh("dumpxml", vm["id"])
    found = next(d for d in re.findall(r"<disk .*?</disk>", xml, re.S) if f"dev='{target}'" in d)
    return re.search(r"<alias name='([^']*)'", found).group(1)


def write(name, block, byte, target="vda", blocks=1):
    command = f"write -P {byte} {FIRST + block * BLOCK} {blocks * BLOCK}"
    if is_active(name):  # by the QEMU that has it open; it says nothing, so what it wrote is looked at
        vm = stack.vm(name)
        for each in (command, "flush"):
            stack.virsh("qemu-monitor-command", vm["id"], "--hmp",
                        f'qemu-io -d /machine/peripheral/{qdev(vm, target)}/virtio-backend "{each}"')
    else:
        out = qemu_io(name, command, target)
        assert "wrote" in out, out
    out = qemu_io(name, f"read -P {byte} {FIRST + block * BLOCK} {blocks * BLOCK}", target)
    assert "Pattern verification failed" not in out, out


def holds(name, *bytes_, target="vda"):
    """The blocks from the first have these bytes."""
    for block, byte in enumerate(bytes_):
        out = qemu_io(name, f"read -P {byte} {FIRST + block * BLOCK} {BLOCK}", target)
        assert "read" in out and "Pattern verification failed" not in out, (block, byte, out)


def snapshots(name):
    return stack.call("GET", f"/vms/{name}/snapshots")["items"]


def take(name, snapshot, **more):
    task = stack.done(stack.call("POST", f"/vms/{name}/snapshots", {"name": snapshot, **more}))
    return task, next(s for s in snapshots(name) if s["name"] == snapshot)


def revert(name, snapshot, **more):
    return stack.done(stack.call("POST", f"/vms/{name}/snapshots/{snapshot}/revert", more))


def remove(name, snapshot):
    return stack.done(stack.call("DELETE", f"/vms/{name}/snapshots/{snapshot}"))


def files(name):
    """Files of the VM in the pool, by the disk and everything that stands below it."""
    return sorted(p.name for p in (stack.state / "disks").iterdir())


def shape(name):
    return [(s["name"], s["current"], s["deleted"]) for s in snapshots(name)]


def only(name, count):
    assert len(files(name)) == count, files(name)


def shell(serial):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        serial.send(b"\recho sh''ell\r")
        try:
            serial.read_until(b"shell", 3)
            return
        except (AssertionError, TimeoutError):
            continue
    raise AssertionError("the guest's shell does not answer")


# ---- off ----

def test_bad_input():
    vm = create("one")
    for field, body in (("name", {}), ("name", {"name": ""}), ("name", {"name": "a/b"}), ("name", {"name": "x" * 64}),
                        ("name", {"name": "bell\u0007"}), ("colour", {"name": "x", "colour": "red"}),
                        ("freeze", {"name": "x", "freeze": True})):
        problem = stack.refused(409 if field == "freeze" else 400, "POST", f"/vms/{vm['id']}/snapshots", body)
        assert problem["details"]["field"] == field, problem
    stack.refused(404, "DELETE", "/vms/one/snapshots/none")
    stack.refused(404, "POST", "/vms/one/snapshots/none/revert", {})
    assert snapshots("one") == [] and stack.vm("one")["snapshots"] == 0
    only("one", 1)


def test_revert_while_off():
    write("one", 0, 1)
    _, first = take("one", "first")
    assert first["current"] and not first["has_memory"] and first["disks"] == ["vda"] and first["size_bytes"], first
    problem = stack.refused(409, "POST", "/vms/one/snapshots", {"name": "first"})
    assert problem["details"]["field"] == "name", problem
    write("one", 0, 2)
    write("one", 1, 3)
    holds("one", 2, 3)
    revert("one", "first")
    holds("one", 1, 0)
    assert stack.vm("one")["snapshots"] == 1
    only("one", 2)


def test_merge_while_off():
    """Deleting both ends and the middle of a chain keeps what each has."""
    write("one", 1, 4)
    take("one", "second")
    write("one", 2, 5)
    take("one", "third")
    write("one", 3, 6)
    only("one", 4)
    remove("one", "second")
    only("one", 3)
    holds("one", 1, 4, 5, 6)
    assert shape("one") == [("first", False, False), ("third", True, False)], shape("one")
    revert("one", "third")
    holds("one", 1, 4, 5, 0)
    remove("one", "first")
    holds("one", 1, 4, 5, 0)
    remove("one", "third")
    holds("one", 1, 4, 5, 0)
    assert snapshots("one") == []
    only("one", 1)
    assert stack.virsh("list", "--all", "--name").split() == ["one"]


def test_branches():
    """A snapshot with two branches stays out of sight until one is gone, and is merged then."""
    take("one", "root")
    write("one", 0, 10)
    take("one", "branch")
    write("one", 0, 11)
    revert("one", "root")
    holds("one", 1)
    write("one", 0, 12)
    end = remove("one", "root")
    assert "stay until" in end["outcome"], end
    assert shape("one") == [("root", False, True), ("branch", False, False)], shape("one")
    assert next(s for s in snapshots("one") if s["name"] == "branch")["parent"] is None
    holds("one", 12)
    take("one", "other")
    revert("one", "branch")
    holds("one", 10)
    revert("one", "other")
    holds("one", 12)
    remove("one", "branch")
    assert [s["name"] for s in snapshots("one")] == ["other"], snapshots("one")
    holds("one", 12, 4)
    remove("one", "other")
    holds("one", 12, 4)
    only("one", 1)


def test_settings_come_back():
    take("one", "small")
    stack.change("PATCH", stack.vm("one"), {"vcpus": 2, "memory_mib": 512})
    effects = snapshots("one")[0]["revert_effects"]
    assert "1 vCPU instead of 2." in effects and any("is lost" in e for e in effects), effects
    revert("one", "small")
    vm = stack.vm("one")
    assert vm["vcpus"] == 1 and vm["memory_mib"] == 256 and vm["name"] == "one", vm
    assert "<vcpu placement='static'>1</vcpu>" in stack.virsh("dumpxml", "one")
    remove("one", "small")


# ---- running ----

def test_running():
    """Snapshot, merge into the middle and into the disk that is written to, while the guest runs."""
    power("one", "start")
    write("one", 0, 20)
    _, live = take("one", "live")
    assert live["vm_state"] == "running", live
    write("one", 0, 21)
    take("one", "middle")
    write("one", 1, 22)
    take("one", "top")
    write("one", 2, 23)
    remove("one", "middle")
    holds("one", 21, 22, 23)
    remove("one", "top")
    holds("one", 21, 22, 23)
    write("one", 3, 24)
    only("one", 2)
    problem = stack.refused(409, "POST", "/vms/one/snapshots/live/revert", {})
    assert problem["details"]["field"] == "confirm" and "forced off" in str(problem["details"]["reasons"]), problem
    assert stack.vm("one")["state"] == "running"
    revert("one", "live", confirm=True)
    assert stack.vm("one")["state"] == "off"
    holds("one", 20, 4, 5, 0)
    write("one", 1, 25)
    revert("one", "live", start=True)
    assert stack.vm("one")["state"] == "running"
    holds("one", 20, 4)
    remove("one", "live")
    assert stack.vm("one")["state"] == "running" and snapshots("one") == []
    power("one", "stop", {"force": True})
    holds("one", 20, 4)
    only("one", 1)
    power("one", "start")  # libvirt has the right file
    power("one", "stop", {"force": True})


def test_branch_beside_a_running_vm():
    """Files that the running VM does not read are merged by a QEMU of their own, which nobody sees as a VM."""
    take("one", "a")
    write("one", 0, 30)
    take("one", "b")
    write("one", 0, 31)
    take("one", "c")
    revert("one", "a", start=True)
    write("one", 0, 32)
    remove("one", "b")
    assert [v["name"] for v in stack.call("GET", "/vms")["items"]] == ["one"]
    holds("one", 32)
    revert("one", "c", confirm=True)
    holds("one", 31)
    remove("one", "a")
    remove("one", "c")
    holds("one", 31)
    only("one", 1)


def test_memory():
    """What the guest had in memory is there again, and its clock goes on from then."""
    power("one", "start")
    serial = WebSocket(stack, f"/vms/{stack.vm('one')['id']}/console/serial?force=true")
    shell(serial)
    serial.send(b"echo before > /run/mark; cat /run/mark\r")
    serial.read_until(b"before")
    write("one", 0, 40)
    task, snapshot = take("one", "asleep", memory=True)
    assert snapshot["has_memory"] and snapshot["disk_only_reason"] == "", (task, snapshot)
    memory = next(f for f in (stack.state / "disks").iterdir() if f.suffix == ".mem")
    assert snapshot["size_bytes"] >= memory.stat().st_blocks * 512 > 0, (snapshot, memory.stat())
    only("one", 3)
    write("one", 0, 41)
    serial.send(b"echo after > /run/mark\r")
    serial.close()
    revert("one", "asleep", confirm=True)
    assert stack.vm("one")["state"] == "running"
    holds("one", 40)
    serial = WebSocket(stack, f"/vms/{stack.vm('one')['id']}/console/serial?force=true")
    serial.send(b"\r\rcat /run/mark; echo e''nd\r")
    said = serial.read_until(b"end\r")
    assert b"before" in said and b"after" not in said, said
    serial.close()
    remove("one", "asleep")
    holds("one", 40)
    only("one", 1)
    power("one", "stop", {"force": True})


def test_paused_is_kept():
    power("one", "start")
    stack.virsh("suspend", "one")
    stack.until_state("one", "paused")
    _, snapshot = take("one", "still", memory=True)
    assert snapshot["vm_state"] == "paused" and stack.vm("one")["state"] == "paused"
    revert("one", "still", confirm=True)
    assert stack.vm("one")["state"] == "paused"
    power("one", "stop", {"force": True})
    remove("one", "still")
    only("one", 1)


def test_devices_have_no_memory():
    gpu = next(g for g in stack.call("GET", "/gpus")["items"] if "A100" in g["name"])
    plan = stack.call("POST", "/plans", {"kind": "carve", "gpu": gpu["id"], "profiles": {"3g.40gb": 1}})
    stack.done(stack.call("POST", f"/plans/{plan['id']}/apply", {}))
    group = next(g for g in stack.call("GET", "/resource-groups")["items"]
                 if g["rules"].get("profile") == "3g.40gb" and "A100" in g["rules"].get("model", ""))
    stack.change("PATCH", stack.vm("one"), {"devices": [{"group": group["id"]}]})
    power("one", "start")
    why = "The memory of a VM with a passed-through device cannot be saved."
    listed = stack.call("GET", "/vms/one/snapshots")
    assert listed["memory"] == {"possible": False, "why_not": why}, listed
    task, snapshot = take("one", "gpu", memory=True)
    assert not snapshot["has_memory"] and snapshot["disk_only_reason"] == why and why in task["outcome"], (task, snapshot)
    stack.change("PATCH", stack.vm("one"), {"devices": []})
    revert("one", "gpu", confirm=True, start=True)
    vm = stack.vm("one")
    assert vm["state"] == "running" and vm["devices"][0]["parts"], vm
    power("one", "stop", {"force": True})
    until("the part to be free", lambda: stack.call("GET", "/resource-groups")["items"] and all(
        not d["parts"] for d in stack.vm("one")["devices"]))
    remove("one", "gpu")


def test_cancelled_merge_goes_on_later():
    take("one", "large")
    write("one", 0, 50, blocks=1500)
    task = stack.call("DELETE", "/vms/one/snapshots/large")
    try:
        stack.call("POST", f"/tasks/{task['id']}/cancel", {})
    except Exception as quick:  # it may have been quicker than the cancel
        print(f"# {quick}", flush=True)
    end = stack.ended(task)
    assert end["state"] in ("cancelled", "done"), end
    holds("one", 50, 50)
    left = snapshots("one")
    assert len(left) == (1 if end["state"] == "cancelled" else 0), left
    if left:
        assert left[0]["deleted"], left
        remove("one", left[0]["id"])
    holds("one", 50, 50)
    only("one", 1)


# ---- clones ----

def clone(name, new, **more):
    return stack.call("POST", f"/vms/{name}/clone", {"name": new, **more})


def test_clone():
    """A clone has what its source has, or had, and nothing in common with it afterwards."""
    write("one", 0, 70)
    take("one", "then")
    write("one", 0, 71)
    stack.done(clone("one", "now"))
    stack.done(clone("one", "before", snapshot="then"))
    holds("now", 71)
    holds("before", 70)
    source, copy = stack.vm("one"), stack.vm("now")
    assert copy["id"] != source["id"] and copy["state"] == "off" and copy["snapshots"] == 0, copy
    assert {n["mac"] for n in copy["nics"]}.isdisjoint(n["mac"] for n in source["nics"])
    assert copy["memory_mib"] == source["memory_mib"] and disk("now")["made"], copy
    info = subprocess.run(["qemu-img", "info", disk("now")["path"]], stdout=subprocess.PIPE, check=True).stdout
    assert b"backing file" not in info, info
    write("now", 0, 72)
    holds("one", 71)
    power("now", "start")
    power("now", "stop", {"force": True})
    for name in ("now", "before"):
        stack.done(stack.change("DELETE", stack.vm(name)))
    only("one", 2)


def test_clone_of_a_running_vm():
    power("one", "start")
    problem = stack.refused(409, "POST", "/vms/one/clone", {"name": "live"})
    assert problem["details"]["field"] == "snapshot" and "snapshot" in problem["next"], problem
    for field, body in (("name", {}), ("name", {"name": "../x"}), ("name", {"name": "one"})):
        problem = stack.refused(409 if body.get("name") == "one" else 400, "POST", "/vms/one/clone",
                                {"snapshot": "then", **body})
        assert problem["details"]["field"] == field, problem
    stack.refused(404, "POST", "/vms/one/clone", {"name": "live", "snapshot": "none"})
    stack.done(clone("one", "live", snapshot="then"))
    holds("live", 70)
    assert stack.vm("one")["state"] == "running"
    power("one", "stop", {"force": True})
    stack.done(stack.change("DELETE", stack.vm("live")))
    remove("one", "then")
    only("one", 1)


def test_cancelled_clone_leaves_nothing():
    write("one", 0, 73, blocks=1500)
    task = clone("one", "half")
    try:
        stack.call("POST", f"/tasks/{task['id']}/cancel", {})
    except Exception as quick:  # it may have been quicker than the cancel
        print(f"# {quick}", flush=True)
    end = stack.ended(task)
    if end["state"] == "done":
        stack.done(stack.change("DELETE", stack.vm("half")))
    else:
        assert end["state"] == "cancelled" and "nothing is left" in end["outcome"], end
    stack.refused(404, "GET", "/vms/half")
    only("one", 1)


# ---- kill -9 ----

def killed(act, chance):
    """Begins something, kills facetd at a random moment, and gives how the task ended in the next one."""
    task = act()
    time.sleep(chance.random() * 0.5)
    stack.kill_facetd()
    stack.start_facetd()
    end = stack.ended(task)
    left = [s for s in snapshots("one") if s["deleted"]]
    assert not left, (end, left)
    only("one", 1 + len(snapshots("one")))
    return end


def test_killed_in_the_middle():
    """The old state or the new one, and no file that nobody knows of; off and running."""
    seed = int(os.environ.get("FACET_SEED", random.SystemRandom().randrange(1 << 30)))
    chance = random.Random(seed)
    print(f"# seed {seed}", flush=True)
    for running in (False, True):
        if running:
            power("one", "start")
        write("one", 0, 90)
        for number in range(3):
            end = killed(lambda: stack.call("POST", "/vms/one/snapshots", {"name": f"k{number}"}), chance)
            print(f"# {end['outcome']}", flush=True)
            holds("one", 90)
        if not snapshots("one"):
            take("one", "k")
        base = snapshots("one")[0]["name"]
        write("one", 0, 91)
        end = killed(lambda: stack.call("DELETE", f"/vms/one/snapshots/{base}"), chance)
        print(f"# {end['outcome']}", flush=True)
        holds("one", 91)
        take("one", "back")
        write("one", 0, 92)
        end = killed(lambda: stack.call("POST", "/vms/one/snapshots/back/revert", {"confirm": True}), chance)
        print(f"# {end['outcome']}", flush=True)
        holds("one", 91 if "back at" in end["outcome"] else 92)
        for snapshot in snapshots("one"):
            remove("one", snapshot["name"])
        only("one", 1)
        if stack.vm("one")["state"] == "running":
            power("one", "stop", {"force": True})


# ---- the end ----

def test_delete_takes_everything():
    take("one", "x")
    write("one", 0, 60)
    take("one", "y")
    revert("one", "x")
    vm = stack.vm("one")
    problem = stack.refused(409, "DELETE", f"/vms/{vm['id']}?keep_disk=true", None, {"If-Match": f'"{vm["revision"]}"'})
    assert "snapshots" in problem["message"], problem
    stack.done(stack.change("DELETE", stack.vm("one")))
    only("one", 0)
    assert stack.virsh("list", "--all", "--name").split() == []


def test_two_disks():
    vm = create("two", disks=[{"size_gib": 1}])
    assert [d["target"] for d in vm["disks"] if d["kind"] == "disk"] == ["vda", "vdb"], vm
    write("two", 0, 80)
    write("two", 0, 81, "vdb")
    _, snapshot = take("two", "both")
    assert snapshot["disks"] == ["vda", "vdb"], snapshot
    write("two", 0, 82)
    write("two", 0, 83, "vdb")
    power("two", "start")
    take("two", "again")
    write("two", 1, 84)
    write("two", 1, 85, "vdb")
    remove("two", "again")
    holds("two", 82, 84)
    holds("two", 83, 85, target="vdb")
    stack.done(clone("two", "copy", snapshot="both"))
    holds("copy", 80)
    holds("copy", 81, target="vdb")
    revert("two", "both", confirm=True)
    holds("two", 80, 0)
    holds("two", 81, 0, target="vdb")
    remove("two", "both")
    holds("two", 80, 0)
    holds("two", 81, 0, target="vdb")
    for name in ("two", "copy"):
        stack.done(stack.change("DELETE", stack.vm(name)))
    only("two", 0)


def main():
    tests = [(n, f) for n, f in globals().items() if n.startswith("test_")]
    failed = 0
    print(f"1..{len(tests)}", flush=True)
    try:
        stack.start()
        for number, (name, run) in enumerate(tests, 1):
            begin = time.monotonic()
            try:
                run()
                print(f"ok {number} {name[5:]} # {time.monotonic() - begin:.1f} s", flush=True)
            except Exception:  # whatever it is, the next ones are to run
                failed += 1
                print(f"not ok {number} {name[5:]}", flush=True)
                print("# " + traceback.format_exc().replace("\n", "\n# "), flush=True)
    finally:
        if failed or sys.exc_info()[0]:
            for name in ("facetd", "helper"):
                print(f"# {name}: " + stack.log(name).replace("\n", "\n# "), flush=True)
        try:
            stack.stop()
        except AssertionError as fault:
            failed += 1
            print(f"Bail out! {fault}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
