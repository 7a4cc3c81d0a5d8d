#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What those who have not signed in cost the others: 5,000 connections that their clients close, 10,000 failed sign-ins,
1,000 half headers, 60 sign-ins at once. Beside each, another client's requests (p99, and its ratio to that of an idle
facetd), and what descriptors, memory and disk it took. Loopback only.

usage: door.py FACETD
"""
import http.client
import json
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
from door import CONTEXT, WAIT_S, Door  # noqa: E402

GET = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
IDLE = 300          # requests that make the idle figure
PAUSE_S = 0.01      # between two requests of the client beside
SENDERS = 4
MIB = 1 << 20


def figure(name, value, unit, **more):
    print(json.dumps({"name": f"door {name}", "value": value, "unit": unit, **more}), flush=True)


def p99(times):
    times = sorted(times)
    return times[min(len(times) - 1, len(times) * 99 // 100)] * 1000


class Beside(threading.Thread):
    """A signed-in client that goes on asking, on one connection."""

    def __init__(self, door, cookie):
        super().__init__(daemon=True)
        self.door, self.cookie = door, cookie
        self.times = []
        self.over = threading.Event()
        self.failed = 0

    def run(self):
        connection = None
        while not self.over.is_set():
            begin = time.monotonic()
            try:
                connection = connection or http.client.HTTPSConnection("127.0.0.1", self.door.port, context=CONTEXT, timeout=WAIT_S)
                connection.request("GET", "/api/v1/session", headers={"Cookie": self.cookie})
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    self.failed += 1
            except (OSError, http.client.HTTPException):
                connection = None  # ended while it was idle: a client takes another one; the time counts
                self.failed += 1
                continue
            self.times.append(time.monotonic() - begin)
            time.sleep(PAUSE_S)

    def stop(self):
        self.over.set()
        self.join(WAIT_S)


def spread(count, work):
    """@work(n) for each n, by some threads."""
    left = iter(range(count))
    lock = threading.Lock()

    def run():
        while True:
            with lock:
                n = next(left, None)
            if n is None:
                return
            try:
                work(n)
            except (OSError, http.client.HTTPException):
                pass  # refused or cut off: that is its right

    threads = [threading.Thread(target=run, daemon=True) for _ in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def connections(door):
    def one(_):
        with door.secure() as sock:
            sock.sendall(GET)
            sock.recv(65536)
    spread(5000, one)


def failures(door):
    local = threading.local()
    body = json.dumps({"username": "x" * 200, "password": "no"})

    def one(_):
        if getattr(local, "connection", None) is None:
            local.connection = http.client.HTTPSConnection("127.0.0.1", door.port, context=CONTEXT, timeout=WAIT_S)
        try:
            door.call("POST", "/api/v1/session", body, connection=local.connection)
        except (OSError, http.client.HTTPException):
            local.connection = None
            raise
    spread(10000, one)


def half_headers(door):
    socks, lock = [], threading.Lock()

    def one(_):
        sock = door.secure()
        sock.sendall(b"GET / HTTP/1.1\r\nHost: lo")
        with lock:
            socks.append(sock)
    spread(1000, one)
    time.sleep(2)  # they stand open; the client beside goes on
    for sock in socks:
        sock.close()


def sign_ins(door):
    threads = [threading.Thread(target=door.sign_in, daemon=True) for _ in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main():
    with Door(sys.argv[1]) as door:
        cookie = door.cookie()
        beside = Beside(door, cookie)
        beside.start()
        while len(beside.times) < IDLE:
            time.sleep(0.1)
        beside.stop()
        idle = p99(beside.times)
        figure("idle: p99 of other requests", round(idle, 2), "ms")
        for name, attack in (("5,000 connections", connections), ("10,000 failed sign-ins", failures),
                             ("1,000 half headers", half_headers), ("60 sign-ins at once", sign_ins)):
            files, ram, disk = door.open_files(), door.resident(), door.disk()
            beside = Beside(door, cookie)
            beside.start()
            begin = time.monotonic()
            attack(door)
            took = time.monotonic() - begin
            most = door.open_files()
            beside.stop()
            worst = p99(beside.times) if beside.times else float("inf")
            figure(f"{name}: p99 of other requests", round(worst, 2), "ms", peer="idle", peer_value=round(idle, 2),
                   ratio=round(worst / idle, 2))
            figure(f"{name}: other requests that failed", beside.failed, "requests")
            figure(f"{name}: took", round(took, 1), "s")
            figure(f"{name}: descriptors more", most - files, "")
            figure(f"{name}: memory more", round((door.resident() - ram) / MIB, 1), "MiB")
            figure(f"{name}: disk more", round((door.disk() - disk) / MIB, 2), "MiB")


main()
