# SPDX-License-Identifier: Apache-2.0
"""facetd alone, without a helper, and clients that do not behave: for tests and figures of the door. Loopback only.

    with Door(facetd, "--patience", "1", descriptors=256) as door:
        door.get("/health")
"""
import http.client
import json
import os
import resource
import shutil
import socket
import ssl
import subprocess
import tempfile
import time

PASSWORD = "correct horse battery staple"
WAIT_S = 120  # a bound for everything that is waited for; never a speed that is demanded


def context(**options):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    for name, value in options.items():
        setattr(made, name, value)
    return made


CONTEXT = context()


def until(condition, what):
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        got = condition()
        if got:
            return got
        time.sleep(0.05)
    raise AssertionError(f"waited {WAIT_S} s in vain: {what}")


class Door:
    def __init__(self, facetd, *options, descriptors=None, state=None, environment=None):
        self.program, self.options, self.descriptors = facetd, list(options), descriptors
        self.dir = tempfile.mkdtemp(prefix="facet-door-")
        self.state = state or os.path.join(self.dir, "state")
        self.environment = environment or {}
        self.process = None
        self.port = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *unused):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def limit(self):
        if self.descriptors:
            resource.setrlimit(resource.RLIMIT_NOFILE, (self.descriptors, self.descriptors))

    def start(self, *more):
        """Returns the port, or None when it ended; then log() says why."""
        read, write = os.pipe()
        os.set_inheritable(write, True)
        with open(os.path.join(self.dir, "log"), "ab") as log:
            self.process = subprocess.Popen(
                [self.program, "--socket", os.path.join(self.dir, "no-helper"), "--state", self.state, "--port", "0", "--node",
                 "door", "--ready-fd", str(write), *self.options, *more],
                stdout=log, stderr=log, close_fds=False, preexec_fn=self.limit,
                env={**os.environ, "FACET_ADMIN_PASSWORD": PASSWORD, **self.environment})
        os.close(write)
        with os.fdopen(read) as ready:
            line = ready.readline()
        self.port = int(line.rsplit(":", 1)[1]) if line else None
        if not line:
            self.process.wait()
        return self.port

    def stop(self, kill=False):
        if self.process and self.process.poll() is None:
            self.process.kill() if kill else self.process.terminate()
            self.process.wait()

    def log(self):
        with open(os.path.join(self.dir, "log"), errors="replace") as log:
            return log.read()

    # ---- what it costs ----

    def resident(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))

    def open_files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def disk(self):
        return sum(entry.stat().st_size for entry in os.scandir(self.state)
                   if entry.is_file() and not entry.name.endswith(".reserve"))

    # ---- clients ----

    def plain(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=WAIT_S)

    def secure(self, with_context=CONTEXT):
        sock = self.plain()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as browsers and curl: else 40 ms a handshake, for an ACK
        return with_context.wrap_socket(sock, server_hostname="localhost")

    def call(self, method, path, body=None, headers=None, connection=None):
        """(status, headers as pairs, text)"""
        own = connection or http.client.HTTPSConnection("127.0.0.1", self.port, context=CONTEXT, timeout=WAIT_S)
        headers = dict(headers or {})
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            body = body if isinstance(body, (bytes, str)) else json.dumps(body)
        try:
            own.request(method, path, body, headers)
            answer = own.getresponse()
            return answer.status, answer.getheaders(), answer.read().decode()
        finally:
            if not connection:
                own.close()

    def get(self, path, headers=None):
        return self.call("GET", path, headers=headers)

    def raw(self, data):
        """What comes back for these bytes, until the end of the connection or a whole answer."""
        with self.secure() as sock:
            sock.sendall(data)
            got = b""
            while b"\r\n\r\n" not in got or len(got.split(b"\r\n\r\n", 1)[1]) < length(got):
                try:
                    more = sock.recv(65536)
                except OSError:
                    break
                if not more:
                    break
                got += more
            return got

    def sign_in(self, name="admin", password=PASSWORD, headers=None):
        return self.call("POST", "/api/v1/session", {"username": name, "password": password}, headers)

    def cookie(self):
        status, headers, text = self.sign_in()
        assert status == 200, (status, text)
        return dict(headers)["Set-Cookie"].split(";")[0]


def length(answer):
    for line in answer.split(b"\r\n\r\n", 1)[0].split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0


def ended(sock):
    """The other side has ended it (a time-out of the socket is not that); what it said before is read."""
    try:
        while sock.recv(65536):
            pass
        return True
    except socket.timeout:
        return False
    except OSError:
        return True
