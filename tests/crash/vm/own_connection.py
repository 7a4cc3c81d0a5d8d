#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A change that would cut the caller's own connection: own_connection.py FACETD, under tools/dev/with-libvirtd. Speaks TAP.

facetd gets a network namespace of its own, whose loopback bears addresses of guests: so requests come from there.
"""
import http.client
import json
import os
import pathlib
import ssl
import subprocess
import sys
import time

PATIENCE = 90
ADDRESSES = ("10.213.8.5", "10.77.0.9")  # a guest of the network lab; one from afar


class Caller:
    """Requests from one address of the namespace to another."""

    def __init__(self, port, source, target):
        self.port, self.source, self.target = port, source, target
        self.cookie = ""
        status, self.cookie = self.raw("POST", "/session", {"username": "admin", "password": os.environ["FACET_ADMIN_PASSWORD"]})
        assert status == 200, status

    def raw(self, method, path, body=None):
        tls = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection(self.target, self.port, context=tls, timeout=PATIENCE,
                                                 source_address=(self.source, 0))
        connection.request(method, "/api/v1" + path, None if body is None else json.dumps(body),
                           {"Content-Type": "application/json", "Cookie": self.cookie})
        answer = connection.getresponse()
        text = answer.read()
        cookie = answer.getheader("Set-Cookie")
        connection.close()
        return answer.status, cookie.split(";")[0] if cookie else json.loads(text) if text else None

    def codes(self, **question):
        status, answer = self.raw("POST", "/networks/preview", question)
        assert status == 200, answer
        return [v["code"] for v in answer["verdicts"] if v["severity"] == "confirm"]


def until(what, condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.1)


def check(port):
    lab = {"name": "lab", "kind": "isolated", "subnet": "10.213.8.0/24"}
    near = Caller(port, "127.0.0.1", "127.0.0.1")
    until("libvirt", lambda: near.raw("GET", "/networks")[0] == 200)
    assert near.raw("POST", "/networks", lab)[0] == 201
    for address in ADDRESSES:
        subprocess.run(["ip", "addr", "add", address + "/32", "dev", "lo"], check=True)
    print("1..4", flush=True)
    assert near.codes(action="delete", id="lab") == []
    print("ok 1 over loopback nothing is cut", flush=True)
    for target in ("127.0.0.1", ADDRESSES[0]):  # by whatever address of this host a guest reaches Facet
        guest = Caller(port, ADDRESSES[0], target)
        assert guest.codes(action="delete", id="lab") == ["own-connection"]
        assert guest.codes(action="update", id="lab", input={"subnet": "10.214.8.0/24"}) == ["own-connection"]
        assert guest.codes(action="update", id="lab", input={"dhcp": None}) == []
        status, problem = guest.raw("DELETE", "/networks/lab")
        assert status == 422 and problem["error"]["details"]["verdicts"][0]["code"] == "own-connection", problem
    print("ok 2 a guest of the network is asked first", flush=True)
    far = Caller(port, ADDRESSES[1], "127.0.0.1")
    taking = {"name": "n", "kind": "isolated", "subnet": "10.77.0.0/24"}
    status, problem = far.raw("POST", "/networks", taking)
    assert status == 422 and "10.77.0.9" in problem["error"]["message"], problem
    assert far.raw("GET", "/networks/n")[0] == 404
    print("ok 3 so is one from afar whose address would be a guest's", flush=True)
    assert guest.raw("DELETE", "/networks/lab?confirm=1")[0] == 202
    until("the end of the network", lambda: near.raw("GET", "/networks/lab")[0] == 404)
    print("ok 4 with consent it is done", flush=True)


def main():
    folder = pathlib.Path(os.environ["FACET_TEST_DIR"]) / "own"
    if "--inside" not in sys.argv:
        unshare = ["unshare", "--net"] + ([] if os.getuid() == 0 else ["--map-root-user"])
        if subprocess.run([*unshare, "true"], stderr=subprocess.DEVNULL).returncode:
            print("1..0 # SKIP no network namespace can be made here")
            return 77
        (folder / "images").mkdir(parents=True)
        return subprocess.run([*unshare, sys.executable, *sys.argv, "--inside"]).returncode
    os.environ["FACET_ADMIN_PASSWORD"] = "a password for tests"
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    ready, write = os.pipe()
    facetd = subprocess.Popen([sys.argv[1], "--socket", folder / "none.sock", "--state", folder / "state", "--bind", "0.0.0.0",
                               "--port", "0", "--libvirt", os.environ["FACET_TEST_LIBVIRT_URI"], "--part-device", "standin",
                               "--accel", "tcg", "--images", folder / "images", "--ready-fd", str(write)], pass_fds=[write])
    os.close(write)
    try:
        with os.fdopen(ready) as lines:
            check(int(lines.readline().rsplit(":", 1)[1]))
    finally:
        facetd.terminate()
        ended = facetd.wait(PATIENCE)
    assert ended == 0, ended
    return 0


if __name__ == "__main__":
    sys.exit(main())
