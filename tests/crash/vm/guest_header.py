#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""S1, cases 01 and 02: a guest gets nothing by what it writes to its raw disk: guest_header.py FACETD FACET-HELPER FACET-SIM, under
tools/dev/with-libvirtd. Speaks TAP.

A real guest writes the head of a qcow2 over its own raw disk, which names another VM's disk. Then each path is walked that opens,
copies or changes the disk. On each the disk must go on to read as the bytes that the guest wrote, and QEMU must have nothing
else open; and never do the other's bytes come out.
"""
import base64
import hashlib
import http.client
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from snapshots import create, power, remove, revert, shell, snapshots, stack, take  # noqa: E402
from stack import WebSocket, until  # noqa: E402

SECRET = b"the other's secret: 0123456789abcdef"
HEAD = 64 * 1024  # of the disk: as much as the guest writes
GIB = 1 << 30


def disks():
    return stack.state / "disks"


def raw():
    return disks() / "att-data.img"


def target(name, dev="vdb"):
    return next(d for d in stack.vm(name)["disks"] if d["target"] == dev)


def head_naming(path, fmt):
    """A small qcow2 that stands on that file, as bytes: where each block of 512 that is not empty goes."""
    work = stack.dir / "head.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-u", "-f", "qcow2", "-o", "cluster_size=512", "-b", path, "-F", fmt, work, "1M"],
                   check=True)
    data = work.read_bytes()
    return {i: data[i * 512:i * 512 + 512] for i in range(len(data) // 512) if any(data[i * 512:i * 512 + 512])}


class Guest:
    """The shell of the guest, by its serial console."""

    def __init__(self, name):
        self.serial = WebSocket(stack, f"/vms/{stack.vm(name)['id']}/console/serial?force=true")
        shell(self.serial)

    def run(self, command):
        self.serial.send(f"{command}; echo en''d=$?\r".encode())
        got = self.serial.read_until(b"end=")
        assert self.serial.read_until(b"\n").strip() == b"0", (command, got)
        return got

    def close(self):
        self.serial.close()

    def write(self, dev, blocks):
        for number, block in blocks.items():
            text = base64.b64encode(block.rstrip(b"\0")).decode()
            self.run("rm -f /tmp/b")
            for at in range(0, len(text), 200):
                self.run(f"echo -n '{text[at:at + 200]}' >> /tmp/b")
            self.run(f"base64 -d /tmp/b > /tmp/c && dd if=/tmp/c of=/dev/{dev} bs=512 seek={number} conv=notrunc 2>/dev/null")
        self.run("sync")

    def reads_head(self, dev="vdb"):
        """What the guest sees at the start of the disk: its own bytes."""
        got = self.run(f"dd if=/dev/{dev} bs=512 count=1 2>/dev/null | head -c 3 | sed s/^/is:/")
        assert b"is:QFI" in got, got


def open_files(name):
    """The files that its QEMU has open."""
    ident = stack.vm(name)["id"].encode()
    for proc in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            args = (proc / "cmdline").read_bytes().split(b"\0")
            if b"qemu-system" in args[0] and any(ident in a for a in args):
                listing = subprocess.run(["sudo", "-n", "ls", "-l", proc / "fd"], stdout=subprocess.PIPE).stdout if os.getuid() else \
                    "\n".join(os.readlink(fd) for fd in (proc / "fd").iterdir()).encode()
                return listing.decode()
        except OSError:
            continue
    raise AssertionError(f"no QEMU runs {name}")


def check_open(name):
    got = open_files(name)
    assert str(disks() / "vic.qcow2") not in got and str(raw()) in got, got


def reads_as(path, fmt, dev_bytes=None):
    """The content of a disk, by a chain that qemu-img is told: the bytes that the guest wrote, and nobody's secret."""
    out = stack.dir / "content"
    chain = {"driver": fmt, "file": {"driver": "file", "filename": str(path)}}
    subprocess.run(["qemu-img", "convert", "-U", "-O", "raw", f"json:{json.dumps(chain)}", str(out)], check=True)
    with open(out, "rb") as file:
        head = file.read(HEAD)
    assert head == stack.written, (path, head[:64], stack.written[:64])
    no_secret(out)
    out.unlink()


def no_secret(path):
    """In any byte that the file really has; holes are left out."""
    with open(path, "rb") as file:
        end, at = os.fstat(file.fileno()).st_size, 0
        while at < end:
            try:
                at = os.lseek(file.fileno(), at, os.SEEK_DATA)
            except OSError:  # a hole until the end
                return
            stop = min(os.lseek(file.fileno(), at, os.SEEK_HOLE), at + (16 << 20))
            assert SECRET not in os.pread(file.fileno(), stop - at, at), path
            at = stop


def holds_raw():
    """The raw file itself has the guest's bytes and its own size, whoever looked at it."""
    with open(raw(), "rb") as file:
        assert file.read(HEAD) == stack.written
    assert raw().stat().st_size % GIB == 0, raw().stat()
    no_secret(raw())


def volume(name):
    return stack.call("GET", f"/volumes/facet:{name}")


# ---- the tests, each on what the one before has left ----

def test_guest_writes_the_head():
    create("vic")
    secret = (SECRET * 2000)[:64 * 1024]
    (stack.dir / "secret").write_bytes(secret)
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", f"write -s {stack.dir / 'secret'} 0 65536", str(disks() / "vic.qcow2")],
                   check=True, stdout=subprocess.DEVNULL)
    stack.done(stack.call("POST", "/volumes", {"pool": "facet", "name": raw().name, "format": "raw", "size_gib": 1}))
    create("att")
    stack.done(stack.call("POST", "/vms/att/disks", {"volume": {"pool": "facet", "name": raw().name}}))
    power("att", "start")
    guest = Guest("att")
    guest.write("vdb", head_naming(str(disks() / "vic.qcow2"), "qcow2"))
    guest.close()
    stack.written = until("the bytes on the disk", lambda: (lambda h: h if h[:4] == b"QFI\xfb" else None)(
        open(raw(), "rb").read(HEAD)))
    stack.virsh("pool-refresh", "facet")
    believed = stack.virsh("vol-dumpxml", raw().name, "facet")
    assert "<format type='qcow2'/>" in believed and "vic.qcow2" in believed, believed  # else nothing here could fail
    seen = volume(raw().name)
    assert (seen["format"], seen["backing"], seen["capacity_bytes"], seen["length_bytes"]) == ("raw", "", GIB, GIB), seen
    assert stack.call("GET", "/volumes/facet:vic.qcow2")["used_by"] == [{"vm": stack.vm("vic")["id"], "name": "vic", "how": "disk"}]


def test_hot_plug():
    stack.done(stack.call("DELETE", "/vms/att/disks/vdb?keep=true"))
    until("the disk to be out", lambda: "vdb" not in stack.virsh("domblklist", "att"))
    problem = stack.refused(400, "POST", "/vms/att/disks", {"volume": {"pool": "facet", "name": raw().name, "format": "qcow2"}})
    assert problem["details"]["field"] == "format", problem
    stack.done(stack.call("POST", "/vms/att/disks", {"volume": {"pool": "facet", "name": raw().name}}))
    assert target("att")["format"] == "raw"
    guest = Guest("att")
    guest.reads_head()
    guest.close()
    check_open("att")
    holds_raw()


def test_snapshot_while_it_runs():
    take("att", "live")
    reads_as(target("att")["path"], "qcow2")
    take("att", "memory", memory=True)
    check_open("att")
    guest = Guest("att")
    guest.reads_head()
    guest.close()
    reads_as(target("att")["path"], "qcow2")


def test_revert():
    revert("att", "memory", confirm=True)
    stack.until_state("att", "running")
    check_open("att")
    reads_as(target("att")["path"], "qcow2")
    guest = Guest("att")
    guest.reads_head()
    guest.close()
    revert("att", "live", confirm=True)
    reads_as(target("att")["path"], "qcow2")


def test_clone_of_a_snapshot():
    stack.done(stack.call("POST", "/vms/att/clone", {"name": "child", "snapshot": "live"}))
    reads_as(target("child")["path"], "qcow2")
    no_secret(target("child")["path"])
    stack.done(stack.change("DELETE", stack.vm("child")))


def test_merge_and_snapshot_while_off():
    for each in ("memory", "live"):
        remove("att", each)
    assert snapshots("att") == [] and target("att")["path"] == str(raw()) and target("att")["format"] == "raw", target("att")
    holds_raw()
    take("att", "off")
    reads_as(target("att")["path"], "qcow2")
    header = json.loads(subprocess.run(["qemu-img", "info", "-f", "qcow2", "--output=json", target("att")["path"]], check=True,
                                       stdout=subprocess.PIPE).stdout)
    assert header["backing-filename-format"] == "raw", header
    power("att", "start")
    check_open("att")
    guest = Guest("att")
    guest.reads_head()
    guest.close()
    remove("att", "off")  # by the VM's own QEMU
    assert target("att")["path"] == str(raw())
    check_open("att")
    power("att", "stop", {"force": True})
    holds_raw()
    assert "<format type='raw'/>" not in stack.virsh("vol-dumpxml", raw().name, "facet")  # libvirt believes it still


def test_clone_copy_and_download():
    stack.done(stack.call("POST", "/vms/att/clone", {"name": "child"}))
    reads_as(target("child")["path"], "qcow2")
    stack.done(stack.change("DELETE", stack.vm("child")))
    for name, fmt in (("copy.img", "raw"), ("copy.qcow2", "qcow2")):
        stack.done(stack.call("POST", "/volumes", {"pool": "facet", "name": name, "format": fmt,
                                                   "from": {"pool": "facet", "volume": raw().name}}))
        reads_as(disks() / name, fmt)
        seen = volume(name)
        assert (seen["format"], seen["backing"], seen["capacity_bytes"]) == (fmt, "", GIB), seen
        no_secret(disks() / name)
    connection = http.client.HTTPSConnection("127.0.0.1", stack.port, context=stack.tls, timeout=90)
    connection.request("GET", f"/api/v1/volumes/facet:{raw().name}/content", headers={**stack.auth(), "Range": f"bytes=0-{(16 << 20) - 1}"})
    answer = connection.getresponse()
    got = answer.read()
    assert answer.getheader("Content-Range").endswith(f"/{GIB}"), answer.getheaders()
    assert got[:HEAD] == stack.written and SECRET not in got and not any(got[HEAD:]), got[:16]
    for name in ("copy.img", "copy.qcow2"):
        stack.call("DELETE", f"/volumes/facet:{name}")


def test_grow():
    stack.call("POST", f"/volumes/facet:{raw().name}/grow", {"size_gib": 2})
    assert raw().stat().st_size == 2 * GIB and target("att")["size_gib"] == 2, target("att")
    holds_raw()
    stack.call("PATCH", "/vms/att/disks/vdb", {"size_gib": 3})
    assert raw().stat().st_size == 3 * GIB
    holds_raw()
    problem = stack.refused(400, "POST", f"/volumes/facet:{raw().name}/grow", {"size_gib": 1})
    assert problem["details"]["field"] == "size_gib", problem
    power("att", "start")
    stack.call("PATCH", "/vms/att/disks/vdb", {"size_gib": 4})
    assert raw().stat().st_size == 4 * GIB
    guest = Guest("att")
    guest.reads_head()
    guest.close()
    check_open("att")
    power("att", "stop", {"force": True})
    holds_raw()
    assert volume(raw().name)["capacity_bytes"] == 4 * GIB


def test_template():
    template = stack.call("POST", "/templates", {"name": "of-att", "from_vm": "att"})
    assert raw().name not in json.dumps(template), template
    stack.done(stack.call("POST", "/vms", {"name": "from-template", "template": "of-att"}))
    for each in stack.vm("from-template")["disks"]:
        no_secret(each["path"])
    stack.done(stack.change("DELETE", stack.vm("from-template")))
    stack.call("DELETE", f"/templates/{template['id']}", headers={"If-Match": f'"{template["revision"]}"'})


def test_released_and_adopted():
    """By the definition, which no guest has written."""
    vm = stack.vm("att")
    stack.call("POST", f"/vms/{vm['id']}/release", {})
    stack.call("POST", f"/vms/{vm['id']}/adopt", {"confirm": True})
    until("it to be ours", lambda: stack.vm("att")["ours"])
    assert target("att")["format"] == "raw"
    take("att", "again")
    reads_as(target("att")["path"], "qcow2")
    remove("att", "again")
    holds_raw()


def test_file_of_the_host():
    """The head names a file that only the host has, without a format of its own."""
    secret = stack.dir / "hostfile"
    secret.write_bytes(SECRET.ljust(64 * 1024, b"."))
    power("att", "start")
    guest = Guest("att")
    guest.write("vdb", head_naming(str(secret), "raw"))
    guest.close()
    power("att", "stop", {"force": True})
    stack.written = open(raw(), "rb").read(HEAD)
    assert stack.written[:4] == b"QFI\xfb" and b"hostfile" in stack.written
    stack.virsh("pool-refresh", "facet")
    assert "hostfile" in stack.virsh("vol-dumpxml", raw().name, "facet")
    take("att", "host")
    power("att", "start")
    assert "hostfile" not in open_files("att")
    power("att", "stop", {"force": True})
    reads_as(target("att")["path"], "qcow2")
    remove("att", "host")
    stack.done(stack.call("POST", "/volumes", {"pool": "facet", "name": "copy.qcow2",
                                               "from": {"pool": "facet", "volume": raw().name}}))
    reads_as(disks() / "copy.qcow2", "qcow2")
    no_secret(disks() / "copy.qcow2")


# ---- volumes of which there is no record ----

def found(name):
    stack.virsh("pool-refresh", "facet")
    return until(f"{name} to be listed", lambda: next((v for v in stack.call("GET", "/volumes?pool=facet")["items"]
                                                       if v["name"] == name), None))


def attach(name, **more):
    return {"volume": {"pool": "facet", "name": name, **more}}


def refused_disk(name, **more):
    return stack.refused(422, "POST", "/vms/vic/disks", attach(name, **more))


def test_found_raw_disk_with_a_head():
    """Nobody knows where it comes from: whoever attaches it has to say what it is, and then that is what it is."""
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", str(disks() / "found.img"), "64M"], check=True)
    assert found("found.img")["format"] == ""
    problem = refused_disk("found.img")
    assert problem["details"]["field"] == "format" and problem["details"]["choices"] == ["raw", "qcow2"], problem
    stack.refused(400, "POST", "/vms/vic/disks", attach("found.img", format="vmdk"))
    stack.done(stack.call("POST", "/vms/vic/disks", attach("found.img", format="raw")))
    assert target("vic")["format"] == "raw" and volume("found.img")["format"] == "raw"
    stack.done(stack.call("DELETE", "/vms/vic/disks/vdb?keep=true"))
    stack.done(stack.call("POST", "/vms/vic/disks", attach("found.img")))
    assert target("vic")["format"] == "raw"
    stack.done(stack.call("DELETE", "/vms/vic/disks/vdb?keep=true"))


def test_found_qcow2():
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", str(disks() / "whole.qcow2"), "64M"], check=True)
    found("whole.qcow2")
    stack.done(stack.call("POST", "/vms/vic/disks", attach("whole.qcow2")))
    assert target("vic")["format"] == "qcow2"
    stack.done(stack.call("DELETE", "/vms/vic/disks/vdb?keep=true"))
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", str(stack.dir / "hostfile"),
                    str(disks() / "stands.qcow2")], check=True)
    found("stands.qcow2")
    for more in ({}, {"format": "qcow2"}):
        assert "stands on another file" in refused_disk("stands.qcow2", **more)["message"]
    for source in ({}, {"format": "qcow2"}):
        problem = stack.refused(422, "POST", "/volumes", {"pool": "facet", "name": "out.qcow2", "from": {
            "pool": "facet", "volume": "stands.qcow2", **source}})
        assert "stands on another file" in problem["message"], problem
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-o", f"data_file={disks() / 'data'}", str(disks() / "split.qcow2"), "1M"],
                   check=True)
    found("split.qcow2")
    assert "another file" in refused_disk("split.qcow2")["message"]


def test_other_formats_are_converted():
    """Case 02: a VMDK is no raw disk. It is refused, with the way out, which works."""
    source = stack.dir / "source"
    source.write_bytes(os.urandom(1 << 20) + bytes(7 << 20))
    for name, fmt in (("old.vmdk", "vmdk"), ("old.vdi", "vdi"), ("old.vhd", "vpc"), ("old.qed", "qed")):
        subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", fmt, str(source), str(disks() / name)], check=True)
        digest = hashlib.sha256((disks() / name).read_bytes()).hexdigest()
        found(name)
        problem = refused_disk(name)
        assert "Convert it" in problem["next"] and problem["details"]["field"] == "format", problem
        stack.refused(422, "POST", "/vms", {"name": "mig", **attach(name)})
        stack.done(stack.call("POST", "/volumes", {"pool": "facet", "name": "new.qcow2", "from": {"pool": "facet", "volume": name}}))
        out = stack.dir / "out"
        subprocess.run(["qemu-img", "convert", "-f", "qcow2", "-O", "raw", str(disks() / "new.qcow2"), str(out)], check=True)
        whole, rest = source.read_bytes(), out.read_bytes()[len(source.read_bytes()):]  # a VHD is rounded up to whole cylinders
        assert out.read_bytes() == whole + bytes(len(rest)), name
        assert hashlib.sha256((disks() / name).read_bytes()).hexdigest() == digest, name
        stack.call("DELETE", "/volumes/facet:new.qcow2")
    flat = disks() / "flat.vmdk"  # a description that names a file of the host
    flat.write_text(f'# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\ncreateType="monolithicFlat"\n'
                    f'RW 128 FLAT "{stack.dir / "hostfile"}" 0\n')
    found("flat.vmdk")
    for more in ({}, {"format": "vmdk"}):
        problem = stack.refused(422, "POST", "/volumes", {"pool": "facet", "name": "out.qcow2", "from": {
            "pool": "facet", "volume": "flat.vmdk", **more}})
        assert "other files" in problem["message"], problem
    (disks() / "packed.img").write_bytes(b"\x1f\x8b\x08" + bytes(1000))
    found("packed.img")
    assert "Unpack" in refused_disk("packed.img")["next"]


def test_first_boot_medium_does_not_grow():
    """A4 of cli-api-docs.md."""
    create("seeded", cloud_init={"hostname": "seeded"})
    name = next(p.name for p in disks().iterdir() if "seeded-seed" in p.name)
    problem = stack.refused(403, "POST", f"/volumes/facet:{name}/grow", {"size_gib": 1})
    assert "first-boot medium of VM seeded" in problem["message"], problem
    stack.done(stack.change("DELETE", stack.vm("seeded")))


def test_records_go_with_their_volumes():
    """What is deleted behind Facet's back leaves no record that another volume of that name could inherit."""
    stack.call("DELETE", "/volumes/facet:whole.qcow2")
    (disks() / "whole.qcow2").write_bytes(bytes(1 << 20))
    found("whole.qcow2")
    problem = refused_disk("whole.qcow2")
    assert problem["details"]["choices"] == ["raw"], problem
    stack.virsh("vol-delete", "--pool", "facet", "found.img")
    until("the volume to be gone", lambda: not any(v["name"] == "found.img" for v in stack.call("GET", "/volumes?pool=facet")["items"]))
    until("its record to be gone", lambda: is_new("found.img"))


def test_record_ends_with_its_file():
    """Another program puts a VMDK where a raw disk was: never a raw disk that a VM may write, whenever libvirt looks."""
    (disks() / "swap.img").write_bytes(bytes(1 << 20))
    found("swap.img")
    stack.done(stack.call("POST", "/vms/vic/disks", attach("swap.img")))
    assert volume("swap.img")["format"] == "raw"
    stack.done(stack.call("DELETE", "/vms/vic/disks/vdb?keep=true"))
    subprocess.run(["qemu-img", "create", "-q", "-f", "vmdk", str(disks() / "swap.new"), "16M"], check=True)
    (disks() / "swap.new").rename(disks() / "swap.img")
    stack.virsh("pool-refresh", "facet")
    assert volume("swap.img")["format"] == ""
    problem = refused_disk("swap.img")
    assert "VMDK" in problem["message"] and problem["details"]["choices"] == ["raw"], problem
    stack.call("DELETE", "/volumes/facet:swap.img")


def is_new(name):
    """Whether a volume of that name would be looked at afresh."""
    (disks() / name).write_bytes(bytes(1 << 20))
    stack.virsh("pool-refresh", "facet")
    fresh = volume(name)["format"] == ""
    stack.virsh("vol-delete", "--pool", "facet", name)
    stack.virsh("pool-refresh", "facet")  # libvirt tells of that, not of the deletion
    time.sleep(1)
    return fresh


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
