# SPDX-License-Identifier: Apache-2.0
"""An instance of Facet on a simulated host, and just enough of a client for it: HTTPS, tasks, WebSockets."""
import base64
import http.client
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import threading
import time
import urllib.parse

PATIENCE = 90 * float(os.environ.get("FACET_TEST_PATIENCE", "1"))
TOP = pathlib.Path(__file__).resolve().parents[3]


def until(what, condition, seconds=PATIENCE):
    """Waits for what `condition` gives to be true, and gives it."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds:.0f} s in vain: {what}")
        time.sleep(0.1)


class ApiError(Exception):
    def __init__(self, status, problem):
        super().__init__(f"{status} {problem}")
        self.status, self.problem, self.code = status, problem, problem.get("code")


class Closed(Exception):
    def __init__(self, code, reason):
        super().__init__(f"closed: {code} {reason}")
        self.code, self.reason = code, reason


class WebSocket:
    """A client of one WebSocket; the handshake's refusal is an ApiError."""

    def __init__(self, stack, path, headers=None):
        raw = socket.create_connection(("127.0.0.1", stack.port), 20)
        self.sock = stack.tls.wrap_socket(raw, server_hostname="127.0.0.1")
        lines = [f"GET /api/v1{path} HTTP/1.1", f"Host: 127.0.0.1:{stack.port}", "Upgrade: websocket",
                 "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                 "Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)).decode()]
        lines += [f"{k}: {v}" for k, v in (stack.auth() if headers is None else headers).items()]
        self.sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.file = self.sock.makefile("rb")
        self.seen = b""
        status = int(self.file.readline().split()[1])
        head = http.client.parse_headers(self.file)
        if status != 101:
            body = self.file.read(int(head.get("Content-Length", 0)))
            self.close()
            raise ApiError(status, json.loads(body or b"{}").get("error", {}))

    def send(self, data, opcode=2):
        mask = os.urandom(4)
        head = bytes([0x80 | opcode]) + (bytes([0x80 | len(data)]) if len(data) < 126 else
                                         b"\xfe" + struct.pack(">H", len(data)))
        self.sock.sendall(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))

    def buffered(self):
        """Bytes that were read from the connection and not looked at yet."""
        self.sock.settimeout(0.0)
        try:
            return len(self.file.peek(1))
        except (ssl.SSLWantReadError, BlockingIOError):
            return 0
        finally:
            self.sock.settimeout(PATIENCE)

    def frame(self, seconds):
        if not self.sock.pending() and not self.buffered() and not select.select([self.sock], [], [], seconds)[0]:
            raise TimeoutError
        self.sock.settimeout(PATIENCE)
        first, second = self.file.read(2)
        length = second & 0x7F
        if length == 126:
            length = struct.unpack(">H", self.file.read(2))[0]
        elif length == 127:
            length = struct.unpack(">Q", self.file.read(8))[0]
        data = self.file.read(length)
        opcode = first & 0x0F
        if opcode == 8:
            code = struct.unpack(">H", data[:2])[0] if len(data) >= 2 else 0
            raise Closed(code, data[2:].decode())
        if opcode == 9:
            self.send(data, 10)
        return data if opcode in (0, 1, 2) else b""

    def read_until(self, text, seconds=PATIENCE):
        end = time.monotonic() + seconds
        while text not in self.seen:
            left = end - time.monotonic()
            if left <= 0:
                raise AssertionError(f"{text!r} did not come; got {self.seen[-2000:]!r}")
            self.seen += self.frame(left)
        rest = self.seen.split(text, 1)
        self.seen = rest[1]
        return rest[0]

    def until_closed(self, seconds=PATIENCE):
        try:
            while True:
                self.frame(seconds)
        except Closed as closed:
            return closed

    def close(self):
        self.file.close()
        self.sock.close()


# Of libvirt's remote protocol, which never renumbers them.
PROCEDURES = {"domain-destroy": 12, "network-create": 39, "network-define": 41, "network-destroy": 42,
              "domain-update-device": 174, "list-all-domains": 273, "network-update": 291}


class Frames:
    """Whole messages out of a stream: length, program, version, procedure, type, serial, status, each of 4 bytes."""

    def __init__(self):
        self.rest = b""

    def take(self, data):
        self.rest += data
        while len(self.rest) >= 4:
            length = int.from_bytes(self.rest[:4], "big")
            if len(self.rest) < length:
                return
            yield self.rest[:length]
            self.rest = self.rest[length:]


class Proxy:
    """
    Stands between facetd and libvirtd; cut() is what the end of libvirtd looks like, mend() its return.
    After stop_at(), calls of one procedure are taken and go no further (or their answers: the effect is there, and
    facetd does not know) from the nth on; `stopped` tells when.
    """

    def __init__(self, path, target):
        self.path, self.target = str(path), target
        self.pairs = []
        self.open = True
        self.trap = None  # [procedure, whether the answer, how many pass before]
        self.stopped = threading.Event()
        self.lock = threading.Lock()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(16)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            with self.lock:
                if not self.open:
                    client.close()
                    continue
                server = socket.socket(socket.AF_UNIX)
                try:
                    server.connect(self.target)
                except OSError:  # libvirtd was killed
                    client.close()
                    continue
                self.pairs.append((client, server))
            for a, b, asks in ((client, server, True), (server, client, False)):
                threading.Thread(target=self.pump, args=(a, b, asks), daemon=True).start()

    def stop_at(self, procedure, answer=False, nth=1):
        with self.lock:
            self.stopped.clear()
            self.trap = [PROCEDURES[procedure], answer, nth - 1]

    def passes(self, frame, asks):
        with self.lock:
            if not self.trap or int.from_bytes(frame[12:16], "big") != self.trap[0] or asks == self.trap[1] \
                    or int.from_bytes(frame[4:8], "big") != 0x20008086:
                return True
            self.trap[2] -= 1
            if self.trap[2] >= 0:
                return True
            self.stopped.set()
            return False

    def pump(self, source, sink, asks):
        frames = Frames()
        try:
            while True:
                data, fds, _, _ = socket.recv_fds(source, 65536, 4)  # libvirt passes the screen as a descriptor
                if not data:
                    break
                # A descriptor travels with one byte, the last one that recvmsg gives together with what came before.
                for frame in frames.take(data[:-1] if fds else data):
                    if self.passes(frame, asks):
                        sink.sendall(frame)
                if fds:
                    socket.send_fds(sink, [data[-1:]], fds)
                for fd in fds:
                    os.close(fd)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        with self.lock:
            self.open = False
            for pair in self.pairs:
                for end in pair:
                    try:
                        end.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        pass
            self.pairs.clear()

    def mend(self):
        with self.lock:
            self.trap = None
            self.open = True


class Stack:
    def __init__(self, facetd, helper, sim, host):
        self.programs = (facetd, helper, sim)
        self.uri = os.environ["FACET_TEST_LIBVIRT_URI"]
        self.dir = pathlib.Path(os.environ["FACET_TEST_DIR"])
        self.sim_dir = self.dir / "sim"
        self.state = self.dir / "state"
        self.images = self.dir / "images"
        self.images.mkdir()
        self.children = {}
        self.port = None
        self.token = None
        self.cookie = None
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("FACET_TEST_")}
        self.env["FACET_ADMIN_PASSWORD"] = "a password for tests"
        self.host = host
        self.answered = lambda method, path, status, answer: None  # who wants to look at every answer

    def spawn(self, name, *args, **kwargs):
        log = open(self.dir / f"{name}.log", "ab")
        self.children[name] = subprocess.Popen([str(a) for a in args], env=self.env, stdin=subprocess.DEVNULL,
                                               stdout=log, stderr=log, **kwargs)
        log.close()
        return self.children[name]

    def demo_image(self):
        """The demonstration guest of ./dev; made when it is not there."""
        script = ". tools/dev/common.sh; . tools/dev/setup.sh; . tools/dev/image.sh; demo_image; printf %s \"$IMAGES\""
        out = subprocess.run(["bash", "-c", f"TOP={TOP}; {script}"], cwd=TOP, check=True, stdout=subprocess.PIPE)
        made = out.stdout.decode().splitlines()[-1]
        for name in ("demo.json", "demo.qcow2"):
            shutil.copy(pathlib.Path(made) / name, self.images / name)

    def start(self):
        self.demo_image()
        self.proxy = Proxy(self.dir / "libvirt", urllib.parse.parse_qs(urllib.parse.urlparse(self.uri).query)["socket"][0])
        sim = self.programs[2]
        subprocess.run([sim, "create", self.host, self.sim_dir], check=True, stdout=subprocess.DEVNULL)
        self.spawn("sim", sim, "--sim-dir", self.sim_dir, "fs")
        until("the simulated host", lambda: (self.sim_dir / "root/sys/bus/pci/devices").exists())
        self.start_helper()
        until("facet-helper", lambda: (self.dir / "helper.sock").exists())
        self.start_facetd()

    def start_helper(self):
        """In libvirtd's network namespace, as on a host, where root may take it there."""
        inside = [TOP / "tools/dev/in-netns", os.environ["FACET_TEST_NETNS"]] if os.geteuid() == 0 else []
        self.spawn("helper", *inside, self.programs[1], "--root", self.sim_dir / "root", "--nvml",
                   self.sim_dir / "lib/libnvidia-ml.so.1", "--socket", self.dir / "helper.sock", "--state", self.dir / "helper")

    def start_facetd(self):
        ready, write = os.pipe()
        self.spawn("facetd", self.programs[0], "--socket", self.dir / "helper.sock", "--state", self.state, "--port",
                   self.port or 0, "--libvirt", f"qemu+unix:///system?socket={self.proxy.path}", "--part-device", "standin", "--accel", "tcg",
                   "--images", self.images, "--pool-root", self.dir, "--ready-fd", write, pass_fds=[write])
        os.close(write)
        with os.fdopen(ready) as lines:
            line = lines.readline()
        assert line.startswith("ready https://"), f"facetd did not come up: {self.log('facetd')}"
        self.port = int(line.rsplit(":", 1)[1])
        self.tls = ssl.create_default_context(cafile=str(self.state / "tls/cert.pem"))
        if not self.token:
            self.call("POST", "/session", {"username": "admin", "password": self.env["FACET_ADMIN_PASSWORD"]})
            self.token = self.call("POST", "/tokens", {"name": "test", "role": "admin"})["secret"]
        until("libvirt", lambda: self.call("GET", "/nodes")["items"][0]["virt"]["state"] == "up")
        until("the helper", lambda: self.call("GET", "/nodes")["items"][0]["helper"] == "up")
        until("cards", lambda: self.call("GET", "/gpus")["items"])

    def log(self, name):
        path = self.dir / f"{name}.log"
        return path.read_text(errors="replace")[-4000:] if path.exists() else ""

    def kill_facetd(self):
        child = self.children.pop("facetd")
        child.kill()
        child.wait()

    def stop(self):
        faults = []
        for name in ("facetd", "helper", "sim"):
            child = self.children.pop(name, None)
            if not child:
                continue
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(30)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
                faults.append(f"{name} did not end within 30 s")
            if name == "facetd" and child.returncode != 0:  # a sanitizer's findings at the end are faults too
                faults.append(f"facetd ended with {child.returncode}: {self.log(name)}")
        assert not faults, faults

    # ---- the API ----

    def auth(self):
        if self.token:
            return {"Authorization": f"Bearer {self.token}"}
        return {"Cookie": self.cookie} if self.cookie else {}

    def call(self, method, path, body=None, headers=None):
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.tls, timeout=PATIENCE)
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, f"/api/v1{path}", data,
                               {"Content-Type": "application/json", **self.auth(), **(headers or {})})
            answer = connection.getresponse()
            text = answer.read()
            if answer.getheader("Set-Cookie"):
                self.cookie = answer.getheader("Set-Cookie").split(";")[0]
            got = json.loads(text) if text else None
            self.answered(method, path, answer.status, got)
            if answer.status >= 400:
                raise ApiError(answer.status, got["error"])
            return got
        finally:
            connection.close()

    def refused(self, status, method, path, body=None, headers=None):
        """The problem with which the request is refused."""
        try:
            got = self.call(method, path, body, headers)
        except ApiError as error:
            assert error.status == status, error
            return error.problem
        raise AssertionError(f"{method} {path} was not refused: {got}")

    def ended(self, task):
        def look():
            now = self.call("GET", f"/tasks/{task['id']}")
            return now if now["state"] not in ("queued", "running") else None
        return until(f"the end of {task['title']}", look)

    def done(self, task):
        end = self.ended(task)
        assert end["state"] == "done", end
        return end

    def vm(self, name):
        return self.call("GET", f"/vms/{name}")

    def change(self, method, vm, body=None, query=""):
        return self.call(method, f"/vms/{vm['id']}{query}", body, {"If-Match": f'"{vm["revision"]}"'})

    def until_state(self, name, state):
        return until(f"VM {name} to be {state}", lambda: (lambda vm: vm if vm["state"] == state else None)(self.vm(name)))

    def virsh(self, *args):
        out = subprocess.run(["virsh", "-q", "-c", self.uri, *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        text = out.stdout.decode()
        assert out.returncode == 0, text
        return text
