#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a start needs and is not there: "why", the VM's page, start, restart and revert say the same, before anything is done.
preflight.py FACETD FACET-HELPER FACET-SIM, under tools/dev/with-libvirtd. Speaks TAP."""
import ctypes
import json
import os
import pathlib
import re
import shutil
import sqlite3
import struct
import subprocess
import sys
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import encrypted  # noqa: E402
import live  # noqa: E402
from stack import Stack, WebSocket, until  # noqa: E402

stack = Stack(*sys.argv[1:4], host="lab")


def beside_libvirtd(*command):
    """Where libvirtd has its mounts and its network."""
    subprocess.run(["nsenter", "-m", "-n", "-p", "-r", "-t", str(live.libvirtd()), *map(str, command)], check=True)


def show_to_libvirtd(folder):
    """What is mounted there is mounted at the same place where libvirtd sees it: one file system, two name spaces."""
    libc = ctypes.CDLL(None, use_errno=True)
    tree = libc.syscall(428, -100, os.fsencode(folder), 1)  # open_tree(AT_FDCWD, …, OPEN_TREE_CLONE)
    assert tree >= 0, os.strerror(ctypes.get_errno())
    space = os.open(f"/proc/{live.libvirtd()}/ns/mnt", os.O_RDONLY)
    root = os.open(f"/proc/{live.libvirtd()}/root", os.O_RDONLY)  # setns goes to the name space's root, which may be another
    child = os.fork()
    if not child:
        ok = libc.setns(space, 0x20000) == 0 and libc.fchdir(root) == 0 and libc.chroot(b".") == 0 and libc.syscall(429, tree, b"", -100, os.fsencode(folder), 4) == 0  # move_mount
        os._exit(0 if ok else ctypes.get_errno())
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status == 0, os.strerror(status)
    for opened in (tree, space, root):
        os.close(opened)


def create(name, **more):
    stack.done(stack.call("POST", "/vms", {"name": name, "memory_mib": 128, "nics": [], **({} if "volume" in more or "iso" in more
                                                                                             else {"image": "demo"}), **more}))
    return stack.vm(name)


def snapshot(name, title):
    stack.done(stack.call("POST", f"/vms/{name}/snapshots", {"name": title}))


def revert_lines(name, title):
    return next(s for s in stack.call("GET", f"/vms/{name}/snapshots")["items"] if s["name"] == title)["revert_effects"]


def power(name, verb, body=None):
    return stack.done(stack.call("POST", f"/vms/{name}/{verb}", body or {}))


def stops(verdicts):
    return sorted(v["code"] for v in verdicts if v["severity"] in ("block", "refuse"))


def agree(name, *codes):
    """Why, the view and the start name these codes and no other."""
    wanted = sorted(codes)
    why = stack.call("GET", f"/vms/{name}/preflight")
    assert stops(why["verdicts"]) == wanted and why["can_start"] is (not wanted), why
    until(f"the page to say {wanted}", lambda: stops(stack.vm(name)["blocked"]) == wanted)
    if wanted:
        problem = stack.refused(422, "POST", f"/vms/{name}/start", {})
        assert problem["code"] == "refused" and stops(problem["details"]["verdicts"]) == wanted, problem
        assert problem["next"], problem
    return why["verdicts"]


def network(name, subnet):
    stack.call("POST", "/networks", {"name": name, "kind": "isolated", "subnet": subnet})
    return stack.call("GET", f"/networks/{name}")


def drop_network(name, query=""):
    net = stack.call("GET", f"/networks/{name}")
    return "DELETE", f"/networks/{name}{query}", None, {"If-Match": f'"{net["revision"]}"'}


def test_revert_to_a_deleted_network():
    """Case 09: what a snapshot needs is not deleted unasked, revert says what is gone, and so does everybody after it."""
    network("old", "192.168.211.0/24")
    create("mover", nics=[{"network": "old"}])
    snapshot("mover", "s1")
    stack.change("PATCH", stack.vm("mover"), {"nics": []})
    agree("mover")
    problem = stack.refused(422, *drop_network("old"))
    assert [v["code"] for v in problem["details"]["verdicts"]] == ["snapshot-needs"], problem
    assert "snapshot s1 of VM mover" in problem["message"], problem
    assert not any("could not start" in line for line in revert_lines("mover", "s1"))
    stack.call(*drop_network("old", "?confirm=1"))
    until("revert to say it", lambda: any("network old is gone" in line for line in revert_lines("mover", "s1")))
    problem = stack.refused(422, "POST", "/vms/mover/snapshots/s1/revert", {"start": True})
    assert stops(problem["details"]["verdicts"]) == ["network-missing"], problem
    agree("mover")  # nothing has happened
    stack.done(stack.call("POST", "/vms/mover/snapshots/s1/revert", {"start": False}))
    agree("mover", "network-missing")
    problem = stack.refused(400, "POST", "/vms", {"name": "other", "image": "demo", "nics": [{"network": "old"}]})
    assert problem["details"]["field"] == "nics", problem


def test_network_stopped_and_bridge_gone():
    net = network("lan", "192.168.212.0/24")
    create("plugged", nics=[{"network": "lan"}])
    agree("plugged")
    stack.virsh("net-destroy", "lan")
    agree("plugged", "network-stopped")
    problem = stack.refused(409, "POST", "/vms", {"name": "eager", "image": "demo", "nics": [{"network": "lan"}], "start": True})
    assert problem["details"]["field"] == "nics", problem  # before a disk is copied for it
    assert stack.call("POST", "/networks/lan/start")["active"]
    assert stack.call("POST", "/networks/lan/start")["active"]  # runs already
    assert stack.refused(404, "POST", "/networks/nowhere/start")
    agree("plugged")
    power("plugged", "start")
    stack.virsh("net-destroy", "lan")
    problem = stack.refused(422, "POST", "/vms/plugged/restart", {"force": True})
    assert stops(problem["details"]["verdicts"]) == ["network-stopped"], problem
    assert stack.vm("plugged")["state"] == "running"
    power("plugged", "stop", {"force": True})
    stack.virsh("net-start", "lan")
    beside_libvirtd("ip", "link", "del", net["bridge"])
    agree("plugged", "bridge-missing")
    stack.virsh("net-destroy", "lan")
    stack.virsh("net-start", "lan")
    agree("plugged")


def test_file_gone():
    vm = create("filed")
    disk = pathlib.Path(vm["disks"][0]["path"])
    agree("filed")
    disk.rename(str(disk) + ".away")
    agree("filed", "volume-missing")
    pathlib.Path(str(disk) + ".away").rename(disk)
    snapshot("filed", "s1")
    agree("filed")
    disk.rename(str(disk) + ".away")  # what the snapshot has frozen
    agree("filed", "backing-missing")
    assert any(str(disk) in line for line in revert_lines("filed", "s1")), revert_lines("filed", "s1")
    problem = stack.refused(422, "POST", "/vms/filed/snapshots/s1/revert", {"start": True})
    assert stops(problem["details"]["verdicts"]) == ["volume-missing"], problem
    pathlib.Path(str(disk) + ".away").rename(disk)
    agree("filed")


def test_file_that_is_no_disk():
    """What QEMU would refuse to open, at the top and below it."""
    disk = pathlib.Path(create("hurt")["disks"][0]["path"])
    good, away = disk.read_bytes(), pathlib.Path(str(disk) + ".away")
    for bad in (b"", bytes(4096) + good[4096:], good[:79] + b"\2" + good[80:]):  # empty, overwritten, marked as corrupt
        disk.write_bytes(bad)
        agree("hurt", "disk-damaged")
    disk.rename(away)
    disk.symlink_to(away)
    away.write_bytes(good)
    agree("hurt", "disk-refused")
    disk.unlink()
    disk.mkdir()
    agree("hurt", "disk-refused")
    disk.rmdir()
    away.rename(disk)
    agree("hurt")
    snapshot("hurt", "s1")
    disk.write_bytes(bytes(len(good)))
    agree("hurt", "disk-damaged")
    disk.write_bytes(good)
    agree("hurt")


def change_record(disk, change):
    """What Facet's database has of a volume, while facetd is away. @change gets it, and gives what shall be; None: nothing."""
    stack.kill_facetd()
    key = f"volume/{disk['pool']}:{disk['volume']}"
    with sqlite3.connect(stack.state / "facet.db") as store:
        (text,), = store.execute("SELECT value FROM docs WHERE key = ?", (key,)).fetchall()
        record = change(json.loads(text))
        if record is None:
            store.execute("DELETE FROM docs WHERE key = ?", (key,))
        else:
            store.execute("UPDATE docs SET value = ? WHERE key = ?", (json.dumps(record), key))
    stack.start_facetd()


def test_disk_without_a_record():
    """What the start refuses by the records of a disk, "why" and a restart know before."""
    disk = create("unknown")["disks"][0]
    snapshot("unknown", "s1")  # what is lost is of a layer below
    change_record(disk, lambda record: None)
    verdicts = agree("unknown", "disk-refused")
    assert any("no record" in v["sentence"] and disk["volume"] in v["sentence"] for v in verdicts), verdicts
    disk = create("halved")["disks"][0]
    snapshot("halved", "s1")
    holder = stack.vm("halved")["id"]  # so that nobody takes it away
    change_record(disk, lambda record: {**record, "state": "making", "vm": holder})
    agree("halved", "disk-refused")
    drop = create("dropped")
    power("dropped", "start")
    change_record(drop["disks"][0], lambda record: None)
    stack.until_state("dropped", "running")
    problem = stack.refused(422, "POST", "/vms/dropped/restart", {})
    assert stops(problem["details"]["verdicts"]) == ["disk-refused"], problem
    assert stack.vm("dropped")["state"] == "running"
    power("dropped", "stop", {"force": True})


def refused_outside(name, *codes):
    """Nothing is done to the disks of such a VM, nor to its definition."""
    vm, wanted = stack.vm(name), sorted(codes)
    disk = vm["disks"][0]
    match = {"If-Match": f'"{vm["revision"]}"'}
    before = stack.virsh("dumpxml", name, "--inactive")
    requests = [("PATCH", f"/vms/{name}", {"description": "new"}, match), ("POST", f"/vms/{name}/disks", {"size_gib": 1}),
                ("PATCH", f"/vms/{name}/disks/vda", {"size_gib": 20}), ("POST", f"/vms/{name}/snapshots", {"name": "another"}),
                ("POST", f"/vms/{name}/clone", {"name": "copy-of-it"}), ("DELETE", f"/vms/{name}", None, match),
                ("POST", "/volumes", {"pool": disk["pool"], "name": "copy-of-it.qcow2", "from": {"pool": disk["pool"], "volume": disk["volume"]}})]
    for snapshot in stack.call("GET", f"/vms/{name}/snapshots")["items"]:
        requests += [("POST", f"/vms/{name}/snapshots/{snapshot['name']}/revert", {"start": False}),
                     ("DELETE", f"/vms/{name}/snapshots/{snapshot['name']}", None)]
    for request in requests:
        problem = stack.refused(422, *request)
        assert stops(problem["details"]["verdicts"]) == wanted and problem["next"], (request, problem)
    assert stack.virsh("dumpxml", name, "--inactive") == before


def monitor(name, command):
    return stack.virsh("qemu-monitor-command", name, "--hmp", command)


def on_disk(name, command):
    """qemu-io on the disk of a running VM."""
    return monitor(name, f'qemu-io -d /machine/peripheral/ua-disk-vda/virtio-backend "{command}"')


def test_saved_by_virsh():
    """Its memory, which virsh start brings back, fits the disks as they are and no others."""
    create("kept")
    power("kept", "start")
    snapshot("kept", "s1")
    stack.virsh("managedsave", "kept")
    stack.until_state("kept", "off")
    agree("kept", "saved")
    refused_outside("kept", "saved")
    stack.virsh("start", "kept")
    stack.until_state("kept", "running")
    power("kept", "stop", {"force": True})
    agree("kept")
    power("kept", "start")
    stack.virsh("managedsave", "kept")
    agree("kept", "saved")
    stack.kill_facetd()  # another facetd finds it so
    stack.start_facetd()
    agree("kept", "saved")
    stack.virsh("managedsave-remove", "kept")  # libvirt tells nobody
    agree("kept")
    power("kept", "start")
    power("kept", "stop", {"force": True})


def test_way_out_of_saved():
    """The VM goes on with the memory that virsh saved, or without it; each once, and only when that can be."""
    name = "savable"
    disk = pathlib.Path(create(name)["disks"][0]["path"])
    nothing = [("POST", f"/vms/{name}/continue"), ("DELETE", f"/vms/{name}/saved")]
    for request in nothing:
        assert "no saved memory" in stack.refused(409, *request)["message"]
    power(name, "start")
    for request in nothing:
        assert "runs" in stack.refused(409, *request)["message"]
    stack.virsh("managedsave", name)
    verdicts = agree(name, "saved")
    assert f"facet vm continue {name}" in verdicts[0]["next"] and f"facet vm drop-saved {name}" in verdicts[0]["next"], verdicts
    disk.rename(str(disk) + ".away")
    problem = stack.refused(422, "POST", f"/vms/{name}/continue")
    assert stops(problem["details"]["verdicts"]) == ["volume-missing"], problem
    pathlib.Path(str(disk) + ".away").rename(disk)
    end = power(name, "continue")
    assert end["kind"] == "vm.continue" and end["outcome"] == f"VM {name} goes on with its saved memory.", end
    assert "restored" in stack.virsh("domstate", name, "--reason")
    stack.until_state(name, "running")
    stack.virsh("suspend", name)
    stack.virsh("managedsave", name)
    agree(name, "saved")
    power(name, "continue")
    stack.until_state(name, "paused")  # as it was
    power(name, "resume")
    stack.virsh("managedsave", name)
    agree(name, "saved")
    assert stops(stack.call("DELETE", f"/vms/{name}/saved")["blocked"]) == []
    agree(name)
    events = stack.call("GET", "/events")["items"]
    assert any(f"saved memory of VM {name} was dropped" in e["text"] for e in events), events
    power(name, "start")
    assert "booted" in stack.virsh("domstate", name, "--reason")
    power(name, "stop", {"force": True})


def foreign_on(name, disk, kind="qcow2"):
    (stack.dir / f"{name}.xml").write_text(FOREIGN.format(name=name, disk=disk, screens="").replace("type='qcow2'", f"type='{kind}'"))
    stack.virsh("define", str(stack.dir / f"{name}.xml"))
    until(f"{name} to be seen", lambda: next((v for v in stack.call("GET", "/vms")["items"] if v["name"] == name), None))


def test_adopted_again_on_an_overlay():
    """Between a release and the next adoption the file gave way to one that stands on it: the record is not of that one."""
    folder = pathlib.Path(create("again")["disks"][0]["path"]).parent
    for disk in (folder / "changed.qcow2", stack.dir / "changed.qcow2"):
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "64M"], check=True)
        disk.chmod(0o666)
        stack.virsh("pool-refresh", "facet")
        foreign_on("changed", disk)
        stack.call("POST", "/vms/changed/adopt", {"confirm": True})
        time.sleep(6)  # until storage has looked, which notes which file it is
        stack.call("POST", "/vms/changed/release", {})
        disk.rename(str(disk) + ".below")
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", f"{disk}.below", "-F", "qcow2", disk], check=True)
        disk.chmod(0o666)
        stack.virsh("pool-refresh", "facet")
        for body in ({"confirm": True}, {"preview": True}):
            answer = stack.call("POST", "/vms/changed/adopt", body) if "preview" in body else stack.refused(422, "POST", "/vms/changed/adopt", body)["details"]
            assert "unknown-disk" in stops(answer["verdicts"]), answer
        disk.unlink()
        pathlib.Path(f"{disk}.below").rename(disk)  # the first one once more
        stack.virsh("pool-refresh", "facet")
        stack.call("POST", "/vms/changed/adopt", {"confirm": True})
        agree("changed")
        stack.call("POST", "/vms/changed/release", {})
        stack.virsh("undefine", "changed")
        until("it to be gone", lambda: all(v["name"] != "changed" for v in stack.call("GET", "/vms")["items"]))
        until("it to be gone", lambda: not any(v["name"] == "changed" for v in stack.call("GET", "/vms")["items"]))


def test_adopted_link():
    """A link in a pool is opened by nobody: what was adopted with one could not be started, and not even be released."""
    folder = pathlib.Path(create("linked")["disks"][0]["path"]).parent
    disk = folder / "linked.img"
    (stack.dir / "real.img").write_bytes(bytes(1 << 20))
    disk.symlink_to(stack.dir / "real.img")
    stack.virsh("pool-refresh", "facet")
    foreign_on("onlink", disk, "raw")
    problem = stack.refused(422, "POST", "/vms/onlink/adopt", {"confirm": True})
    assert stops(problem["details"]["verdicts"]) == ["unknown-disk"], problem
    disk.unlink()
    disk.write_bytes(bytes(1 << 20))
    stack.virsh("pool-refresh", "facet")
    stack.call("POST", "/vms/onlink/adopt", {"confirm": True})
    agree("onlink")
    disk.unlink()
    disk.symlink_to(stack.dir / "real.img")
    stack.virsh("pool-refresh", "facet")
    stack.call("POST", "/vms/onlink/release", {})
    stack.virsh("undefine", "onlink")
    disk.unlink()


def test_consent_is_for_what_was_read():
    disk = stack.dir / "read.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "64M"], check=True)
    disk.chmod(0o666)
    foreign_on("read", disk)
    read = stack.call("POST", "/vms/read/adopt", {"preview": True})
    text = stack.virsh("dumpxml", "read", "--inactive")
    (stack.dir / "read.xml").write_text(re.sub(r"<on_crash>.*?</on_crash>", "<on_crash>preserve</on_crash>", text))
    stack.virsh("define", str(stack.dir / "read.xml"))
    problem = stack.refused(409, "POST", "/vms/read/adopt", {"confirm": True, "digest": read["digest"]})
    assert problem["code"] == "stale" and len(problem["details"]["lost"]) > len(read["lost"]), problem
    again = stack.call("POST", "/vms/read/adopt", {"preview": True})
    assert again["digest"] != read["digest"]
    stack.call("POST", "/vms/read/adopt", {"confirm": True, "digest": again["digest"]})
    events = stack.call("GET", "/events")["items"]
    assert any("read is managed by Facet now" in e["text"] and "Its next start changes" in e["text"] for e in events), events


def test_mark_taken_by_virsh():
    """virsh define of a description that was kept elsewhere: libvirt's side would change the VM no more."""
    create("unmarked")
    snapshot("unmarked", "s1")
    text = re.sub(r"<metadata>.*?</metadata>", "", stack.virsh("dumpxml", "unmarked", "--inactive"), flags=re.S)
    (stack.dir / "unmarked.xml").write_text(text)
    stack.virsh("define", str(stack.dir / "unmarked.xml"))
    agree("unmarked", "mark-lost")
    refused_outside("unmarked", "mark-lost")
    plan = stack.call("POST", "/vms/unmarked/adopt", {"preview": True})
    assert plan["lost"] and [v["code"] for v in plan["verdicts"]] == ["adopt-changes"], plan
    stack.refused(422, "POST", "/vms/unmarked/adopt", {})
    assert stack.call("POST", "/vms/unmarked/adopt", {"confirm": True})["lost"] == plan["lost"]
    agree("unmarked")
    assert stack.refused(409, "POST", "/vms/unmarked/adopt", {"confirm": True})
    power("unmarked", "start")
    power("unmarked", "stop", {"force": True})
    vm = stack.vm("unmarked")
    stack.done(stack.call("DELETE", "/vms/unmarked", None, {"If-Match": f'"{vm["revision"]}"'}))


def test_disk_moved_by_virsh():
    """A backup program's snapshot: a start by the document would go back to the old file."""
    old = create("backed")["disks"][0]["path"]
    power("backed", "start")
    on_disk("backed", "write -P 0x11 0 64k")
    stack.virsh("snapshot-create-as", "backed", "bk", "--disk-only", "--no-metadata", "--diskspec", f"vda,file={stack.dir}/backed.bk")
    on_disk("backed", "write -P 0x77 0 64k")
    problem = stack.refused(422, "POST", "/vms/backed/restart", {"force": True})
    assert stops(problem["details"]["verdicts"]) == ["disk-moved"], problem
    assert str(stack.dir / "backed.bk") in problem["message"] and "blockcommit" in problem["next"], problem
    problem = stack.refused(422, "POST", "/vms/backed/snapshots", {"name": "s1"})
    assert stops(problem["details"]["verdicts"]) == ["disk-moved"], problem
    power("backed", "stop", {"force": True})
    agree("backed", "disk-moved")
    refused_outside("backed", "disk-moved")
    stack.virsh("start", "backed")  # as the sentence says
    stack.until_state("backed", "running")
    stack.virsh("blockcommit", "backed", "vda", "--active", "--pivot")
    power("backed", "restart", {"force": True})
    assert old in stack.virsh("domblklist", "backed")
    assert "verification failed" not in on_disk("backed", "read -P 0x77 0 64k")
    power("backed", "stop", {"force": True})
    agree("backed")


def test_disk_moved_while_off():
    """libvirt tells nobody of it; a release and a new adoption keep what is in the new file."""
    path = create("edited")["disks"][0]["path"]
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", path, "-F", "qcow2", stack.dir / "edited.bk"], check=True)
    (stack.dir / "edited.bk").chmod(0o666)
    text = stack.virsh("dumpxml", "edited", "--inactive").replace(path, f"{stack.dir}/edited.bk")
    (stack.dir / "edited.bk").unlink()
    stack.virsh("snapshot-create-as", "edited", "bk", "--disk-only", "--no-metadata", "--diskspec", f"vda,file={stack.dir}/edited.bk")
    agree("edited", "disk-moved")
    refused_outside("edited", "disk-moved")
    (stack.dir / "edited.xml").write_text(text.replace(f"{stack.dir}/edited.bk", path))
    stack.virsh("define", str(stack.dir / "edited.xml"))
    agree("edited")
    (stack.dir / "edited.link").symlink_to(path)  # the same file by another name is no other file
    (stack.dir / "edited.xml").write_text(text.replace(f"{stack.dir}/edited.bk", f"{stack.dir}/edited.link"))
    stack.virsh("define", str(stack.dir / "edited.xml"))
    agree("edited")
    (stack.dir / "edited.bk").unlink()
    stack.virsh("snapshot-create-as", "edited", "bk", "--disk-only", "--no-metadata", "--diskspec", f"vda,file={stack.dir}/edited.bk")
    agree("edited", "disk-moved")
    stack.call("POST", "/vms/edited/release", {})  # the other way that the sentence names
    assert f"{stack.dir}/edited.bk" in stack.virsh("domblklist", "edited", "--inactive")
    problem = stack.refused(422, "POST", "/vms/edited/adopt", {"confirm": True})
    assert "stands on another file" in problem["message"] and "qemu-img convert" in problem["next"], problem
    whole = stack.dir / "edited-whole.qcow2"
    subprocess.run(["qemu-img", "convert", "-O", "qcow2", stack.dir / "edited.bk", whole], check=True)
    whole.chmod(0o666)
    text = stack.virsh("dumpxml", "edited", "--inactive")
    (stack.dir / "edited.xml").write_text(re.sub(r"<backingStore.*</backingStore>", "", text.replace(f"{stack.dir}/edited.bk", str(whole)), flags=re.S))
    stack.virsh("define", str(stack.dir / "edited.xml"))
    stack.call("POST", "/vms/edited/adopt", {"confirm": True})
    assert stack.vm("edited")["disks"][0]["path"] == str(whole)
    agree("edited")


def test_deleted_beside_its_moved_disk():
    """Whoever keeps every disk loses nothing by it, wherever virsh has moved one; who does not is still refused."""
    disk = create("leaving")["disks"][0]
    path, moved = pathlib.Path(disk["path"]), stack.dir / "leaving.bk"
    stack.virsh("snapshot-create-as", "leaving", "bk", "--disk-only", "--no-metadata", "--diskspec", f"vda,file={moved}")
    agree("leaving", "disk-moved")
    match = {"If-Match": f'"{stack.vm("leaving")["revision"]}"'}
    problem = stack.refused(422, "DELETE", "/vms/leaving", None, match)
    assert stops(problem["details"]["verdicts"]) == ["disk-moved"], problem
    stack.done(stack.call("DELETE", "/vms/leaving?keep=vda", None, match))
    assert path.exists() and moved.exists()
    assert "leaving" not in stack.virsh("list", "--all", "--name").split()
    moved.unlink()
    volume = f'{disk["pool"]}:{disk["volume"]}'
    until("the volume to be free", lambda: not stack.call("GET", f"/volumes/{volume}")["used_by"])
    stack.call("DELETE", f"/volumes/{volume}")


def test_disk_merged_by_virsh():
    """Into the file that a snapshot has frozen: its overlay does not fit on that any more."""
    base = create("merged")["disks"][0]["path"]
    power("merged", "start")
    snapshot("merged", "s1")
    on_disk("merged", "write -P 0x11 0 64k")
    stack.virsh("blockcommit", "merged", "vda", "--active", "--pivot")
    on_disk("merged", "write -P 0x77 0 64k")
    power("merged", "stop", {"force": True})
    verdicts = agree("merged", "disk-moved")
    assert any(base in v["sentence"] and "qemu-img convert" in v["next"] for v in verdicts), verdicts
    refused_outside("merged", "disk-moved")
    snapshots = stack.vm("merged")["disks"][0]["path"]
    text = stack.virsh("dumpxml", "merged", "--inactive").replace(f"'{base}'", f"'{snapshots}'")
    (stack.dir / "merged.xml").write_text(text)
    stack.virsh("define", str(stack.dir / "merged.xml"))
    agree("merged")


def test_encrypted():
    """Case 05, where the disk is there already: one whose file somebody has replaced."""
    disk = pathlib.Path(create("locked")["disks"][0]["path"])
    for kind in ("luks", "aes"):
        encrypted.make(disk, kind)
        agree("locked", "disk-encrypted")


def test_medium_gone():
    iso = stack.images / "tool.iso"
    iso.write_bytes(bytes(32769) + b"CD001" + bytes(65536))
    create("reader", cdroms=[{"file": "tool.iso"}])
    agree("reader")
    snapshot("reader", "s1")
    stack.change("PATCH", stack.vm("reader"), {"cdroms": [{}]})
    problem = stack.refused(409, "DELETE", "/files/tool.iso")
    assert problem["code"] == "in-use" and "snapshot s1 of VM reader" in str(problem["details"]["reasons"]), problem
    stack.change("PATCH", stack.vm("reader"), {"cdroms": [{"file": "tool.iso"}]})
    iso.unlink()
    agree("reader", "medium-missing")
    assert any("tool.iso" in line for line in revert_lines("reader", "s1"))


def test_pool_stopped_and_gone():
    stack.call("POST", "/pools", {"name": "fast", "kind": "dir", "path": str(stack.dir / "fast")})
    create("pooled", pool="fast")
    snapshot("pooled", "s1")
    agree("pooled")
    stack.virsh("pool-destroy", "fast")
    agree("pooled", "pool-stopped")
    problem = stack.refused(409, "DELETE", "/pools/fast")
    assert problem["code"] == "in-use", problem
    stack.virsh("pool-undefine", "fast")
    agree("pooled", "pool-missing")


def test_limits_at_the_field():
    """Case 10: before any disk is copied."""
    virt = stack.call("GET", "/nodes")["items"][0]["virt"]
    assert virt["vcpus_max"] >= 255 and virt["memory_mib"] > 0 and virt["threads"] > 0 and virt["machine"] is True, virt
    volumes = len(stack.call("GET", "/volumes?pool=facet")["items"])
    for wish, field in (({"vcpus": virt["vcpus_max"] + 1}, "vcpus"), ({"memory_mib": virt["memory_mib"] + 1}, "memory_mib"),
                        ({"vcpus": 513}, "vcpus")):
        if wish.get("vcpus", 0) > 512 and virt["vcpus_max"] >= 512 and wish["vcpus"] != 513:
            continue
        problem = stack.refused(400, "POST", "/vms", {"name": "huge", "image": "demo", "nics": [], **wish})
        assert problem["details"]["field"] == field, problem
        problem = stack.refused(400, "PATCH", "/vms/mover", wish, {"If-Match": f'"{stack.vm("mover")["revision"]}"'})
        assert problem["details"]["field"] == field, problem
        problem = stack.refused(400, "POST", "/templates", {"name": "huge", "input": wish})
        assert problem["details"]["field"] == field, problem
    assert len(stack.call("GET", "/volumes?pool=facet")["items"]) == volumes
    assert all(v["name"] != "huge" for v in stack.call("GET", "/vms")["items"])
    create("wide", vcpus=256)  # defined with what more than 255 need; this host has no KVM to run it
    xml = stack.virsh("dumpxml", "wide")
    assert "eim='on'" in xml and "<ioapic driver='qemu'/>" in xml, xml
    agree("wide", "vcpus-need-kvm")
    problem = stack.refused(409, "POST", "/vms", {"name": "huge", "image": "demo", "vcpus": 256, "nics": [], "start": True})
    assert problem["details"]["field"] == "vcpus", problem


FOREIGN = """<domain type='qemu'><name>{name}</name><memory unit='MiB'>128</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features><cpu mode='maximum'/>
  <devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{disk}'/>
  <target dev='vda' bus='virtio'/></disk>{screens}<memballoon model='none'/></devices></domain>"""
SPICE = "<graphics type='spice' autoport='yes'><listen type='address' address='127.0.0.1'/></graphics>"
VNC = "<graphics type='vnc' autoport='yes'><listen type='address' address='127.0.0.1'/></graphics>"


def adopted(name, screens):
    disk = stack.dir / f"{name}.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "64M"], check=True)
    disk.chmod(0o666)
    (stack.dir / f"{name}.xml").write_text(FOREIGN.format(name=name, disk=disk, screens=screens))
    stack.virsh("define", str(stack.dir / f"{name}.xml"))
    stack.virsh("start", name)
    until(f"{name} to be seen", lambda: next((v for v in stack.call("GET", "/vms")["items"] if v["name"] == name), None))
    stack.call("POST", f"/vms/{name}/adopt", {"confirm": True})
    until("it to be ours", lambda: stack.vm(name)["ours"])
    return stack.until_state(name, "running")


def test_devices_before_a_copy():
    """What shall run as soon as it is made is asked for its parts before its disks are copied."""
    group = stack.call("POST", "/resource-groups", {"name": "none", "rules": {"profile": "7g.80gb"}})["id"]
    device = {"devices": [{"group": group}]}
    before = {vm["name"] for vm in stack.call("GET", "/vms")["items"]}
    body = {"name": "partless", "image": "demo", "memory_mib": 128, "nics": [], **device}
    problem = stack.refused(422, "POST", "/vms", {**body, "start": True})
    assert problem["details"]["verdicts"] and problem["next"], problem
    create("origin")
    stack.change("PATCH", stack.vm("origin"), device)
    problem = stack.refused(422, "POST", "/vms/origin/clone", {"name": "copied", "start": True})
    assert problem["details"]["verdicts"], problem
    assert {vm["name"] for vm in stack.call("GET", "/vms")["items"]} == before | {"origin"}
    stack.done(stack.call("POST", "/vms/origin/clone", {"name": "copied"}))  # without a start it is made


def test_spice_before_vnc():
    """Case 11."""
    if "<value>spice</value>" not in stack.virsh("domcapabilities", "--virttype", "qemu"):
        return  # this QEMU has no SPICE (Debian 13)
    vm = adopted("both", SPICE + VNC)
    assert vm["can_graphics"] and vm["graphics_why_not"] == "", vm
    console = WebSocket(stack, "/vms/both/console/vnc")
    console.read_until(b"RFB 003")
    console.close()
    vm = adopted("only-spice", SPICE)
    assert not vm["can_graphics"] and "SPICE" in vm["graphics_why_not"], vm
    console = stack.refused(409, "GET", "/vms/only-spice/console/vnc")
    assert "SPICE" in console["message"], console
    line = stack.refused(409, "GET", "/vms/only-spice/console/serial")
    assert "serial" in line["message"], line
    for name in ("both", "only-spice"):
        power(name, "stop", {"force": True})
        assert stack.vm(name)["graphics_why_not"] == ""


def still(name):
    """What the disk of a VM that is off stands on, or shall stand on, goes on changing: no snapshot is taken or gone back to."""
    before = stack.call("GET", f"/vms/{name}/snapshots")["items"]
    doings = [("snapshots", {"name": "late"}), ("clone", {"name": "late"})]
    doings += [(f"snapshots/{s['id']}/revert", {"start": False}) for s in before]
    for path, body in doings:
        problem = stack.refused(422, "POST", f"/vms/{name}/{path}", body)
        assert stops(problem["details"]["verdicts"]) == ["disk-in-use"] and problem["next"], problem
    assert [s["id"] for s in stack.call("GET", f"/vms/{name}/snapshots")["items"]] == [s["id"] for s in before]


def test_layer_of_a_running_vm():
    """The same of a file that the VM's disk stands on: what a snapshot keeps is written to."""
    base = create("layered")["disks"][0]["path"]
    snapshot("layered", "s1")
    (stack.dir / "deep.xml").write_text(FOREIGN.format(name="deep", disk=base, screens=""))
    stack.virsh("define", str(stack.dir / "deep.xml"))
    agree("layered")
    stack.virsh("start", "deep")
    until("it to be seen", lambda: next((v for v in stack.call("GET", "/vms")["items"] if v["name"] == "deep" and v["state"] == "running"), None))
    assert base in str(agree("layered", "disk-in-use"))
    still("layered")
    stack.virsh("destroy", "deep")
    until("it to be seen", lambda: all(v["name"] != "deep" or v["state"] == "off" for v in stack.call("GET", "/vms")["items"]))
    agree("layered")
    overlay = stack.dir / "beside.qcow2"  # who only reads it stands in nobody's way
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", base, overlay], check=True)
    overlay.chmod(0o666)
    stack.virsh("undefine", "deep")
    (stack.dir / "deep.xml").write_text(FOREIGN.format(name="beside", disk=overlay, screens=""))
    stack.virsh("create", str(stack.dir / "deep.xml"))
    until("it to be seen", lambda: next((v for v in stack.call("GET", "/vms")["items"] if v["name"] == "beside" and v["state"] == "running"), None))
    agree("layered")
    stack.virsh("destroy", "beside")


def test_disk_of_a_running_vm():
    """Somebody made another VM on the same disk with virsh, and runs it."""
    disk = create("shared")["disks"][0]["path"]
    (stack.dir / "twin.xml").write_text(FOREIGN.format(name="twin", disk=disk, screens=""))
    stack.virsh("define", str(stack.dir / "twin.xml"))
    agree("shared")
    stack.virsh("start", "twin")
    until("it to be seen", lambda: next((v for v in stack.call("GET", "/vms")["items"] if v["name"] == "twin" and v["state"] == "running"), None))
    agree("shared", "disk-in-use")
    still("shared")
    stack.virsh("managedsave", "twin")
    agree("shared", "disk-in-use")
    disk = stack.vm("shared")["disks"][0]
    copy = {"pool": disk["pool"], "name": "copy-of-twin.qcow2", "from": {"pool": disk["pool"], "volume": disk["volume"]}}
    problem = stack.refused(409, "POST", "/volumes", copy)
    assert problem["code"] == "in-use" and "twin was saved" in problem["message"], problem
    stack.virsh("managedsave-remove", "twin")  # libvirt tells nobody
    agree("shared")
    snapshot("shared", "free")
    stack.virsh("undefine", "twin")
    until("it to be gone", lambda: not any(v["name"] == "twin" for v in stack.call("GET", "/vms")["items"]))
    agree("shared")


OWN = """<domain type='qemu'><name>brought</name><memory unit='MiB'>128</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type><loader readonly='yes' type='pflash'>{code}</loader>
  <nvram template='{variables}'>{nvram}</nvram></os><features><acpi/></features><cpu mode='maximum'/>
  <devices><disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{disk}'/>
  <target dev='vda' bus='virtio'/></disk><tpm model='tpm-crb'><backend type='emulator' version='2.0'><encryption secret='{secret}'/></backend></tpm>
  <memballoon model='none'/></devices></domain>"""
SECRET = "<secret ephemeral='no' private='no'><uuid>{secret}</uuid><usage type='vtpm'><name>{secret}</name></usage></secret>"


def test_own_firmware_and_secret():
    """What an adopted VM brought along; this host need not have UEFI for VMs by itself."""
    secret = "6f1c4d9e-2f0a-4b5e-9a57-0d3c5b1a7e42"
    code, variables = stack.dir / "CODE.fd", stack.dir / "VARS.fd"
    code.write_bytes(bytes(4096 * 4))
    variables.write_bytes(bytes(4096))
    disk = stack.dir / "brought.img"
    disk.write_bytes(bytes(1 << 20))
    (stack.dir / "secret.xml").write_text(SECRET.format(secret=secret))
    own = {"code": code, "variables": variables, "nvram": stack.dir / "own_VARS.fd", "disk": disk, "secret": secret}
    (stack.dir / "brought.xml").write_text(OWN.format(**own))
    stack.virsh("secret-define", str(stack.dir / "secret.xml"))
    stack.virsh("define", str(stack.dir / "brought.xml"))
    until("it to be seen", lambda: next((v for v in stack.call("GET", "/vms")["items"] if v["name"] == "brought"), None))
    stack.call("POST", "/vms/brought/adopt", {"confirm": True})
    until("it to be ours", lambda: stack.vm("brought")["ours"])
    if not shutil.which("swtpm"):
        return
    agree("brought", "secret-missing")  # it has no value yet
    stack.virsh("secret-set-value", secret, "dGhlIGtleQ==")
    agree("brought")
    stack.virsh("secret-undefine", secret)
    agree("brought", "secret-missing")
    stack.virsh("secret-define", str(stack.dir / "secret.xml"))
    stack.virsh("secret-set-value", secret, "dGhlIGtleQ==")
    variables.rename(str(variables) + ".away")
    agree("brought", "firmware-missing")
    pathlib.Path(str(variables) + ".away").rename(variables)
    code.rename(str(code) + ".away")
    agree("brought", "firmware-missing")
    pathlib.Path(str(code) + ".away").rename(code)
    agree("brought")
    power("brought", "start")
    power("brought", "stop", {"force": True})


# Writes 127 sectors of zeros after the other, by the BIOS, for ever; what fails is tried again with the next turn.
WRITER = bytes([0xFA, 0x31, 0xC0, 0x8E, 0xD8, 0x8E, 0xD0, 0xBC, 0x00, 0x7C, 0xFB,  # cli; segments and stack; sti
                0xBE, 0x40, 0x7C, 0xB8, 0x00, 0x43, 0xB2, 0x80, 0xCD, 0x13,        # si = packet; int 13h, ah = 43h, dl = 80h
                0x66, 0x81, 0x06, 0x48, 0x7C, 127, 0, 0, 0,                        # packet.lba += 127
                0xEB, 0xEB])                                                       # again
PACKET = struct.pack("<BBHHHQ", 16, 0, 127, 0, 0x1000, 2048)


def test_full_disk():
    """QEMU stops a VM that finds no room; it says so everywhere, and goes on when there is some."""
    folder = stack.dir / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "facet-small", folder], check=True)
    folder.chmod(0o777)
    try:
        show_to_libvirtd(folder)
        small = {"name": "small", "kind": "dir", "path": str(folder)}
        stack.refused(422, "POST", "/pools", small)  # anybody may write there
        stack.call("POST", "/pools", {**small, "confirm": str(folder)})
        sector = (WRITER.ljust(0x40, b"\0") + PACKET).ljust(510, b"\0") + b"\x55\xaa"
        (stack.dir / "boot.raw").write_bytes(sector.ljust(1 << 20, b"\0"))
        subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", stack.dir / "boot.raw", folder / "boot.qcow2"], check=True)
        subprocess.run(["qemu-img", "resize", "-q", folder / "boot.qcow2", "4G"], check=True)
        stack.call("POST", "/pools/small/refresh", {})
        create("writer", volume={"pool": "small", "name": "boot.qcow2"})
        assert "error_policy='stop'" in stack.virsh("dumpxml", "writer")
        filler = folder / "filler"
        power("writer", "start")
        with open(filler, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, 24 << 20)
        vm = stack.until_state("writer", "paused")
        vm = until("the cause", lambda: (lambda v: v if "no room" in v["state_detail"] else None)(stack.vm("writer")))
        assert "vda" in vm["state_detail"] and str(folder) in vm["state_detail"], vm["state_detail"]
        events = stack.call("GET", "/events")["items"]
        assert any(e["kind"] == "vm.paused" and e["severity"] == "error" and "no room" in e["text"] for e in events), events
        stack.kill_facetd()  # another facetd finds it so
        stack.start_facetd()
        until("the cause once more", lambda: "no room" in stack.vm("writer")["state_detail"])
        filler.unlink()
        until("it to go on", lambda: any(e["kind"] == "vm.resumed" for e in stack.call("GET", "/events")["items"]))
        stack.until_state("writer", "paused")  # it fills what there is
        until("the cause again", lambda: "no room" in stack.vm("writer")["state_detail"])
        subprocess.run(["mount", "-o", "remount,size=1g", folder], check=True)
        power("writer", "resume")  # by hand at once
        assert stack.vm("writer")["state_detail"] == ""
    finally:
        subprocess.run(["virsh", "-q", "-c", stack.uri, "destroy", "writer"], check=False)
        beside_libvirtd("umount", "-l", folder)
        subprocess.run(["umount", "-l", folder], check=True)


def test_pools_in_one_folder():
    """A2: two pools in one folder, whatever it is called, are a conflict and no fault of libvirt."""
    path = stack.dir / "twice"
    stack.call("POST", "/pools", {"name": "one", "kind": "dir", "path": str(path)})
    (stack.dir / "again").symlink_to(path)
    for other in (path, stack.dir / "again", path / "in", stack.dir / "again" / "in"):
        problem = stack.refused(409, "POST", "/pools", {"name": "two", "kind": "dir", "path": str(other)})
        assert problem["details"]["field"] == "path" and "one" in problem["message"], problem


def test_pool_on_a_file():
    (stack.dir / "plain").write_text("no folder")
    for path in ("plain", "plain/below"):
        problem = stack.refused(400, "POST", "/pools", {"name": "odd", "kind": "dir", "path": str(stack.dir / path)})
        assert problem["details"]["field"] == "path", problem


def main():
    tests = [(n, f) for n, f in globals().items() if n.startswith("test_")]
    only = sys.argv[4:]
    tests = [(n, f) for n, f in tests if not only or n[5:] in only]
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
        for name in stack.virsh("list", "--name").split():
            stack.virsh("destroy", name)
        if failed or sys.exc_info()[0]:
            print("# facetd: " + stack.log("facetd").replace("\n", "\n# "), flush=True)
        try:
            stack.stop()
        except AssertionError as fault:
            failed += 1
            print(f"Bail out! {fault}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
