#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Uploads and downloads against a real facetd: order, breaks, restarts, bad bytes, and the memory that they take.

usage: files.py SIM HELPER FACETD FACET
"""
import hashlib
import http.client
import os
import random
import socket
import ssl
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
from facet_host import Host, PATIENCE_S  # noqa: E402

MIB = 1 << 20
RAM_MAX = 16 * MIB


def refused(host, status, code, method, path, body=None, headers=None):
    answer = host.call(method, path, body, status, headers)
    assert answer["error"]["code"] == code, answer
    return answer["error"]


def begin(host, name, size):
    return host.call("POST", "/files", {"name": name, "size_bytes": size}, 201)


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
    begin(host, "my disk (1).img", 10)
    name = "my%20disk%20%281%29.img"
    assert refused(host, 409, "conflict", "PUT", f"/files/{name}/content", b"56789",
                   {"Content-Range": "bytes 5-9/10"})["details"]["received_bytes"] == 0
    assert part(host, name, 0, b"01234", 10)["received_bytes"] == 5
    refused(host, 409, "conflict", "PUT", f"/files/{name}/content", b"01234", {"Content-Range": "bytes 0-4/10"})
    for header in ("bytes 5-9/11", "bytes 5-10/10", "bytes 9-5/10", "bytes -1-3/10", "lines 5-9/10", "bytes 5-8/10"):
        refused(host, 400, "bad-request", "PUT", f"/files/{name}/content", b"56789", {"Content-Range": header})
    refused(host, 400, "bad-request", "PUT", f"/files/{name}/content", b"56789")
    assert listed(host)["my disk (1).img"]["state"] == "uploading"
    assert host.call("GET", "/images", None, 200)["items"] == []
    refused(host, 409, "conflict", "GET", f"/files/{name}/content")
    done = part(host, name, 5, b"56789", 10)
    assert (done["state"], done["format"], done["image"]) == ("ready", "raw", "my disk (1).img"), done
    with open(os.path.join(host.images, "my disk (1).img"), "rb") as file:
        assert file.read() == b"0123456789"
    refused(host, 409, "exists", "POST", "/files", {"name": "my disk (1).img", "size_bytes": 1})
    host.call("DELETE", f"/files/{name}", None, 204)
    assert leftovers(host) == [], leftovers(host)


def test_break_and_resume(host):
    """The connection ends, then facetd: what has come stays, and is never taken for the whole."""
    seed = random.randrange(1 << 32)
    print(f"# seed {seed}")
    data = random.Random(seed).randbytes(5 * MIB + 321)
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
    assert done["state"] == "ready", done
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
    backed = bytearray(512)
    backed[:8] = b"QFI\xfb\0\0\0\3"
    backed[15] = 104
    outside = bytearray(512)
    outside[:8] = b"QFI\xfb\0\0\0\3"
    outside[79] = 4
    for name, data in (("backed.qcow2", backed), ("outside.qcow2", outside), ("w.vmdk", b"KDMV" + bytes(508))):
        begin(host, name, 512)
        refused(host, 422, "refused", "PUT", f"/files/{name}/content", bytes(data))
        refused(host, 404, "not-found", "GET", f"/files/{name}")
    assert leftovers(host) == ["install.iso"], leftovers(host)
    host.call("DELETE", "/files/install.iso", None, 204)


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
    data = random.Random(1).randbytes(2 * MIB + 5)
    source, target = os.path.join(host.dir, "source"), os.path.join(host.dir, "target")
    with open(source, "wb") as file:
        file.write(data)
    begin(host, "cli.img", len(data))
    host.call("PUT", "/files/cli.img/content", data[:MIB], 200, {"Content-Range": f"bytes 0-{MIB - 1}/{len(data)}"})
    assert "not complete: 49 %" in facet("list")
    facet("download", "cli.img", target, status=5)
    assert not os.path.exists(target)
    assert facet("upload", source, "cli.img") == "cli.img is ready.\n"
    facet("upload", source, "cli.img", status=5)
    facet("upload", source + "-not-there", status=2)
    facet("download", "cli.img", target)
    with open(target, "rb") as file:
        assert file.read() == data
    facet("delete", "cli.img")
    facet("delete", "cli.img", status=4)


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
    tests = [test_names, test_order, test_break_and_resume, test_announced_length, test_kinds, test_rights, test_space,
             test_command_line, test_memory]
    print(f"TAP version 13\n1..{len(tests)}", flush=True)
    with Host(sim=sim, helper=helper, facetd=facetd) as host:
        host.login()
        host.facet = facet
        for number, test in enumerate(tests, 1):
            test(host)
            print(f"ok {number} - {test.__name__}", flush=True)


main()
