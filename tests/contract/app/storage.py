#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Pools and volumes through the API of a real facetd, on a private libvirtd; virsh stands beside it and looks.

usage: with-libvirtd storage.py SIM HELPER FACETD FACET
"""
import gzip
import hashlib
import http.client
import json
import os
import random
import socket
import ssl
import subprocess
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
from encrypted import make as make_encrypted  # noqa: E402
from facet_host import Host, PATIENCE_S  # noqa: E402

MIB = 1 << 20
GIB = 1 << 30
RAM_MAX = 16 * MIB
URI = os.environ["FACET_TEST_LIBVIRT_URI"]
DIR = os.environ["FACET_TEST_DIR"]


def virsh(*arguments, check=True):
    done = subprocess.run(["virsh", "-q", "-c", URI, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=PATIENCE_S, check=False)
    assert not check or done.returncode == 0, (arguments, done.stdout)
    return done.stdout


def refused(host, status, code, method, path, body=None, headers=None, field=None):
    answer = host.call(method, path, body, status, headers)
    assert answer["error"]["code"] == code, answer
    assert field is None or answer["error"]["details"].get("field") == field, answer
    return answer["error"]


def volume(host, name, pool="facet"):
    return host.call("GET", f"/volumes/{pool}:{name}", None, 200)


def names(host, pool="facet"):
    return [v["name"] for v in host.call("GET", f"/volumes?pool={pool}", None, 200)["items"]]


def make(host, name, state="done", **wish):
    task = host.call("POST", "/volumes", {"pool": "facet", "name": name, **wish}, 202)
    ended = host.wait_task(task["id"])
    assert ended["state"] == state, ended
    return ended


def connect(host, timeout=PATIENCE_S):
    context = ssl.create_default_context(cafile=os.path.join(host.state, "tls", "cert.pem"))
    return http.client.HTTPSConnection("127.0.0.1", host.port, context=context, timeout=timeout)


def download(host, path, **headers):
    connection = connect(host)
    connection.request("GET", "/api/v1" + path, headers={"Authorization": "Bearer " + host.token, **headers})
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.status, answer.headers, data


def open_put(host, path, length):
    connection = connect(host)
    connection.putrequest("PUT", "/api/v1" + path)
    connection.putheader("Authorization", "Bearer " + host.token)
    connection.putheader("Content-Length", str(length))
    connection.endheaders()
    return connection


def resident(host):
    with open(f"/proc/{host.facetd.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))


def test_own_pool(host):
    """It is there by itself, and again after libvirt was told to drop it."""
    pool = host.wait_for(lambda: next((p for p in host.call("GET", "/pools", None, 200)["items"]
                                       if p["name"] == "facet" and p["state"] == "running"), None), "the pool facet")
    assert pool["ours"] and pool["default"] and pool["kind"] == "dir" and pool["thin"], pool
    assert pool["path"] == os.path.join(host.state, "disks") and pool["free_bytes"] > 0, pool
    refused(host, 409, "conflict", "DELETE", "/pools/facet")
    refused(host, 409, "conflict", "POST", "/pools/facet/stop")
    virsh("pool-destroy", "facet")
    host.kill(host.facetd)
    host.start_facetd()
    host.wait_for(lambda: "running" in virsh("pool-info", "facet"), "the pool facet")


def test_pools(host):
    path = os.path.join(DIR, "fast")
    bad = [({"name": "../x", "path": path}, "name"), ({"name": "<x/>", "path": path}, "name"),
           ({"name": "x", "path": "relative"}, "path"), ({"name": "x", "path": path + "/../y"}, "path"),
           ({"name": "x", "path": "/etc/x"}, "path"), ({"name": "x", "kind": "zfs"}, "kind"),
           ({"name": "x", "path": os.path.join(host.state, "tls")}, "path")]
    for wish, field in bad:
        refused(host, 400, "bad-request", "POST", "/pools", {"kind": "dir", **wish}, field=field)
    inside = os.path.join(host.state, "disks", "in")
    refused(host, 409, "conflict", "POST", "/pools", {"name": "x", "kind": "dir", "path": inside}, field="path")
    made = host.call("POST", "/pools", {"name": "fast", "kind": "dir", "path": path}, 201)
    assert made["ours"] and made["state"] == "running" and made["volumes"] == 0 and os.path.isdir(path), made
    refused(host, 409, "exists", "POST", "/pools", {"name": "fast", "kind": "dir", "path": path + "2"}, field="name")
    refused(host, 409, "conflict", "POST", "/pools", {"name": "slow", "kind": "dir", "path": path}, field="path")
    os.symlink(path, path + "-link")  # by another name it is the same folder: libvirt would refuse it as 502
    refused(host, 409, "conflict", "POST", "/pools", {"name": "slow", "kind": "dir", "path": path + "-link"}, field="path")
    refused(host, 409, "conflict", "POST", "/pools", {"name": "slow", "kind": "dir", "path": path + "-link/in"}, field="path")
    assert "fast" in virsh("pool-list")
    host.call("POST", "/pools/fast/stop", {}, 200)
    assert host.call("GET", "/pools/fast", None, 200)["state"] == "stopped"
    host.call("POST", "/pools/fast/start", {}, 200)
    with open(os.path.join(path, "found.raw"), "wb") as file:
        file.write(bytes(MIB))
    assert host.call("POST", "/pools/fast/refresh", {}, 200)["volumes"] == 1
    host.call("DELETE", "/pools/fast", None, 204)
    assert os.path.exists(os.path.join(path, "found.raw"))  # the definition only
    assert "fast" not in virsh("pool-list", "--all")
    refused(host, 404, "not-found", "GET", "/pools/fast")
    # What cannot work says why, soon, and leaves nothing.
    problem = refused(host, 400, "bad-request", "POST", "/pools", {"name": "lv", "kind": "lvm", "volume_group": "no-such"},
                      field="volume_group")
    assert "no-such" in problem["message"], problem
    problem = refused(host, 400, "bad-request", "POST", "/pools",
                      {"name": "nas", "kind": "nfs", "host": "127.0.0.1", "export": "/x"}, field="host")
    assert "127.0.0.1" in problem["message"], problem
    assert "lv" not in virsh("pool-list", "--all") and "nas" not in virsh("pool-list", "--all")


def test_others(host):
    """What others do in virsh shows up, and is never taken away."""
    stream = events(host)
    path = os.path.join(DIR, "theirs")
    virsh("pool-create-as", "theirs", "dir", "--target", path, "--build")
    heard(stream, "pool", "theirs")
    pool = host.call("GET", "/pools/theirs", None, 200)
    assert not pool["ours"] and pool["state"] == "running", pool
    virsh("vol-create-as", "theirs", "v.qcow2", "64M", "--format", "qcow2")
    heard(stream, "volume", "theirs")
    seen = volume(host, "v.qcow2", "theirs")
    assert seen["capacity_bytes"] == 64 * MIB and seen["used_by"] == [], seen
    refused(host, 409, "conflict", "DELETE", "/pools/theirs")
    virsh("vol-delete", "--pool", "theirs", "v.qcow2")
    virsh("pool-destroy", "theirs")
    heard(stream, "pool", "theirs")
    stream.close()


def events(host):
    connection = connect(host)
    connection.request("GET", "/api/v1/events/stream", headers={"Authorization": "Bearer " + host.token})
    stream = connection.getresponse()
    assert stream.status == 200
    return stream


def heard(stream, kind, name):
    deadline = time.monotonic() + PATIENCE_S
    seen = None
    while time.monotonic() < deadline:
        line = stream.readline().decode().rstrip("\n")
        if line.startswith("event:"):
            seen = line[6:].strip()
        if line.startswith("data:") and seen == kind and name in line:
            return
    raise AssertionError(f"no {kind} {name}")


def test_create_and_grow(host):
    ended = make(host, "a.qcow2", size_gib=2)
    assert ended["subject"] == {"kind": "volume", "id": "facet:a.qcow2", "name": "a.qcow2"}, ended
    a = volume(host, "a.qcow2")
    assert (a["format"], a["capacity_bytes"], a["state"], a["used_by"]) == ("qcow2", 2 * GIB, "ready", []), a
    assert a["allocated_bytes"] < MIB and a["path"] == os.path.join(host.state, "disks", "a.qcow2")
    grown = host.call("POST", "/volumes/facet:a.qcow2/grow", {"size_gib": 3}, 200)
    assert grown["capacity_bytes"] == 3 * GIB, grown
    refused(host, 400, "bad-request", "POST", "/volumes/facet:a.qcow2/grow", {"size_gib": 1}, field="size_gib")
    wish = {"pool": "facet", "name": "b", "size_gib": 1}
    for change, field in (({"name": "../b"}, "name"), ({"name": "a/b"}, "name"), ({"name": "<b>"}, "name"),
                          ({"name": ".b"}, "name"), ({"pool": "none"}, "pool"), ({"size_gib": 0}, "size_gib"),
                          ({"size_gib": 60000}, "size_gib"), ({"format": "vmdk"}, "format"), ({"odd": 1}, "odd"),
                          ({"from": {"image": "none"}}, "image"), ({"from": {}}, "from"),
                          ({"upload_bytes": 5}, "upload_bytes")):
        refused(host, 400, "bad-request", "POST", "/volumes", {**wish, **change}, field=field)
    refused(host, 409, "exists", "POST", "/volumes", {**wish, "name": "a.qcow2"}, field="name")
    refused(host, 404, "not-found", "GET", "/volumes/facet:..%2f..%2fstate")
    refused(host, 404, "not-found", "DELETE", "/volumes/facet")
    assert names(host) == ["a.qcow2"], names(host)
    # one stands on another
    virsh("vol-create-as", "facet", "top.qcow2", "3G", "--format", "qcow2", "--backing-vol", "a.qcow2",
          "--backing-vol-format", "qcow2")
    problem = refused(host, 409, "in-use", "DELETE", "/volumes/facet:a.qcow2")
    assert problem["details"]["used_by"] == [{"vm": "", "name": "facet:top.qcow2", "how": "backing"}], problem
    refused(host, 409, "in-use", "POST", "/volumes/facet:a.qcow2/grow", {"size_gib": 4})
    host.call("DELETE", "/volumes/facet:top.qcow2", None, 204)
    host.call("DELETE", "/volumes/facet:a.qcow2", None, 204)
    assert names(host) == [] and os.listdir(os.path.join(host.state, "disks")) == []


def test_used_by_a_vm(host):
    """A VM that others made has it, running or not: it stays, and the pool too."""
    path = os.path.join(DIR, "vms")
    host.call("POST", "/pools", {"name": "vms", "kind": "dir", "path": path}, 201)
    task = host.call("POST", "/volumes", {"pool": "vms", "name": "d.qcow2", "size_gib": 1}, 202)
    assert host.wait_task(task["id"])["state"] == "done"
    xml = os.path.join(DIR, "vm.xml")
    with open(xml, "w", encoding="utf-8") as file:
        file.write(f"""<domain type='qemu'><name>theirs</name><memory unit='MiB'>64</memory><os><type>hvm</type></os>
<devices><disk type='file'><driver name='qemu' type='qcow2'/><source file='{path}/d.qcow2'/><target dev='vda'/></disk>
</devices></domain>""")
    virsh("define", xml)
    used = host.wait_for(lambda: volume(host, "d.qcow2", "vms")["used_by"], "the VM that has it")
    assert [(u["name"], u["how"]) for u in used] == [("theirs", "disk")], used
    problem = refused(host, 409, "in-use", "DELETE", "/volumes/vms:d.qcow2")
    assert "VM theirs has it" in problem["details"]["reasons"][0], problem
    for method, end in (("DELETE", ""), ("POST", "/stop")):
        problem = refused(host, 409, "in-use", method, "/pools/vms" + end, None if method == "DELETE" else {})
        assert problem["details"]["holders"] == ["theirs"], problem
    virsh("start", "theirs")
    host.wait_for(lambda: "running" in virsh("domstate", "theirs"), "the VM to run")
    host.wait_for(lambda: host.raw("POST", "/volumes/vms:d.qcow2/grow", {"size_gib": 2})[0] == 409, "that it is told")
    refused(host, 409, "in-use", "POST", "/volumes", {"pool": "facet", "name": "c", "from": {"pool": "vms", "volume": "d.qcow2"}})
    virsh("destroy", "theirs")
    virsh("undefine", "theirs")
    host.wait_for(lambda: not volume(host, "d.qcow2", "vms")["used_by"], "that nobody has it")
    host.call("DELETE", "/volumes/vms:d.qcow2", None, 204)
    host.call("DELETE", "/pools/vms", None, 204)


def begin(host, name, size, fmt="raw", **more):
    return host.call("POST", "/volumes", {"pool": "facet", "name": name, "format": fmt, "upload_bytes": size, **more}, 201)


def part(host, name, first, data, size, status=200):
    return host.call("PUT", f"/volumes/facet:{name}/content", data, status,
                     {"Content-Range": f"bytes {first}-{first + len(data) - 1}/{size}"})


def test_upload(host):
    seed = random.randrange(1 << 32)
    print(f"# seed {seed}")
    data = random.Random(seed).randbytes(5 * MIB) + bytes(3 * MIB) + random.Random(seed + 1).randbytes(MIB + 1536)
    size = len(data)
    made = begin(host, "up.raw", size)
    assert made["state"] == "uploading" and made["upload"] == {"size_bytes": size, "received_bytes": 0}, made
    refused(host, 409, "conflict", "GET", "/volumes/facet:up.raw/content")  # no disk yet
    problem = host.call("PUT", "/volumes/facet:up.raw/content", data[5:9], 409, {"Content-Range": f"bytes 5-8/{size}"})
    assert problem["error"]["details"]["received_bytes"] == 0, problem
    refused(host, 400, "bad-request", "PUT", "/volumes/facet:up.raw/content", data[:200],
            {"Content-Range": f"bytes 0-199/{size + 1}"}, field="Content-Range")
    assert part(host, "up.raw", 0, data[:MIB], size)["upload"]["received_bytes"] == MIB
    # the connection breaks, then facetd ends: it goes on where it was
    connection = connect(host)
    connection.putrequest("PUT", "/api/v1/volumes/facet:up.raw/content")
    for header, value in (("Authorization", "Bearer " + host.token), ("Content-Length", str(size - MIB)),
                          ("Content-Range", f"bytes {MIB}-{size - 1}/{size}")):
        connection.putheader(header, value)
    connection.endheaders()
    connection.send(data[MIB:4 * MIB])
    refused(host, 409, "in-use", "DELETE", "/volumes/facet:up.raw")
    connection.sock.shutdown(socket.SHUT_RDWR)
    connection.close()
    host.wait_for(lambda: host.raw("PUT", "/volumes/facet:up.raw/content", b"", {"Content-Range": f"bytes */{size}"})[0] == 200,
                  "the broken upload's end")
    received = volume(host, "up.raw")["upload"]["received_bytes"]
    assert MIB <= received <= 4 * MIB and volume(host, "up.raw")["state"] == "uploading", received
    host.kill(host.facetd)
    host.start_facetd()
    host.wait_for(lambda: host.raw("GET", "/volumes/facet:up.raw")[0] == 200, "libvirt")
    assert volume(host, "up.raw")["upload"]["received_bytes"] == received
    done = part(host, "up.raw", received, data[received:], size)
    assert done["state"] == "ready" and done["upload"] is None and done["capacity_bytes"] >= size, done
    refused(host, 409, "conflict", "PUT", "/volumes/facet:up.raw/content", data)
    status, headers, got = download(host, "/volumes/facet:up.raw/content")
    assert status == 200 and got[:size] == data and not any(got[size:]), (status, len(got))
    assert int(headers["Content-Length"]) == len(got) and "up.raw" in headers["Content-Disposition"]
    for sent, first, last in (("bytes=100-199", 100, 199), (f"bytes={size - 7}-", size - 7, len(got) - 1)):
        status, headers, some = download(host, "/volumes/facet:up.raw/content", Range=sent)
        assert status == 206 and some == got[first:last + 1], (sent, status, len(some))
        assert headers["Content-Range"] == f"bytes {first}-{last}/{len(got)}", headers["Content-Range"]
    status, headers, _ = download(host, "/volumes/facet:up.raw/content", Range=f"bytes={len(got)}-")
    assert status == 416 and headers["Content-Range"] == f"bytes */{len(got)}", status
    host.call("DELETE", "/volumes/facet:up.raw", None, 204)
    assert names(host) == []


def qemu_img(*arguments):
    subprocess.run(["qemu-img", *arguments], check=True, stdout=subprocess.DEVNULL)


def made_by_qemu(host, name, *options, size="64M", write=None):
    """The bytes of an image that QEMU makes."""
    path = os.path.join(host.dir, "made-" + name)
    qemu_img("create", "-q", *options, path, size)
    if write:
        subprocess.run(["qemu-io", "-c", write, path], check=True, stdout=subprocess.DEVNULL)
    with open(path, "rb") as file:
        data = file.read()
    os.unlink(path)
    return data


def encrypted(host, kind):
    path = os.path.join(host.dir, f"{kind}.qcow2")
    make_encrypted(path, kind)
    with open(path, "rb") as file:
        data = file.read()
    os.unlink(path)
    return data


def in_pool(host):
    return sorted(os.listdir(os.path.join(host.state, "disks")))


def test_bad_uploads(host):
    """Cases 03, 04, 05, 16 and their kinds: a refused upload says why, and leaves nothing."""
    cut = made_by_qemu(host, "cut", "-f", "qcow2", write="write -P 7 0 8M")[:4 << 20]
    huge = made_by_qemu(host, "huge", "-f", "qcow2", size="3T" if host.call("GET", "/pools/facet", None, 200)["capacity_bytes"] < 3 << 40 else "2000T")
    backed = bytearray(made_by_qemu(host, "plain", "-f", "qcow2"))
    backed[14:16] = (600).to_bytes(2, "big")
    wrong = bytearray(made_by_qemu(host, "refs", "-f", "qcow2", write="write -P 7 0 1M"))
    wrong[2 << 16:(2 << 16) + 64] = bytes(64)  # its first block of references
    cases = [("a.qcow2", "qcow2", cut, "qemu-img check"), ("b.qcow2", "qcow2", huge, "pool"), ("c.qcow2", "qcow2", backed, "another file"),
             ("d.raw", "raw", backed, "name"), ("e", "raw", backed, "another file"), ("f.qcow2", "qcow2", bytes(512), "name"),
             ("g", "qcow2", bytes(512), "raw"), ("h.raw", "raw", b"KDMV" + bytes(508), "VMware"),
             ("i", "raw", gzip.compress(bytes(MIB)), "gzip"), ("j.qcow2", "qcow2", encrypted(host, "luks"), "LUKS"),
             ("k.qcow2", "qcow2", encrypted(host, "aes"), "AES"), ("l.qcow2", "qcow2", wrong, "faults"), ("m", "raw", b"hi\n", "text"),
             ("n.vmdk", "raw", made_by_qemu(host, "vmdk", "-f", "vmdk", size="10M"), "VMware"),
             ("o", "raw", made_by_qemu(host, "vpc", "-f", "vpc", "-o", "subformat=fixed", size="4M"), "VHD")]
    for name, fmt, data, words in cases:
        begin(host, name, len(data), fmt)
        problem = refused(host, 422, "refused", "PUT", f"/volumes/facet:{name}/content", bytes(data))
        assert words in problem["message"], (name, problem)
        refused(host, 404, "not-found", "GET", f"/volumes/facet:{name}")
        refused(host, 409, "conflict", "PUT", f"/volumes/facet:{name}/content", bytes(data))
        assert names(host) == [] and in_pool(host) == [], (name, names(host), in_pool(host))
    assert refused(host, 422, "refused", *put_all(host, "a2.qcow2", cut))["details"]["corruptions"] > 0
    # In pieces that are smaller than what is looked at: seen as soon as there is enough.
    data = made_by_qemu(host, "vhdx", "-f", "vhdx", size="32M")
    begin(host, "p", len(data))
    part(host, "p", 0, data[:100], len(data))
    part(host, "p", 100, data[100:60000], len(data))
    refused(host, 422, "refused", "PUT", "/volumes/facet:p/content", data[60000:70000],
            {"Content-Range": f"bytes 60000-69999/{len(data)}"})
    assert names(host) == [] and in_pool(host) == []
    free = host.call("GET", "/pools/facet", None, 200)["free_bytes"]
    refused(host, 507, "no-space", "POST", "/volumes", {"pool": "facet", "name": "j", "upload_bytes": free + 64 * MIB, "format": "raw"},
            field="size_gib")
    assert names(host) == []


def put_all(host, name, data):
    begin(host, name, len(data), "qcow2")
    return "PUT", f"/volumes/facet:{name}/content", bytes(data)


def test_checksums(host):
    """The SHA-256 of what came is told, compared, and computed again over a restart."""
    data = made_by_qemu(host, "good", "-f", "qcow2", write="write -P 7 0 3M")
    told = hashlib.sha256(data).hexdigest()
    for bad, field in (({"sha256": "7"}, "sha256"), ({"sha256": 7}, "sha256")):
        refused(host, 400, "bad-request", "POST", "/volumes", {"pool": "facet", "name": "s.qcow2", "upload_bytes": 5, **bad}, field=field)
    refused(host, 400, "bad-request", "POST", "/volumes", {"pool": "facet", "name": "s", "size_gib": 1, "sha256": told}, field="sha256")
    begin(host, "s.qcow2", len(data), "qcow2", sha256=told)
    assert volume(host, "s.qcow2")["sha256"] == told
    part(host, "s.qcow2", 0, data[:MIB], len(data))
    host.kill(host.facetd)
    host.start_facetd()
    host.wait_for(lambda: host.raw("GET", "/volumes/facet:s.qcow2")[0] == 200, "libvirt")
    done = part(host, "s.qcow2", MIB, data[MIB:], len(data))
    assert (done["state"], done["sha256"], done["format"]) == ("ready", told, "qcow2"), done
    host.call("DELETE", "/volumes/facet:s.qcow2", None, 204)
    make(host, "s.qcow2", size_gib=1)
    assert volume(host, "s.qcow2")["sha256"] is None  # another volume of that name
    host.call("DELETE", "/volumes/facet:s.qcow2", None, 204)
    begin(host, "s.qcow2", len(data), "qcow2", sha256="0" * 64)
    problem = refused(host, 422, "refused", "PUT", "/volumes/facet:s.qcow2/content", data, field="sha256")
    assert problem["details"]["got"] == told and names(host) == [] and in_pool(host) == [], problem


def test_outside(host):
    """S10: what lies in a pool and leads elsewhere is shown as such, and opened by nobody."""
    path, secret = os.path.join(DIR, "links"), os.path.join(DIR, "secret")
    with open(secret, "wb") as file:
        file.write(b"secret" + bytes(MIB))
    host.call("POST", "/pools", {"name": "links", "kind": "dir", "path": path}, 201)
    os.symlink(secret, os.path.join(path, "link.raw"))
    os.symlink("../secret", os.path.join(path, "near.raw"))
    os.link(secret, os.path.join(path, "hard.raw"))
    os.mkdir(os.path.join(path, "sub"))
    with open(os.path.join(path, "plain.raw"), "wb") as file:
        file.write(bytes(MIB))
    host.call("POST", "/pools/links/refresh", {}, 200)
    seen = {v["name"]: v for v in host.call("GET", "/volumes?pool=links", None, 200)["items"]}
    assert seen["plain.raw"]["state"] == "ready" and seen["plain.raw"]["outside"] is None, seen
    for name, why in (("link.raw", "symbolic link"), ("near.raw", "symbolic link"), ("hard.raw", "hard link")):
        assert seen[name]["state"] == "outside" and why in seen[name]["outside"], seen[name]
        status, _, body = download(host, f"/volumes/links:{name}/content")
        assert status in (409, 422) and b"secret" not in body.replace(b"links", b""), (status, body)
        wish = {"name": "taker", "vcpus": 1, "memory_mib": 64, "volume": {"pool": "links", "name": name}}
        refused(host, 422, "refused", "POST", "/vms", wish)
        task = host.raw("POST", "/volumes", {"pool": "facet", "name": "stolen.raw", "format": "raw", "from": {"pool": "links", "volume": name}})
        if task[0] == 202:
            assert host.wait_task(task[2]["id"])["state"] == "failed"
        else:
            assert task[0] == 422, task
        assert "stolen.raw" not in names(host)
        assert host.raw("POST", f"/volumes/links:{name}/grow", {"size_gib": 1})[0] in (409, 422)
        host.call("DELETE", f"/volumes/links:{name}", None, 204)
    with open(secret, "rb") as file:
        assert file.read() == b"secret" + bytes(MIB)
    # One that becomes a link between the look and the act.
    os.rename(os.path.join(path, "plain.raw"), os.path.join(DIR, "moved.raw"))
    os.symlink(secret, os.path.join(path, "plain.raw"))
    assert download(host, "/volumes/links:plain.raw/content")[0] in (409, 422)
    # Or the folder itself does, by somebody who may write beside it; an administrator may keep it elsewhere.
    host.call("POST", "/volumes", {"pool": "links", "name": "own.raw", "format": "raw", "size_gib": 1}, 202)
    host.wait_for(lambda: "own.raw" in names(host, "links") and volume(host, "own.raw", "links")["state"] == "ready", "own.raw")
    os.rename(path, path + "-elsewhere")
    os.symlink(path + "-elsewhere", path)
    assert volume(host, "own.raw", "links")["state"] == "ready"
    if os.geteuid() == 0:
        os.chown(path, 65534, 65534, follow_symlinks=False)
        led = volume(host, "own.raw", "links")
        assert led["state"] == "outside" and "symbolic link" in led["outside"], led
        assert download(host, "/volumes/links:own.raw/content")[0] in (409, 422)
    host.call("DELETE", "/pools/links", None, 204)


def test_folders(host):
    """S11: folders of the system never; one that is not empty only in words, unless it was a pool before."""
    for path in ("/root", "/root/vms", "/home", "/var/log", "/var/lib", "/etc", "/", "/tmp", "/var/lib/libvirt/qemu", "/usr/local"):
        refused(host, 400, "bad-request", "POST", "/pools", {"name": "bad", "kind": "dir", "path": path}, field="path")
    os.symlink("/var/log", os.path.join(DIR, "logs"))
    refused(host, 400, "bad-request", "POST", "/pools", {"name": "bad", "kind": "dir", "path": os.path.join(DIR, "logs")}, field="path")
    refused(host, 400, "bad-request", "POST", "/pools", {"name": "bad", "kind": "dir", "path": os.path.join(DIR, "logs", "vms")}, field="path")
    path = os.path.join(DIR, "full")
    os.mkdir(path)
    with open(os.path.join(path, "thesis.odt"), "wb") as file:
        file.write(b"mine")
    wish = {"name": "full", "kind": "dir", "path": path}
    problem = refused(host, 422, "refused", "POST", "/pools", wish, field="path")
    assert problem["details"]["confirm"] == path and "1 files" in problem["message"], problem
    refused(host, 422, "refused", "POST", "/pools", {**wish, "confirm": "yes"}, field="confirm")
    assert "full" not in virsh("pool-list", "--all")
    host.call("POST", "/pools", {**wish, "confirm": path}, 201)
    host.call("DELETE", "/pools/full", None, 204)
    host.call("POST", "/pools", wish, 201)  # it was a pool's
    host.call("DELETE", "/pools/full", None, 204)
    # /vms is nobody's, and no usual place either.
    refused(host, 422, "refused", "POST", "/pools", {"name": "vms", "kind": "dir", "path": "/facet-test-vms"}, field="path")
    assert not os.path.exists("/facet-test-vms")


def test_opaque_names(host):
    """Others call their pools as they like; ids carry any name."""
    for number, name in enumerate(("nas:backup", "a%2Fb", "50%", "nas%3Abackup")):
        path = os.path.join(DIR, f"opaque{number}")
        virsh("pool-create-as", name, "dir", "--target", path, "--build")
        virsh("vol-create-as", name, "v:1.raw", "1M", "--format", "raw")
        quoted = urllib.parse.quote(name, safe="")
        assert host.call("GET", f"/pools/{quoted}", None, 200)["name"] == name
        listed = host.call("GET", f"/volumes?pool={quoted}", None, 200)["items"]
        assert [(v["pool"], v["name"]) for v in listed] == [(name, "v:1.raw")], listed
        got = host.call("GET", "/volumes/" + urllib.parse.quote(listed[0]["id"], safe=""), None, 200)
        assert (got["pool"], got["name"], got["id"]) == (name, "v:1.raw", listed[0]["id"]), got
        host.call("DELETE", "/volumes/" + urllib.parse.quote(listed[0]["id"], safe=""), None, 204)
        virsh("pool-destroy", name)


def test_attachable(host):
    """What is not all there is no disk, nor is what stands on a file of the host (a guest may have written that)."""
    begin(host, "part.raw", MIB)
    wish = {"name": "taker", "vcpus": 1, "memory_mib": 64, "volume": {"pool": "facet", "name": "part.raw"}}
    refused(host, 409, "conflict", "POST", "/vms", wish)
    host.call("DELETE", "/volumes/facet:part.raw", None, 204)
    secret = os.path.join(host.dir, "secret")
    with open(secret, "wb") as file:
        file.write(bytes(MIB))
    # Half a copy of a file: its head is whole, and its tables tell of what is not there.
    torn = os.path.join(host.state, "disks", "torn.qcow2")
    data = made_by_qemu(host, "torn", "-f", "qcow2", write="write 0 8M")
    with open(torn, "wb") as file:
        file.write(data[:len(data) // 2])
    host.call("POST", "/pools/facet/refresh", {}, 200)
    taken = {"pool": "facet", "name": "torn.qcow2"}
    assert "damaged" in refused(host, 422, "refused", "POST", "/vms", {**wish, "volume": taken})["message"]
    copy = {"pool": "facet", "name": "x.qcow2", "from": {"pool": "facet", "volume": "torn.qcow2"}}
    assert "damaged" in refused(host, 422, "refused", "POST", "/volumes", copy)["message"]
    host.call("DELETE", "/volumes/facet:torn.qcow2", None, 204)
    disk = os.path.join(host.state, "disks", "evil")
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", secret, "-F", "raw", disk], check=True)
    host.call("POST", "/pools/facet/refresh", {}, 200)
    assert (volume(host, "evil")["backing"], volume(host, "evil")["format"]) == ("", "")
    evil = {"pool": "facet", "name": "evil"}
    problem = refused(host, 422, "refused", "POST", "/vms", {**wish, "volume": evil}, field="format")
    assert problem["details"]["choices"] == ["raw", "qcow2"], problem
    problem = refused(host, 422, "refused", "POST", "/vms", {**wish, "volume": {**evil, "format": "qcow2"}}, field="format")
    assert "stands on another file" in problem["message"], problem
    refused(host, 400, "bad-request", "POST", "/vms", {**wish, "volume": {**evil, "format": "vmdk"}}, field="format")
    host.call("DELETE", "/volumes/facet:evil", None, 204)


def test_images_and_copies(host):
    """From an image of the library in either format, and copies: content is the same, cancel leaves nothing."""
    os.makedirs(host.images, exist_ok=True)
    data = random.Random(3).randbytes(4 * MIB)
    raw = os.path.join(host.dir, "disk.raw")
    with open(raw, "wb") as file:
        file.write(data)
        file.truncate(64 * MIB)
    for fmt in ("raw", "qcow2"):
        subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", fmt, raw, os.path.join(host.images, "disk." + fmt)], check=True)
        with open(os.path.join(host.images, f"i-{fmt}.json"), "w", encoding="ascii") as file:
            json.dump({"name": fmt, "file": "disk." + fmt, "format": fmt, "size_bytes": 64 * MIB}, file)
    for image in ("i-raw", "i-qcow2"):
        for fmt in ("raw", "qcow2"):
            name = f"{image}.{fmt}"
            make(host, name, format=fmt, size_gib=1, **{"from": {"image": image}})
            made = volume(host, name)
            assert (made["format"], made["capacity_bytes"], made["backing"]) == (fmt, GIB, ""), made
            assert made["allocated_bytes"] < 16 * MIB, made
            same = subprocess.run(["qemu-img", "compare", "-U", "-f", fmt, "-F", "raw", made["path"], raw], check=False,
                                  stdout=subprocess.PIPE, text=True)
            assert same.returncode == 0, same.stdout
    assert os.listdir(os.path.join(host.state, "unpack")) == []
    make(host, "copy.raw", format="raw", **{"from": {"pool": "facet", "volume": "i-qcow2.qcow2"}})
    assert volume(host, "copy.raw")["capacity_bytes"] == GIB
    assert subprocess.run(["qemu-img", "compare", "-U", volume(host, "copy.raw")["path"], raw], check=False,
                          stdout=subprocess.DEVNULL).returncode == 0
    refused(host, 400, "bad-request", "POST", "/volumes",
            {"pool": "facet", "name": "small", "size_gib": 1, "from": {"pool": "facet", "volume": "none"}} | {"odd": 1}, field="odd")
    # a long copy is cancelled
    with open(os.path.join(host.state, "disks", "i-raw.raw"), "r+b") as file:
        block = random.Random(4).randbytes(MIB)
        for at in range(600):
            file.seek(at * MIB)
            file.write(block)
    task = host.call("POST", "/volumes", {"pool": "facet", "name": "half.raw", "format": "raw",
                                          "from": {"pool": "facet", "volume": "i-raw.raw"}}, 202)["id"]
    moved = host.wait_for(lambda: (t := host.call("GET", "/tasks/" + task, None, 200))["percent"] > 0 and t, "progress")
    refused(host, 409, "in-use", "DELETE", "/volumes/facet:i-raw.raw")  # it is being read
    host.raw("POST", f"/tasks/{task}/cancel", {})
    ended = host.wait_task(task)
    print(f"# cancelled at {moved['percent']} %: {ended['state']}")
    assert ended["state"] == "cancelled" and "half.raw" not in names(host), ended
    # facetd dies over a copy: the next one clears it away
    task = host.call("POST", "/volumes", {"pool": "facet", "name": "dead.raw", "format": "raw",
                                          "from": {"pool": "facet", "volume": "i-raw.raw"}}, 202)["id"]
    host.wait_for(lambda: host.call("GET", "/tasks/" + task, None, 200)["percent"] > 0, "progress")
    host.kill(host.facetd)
    host.start_facetd()
    ended = host.wait_task(task)
    assert ended["state"] == "failed" and "nothing is left" in ended["outcome"], ended
    assert "dead.raw" not in names(host)
    for name in names(host):
        host.call("DELETE", f"/volumes/facet:{name}", None, 204)


def test_rights(host):
    for role, allowed in (("viewer", ()), ("operator", ("volume",))):
        token = host.call("POST", "/tokens", {"name": role, "role": role}, 201)["secret"]
        headers = {"Authorization": "Bearer " + token}
        host.call("GET", "/pools", None, 200, headers)
        host.call("GET", "/volumes", None, 200, headers)
        refused(host, 403, "forbidden", "POST", "/pools", {"name": "x"}, headers)
        refused(host, 403, "forbidden", "DELETE", "/pools/facet", None, headers)
        status = host.raw("POST", "/volumes", {"pool": "facet"}, headers)[0]
        assert status == (400 if "volume" in allowed else 403), (role, status)


def test_file_ranges(host):
    data = random.Random(5).randbytes(MIB + 1024)
    host.call("POST", "/files", {"name": "r.img", "size_bytes": len(data)}, 201)
    host.call("PUT", "/files/r.img/content", data, 200)
    status, headers, got = download(host, "/files/r.img/content", Range="bytes=1000-")
    assert status == 206 and got == data[1000:], status
    etag = headers["ETag"]
    assert download(host, "/files/r.img/content", **{"Range": "bytes=9-", "If-Range": etag})[0] == 206
    status, _, got = download(host, "/files/r.img/content", **{"Range": "bytes=9-", "If-Range": '"other"'})
    assert status == 200 and got == data
    host.call("DELETE", "/files/r.img", None, 204)


def test_file_in_use(host):
    iso = bytearray(0x9000)
    iso[0x8001:0x8006] = b"CD001"
    host.call("POST", "/files", {"name": "cd.iso", "size_bytes": len(iso)}, 201)
    host.call("PUT", "/files/cd.iso/content", bytes(iso), 200)
    xml = os.path.join(DIR, "cd.xml")
    with open(xml, "w", encoding="utf-8") as file:
        file.write(f"""<domain type='qemu'><name>reader</name><memory unit='MiB'>64</memory><os><type>hvm</type></os>
<devices><disk type='file' device='cdrom'><source file='{host.images}/cd.iso'/><target dev='sda' bus='sata'/><readonly/></disk>
</devices></domain>""")
    virsh("define", xml)
    problem = refused(host, 409, "in-use", "DELETE", "/files/cd.iso")
    assert problem["details"]["reasons"] == ["VM reader has it in a drive."], problem
    virsh("undefine", "reader")
    host.call("DELETE", "/files/cd.iso", None, 204)


def test_full_disk(host):
    """The disk is full in the middle of an upload, of a file and of a volume: said so, kept, and it goes on."""
    mount = os.path.join(DIR, "small")
    os.makedirs(mount)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=0755", "none", mount], check=False).returncode != 0:
        print("# not tried: a file system of its own cannot be mounted here")
        return
    images = host.images
    try:
        host.kill(host.facetd)
        host.images = mount
        host.start_facetd()
        size = 16 * MIB
        host.call("POST", "/files", {"name": "f.img", "size_bytes": size}, 201)
        with open(os.path.join(mount, "filler"), "wb") as file:
            file.write(bytes(14 * MIB))
        status, _, answer = host.raw("PUT", "/files/f.img/content", b"\1" * size)
        assert status == 507 and answer["error"]["code"] == "no-space", (status, answer)
        file = host.call("GET", "/files/f.img", None, 200)
        assert file["state"] == "uploading" and 0 < file["received_bytes"] < size, file
        os.unlink(os.path.join(mount, "filler"))
        at = file["received_bytes"]
        done = host.call("PUT", "/files/f.img/content", b"\1" * (size - at), 200,
                         {"Content-Range": f"bytes {at}-{size - 1}/{size}"})
        assert done["state"] == "ready", done
        host.call("DELETE", "/files/f.img", None, 204)
    finally:
        host.kill(host.facetd)
        host.images = images
        subprocess.run(["umount", mount], check=True)
        host.start_facetd()


def test_memory(host):
    """1 GiB up into a volume and down again to a slow reader: facetd grows by less than 16 MiB."""
    host.wait_for(lambda: host.raw("GET", "/volumes")[0] == 200, "libvirt")
    size, block = GIB, bytes(4 * MIB)
    begin(host, "gib.raw", size)
    before = most = resident(host)
    connection = open_put(host, "/volumes/facet:gib.raw/content", size)
    for _ in range(size // len(block)):
        connection.send(block)
        most = max(most, resident(host))
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    answer.read()
    connection.request("GET", "/api/v1/volumes/facet:gib.raw/content", headers={"Authorization": "Bearer " + host.token})
    answer, got = connection.getresponse(), 0
    while chunk := answer.read(4 * MIB):
        got += len(chunk)
        most = max(most, resident(host))
    connection.close()
    assert got == size, got
    print(f"# resident memory grew by {(most - before) / MIB:.1f} MiB")
    assert most - before < RAM_MAX
    host.call("DELETE", "/volumes/facet:gib.raw", None, 204)


def main():
    sim, helper, facetd, facet = sys.argv[1:5]
    tests = [test_own_pool, test_pools, test_others, test_create_and_grow, test_used_by_a_vm, test_upload,
             test_bad_uploads, test_checksums, test_outside, test_folders, test_opaque_names,
             test_attachable, test_images_and_copies, test_rights, test_file_ranges, test_file_in_use, test_full_disk,
             test_memory]
    print(f"TAP version 13\n1..{len(tests)}", flush=True)
    with Host(sim=sim, helper=helper, facetd=facetd, libvirt=URI, folder=DIR) as host:
        host.login()
        host.facet = facet
        for number, test in enumerate(tests, 1):
            test(host)
            print(f"ok {number} - {test.__name__}", flush=True)


main()
