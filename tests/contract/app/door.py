#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What nobody who has not signed in may cost: descriptors, memory, disk, the audit, other people's requests
(security.md S2, S3, S5, S12, S13, S15). A real facetd and clients that do not behave.

usage: door.py FACETD [NAME…]
"""
import http.client
import json
import os
import select
import shutil
import socket
import sqlite3
import ssl
import subprocess
import sys
import warnings

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
from door import CONTEXT, PASSWORD, WAIT_S, Door, context, ended, until  # noqa: E402

FACETD = sys.argv[1]
GET = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
CONNECTIONS = 2000  # many times the descriptors there are; ./dev bench door takes 5,000


def ask(sock):
    """One whole answer on a connection that stays."""
    sock.sendall(GET)
    got = b""
    while not got.endswith(b"}"):
        more = sock.recv(65536)
        assert more, "it was ended"
        got += more
    assert b" 200 " in got.split(b"\r\n")[0], got


def problem(text):
    return json.loads(text)["error"]


# ---- S2: connections ----

def test_closed_by_client():
    """S2: libsoup 3.2.3 kept each connection that its client closed after an answer; 241 of them made facetd deaf."""
    with Door(FACETD, descriptors=256) as door:
        door.get("/health")
        before = door.resident()
        for _ in range(CONNECTIONS):
            sock = door.secure()
            ask(sock)
            sock.close()
        assert door.get("/health")[0] == 200
        until(lambda: door.open_files() < 80, "the descriptors of closed connections are given back")
        assert door.resident() - before < 96 << 20, (before, door.resident())
        assert "cannot be accepted" not in door.log()


def test_limits():
    """At the limit the oldest idle connection goes, and a new one is served; others stay."""
    with Door(FACETD, "--connections", "40", "--connections-per-address", "20") as door:
        socks = []
        for _ in range(30):
            socks.append(door.secure())
            ask(socks[-1])
        assert door.get("/health")[0] == 200
        assert ended(socks[0])
        ask(socks[-1])
        for sock in socks:
            sock.close()


def test_open_is_cheap():
    """GIO read the system's authorities for each connection: 3.7 MiB, and 20 ms, of each that is open."""
    with Door(FACETD) as door:
        door.get("/health")
        before = door.resident()
        socks = [door.secure() for _ in range(100)]
        assert door.resident() - before < 96 << 20, (before, door.resident())
        for sock in socks:
            sock.close()


def test_no_descriptors():
    """Fewer descriptors than connections are allowed: said in the log, neither deaf nor spinning."""
    with Door(FACETD, descriptors=48) as door:
        socks = [door.plain() for _ in range(60)]
        until(lambda: "cannot be accepted" in door.log() or door.open_files() < 48, "it says so, or has room")
        for sock in socks:
            sock.close()
        until(lambda: door.get("/health")[0] == 200, "it hears again")


def test_slow_clients():
    """S12: silent ones, half greetings, half headers, half bodies and who does not read: all end, others are served."""
    with Door(FACETD, "--patience", "1") as door:
        silent = [door.plain() for _ in range(20)]
        half_hello = [door.plain() for _ in range(20)]
        for sock in half_hello:
            sock.sendall(b"\x16\x03\x01\x02\x00\x01")
        no_tls = door.plain()
        no_tls.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert ended(no_tls)
        half_headers = [door.secure() for _ in range(40)]
        for sock in half_headers:
            sock.sendall(b"GET /health HTTP/1.1\r\nHost: lo")
        half_body = [door.secure() for _ in range(20)]
        for sock in half_body:
            sock.sendall(b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                         b"Content-Length: 100\r\n\r\n{")
        assert door.get("/health")[0] == 200
        for sock in silent + half_hello + half_headers + half_body:
            sock.settimeout(60)
            data = True
            while data:
                try:
                    data = sock.recv(65536)
                except socket.timeout as fault:
                    raise AssertionError("a slow client was not sent away") from fault
                except OSError:
                    data = None
        assert door.get("/health")[0] == 200


def test_stream_stays():
    """A page that looks on for longer than any time limit stays; so does one whose body still moves."""
    with Door(FACETD, "--patience", "1") as door:
        cookie = door.cookie()
        with door.secure() as sock:
            sock.sendall(f"GET /api/v1/events/stream HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n".encode())
            got = b""
            sock.settimeout(60)
            while got.count(b":\n\n") < 1:  # sent every 15 s, more than any limit of this patience but that of silence
                more = sock.recv(65536)
                assert more, "the stream was ended"
                got += more


# ---- S12: TLS, sign-ins ----

def test_tls():
    warnings.simplefilter("ignore")
    with Door(FACETD) as door:
        old = context(minimum_version=ssl.TLSVersion.TLSv1, maximum_version=ssl.TLSVersion.TLSv1_1)
        old.set_ciphers("ALL:@SECLEVEL=0")
        try:
            with door.secure(old) as sock:
                raise AssertionError("TLS 1.1 was taken: " + str(sock.version()))
        except OSError:
            pass
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with door.secure(context(minimum_version=version, maximum_version=version)) as sock:
                sock.sendall(GET)
                assert b"Strict-Transport-Security: max-age=" in sock.recv(65536)


def test_signins_hold_nobody_up():
    """60 sign-ins at once have a thread of their own: while they wait, others are answered."""
    with Door(FACETD) as door:
        cookie = door.cookie()
        body = json.dumps({"username": "admin", "password": PASSWORD}).encode()
        socks = [door.secure() for _ in range(60)]
        for sock in socks:
            sock.sendall(b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                         b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        assert door.get("/api/v1/session", {"Cookie": cookie})[0] == 200
        waiting = [s for s in socks if not select.select([s], [], [], 0)[0]]
        assert waiting, "the sign-ins were over before; then this says nothing"
        assert all(b" 200 " in s.recv(65536) for s in socks)


def known_browser(door):
    session = door.cookie()
    status, headers, _ = door.get("/api/v1/session", {"Cookie": session})
    assert status == 200
    return next(v.split(";")[0] for n, v in headers if n == "Set-Cookie" and v.startswith("facet_browser="))


def test_owner_gets_in():
    """S12: an attacker at the same address uses up all tries; the owner's browser still gets in, others wait."""
    with Door(FACETD) as door:
        browser = known_browser(door)
        for _ in range(5):
            assert door.sign_in(password="no")[0] == 401
        assert door.sign_in()[0] == 429
        assert door.sign_in(headers={"Cookie": browser})[0] == 200
        forged = browser[:-4] + ("0000" if browser[-4:] != "0000" else "1111")
        assert door.sign_in(headers={"Cookie": forged})[0] == 429
        # It is no way around the limit either.
        for _ in range(10):
            assert door.sign_in(password="no", headers={"Cookie": browser})[0] == 401
        assert door.sign_in(headers={"Cookie": browser})[0] == 429


def test_proxy():
    """Behind a trusted proxy each client is itself; a client that only says so is not believed."""
    with Door(FACETD, "--trusted-proxy", "127.0.0.0/8") as door:
        for _ in range(5):
            assert door.sign_in(password="no", headers={"X-Forwarded-For": "198.51.100.7"})[0] == 401
        assert door.sign_in(headers={"X-Forwarded-For": "198.51.100.7"})[0] == 429
        assert door.sign_in(headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7"})[0] == 429
        assert door.sign_in(headers={"X-Forwarded-For": "198.51.100.8"})[0] == 200
    with Door(FACETD) as door:
        for i in range(5):
            assert door.sign_in(password="no", headers={"X-Forwarded-For": f"198.51.100.{i}"})[0] == 401
        assert door.sign_in(headers={"X-Forwarded-For": "198.51.100.9"})[0] == 429


# ---- S3: failures cost nothing lasting ----

def test_failures():
    with Door(FACETD) as door:
        cookie = {"Cookie": door.cookie()}
        status, _, text = door.call("POST", "/api/v1/tokens", {"name": "before"}, cookie)
        assert status == 201, text
        disk, ram = door.disk(), door.resident()
        connection = http.client.HTTPSConnection("127.0.0.1", door.port, context=CONTEXT, timeout=WAIT_S)
        for i in range(300):
            door.call("POST", "/api/v1/session", {"username": "x" * 8000 + str(i), "password": "no"}, connection=connection)
            door.call("POST", "/api/v1/vms", {"name": "x" * 5000}, connection=connection)
        connection.close()
        assert door.sign_in("x" * 100000, "no")[0] == 413
        assert door.sign_in("admin", "y" * 2000)[0] == 400
        rows = json.loads(door.get("/api/v1/audit?limit=500", cookie)[2])["items"]
        assert any("/tokens" in row["text"] for row in rows) and len(rows) < 10, len(rows)
        refused = json.loads(door.get("/api/v1/audit/refused", cookie)[2])["items"]
        assert sum(row["count"] for row in refused) >= 600, refused
        assert all(len(name) <= 70 for row in refused for name in row["names"])
        assert len(refused) <= 10, "folded by address and minute"
        assert door.disk() - disk < 2 << 20, (disk, door.disk())
        assert door.resident() - ram < 64 << 20
        lines = door.get("/api/v1/audit/export", cookie)[2].splitlines()
        assert [json.loads(line)["id"] for line in lines] == sorted(row["id"] for row in rows)
        table = door.get("/api/v1/audit/export?format=csv", cookie)[2].splitlines()
        assert table[0].startswith("time,user,") and len(table) == len(lines) + 1
        assert door.get("/api/v1/audit/export?since_ms=9000000000000", cookie)[2] == ""
        assert door.get("/api/v1/audit/export")[0] == 401
        door.stop()
        door.start()
        again = json.loads(door.get("/api/v1/audit/refused", cookie)[2])["items"]
        assert sum(row["count"] for row in again) >= 600, again


# ---- S15: strict ----

def test_strict():
    with Door(FACETD, "--name", "facet.example") as door:
        cookie = door.cookie()
        token = {"name": "n"}

        def post(headers, body=None):
            return door.call("POST", "/api/v1/tokens", body or token, {"Cookie": cookie, **headers})

        for kind in ("application/jsonp", "application/json-seq", "text/json", "application/vnd.api+json", "application/jsonx;charset=utf-8",
                     "application/json; charset=utf-16", "x application/json", ""):
            status, _, text = post({"Content-Type": kind})
            assert status == 400 and problem(text)["details"]["field"] == "Content-Type", (kind, text)
        for kind in ("application/json", "application/json; charset=utf-8", "Application/JSON ;charset=\"UTF-8\""):
            assert post({"Content-Type": kind})[0] == 201, kind
        for host in ("evil.example", "127.0.0.1.evil.example", "203.0.113.5", "localhost.evil.example"):
            status, _, text = post({"Host": host, "Origin": f"https://{host}"})
            assert status == 403 and host in problem(text)["message"], (host, text)
            assert door.sign_in(headers={"Host": host, "Origin": f"https://{host}"})[0] == 403
        for host in ("facet.example", f"127.0.0.1:{door.port}", "localhost", "door", "FACET.example"):
            assert post({"Host": host, "Origin": f"https://{host}"})[0] == 201, host
        for name in ("bell\u0007", "turned\u202egnp", "left\u2066x", "zero\u200bwidth", "line\nbreak", "nul\u0000", "del\u007f", "tag\U000e0041", "c1\u0085"):
            status, _, text = post({}, {"name": name})
            assert status == 400, (name, text)
        for name in ("Büro", "日本語", "شبكة", "می‌خواهم"):
            assert post({}, {"name": name})[0] == 201, name
        audit = door.get("/api/v1/audit?limit=500", {"Cookie": cookie})[2]
        assert "\u202e" not in json.loads('"' + audit.replace("\\", "\\\\").replace('"', '\\"') + '"')


def test_every_answer_is_json():
    with Door(FACETD) as door:
        cookie = door.cookie().encode()
        for head in (b"GET /api/v1/vms/%zz HTTP/1.1", b"GET /%zz HTTP/1.1", b"GET /api/v1/%ff HTTP/1.1", b"GET /% HTTP/1.1", b"GARBAGE",
                     b"GET / HTTP/9.9", b"GET http://[::1/ HTTP/1.1", b"POST / HTTP/1.1", b"GET /assets/none HTTP/1.1", b"DELETE /health HTTP/1.1",
                     b"BREW /api/v1/vms HTTP/1.1", b"GET /api/v1/events?limit=%zz HTTP/1.1", b"GET /api/none HTTP/1.1",
                     b"GET /api/v1/vms/x/console HTTP/1.1", b"GET / HTTP/1.1\r\nTransfer-Encoding: odd", b"GET /\x00 HTTP/1.1"):
            got = door.raw(head + b"\r\nHost: localhost\r\nConnection: close\r\nCookie: " + cookie + b"\r\n\r\n")
            status, _, rest = got.partition(b"\r\n\r\n")
            if not got or b" 200 " in status.split(b"\r\n")[0]:
                continue  # it hung up, or it was the page or a list
            assert "error" in json.loads(rest), (head, got)
            assert b"application/json" in status, (head, got)


# ---- health ----

def test_health():
    """Without a sign-in, and to systemd's watchdog."""
    path = os.path.join("/tmp", f"facet-notify-{os.getpid()}")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(path)
        told.settimeout(60)
        try:
            with Door(FACETD, environment={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "200000"}) as door:
                status, _, text = door.get("/health")
                assert status == 200 and json.loads(text) == {"status": "ok"}, text
                assert told.recv(100) == b"READY=1"
                assert told.recv(100) == b"WATCHDOG=1"
                assert told.recv(100) == b"WATCHDOG=1"
                door.stop()
                while told.recv(100) != b"STOPPING=1":
                    pass
        finally:
            os.unlink(path)


# ---- S13, S5: the store ----

def refused_start(door, *more):
    assert door.start(*more) is None, "it started"
    return door.log()


def test_lost_and_damaged():
    with Door(FACETD) as door:
        cookie = door.cookie()
        door.stop()
        path = os.path.join(door.state, "facet.db")
        kept = {end: open(path + end, "rb").read() for end in ("", "-wal") if os.path.exists(path + end)}
        for what in ("empty", "gone", "damaged", "no database", "a folder"):
            for end in ("", "-wal", "-shm"):
                if os.path.exists(path + end):
                    os.unlink(path + end)
            if what == "a folder":
                os.mkdir(path)
            if what == "empty":
                open(path, "wb").close()
            elif what == "damaged":
                with open(path, "wb") as file:
                    file.write(kept[""][:4096] + b"\x55" * 60000)
            elif what == "no database":
                with open(path, "wb") as file:
                    file.write(b"this is no database, but a text of some length\n" * 200)
            text = refused_start(door)
            assert path in text and "--new-state" in text and "backup" in text, (what, text)
            os.truncate(os.path.join(door.dir, "log"), 0)
        os.rmdir(path)
        for end, data in kept.items():
            with open(path + end, "wb") as file:
                file.write(data)
        door.start()
        assert door.get("/api/v1/session", {"Cookie": cookie})[0] == 200
        door.stop()
        os.unlink(path)
        door.start("--new-state")
        assert door.get("/api/v1/session", {"Cookie": cookie})[0] == 401
        door.sign_in()


def test_damaged_key():
    with Door(FACETD) as door:
        door.stop()
        path = os.path.join(door.state, "tls", "key.pem")
        with open(path, "w", encoding="ascii") as file:
            file.write("x")
        text = refused_start(door)
        assert path in text and "move both files away" in text, text
        os.unlink(path)
        os.unlink(os.path.join(door.state, "tls", "cert.pem"))
        door.start()


def test_broken_records():
    with Door(FACETD) as door:
        cookie = door.cookie()
        door.stop()
        with sqlite3.connect(os.path.join(door.state, "facet.db")) as db:
            db.execute("INSERT INTO docs VALUES('journal/gpu-0000-41-00-0', 1, '{\"entries\": [{\"step\":')")
            db.execute("INSERT INTO docs VALUES('journal/gpu-0000-42-00-0', 1, '{\"entries\": [{\"step\": 5, \"state\": \"?\"}]}')")
            db.execute("INSERT INTO docs VALUES('vm/none', 1, 'no JSON at all')")
            db.execute("INSERT INTO docs VALUES('group/none', 1, '')")
        db.close()
        assert door.start(), door.log()
        events = json.loads(door.get("/api/v1/events?limit=100", {"Cookie": cookie})[2])["items"]
        told = [event["text"] for event in events if event["kind"] == "store.aside"]
        for key in ("journal/gpu-0000-41-00-0", "journal/gpu-0000-42-00-0", "vm/none", "group/none"):
            assert any(key in text for text in told), (key, told)
        assert len(told) == 4
        door.stop()
        door.start()
        events = json.loads(door.get("/api/v1/events?limit=100", {"Cookie": cookie})[2])["items"]
        assert len([event for event in events if event["kind"] == "store.aside"]) == 4, "told once"


def mounted(path, options):
    os.makedirs(path, exist_ok=True)
    return subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], check=False, stderr=subprocess.DEVNULL).returncode == 0


def test_read_only():
    with Door(FACETD) as door:
        if os.getuid() != 0 or not mounted(door.state, "size=16m,mode=700"):
            return "SKIP no file system can be mounted here"
        try:
            door.stop()
            door.start()
            door.stop()
            subprocess.run(["mount", "-o", "remount,ro", door.state], check=True)
            text = refused_start(door)
            assert door.state in text and "read-only" in text.lower() and "Another facetd" not in text, text
        finally:
            door.stop()
            subprocess.run(["umount", "-l", door.state], check=False)


def test_full_disk():
    """S5: what is ended on a full disk is ended after a restart, too."""
    with Door(FACETD) as door:
        door.stop()
        shutil.rmtree(door.state)
        if os.getuid() != 0 or not mounted(door.state, "size=16m,mode=700"):
            return "SKIP no file system can be mounted here"
        try:
            door.start()
            cookie = {"Cookie": door.cookie()}
            other = {"Cookie": door.cookie()}
            token = json.loads(door.call("POST", "/api/v1/tokens", {"name": "n"}, cookie)[2])
            bearer = {"Authorization": "Bearer " + token["secret"]}
            try:
                with open(os.path.join(door.state, "fill"), "wb", buffering=0) as file:
                    while True:
                        file.write(bytes(4096))
            except OSError:
                pass
            while door.call("POST", "/api/v1/tokens", {"name": "x"}, cookie)[0] == 201:
                pass  # what SQLite's log has room for
            assert door.call("POST", "/api/v1/tokens", {"name": "x"}, cookie)[0] == 507
            status, _, text = door.call("DELETE", "/api/v1/tokens/" + token["id"], None, cookie)
            assert status == 204, text
            status, _, text = door.call("DELETE", "/api/v1/session", None, other)
            assert status == 204, text
            door.stop(kill=True)
            os.unlink(os.path.join(door.state, "fill"))
            door.start()
            assert door.get("/api/v1/session", bearer)[0] == 401
            assert door.get("/api/v1/session", other)[0] == 401
            assert door.get("/api/v1/session", cookie)[0] == 200
        finally:
            door.stop()
            subprocess.run(["umount", "-l", door.state], check=False)


def main():
    wanted = sys.argv[2:]
    tests = [(name, test) for name, test in sorted(globals().items())
             if name.startswith("test_") and (not wanted or any(w in name for w in wanted))]
    print(f"1..{len(tests)}", flush=True)
    bad = 0
    for n, (name, test) in enumerate(tests, 1):
        try:
            skip = test()
            print(f"ok {n} {name}" + (f" # {skip}" if skip else ""), flush=True)
        except Exception as fault:  # pylint: disable=broad-except
            bad += 1
            import traceback
            for line in traceback.format_exc().splitlines():
                print("# " + line)
            print(f"not ok {n} {name}: {fault!r}"[:400].replace("\n", " "), flush=True)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
