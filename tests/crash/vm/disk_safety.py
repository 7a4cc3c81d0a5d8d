#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""No disk is lost to somebody else's work: disk_safety.py FACETD FACET-HELPER FACET-SIM, under tools/dev/with-libvirtd. TAP.

Each test does beside Facet what virsh, qemu-img or a second request can do in the wrong moment, and looks at the bytes.
"""
import http.client
import json
import os
import pathlib
import random
import re
import sqlite3
import subprocess
import sys
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from snapshots import clone, create, disk, holds, power, remove, revert, snapshots, stack, take, write  # noqa: E402
from stack import ApiError, TOP, until  # noqa: E402

sys.path.insert(0, str(TOP / "tests/support"))
import live  # noqa: E402

FOREIGN = """<domain type='qemu'><name>{name}</name><memory unit='MiB'>32</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type></os><devices><disk type='file' device='disk'>
<driver name='qemu' type='qcow2'/><source file='{path}'/><target dev='vda' bus='virtio'/></disk></devices></domain>"""


def delete(name):
    vm = stack.vm(name)
    if vm["state"] != "off":
        power(name, "stop", {"force": True})
    stack.done(stack.change("DELETE", stack.vm(name)))


def stored_source(name, target="vda"):
    """What libvirt would start the VM with by itself."""
    xml = stack.virsh("dumpxml", "--inactive", name)
    one = next(d for d in re.findall(r"<disk .*?</disk>", xml, re.S) if f"dev='{target}'" in d)
    return re.search(r"<source file='([^']*)'", one).group(1)


def live_source(name, target="vda"):
    return next(line.split()[1] for line in stack.virsh("domblklist", name).splitlines() if line.split()[0] == target)


def foreign(name, path):
    """A VM that another program defines; what undoes it."""
    xml = stack.dir / f"{name}.xml"
    xml.write_text(FOREIGN.format(name=name, path=path))
    stack.virsh("define", str(xml))
    until("Facet to see it", lambda: any(v["name"] == name for v in stack.call("GET", "/vms")["items"]))


# ---- snapshots ----

def test_snapshot_beside_a_disk_that_waits():
    """A disk that comes with the next start is in no QEMU: the others have switched all the same."""
    create("wait")
    power("wait", "start")
    stack.done(stack.call("POST", f"/vms/{stack.vm('wait')['id']}/disks", {"size_gib": 1, "bus": "sata"}))
    write("wait", 0, 10)
    take("wait", "first")
    write("wait", 0, 11)
    assert os.path.exists(live_source("wait")) and live_source("wait") == disk("wait")["path"], disk("wait")
    power("wait", "stop", {"force": True})
    holds("wait", 11)
    for target in ("vda", "sda"):
        assert stored_source("wait", target) == disk("wait", target)["path"], target
    power("wait", "start")
    power("wait", "stop", {"force": True})
    revert("wait", "first")
    holds("wait", 10)
    delete("wait")


def test_snapshot_beside_a_disk_that_leaves():
    """What is to be kept of a disk that goes with the next start is all of it."""
    create("leave")
    stack.done(stack.call("POST", f"/vms/{stack.vm('leave')['id']}/disks", {"size_gib": 1, "bus": "sata"}))
    power("leave", "start")
    end = stack.done(stack.call("DELETE", f"/vms/{stack.vm('leave')['id']}/disks/sda?keep=true"))
    assert "next start" in end["outcome"], end
    problem = stack.refused(409, "POST", f"/vms/{stack.vm('leave')['id']}/snapshots", {"name": "x"})
    assert "sda" in problem["message"], problem
    delete("leave")


def test_first_boot_data_after_a_revert():
    """The volume of the first-boot data is made anew with each change: a revert must not ask for one that is gone."""
    create("seed", cloud_init={"hostname": "before"})
    take("seed", "then")
    stack.change("PATCH", stack.vm("seed"), {"cloud_init": {"hostname": "after"}})
    revert("seed", "then", start=True)
    assert stack.vm("seed")["state"] == "running"
    delete("seed")
    left = [p.name for p in (stack.state / "disks").iterdir() if "seed" in p.name]
    assert not left, left


def test_virsh_starts_it_meanwhile():
    """What a VM that virsh starts in the middle of a snapshot or a revert writes to is there, and is what Facet has down."""
    seed = int(os.environ.get("FACET_SEED", random.SystemRandom().randrange(1 << 30)))
    chance = random.Random(seed)
    print(f"# seed {seed}", flush=True)
    create("twice")
    take("twice", "first")
    for number in range(6):
        write("twice", 0, 30 + number)
        body = {} if number % 2 else {"name": f"s{number}"}
        task = stack.call("POST", "/vms/twice/snapshots" + ("/first/revert" if number % 2 else ""), body)
        time.sleep(chance.random() * 0.8)  # anywhere in it
        start = subprocess.run(["virsh", "-q", "-c", stack.uri, "start", "twice"], capture_output=True)
        end = stack.ended(task)
        print(f"# {end['state']}: {end['outcome']} {start.stderr.decode().strip()}", flush=True)
        if start.returncode == 0:
            assert live_source("twice") == disk("twice")["path"], (live_source("twice"), end)
            stack.virsh("destroy", "twice")
            stack.until_state("twice", "off")
        assert stored_source("twice") == disk("twice")["path"] and os.path.exists(disk("twice")["path"]), end
        power("twice", "start")
        power("twice", "stop", {"force": True})
    delete("twice")


def test_snapshot_that_another_vm_stands_on():
    """The file of a deleted snapshot is not merged into while a VM of another program reads it."""
    create("below")
    write("below", 0, 60)
    frozen = disk("below")["path"]
    take("below", "root")
    write("below", 0, 61)
    overlay = stack.state / "disks" / "theirs.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", frozen, str(overlay)], check=True)
    stack.virsh("pool-refresh", "facet")
    end = stack.ended(stack.call("DELETE", "/vms/below/snapshots/root"))
    assert end["state"] == "failed" and "theirs.qcow2" in end["error"]["message"], end
    out = subprocess.run(["qemu-io", "-r", "-f", "qcow2", "-c", f"read -P 60 {200 << 20} 65536", str(overlay)],
                         capture_output=True, check=True).stdout.decode()
    assert "read" in out and "Pattern verification failed" not in out, out
    stack.virsh("vol-delete", "--pool", "facet", overlay.name)
    remove("below", snapshots("below")[0]["id"])
    holds("below", 61)
    delete("below")


def test_block_job_of_somebody_else():
    """A copy that virsh makes of the disk is not our merge: it is neither waited for as such nor switched to."""
    create("job")
    take("job", "base")
    power("job", "start")
    write("job", 0, 30)
    copy = stack.state / "disks" / "job-copy-by-virsh.qcow2"
    stack.virsh("blockcopy", "job", "vda", str(copy), "--format", "qcow2", "--transient-job")
    until("the copy to be level", lambda: "ready='yes'" in stack.virsh("dumpxml", "job"))
    end = stack.ended(stack.call("DELETE", "/vms/job/snapshots/base"))
    assert end["state"] == "failed" and "vda" in end["error"]["message"], end
    assert live_source("job") == disk("job")["path"] != str(copy), live_source("job")
    assert "<mirror" in stack.virsh("dumpxml", "job")
    stack.virsh("blockjob", "job", "vda", "--abort")
    remove("job", snapshots("job")[0]["id"])
    holds("job", 30)
    assert live_source("job") == disk("job")["path"]
    delete("job")
    copy.unlink(missing_ok=True)


# ---- who else has it ----

def test_disk_that_another_vm_has():
    """Neither deleting a VM nor removing its disk takes a file that a VM of another program has."""
    create("ours", disks=[{"size_gib": 1}])
    paths = [disk("ours", t)["path"] for t in ("vda", "vdb")]
    foreign("theirs", paths[0])
    end = stack.ended(stack.change("DELETE", stack.vm("ours")))
    assert end["state"] == "failed" and "theirs" in end["error"]["message"], end
    assert all(os.path.exists(p) for p in paths), paths
    assert "ours" in stack.virsh("list", "--all", "--name").split()
    stack.virsh("undefine", "theirs")
    until("Facet to see it", lambda: all(v["name"] != "theirs" for v in stack.call("GET", "/vms")["items"]))
    delete("ours")
    assert not any(os.path.exists(p) for p in paths), paths


def test_file_that_an_unknown_overlay_stands_on():
    """An overlay that qemu-img made, which libvirt's pool has not heard of, keeps what is below it."""
    task = stack.call("POST", "/volumes", {"pool": "facet", "name": "below.qcow2", "size_gib": 1})
    stack.done(task)
    base = stack.state / "disks" / "below.qcow2"
    overlay = stack.state / "disks" / "above.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", str(base), str(overlay)], check=True)
    problem = stack.refused(409, "DELETE", "/volumes/facet:below.qcow2")
    assert "above.qcow2" in str(problem), problem
    assert base.exists()
    overlay.unlink()
    stack.virsh("pool-refresh", "facet")
    stack.call("DELETE", "/volumes/facet:below.qcow2")
    assert not base.exists()


def test_deletion_refused_leaves_the_vm_as_it_was():
    """An overlay of somebody stands on its disk: the deletion fails, and the VM is no VM that is being deleted."""
    vm = create("stands")
    base = pathlib.Path(vm["disks"][0]["path"])
    overlay = base.parent / "over-stands.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", str(base), str(overlay)], check=True)
    stack.virsh("pool-refresh", "facet")
    end = stack.ended(stack.change("DELETE", stack.vm("stands")))
    assert end["state"] == "failed" and "is as it was" in end["outcome"], end
    assert base.exists() and stack.vm("stands")["state"] == "off"
    overlay.unlink()
    stack.virsh("pool-refresh", "facet")
    stack.done(stack.change("DELETE", stack.vm("stands")))
    assert not base.exists()


def test_overlay_by_another_spelling():
    """An overlay keeps what is below it, however its bytes spell that; and all beside it when they cannot be read."""
    disks = stack.state / "disks"
    link = stack.dir / "way-to-base"
    link.symlink_to(disks)
    overlay = disks / "spelled.qcow2"
    stack.done(stack.call("POST", "/volumes", {"pool": "facet", "name": "base.qcow2", "size_gib": 1}))
    block = json.dumps({"driver": "qcow2", "file": {"driver": "file", "filename": f"{disks}/base.qcow2"}})
    names = ["./base.qcow2", f"../{disks.name}/base.qcow2", f"{disks}//base.qcow2", f"{link}/base.qcow2",
             f"file:{disks}/base.qcow2", f"json:{block}", 'json:{"driver":"qcow2","file":"some-node"}']
    for name in names:
        subprocess.run(["qemu-img", "create", "-q", "-u", "-f", "qcow2", "-F", "qcow2", "-b", name, str(overlay), "64M"],
                       check=True)
        problem = stack.refused(409, "DELETE", "/volumes/facet:base.qcow2")
        assert problem["code"] == "in-use" and "spelled.qcow2" in str(problem), (name, problem)
        overlay.unlink()
    stack.virsh("pool-refresh", "facet")
    stack.call("DELETE", "/volumes/facet:base.qcow2")
    assert not (disks / "base.qcow2").exists()
    link.unlink()


def test_vm_under_an_overlay_by_another_spelling():
    """Deleting a VM takes nothing away from below what another program's VM runs with."""
    create("under")
    base = pathlib.Path(disk("under")["path"])
    overlay = base.with_name("on-under.qcow2")
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", f"./{base.name}", overlay.name],
                   check=True, cwd=base.parent)
    foreign("runs-on-it", str(overlay))
    stack.virsh("start", "runs-on-it")
    end = stack.ended(stack.change("DELETE", stack.vm("under")))
    assert end["state"] == "failed" and base.exists(), end
    stack.virsh("destroy", "runs-on-it")
    stack.virsh("undefine", "runs-on-it")
    overlay.unlink()
    stack.virsh("pool-refresh", "facet")
    until("Facet to see it", lambda: all(v["name"] != "runs-on-it" for v in stack.call("GET", "/vms")["items"]))
    delete("under")


def test_disk_that_a_foreign_vm_has_by_a_link():
    """A VM that another program runs with a volume through a link has that volume."""
    link = stack.dir / "way-to-disk"
    link.symlink_to(stack.state / "disks")
    create("mine")
    volume = pathlib.Path(disk("mine")["path"]).name
    foreign("by-link", f"{link}/{volume}")
    stack.virsh("start", "by-link")
    until("Facet to see it run", lambda: any(v["name"] == "by-link" and v["state"] == "running"
                                             for v in stack.call("GET", "/vms")["items"]))
    users = [u["name"] for u in stack.call("GET", f"/volumes/facet:{volume}")["used_by"]]
    assert sorted(users) == ["by-link", "mine"], users
    verdicts = str(stack.call("GET", f"/vms/{stack.vm('mine')['id']}/preflight"))
    assert "by-link" in verdicts, verdicts
    stack.virsh("destroy", "by-link")
    stack.virsh("undefine", "by-link")
    until("Facet to see it", lambda: all(v["name"] != "by-link" for v in stack.call("GET", "/vms")["items"]))
    delete("mine")
    link.unlink()


def test_pool_by_another_path():
    """The same folder through a link is the same files."""
    create("linked")
    link = stack.dir / "another-way"
    link.symlink_to(stack.state / "disks")
    stack.virsh("pool-define-as", "mirrored", "dir", "--target", str(link))
    stack.virsh("pool-start", "mirrored")
    name = pathlib.Path(disk("linked")["path"]).name
    until("the volume", lambda: any(v["name"] == name for v in
                                    stack.call("GET", "/volumes?pool=mirrored")["items"]))
    seen = stack.call("GET", f"/volumes/mirrored:{name}")
    assert [u["name"] for u in seen["used_by"]] == ["linked"], seen
    problem = stack.refused(409, "DELETE", f"/volumes/mirrored:{name}")
    assert problem["code"] == "in-use" and os.path.exists(disk("linked")["path"]), problem
    stack.virsh("pool-destroy", "mirrored")
    stack.virsh("pool-undefine", "mirrored")
    delete("linked")


def test_name_taken_while_a_clone_is_copied():
    """A volume that somebody else made under the name that a clone was to have is theirs."""
    create("source", disks=[{"size_gib": 2}])
    write("source", 0, 40, blocks=6000)
    theirs = stack.state / "disks" / "copy-2.qcow2"
    for _ in range(5):
        task = clone("source", "copy")
        assert disk("copy", "vdb")["volume"] == theirs.name, disk("copy", "vdb")
        try:
            stack.virsh("vol-create-as", "facet", theirs.name, "3M", "--format", "qcow2")
        except AssertionError as late:  # the copy was quicker
            print(f"# {late}", flush=True)
            stack.done(task)
            delete("copy")
            continue
        end = stack.ended(task)
        assert end["state"] == "failed", end
        assert theirs.exists(), end
        break
    else:
        raise AssertionError("the copy was quicker each time")
    stack.refused(404, "GET", "/vms/copy")
    assert not (stack.state / "disks" / "copy.qcow2").exists()
    stack.virsh("vol-delete", "--pool", "facet", theirs.name)
    delete("source")


# ---- volumes ----

def put(volume, data, first, size):
    connection = http.client.HTTPSConnection("127.0.0.1", stack.port, context=stack.tls, timeout=60)
    try:
        connection.request("PUT", f"/api/v1/volumes/{volume}/content", data,
                           {**stack.auth(), "Content-Range": f"bytes {first}-{first + len(data) - 1}/{size}"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_upload_whose_volume_is_gone():
    """An upload that virsh took the volume from does not go on in another volume of that name."""
    size = 1 << 20
    stack.call("POST", "/volumes", {"pool": "facet", "name": "up.img", "format": "raw", "upload_bytes": size})
    status, _ = put("facet:up.img", b"\x11" * (size // 2), 0, size)
    assert status == 200, status
    stack.virsh("vol-delete", "--pool", "facet", "up.img")
    stack.done(stack.call("POST", "/volumes", {"pool": "facet", "name": "up.img", "format": "raw", "size_gib": 1}))
    volume = stack.call("GET", "/volumes/facet:up.img")
    assert volume["state"] == "ready" and volume["upload"] is None, volume
    status, problem = put("facet:up.img", b"\x22" * (size // 2), size // 2, size)
    assert status == 409, (status, problem)
    with open(stack.state / "disks" / "up.img", "rb") as file:
        assert not any(file.read(size)), "the old upload wrote into the new volume"
    stack.call("DELETE", "/volumes/facet:up.img")


def test_upload_whose_volume_is_another():
    """One that virsh made under its name gets no byte of it, and stays, whatever is wrong with the upload."""
    size = 1 << 20
    path = stack.state / "disks" / "swapped.img"
    stack.call("POST", "/volumes", {"pool": "facet", "name": "swapped.img", "format": "raw", "upload_bytes": size})
    assert put("facet:swapped.img", b"\x11" * (size // 2), 0, size)[0] == 200
    stack.virsh("vol-delete", "--pool", "facet", "swapped.img")
    stack.virsh("vol-create-as", "facet", "swapped.img", str(size), "--format", "raw")
    path.write_bytes(b"\x33" * size)
    status, problem = put("facet:swapped.img", b"\x22" * (size // 2), size // 2, size)
    assert status == 409, (status, problem)
    assert path.read_bytes() == b"\x33" * size
    volume = stack.call("GET", "/volumes/facet:swapped.img")
    assert volume["state"] == "ready" and volume["upload"] is None, volume
    stack.call("DELETE", "/volumes/facet:swapped.img")


def copy_while_it_starts(name, ends):
    """Whether the copy of the VM's disk was under way when virsh had started the VM and, with @ends, ended it again."""
    source = pathlib.Path(disk(name)["path"]).name
    task = stack.call("POST", "/volumes", {"pool": "facet", "name": "torn.qcow2",
                                           "from": {"pool": "facet", "volume": source}})
    stack.virsh("start", name)
    if ends:
        stack.virsh("destroy", name)
    early = stack.call("GET", f"/tasks/{task['id']}")["state"] == "running"
    end = stack.ended(task)
    if early:
        assert end["state"] == "failed" and name in end["error"]["message"], end
        assert not ends or "was started" in end["error"]["message"], end
        assert not (stack.state / "disks" / "torn.qcow2").exists()
        return True
    if not ends:
        stack.virsh("destroy", name)
    stack.call("DELETE", "/volumes/facet:torn.qcow2")
    return False


def test_copy_of_a_disk_that_starts_to_be_written():
    """A copy of a disk whose VM was started in the middle is no copy of anything, also when it has ended since."""
    create("moves")
    write("moves", 0, 50, blocks=8000)
    for ends in (True, False):
        assert any(copy_while_it_starts("moves", ends) for _ in range(5)), "the copy was quicker each time"
    stack.until_state("moves", "running")
    delete("moves")


def test_clone_of_a_vm_that_starts_and_ends():
    """The same of a clone: nothing of it is left."""
    create("rests")
    write("rests", 0, 50, blocks=8000)
    for _ in range(5):
        task = clone("rests", "torn")
        stack.virsh("start", "rests")
        stack.virsh("destroy", "rests")
        early = stack.call("GET", f"/tasks/{task['id']}")["state"] == "running"
        end = stack.ended(task)
        if early:
            break
        delete("torn")
    else:
        raise AssertionError("the copy was quicker each time")
    assert end["state"] == "failed" and "VM rests was started" in end["error"]["message"], end
    stack.refused(404, "GET", "/vms/torn")
    assert not (stack.state / "disks" / "torn.qcow2").exists()
    # The run within the act is no secret: first-boot media are judged by it.
    until("the run to be told", lambda: any("VM rests was started and ended outside Facet" in e["text"]
                                            for e in stack.call("GET", "/events?limit=50")["items"]))
    delete("rests")


def passes_by(path):
    """A VM that virsh has for a moment only: it writes to @path, and nothing knows of it afterwards."""
    xml = stack.dir / "passes.xml"
    xml.write_text(FOREIGN.format(name="passes", path=path))
    stack.virsh("create", str(xml), "--paused")
    for command in ("write -P 119 0 64k", "flush"):
        stack.virsh("qemu-monitor-command", "passes", "--hmp",
                    f'qemu-io -d /machine/peripheral/virtio-disk0/virtio-backend "{command}"')
    stack.virsh("destroy", "passes")


def copy_beside(begin, path):
    """How what @begin begins ends while another VM writes to @path; None when it was quicker."""
    task = begin()
    passes_by(path)
    early = stack.call("GET", f"/tasks/{task['id']}")["state"] == "running"
    end = stack.ended(task)
    return end if early else None


def test_copy_beside_a_vm_that_passes_by():
    """A copy, or clone, of a disk that a VM wrote to which was there only meanwhile is torn."""
    create("quiet")
    write("quiet", 0, 50, blocks=8000)
    path = disk("quiet")["path"]
    for begin, undo in (
            (lambda: stack.call("POST", "/volumes", {"pool": "facet", "name": "torn.qcow2",
                                                     "from": {"pool": "facet", "volume": pathlib.Path(path).name}}),
             lambda: stack.call("DELETE", "/volumes/facet:torn.qcow2")),
            (lambda: clone("quiet", "torn"), lambda: delete("torn"))):
        for _ in range(5):
            end = copy_beside(begin, path)
            if end:
                break
            undo()
        else:
            raise AssertionError("the copy was quicker each time")
        assert end["state"] == "failed" and path in end["error"]["message"], end
        assert "was written to while it was copied" in end["error"]["message"] and end["error"]["next"], end
        assert not (stack.state / "disks" / "torn.qcow2").exists()
    delete("quiet")


# ---- S8: what is half made is never taken for a disk, whoever dies ----

def big_volume():
    """A raw volume whose copy takes long enough to be met in the middle."""
    path = stack.state / "disks" / "big.img"
    if not path.exists():
        stack.done(stack.call("POST", "/volumes", {"pool": "facet", "name": path.name, "format": "raw", "size_gib": 2}))
        with open(path, "r+b") as file:
            for _ in range(96):
                file.write(random.randbytes(1 << 20) * 8)
    return path


def half_copy(fmt):
    """A copy that is under way, and has come to something: its task and file."""
    source = big_volume()
    target = stack.state / "disks" / f"half.{fmt}"
    task = stack.call("POST", "/volumes", {"pool": "facet", "name": target.name, "format": fmt,
                                           "from": {"pool": "facet", "volume": source.name}})
    until("some bytes of the copy", lambda: target.exists() and target.stat().st_blocks * 512 > 16 << 20)
    return task, target


def never_ready(name):
    """Until it is gone: it may be seen, but neither as a disk nor as one that a VM is given. Gives the states that were seen."""
    seen = set()

    def look():
        try:
            found = [v for v in stack.call("GET", "/volumes?pool=facet")["items"] if v["name"] == name]
            for volume in found:
                seen.add(volume["state"])
                assert volume["state"] in ("busy", "incomplete"), volume
                stack.call("POST", "/vms/holder/disks", {"volume": {"pool": "facet", "name": name}})
                raise AssertionError(f"{name} was attached")
            return not found and stack.call("GET", "/nodes")["items"][0]["virt"]["state"] == "up"
        except ApiError as error:
            gone = error.status == 400 and "no volume" in error.problem["message"]
            assert gone or error.status in (409, 503, 504, 404), error  # it is half, or libvirt is away
            return False
    until("the half volume to be gone", look)
    return seen


def test_libvirtd_dies_in_a_copy():
    create("holder")
    for fmt in ("raw", "qcow2"):
        task, target = half_copy(fmt)
        live.kill_libvirtd()
        end = stack.ended(task)
        assert end["state"] == "failed", end
        print(f"# {fmt}: {end['outcome']} {never_ready(target.name)}", flush=True)
        until("the file to be gone", lambda: not target.exists())
        again = stack.done(stack.call("POST", "/volumes", {"pool": "facet", "name": target.name, "size_gib": 1}))
        assert again["state"] == "done" and stack.call("GET", f"/volumes/facet:{target.name}")["state"] == "ready"
        stack.call("DELETE", f"/volumes/facet:{target.name}")


def test_both_die_in_a_copy():
    for fmt in ("raw", "qcow2"):
        task, target = half_copy(fmt)
        live.kill_libvirtd()
        stack.kill_facetd()
        assert target.exists()
        stack.start_facetd()
        print(f"# {fmt}: {never_ready(target.name)}", flush=True)
        assert stack.ended(task)["state"] == "failed"
        until("the file to be gone", lambda: not target.exists())
    stack.call("DELETE", "/volumes/facet:big.img")


def test_half_volume_can_be_deleted():
    """One that cannot be taken away yet is shown as what it is."""
    stack.done(stack.call("POST", "/volumes", {"pool": "facet", "name": "stuck.img", "format": "raw", "size_gib": 1}))
    holder = stack.vm("holder")["id"]  # of a VM that is there, so that nobody takes it away meanwhile
    stack.kill_facetd()
    path = stack.state / "facet.db"
    with sqlite3.connect(path) as store:
        (key, text), = store.execute("SELECT key, value FROM docs WHERE key = 'volume/facet:stuck.img'").fetchall()
        record = json.loads(text)
        record["state"], record["vm"] = "making", holder
        store.execute("UPDATE docs SET value = ? WHERE key = ?", (json.dumps(record), key))
    stack.start_facetd()
    volume = stack.call("GET", "/volumes/facet:stuck.img")
    assert volume["state"] == "incomplete", volume
    for method, where, body in (("POST", "/vms/holder/disks", {"volume": {"pool": "facet", "name": "stuck.img"}}),
                                ("POST", "/volumes/facet:stuck.img/grow", {"size_gib": 2}),
                                ("GET", "/volumes/facet:stuck.img/content", None),
                                ("POST", "/volumes", {"pool": "facet", "name": "x.img", "from": {"pool": "facet", "volume": "stuck.img"}})):
        assert "not complete" in stack.refused(409, method, where, body)["message"]
    stack.call("DELETE", "/volumes/facet:stuck.img")
    delete("holder")


def rewrite(key, *changes):
    """For each of @changes a row like that of @key, with another key and other members; None: the row itself."""
    with sqlite3.connect(stack.state / "facet.db") as store:
        names = [column[1] for column in store.execute("PRAGMA table_info(docs)")]
        row = dict(zip(names, store.execute("SELECT * FROM docs WHERE key = ?", (key,)).fetchone()))
        for other, members in changes:
            new = {**row, "key": other or key, "value": json.dumps({**json.loads(row["value"]), **members})}
            store.execute(f"INSERT OR REPLACE INTO docs ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
                          [new[name] for name in names])
    store.close()


def test_record_of_a_vm_is_lost():
    """Nobody takes its place while its snapshots are known: which of its files stand on which is known to nobody else."""
    create("lost")
    vm = stack.vm("lost")
    stack.done(stack.call("POST", "/vms/lost/snapshots", {"name": "s1"}))
    files = sorted(f.name for f in (stack.state / "disks").iterdir() if f.name.startswith("lost"))
    for value, told, status in (('{"id": 5}', "cannot be read", 409), ("5", "set aside", 422)):
        stack.kill_facetd()
        with sqlite3.connect(stack.state / "facet.db") as store:
            store.execute("UPDATE docs SET value = ? WHERE key = ?", (value, f"vm/{vm['id']}"))
        store.close()
        stack.start_facetd()
        until("the event", lambda: [e for e in stack.call("GET", "/events")["items"] if vm["id"] in str(e) and told in str(e)])
        until("libvirt's word", lambda: [v for v in stack.call("GET", "/vms")["items"] if v["name"] == "lost"])
        problem = stack.refused(status, "POST", f"/vms/{vm['id']}/adopt", {"confirm": True})
        print(f"# {problem['message']}", flush=True)
        assert files == sorted(f.name for f in (stack.state / "disks").iterdir() if f.name.startswith("lost")), files
    assert "snapshots" in problem["message"] and "backup" in problem["next"], problem
    stack.virsh("undefine", vm["id"])
    for file in files:
        (stack.state / "disks" / file).unlink()


def medium_of(name):
    return next(d["volume"] for d in stack.vm(name)["disks"] if d["kind"] == "seed")


SECRET = {"user": "anna", "password": "first boot only"}


def test_medium_that_no_vm_names():
    """What a change that broke off left of first-boot data goes; what cannot go, or was released, is opened by nobody."""
    create("owner", cloud_init=SECRET)
    create("thief")
    medium, folder, link = medium_of("owner"), stack.state / "disks", stack.dir / "link"
    link.symlink_to(folder)
    stack.virsh("pool-define-as", "again", "dir", "--target", str(link))
    stack.virsh("pool-start", "again")
    stack.kill_facetd()
    for name in ("new.iso", "half.iso", "released.iso"):
        (folder / name).write_bytes((folder / medium).read_bytes())
    rewrite(f"volume/facet:{medium}",
            ("volume/facet:new.iso", {"name": "new.iso", "inode": "", "path": str(folder / "new.iso")}),
            ("volume/facet:half.iso", {"name": "half.iso", "inode": "", "path": str(folder / "half.iso"), "state": "making"}),
            ("volume/facet:released.iso", {"name": "released.iso", "inode": "", "path": str(folder / "released.iso"), "vm": "gone"}),
            (f"volume/again:{medium}", {"pool": "again", "path": str(link / medium)}))  # the medium itself
    stack.virsh("pool-refresh", "facet")
    stack.start_facetd()
    until("both to be gone", lambda: not (folder / "new.iso").exists() and not (folder / "half.iso").exists())
    assert (folder / medium).exists() and (folder / "released.iso").exists()
    stack.virsh("pool-refresh", "again")
    until("the pool to be seen", lambda: any(v["name"] == "released.iso" for v in stack.call("GET", "/volumes?pool=again")["items"]))
    for pool in ("facet", "again"):
        for name in ("released.iso", medium):
            stack.refused(403, "GET", f"/volumes/{pool}:{name}/content")
            stack.refused(403, "POST", "/volumes", {"pool": "facet", "name": "copy.img", "from": {
                "pool": pool, "volume": name, "format": "raw"}})
        stack.refused(403, "POST", "/vms/thief/disks", {"volume": {"pool": pool, "name": "released.iso"}})
    assert (folder / medium).exists()
    stack.virsh("pool-destroy", "again")
    stack.virsh("pool-undefine", "again")
    until("the pool to be gone", lambda: not any(p["name"] == "again" for p in stack.call("GET", "/pools")["items"]))
    stack.call("DELETE", "/volumes/facet:released.iso")
    delete("owner")
    delete("thief")


def test_keep_is_mistyped():
    """Whoever means to keep a disk and mistypes it is told so; nothing is deleted."""
    create("kept")
    vm = stack.vm("kept")
    match = {"If-Match": f'"{vm["revision"]}"'}
    for path in ("?keep=", "?keep", "?kep=vda", "?keep_disk=yes", "?keep=vdz", "/disks/vda?keep=yes", "/disks/vda?kep=true", "/disks/vda?keep="):
        problem = stack.refused(400, "DELETE", f"/vms/{vm['id']}{path}", None, match)
        assert problem["details"]["field"] in ("keep", "kep", "keep_disk", "query"), problem
    assert os.path.exists(disk("kept")["path"])
    delete("kept")


def is_spent(name):
    return stack.vm(name)["cloud_init"]["used"]


def test_secrets_of_a_run_that_nobody_noted():
    """Whoever starts the VM, and whoever is away then: what the guest has had leaves the host, and a revert says so."""
    for who in ("virsh", "virsh, facetd away", "facetd, which dies"):
        create("noted", cloud_init=SECRET)
        vm = stack.vm("noted")["id"]
        medium = stack.state / "disks" / medium_of("noted")
        take("noted", "new")
        assert b"$6$" in medium.read_bytes()
        if who == "virsh":
            stack.virsh("start", "noted")
        elif who == "virsh, facetd away":
            stack.kill_facetd()
            stack.virsh("start", "noted")
            stack.start_facetd()
        else:
            power("noted", "start")
            stack.kill_facetd()
            rewrite(f"vm/{vm}", (None, {"run": None}))
            stack.start_facetd()
        stack.until_state("noted", "running")
        until("its run to be noted", lambda: not stack.vm("noted")["pending_changes"])
        assert not is_spent("noted"), who
        power("noted", "stop", {"force": True})
        until(f"the secrets to be gone ({who})", lambda: is_spent("noted"))
        assert b"$6$" not in medium.read_bytes(), who
        effects = stack.call("GET", f"/vms/{vm}/snapshots")["items"][0]["revert_effects"]
        assert any("no password any more" in effect for effect in effects), effects
        log = stack.done(stack.call("POST", f"/vms/{vm}/clone", {"name": "twin"}))["log"]
        assert any("no password any more" in str(line) for line in log), log
        delete("twin")
        delete("noted")


def main():
    tests = [(n, f) for n, f in globals().items() if n.startswith("test_") and n[5:] in (sys.argv[4:] or [n[5:]])]
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
                print("\n".join("# " + line for line in traceback.format_exc().splitlines()), flush=True)
        stack.stop()
    except BaseException:
        failed += 1
        print("Bail out! the instance broke", flush=True)
        print("\n".join("# " + line for line in traceback.format_exc().splitlines()), flush=True)
    if failed:
        print("\n".join("# " + line for line in stack.log("facetd").splitlines()[-60:]), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
