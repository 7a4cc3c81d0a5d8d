#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Uploads and downloads against a real facetd: order, breaks, restarts, bad bytes, and the memory that they take.

usage: files.py SIM HELPER FACETD FACET
"""
import bz2
import gzip
import hashlib
import http.client
import io
import lzma
import os
import random
import socket
import ssl
import subprocess
import sys
import tarfile
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
from facet_host import Host, PATIENCE_S  # noqa: E402

MIB = 1 << 20
RAM_MAX = 16 * MIB


def refused(host, status, code, method, path, body=None, headers=None):
    answer = host.call(method, path, body, status, headers)
    assert answer["error"]["code"] == code, answer
    return answer["error"]


def begin(host, name, size, told=None):
    wish = {"name": name, "size_bytes": size, **({"sha256": told} if told else {})}
    return host.call("POST", "/files", wish, 201)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def part(host, name, first, data, size, status=200):
    return host.call("PUT", f"/files/{name}/content", data, status,
                     {"Content-Range": f"bytes {first}-{first + len(data) - 1}/{size}"})


def connect(host):
    context = ssl.create_default_context(cafile=os.path.join(host.state, "tls", "cert.pem"))
    return http.client.HTTPSConnection("127.0.0.1", host.port, context=context, timeout=PATIENCE_S)


def open_put(host, name, length):
    """A connection that has sent the head of an upload of the whole file."""
    connection = connect(host)
    connection.putrequest("PUT", f"/api/v1/files/{name}/content")
    connection.putheader("Authorization", "Bearer " + host.token)
    connection.putheader("Content-Length", str(length))
    connection.endheaders()
    return connection


def resident(host):
    with open(f"/proc/{host.facetd.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))


def listed(host):
    return {f["id"]: f for f in host.call("GET", "/files", None, 200)["items"]}


def leftovers(host):
    return sorted(os.listdir(host.images))


def test_names(host):
    for name in ("../up", "a/b", "a\\b", ".hidden", "-rf", "bell\u0007", "line\nbreak", "x.json", " x", "x ", "x" * 201, ""):
        problem = refused(host, 400, "bad-request", "POST", "/files", {"name": name, "size_bytes": 5})
        assert problem["details"]["field"] == "name", problem
    for path in ("/files/..%2f..%2fstate%2flock", "/files/%2e%2e", "/files/%2e%2e%2fhelper.log/content"):
        refused(host, 404, "not-found", "GET", path)
        refused(host, 404, "not-found", "PUT" if path.endswith("content") else "DELETE", path)
    assert not os.path.exists(host.images) or leftovers(host) == []


def test_order(host):
    first, second = bytes(range(200)) * 3, bytes(range(7, 107)) * 4 + bytes(24)
    size, cut = len(first) + len(second), len(first)
    begin(host, "my disk (1).img", size)
    name = "my%20disk%20%281%29.img"
    assert refused(host, 409, "conflict", "PUT", f"/files/{name}/content", second,
                   {"Content-Range": f"bytes {cut}-{size - 1}/{size}"})["details"]["received_bytes"] == 0
    assert part(host, name, 0, first, size)["received_bytes"] == cut
    refused(host, 409, "conflict", "PUT", f"/files/{name}/content", first, {"Content-Range": f"bytes 0-{cut - 1}/{size}"})
    for header in (f"bytes {cut}-{size - 1}/{size + 1}", f"bytes {cut}-{size}/{size}", f"bytes 9-5/{size}",
                   f"bytes -1-3/{size}", f"lines {cut}-{size - 1}/{size}", f"bytes {cut}-{size - 2}/{size}"):
        refused(host, 400, "bad-request", "PUT", f"/files/{name}/content", second, {"Content-Range": header})
    refused(host, 400, "bad-request", "PUT", f"/files/{name}/content", second)
    assert listed(host)["my disk (1).img"]["state"] == "uploading"
    assert host.call("GET", "/images", None, 200)["items"] == []
    refused(host, 409, "conflict", "GET", f"/files/{name}/content")
    done = part(host, name, cut, second, size)
    assert (done["state"], done["format"], done["image"]) == ("ready", "raw", "my disk (1).img"), done
    assert done["sha256"] == sha256(first + second), done
    assert host.call("GET", "/images", None, 200)["items"][0]["sha256"] == done["sha256"]
    with open(os.path.join(host.images, "my disk (1).img"), "rb") as file:
        assert file.read() == first + second
    with open(os.path.join(host.images, "my disk (1).img"), "ab") as file:
        file.write(b"somebody else")  # then nobody says any more that it is what came
    assert listed(host)["my disk (1).img"]["sha256"] is None
    refused(host, 409, "exists", "POST", "/files", {"name": "my disk (1).img", "size_bytes": 1})
    host.call("DELETE", f"/files/{name}", None, 204)
    assert leftovers(host) == [], leftovers(host)


def test_break_and_resume(host):
    """The connection ends, then facetd: what has come stays, and is never taken for the whole."""
    seed = random.randrange(1 << 32)
    print(f"# seed {seed}")
    data = random.Random(seed).randbytes(5 * MIB + 512)
    begin(host, "cut.img", len(data))
    connection = open_put(host, "cut.img", len(data))
    connection.send(data[:3 * MIB])
    refused(host, 409, "in-use", "PUT", "/files/cut.img/content", data)  # a second sender
    refused(host, 409, "in-use", "DELETE", "/files/cut.img")
    connection.sock.shutdown(socket.SHUT_RDWR)
    connection.close()

    def settled():
        status, _, answer = host.raw("PUT", "/files/cut.img/content", b"", {"Content-Range": f"bytes */{len(data)}"})
        return answer if status == 200 else None
    received = host.wait_for(settled, "the broken upload's end")["received_bytes"]
    assert received <= 3 * MIB and listed(host)["cut.img"]["state"] == "uploading"
    host.kill(host.facetd)
    host.start_facetd()
    received = host.call("GET", "/files/cut.img", None, 200)["received_bytes"]
    done = part(host, "cut.img", received, data[received:], len(data))
    assert done["state"] == "ready" and done["sha256"] == sha256(data), done  # what came before was read again
    connection = connect(host)
    connection.request("GET", "/api/v1/files/cut.img/content", headers={"Authorization": "Bearer " + host.token})
    answer = connection.getresponse()
    assert "cut.img" in answer.getheader("Content-Disposition")
    assert hashlib.sha256(answer.read()).digest() == hashlib.sha256(data).digest()
    connection.close()
    host.call("DELETE", "/files/cut.img", None, 204)


def test_announced_length(host):
    """A chunked body may go on for ever: it is stopped at the announced size."""
    begin(host, "long.img", 4)
    connection = connect(host)
    connection.request("PUT", "/api/v1/files/long.img/content", iter([b"12", b"345678"]),
                       {"Authorization": "Bearer " + host.token}, encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()
    assert listed(host)["long.img"]["state"] == "uploading"
    host.call("DELETE", "/files/long.img", None, 204)
    assert leftovers(host) == []


def test_kinds(host):
    iso = bytearray(0x9000)
    iso[0x8001:0x8006] = b"CD001"
    begin(host, "install.iso", len(iso))
    done = part(host, "install.iso", 0, bytes(iso), len(iso))
    assert (done["format"], done["image"]) == ("iso", None), done
    host.call("DELETE", "/files/install.iso", None, 204)
    assert leftovers(host) == [], leftovers(host)


def test_description(host):
    """An upload called as an image is would replace what that image is described as."""
    path = os.path.join(host.images, "hers.json")
    described = '{"name":"Hers","file":"hers.qcow2","format":"qcow2","size_bytes":1024}'
    with open(path, "w", encoding="ascii") as file:
        file.write(described)
    refused(host, 409, "exists", "POST", "/files", {"name": "hers", "size_bytes": MIB})
    os.rename(path, path + "-later")
    begin(host, "hers", MIB)
    os.rename(path + "-later", path)  # meanwhile
    status, _, answer = host.raw("PUT", "/files/hers/content", b"\1" * MIB)
    assert status == 409 and answer["error"]["code"] == "exists", (status, answer)
    with open(path, encoding="ascii") as file:
        assert file.read() == described
    os.unlink(path)
    host.call("DELETE", "/files/hers", None, 204)


def qcow2(**fields):
    """The head of a qcow2 of version 3 without any data: 64 MiB, tables at 64 and 192 KiB."""
    places = {"backing": (8, 8), "bits": (20, 4), "size": (24, 8), "crypt": (32, 4), "l1": (36, 4), "l1_at": (40, 8),
              "refs_at": (48, 8), "refs": (56, 4), "snapshots": (60, 4), "incompatible": (72, 8), "order": (96, 4),
              "header": (100, 4)}
    head = bytearray(4 * 65536)
    head[:8] = b"QFI\xfb\0\0\0\3"
    for key, value in {"bits": 16, "size": 64 * MIB, "l1": 1, "l1_at": 3 << 16, "refs_at": 1 << 16, "refs": 1, "order": 4,
                       "header": 104, **fields}.items():
        at, width = places[key]
        head[at:at + width] = value.to_bytes(width, "big")
    return bytes(head)


def test_what_is_no_disk(host):
    """Cases 03, 05, 16 and their kinds: told what it is and what to do, and nothing is left of it."""
    random_bytes = random.Random(3).randbytes
    disk = bytes(1 * MIB)
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("appliance.ovf"))
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("disk.qcow2", disk)
    cases = [("d.qcow2.xz", lzma.compress(disk), "unxz"), ("d.img.gz", gzip.compress(disk), "gunzip"),
             ("d.img", gzip.compress(disk), "gunzip"), ("d.raw.bz2", bz2.compress(disk), "bunzip2"),
             ("d.zst", b"\x28\xb5\x2f\xfd" + random_bytes(600), "unzstd"), ("d.zip", zipped.getvalue(), "inside"),
             ("d.ova", tar.getvalue(), "tar -xf"), ("w.vmdk", b"KDMV" + bytes(1020), "qemu-img convert -f vmdk"),
             ("w.vdi", bytes(64) + b"\x7f\x10\xda\xbe" + bytes(956), "convert -f vdi"),
             ("w.vhdx", b"vhdxfile" + bytes(1016), "convert -f vhdx"),
             ("w.img", random_bytes(1024) + b"conectix" + bytes(504), "convert -f vpc"),
             ("page.iso", b"<!DOCTYPE html><html>gone</html>" * 40, "Get it again"), ("note.img", b"hi\n", "Get it again"),
             ("tiny.img", b"\1\2\3", "ISO"), ("x.iso", disk, "fits"), ("x.iso", qcow2(), "fits"),
             ("x.qcow2", disk, "fits"), ("x.raw", qcow2(), "fits"), ("x.vmdk", disk, "fits"), ("x.gz", disk, "fits"),
             ("luks.qcow2", qcow2(crypt=2), "Decrypt"), ("aes.qcow2", qcow2(crypt=1), "Decrypt"),
             ("backed.qcow2", qcow2(backing=104), "whole"), ("outside.qcow2", qcow2(incompatible=4), "whole"),
             ("corrupt.qcow2", qcow2(incompatible=2), "Repair"), ("new.qcow2", qcow2(incompatible=1 << 40), "anew"),
             ("snap.qcow2", qcow2(snapshots=1), "present state"), ("l1.qcow2", qcow2(l1=0x7fffffff), "anew"),
             ("cut.qcow2", qcow2()[:3 << 16], "broke off"), ("head.qcow2", qcow2()[:80], "anew"),
             ("cut.img", bytes(510) + b"\x55\xaaEFI PART" + bytes(24) + (99999).to_bytes(8, "little") + bytes(512), "broke off")]
    for name, data, advice in cases:
        begin(host, name, len(data))
        problem = refused(host, 422, "refused", "PUT", f"/files/{name}/content", data)
        assert advice in problem["next"], (name, problem)
        refused(host, 404, "not-found", "GET", f"/files/{name}")
        assert leftovers(host) == [], (name, leftovers(host))


def test_refused_at_once(host):
    """What cannot be a disk is refused with its first bytes: the rest need not be sent. Then it is gone."""
    begin(host, "big.img", 1 << 30)
    data = lzma.compress(random.Random(4).randbytes(MIB))
    refused(host, 422, "refused", "PUT", "/files/big.img/content", data[:70000],
            {"Content-Range": f"bytes 0-69999/{1 << 30}"})
    refused(host, 404, "not-found", "PUT", "/files/big.img/content", data[70000:80000],
            {"Content-Range": f"bytes 70000-79999/{1 << 30}"})
    begin(host, "slow.img", 1 << 30)  # bytes that trickle in
    for at in range(0, 60000, 20000):
        part(host, "slow.img", at, data[at:at + 20000], 1 << 30)
    refused(host, 422, "refused", "PUT", "/files/slow.img/content", data[60000:80000],
            {"Content-Range": f"bytes 60000-79999/{1 << 30}"})
    assert leftovers(host) == []


def test_checksums(host):
    data = random.Random(5).randbytes(3 * MIB + 512)
    told = sha256(data)
    for bad in ("", "0" * 63, "g" * 64, 5, None):
        problem = refused(host, 400, "bad-request", "POST", "/files", {"name": "s.img", "size_bytes": 5, "sha256": bad})
        assert problem["details"]["field"] == "sha256", problem
    # In pieces, and over a restart of facetd.
    begin(host, "s.img", len(data), told.upper())
    part(host, "s.img", 0, data[:MIB], len(data))
    part(host, "s.img", MIB, data[MIB:2 * MIB], len(data))
    assert listed(host)["s.img"]["sha256"] == told
    host.kill(host.facetd)
    host.start_facetd()
    done = part(host, "s.img", 2 * MIB, data[2 * MIB:], len(data))
    assert (done["state"], done["sha256"]) == ("ready", told), done
    host.call("DELETE", "/files/s.img", None, 204)
    # One byte is another: nothing of it is left.
    begin(host, "s.img", len(data), told)
    part(host, "s.img", 0, data[:MIB], len(data))
    problem = refused(host, 422, "refused", "PUT", "/files/s.img/content", data[MIB:-1] + bytes([data[-1] ^ 1]),
                      {"Content-Range": f"bytes {MIB}-{len(data) - 1}/{len(data)}"})
    assert problem["details"]["expected"] == told and problem["details"]["got"] != told, problem
    assert leftovers(host) == [], leftovers(host)


def test_rights(host):
    viewer = host.call("POST", "/tokens", {"name": "v", "role": "viewer"}, 201)["secret"]
    begin(host, "r.img", 4)
    headers = {"Authorization": "Bearer " + viewer}
    refused(host, 403, "forbidden", "PUT", "/files/r.img/content", b"1234", headers)
    refused(host, 403, "forbidden", "DELETE", "/files/r.img", None, headers)
    refused(host, 401, "unauthenticated", "PUT", "/files/r.img/content", bytes(3 * MIB), {"Authorization": "Bearer x"})
    assert listed(host)["r.img"]["received_bytes"] == 0
    host.call("DELETE", "/files/r.img", None, 204)


def test_space(host):
    free = host.call("GET", "/files", None, 200)["free_bytes"]
    problem = refused(host, 507, "no-space", "POST", "/files", {"name": "big.img", "size_bytes": free + (1 << 40)})
    assert problem["details"]["field"] == "size_bytes", problem
    # What was promised to one upload is not promised again.
    begin(host, "first.img", free * 2 // 3)
    refused(host, 507, "no-space", "POST", "/files", {"name": "second.img", "size_bytes": free * 2 // 3})
    host.call("DELETE", "/files/first.img", None, 204)


def test_command_line(host):
    """facet file: an upload goes on where an earlier one ended, and what comes down is the same."""
    env = {**os.environ, "FACET_URL": f"https://127.0.0.1:{host.port}", "FACET_TOKEN": host.token,
           "FACET_CA": os.path.join(host.state, "tls", "cert.pem"), "FACET_CONFIG": os.path.join(host.dir, "config.json")}

    def facet(*arguments, status=0):
        done = subprocess.run([host.facet, "file", *arguments], env=env, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=PATIENCE_S, check=False)
        assert done.returncode == status, (arguments, done)
        return done.stdout
    data = random.Random(1).randbytes(2 * MIB + 512)
    source, target = os.path.join(host.dir, "source"), os.path.join(host.dir, "target")
    with open(source, "wb") as file:
        file.write(data)
    begin(host, "cli.img", len(data))
    host.call("PUT", "/files/cli.img/content", data[:MIB], 200, {"Content-Range": f"bytes 0-{MIB - 1}/{len(data)}"})
    assert "not complete: 49 %" in facet("list")
    facet("download", "cli.img", target, status=5)
    assert not os.path.exists(target)
    assert facet("upload", source, "cli.img") == f"cli.img is ready. SHA-256: {sha256(data)}\n"
    facet("upload", source, "cli.img", status=5)
    facet("upload", source + "-not-there", status=2)
    facet("download", "cli.img", target)
    with open(target, "rb") as file:
        assert file.read() == data
    facet("delete", "cli.img", status=2)  # nobody can be asked
    facet("delete", "cli.img", "--yes")
    facet("delete", "cli.img", "--yes", status=4)
    assert "SHA-256" in facet("upload", "--sha256", "0" * 64, source, "cli.img", status=6)
    assert "64 hexadecimal" in facet("upload", "--sha256", "7", source, "cli.img", status=2)
    assert "ready" in facet("upload", "--sha256", sha256(data), source, "cli.img")
    facet("delete", "cli.img", "--yes")


def test_memory(host):
    """1 GiB up and down again: facetd grows by less than 16 MiB."""
    size, block = 1024 * MIB, bytes(4 * MIB)
    begin(host, "gib.img", size)
    before = most = resident(host)
    connection = open_put(host, "gib.img", size)
    for _ in range(size // len(block)):
        connection.send(block)
        most = max(most, resident(host))
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    answer.read()
    connection.request("GET", "/api/v1/files/gib.img/content", headers={"Authorization": "Bearer " + host.token})
    answer, got = connection.getresponse(), 0
    while chunk := answer.read(4 * MIB):
        got += len(chunk)
        most = max(most, resident(host))
    connection.close()
    assert got == size, got
    print(f"# resident memory grew by {(most - before) / MIB:.1f} MiB")
    assert most - before < RAM_MAX
    host.call("DELETE", "/files/gib.img", None, 204)


def main():
    sim, helper, facetd, facet = sys.argv[1:5]
    tests = [test_names, test_order, test_break_and_resume, test_announced_length, test_kinds, test_what_is_no_disk,
             test_refused_at_once, test_checksums, test_rights, test_space,
             test_command_line, test_memory]
    print(f"TAP version 13\n1..{len(tests)}", flush=True)
    with Host(sim=sim, helper=helper, facetd=facetd) as host:
        host.login()
        host.facet = facet
        for number, test in enumerate(tests, 1):
            test(host)
            print(f"ok {number} - {test.__name__}", flush=True)


main()
