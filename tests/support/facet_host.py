# SPDX-License-Identifier: Apache-2.0
"""A simulated host with facet-helper and facetd on it, for tests that need the real programs. Standard library only.

    with Host(sim=…, helper=…, facetd=…, config="small") as host:
        host.call("GET", "/gpus")
"""
import http.client
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time

PASSWORD = "correct horse battery staple"
PATIENCE_S = 120  # a bound for everything that is waited for; never a speed that is demanded


class Gone(Exception):
    """facetd does not answer (it was killed)."""


class Host:
    def __init__(self, sim, helper, facetd, config="small", libvirt=None, folder=None, ui=""):
        self.programs = {"sim": sim, "helper": helper, "facetd": facetd}
        self.dir = tempfile.mkdtemp(prefix="facet-host-", dir=folder)
        self.sim_dir = os.path.join(self.dir, "sim")
        self.socket = os.path.join(self.dir, "helper.sock")
        self.state = os.path.join(self.dir, "state")
        self.images = os.path.join(self.dir, "images")
        self.config = config
        self.libvirt = libvirt  # address; None: facetd's own choice
        self.ui = ui
        self.helper = self.facetd = None
        self.port = None
        self.token = None

    # ---- life ----

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda *unused: sys.exit("terminated"))  # so that __exit__ cleans up
        try:
            self.sim("start", self.config)
            self.start_helper()
            self.start_facetd()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *unused):
        for process in (self.facetd, self.helper):
            if process and process.poll() is None:
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        for verb in ("release", "stop"):
            if os.path.isdir(self.sim_dir):
                subprocess.run([self.programs["sim"], "--sim-dir", self.sim_dir, verb], check=False,
                               stdout=subprocess.DEVNULL)
        shutil.rmtree(self.dir, ignore_errors=True)

    def sim(self, *arguments):
        done = subprocess.run([self.programs["sim"], "--sim-dir", self.sim_dir, *arguments], check=True,
                              stdout=subprocess.PIPE, text=True)
        return done.stdout

    def start_helper(self):
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        with open(os.path.join(self.dir, "helper.log"), "ab") as log:
            self.helper = subprocess.Popen(
                [self.programs["helper"], "--root", os.path.join(self.sim_dir, "root"), "--nvml",
                 os.path.join(self.sim_dir, "lib", "libnvidia-ml.so.1"), "--socket", self.socket, "--state",
                 os.path.join(self.dir, "helper")], stdout=log, stderr=log)
        self.wait_for(lambda: os.path.exists(self.socket) or self.helper.poll() is not None)

    def start_facetd(self, **environment):
        read, write = os.pipe()
        os.set_inheritable(write, True)
        with open(os.path.join(self.dir, "facetd.log"), "ab") as log:
            self.facetd = subprocess.Popen(
                [self.programs["facetd"], "--socket", self.socket, "--state", self.state, "--ui", self.ui, "--port", "0",
                 "--part-device", "standin", "--node", "test-node", "--images", self.images, "--pool-root", self.dir, "--pool-root",
                 os.environ.get("FACET_TEST_DIR", self.dir), "--ready-fd", str(write),
                 *(["--libvirt", self.libvirt, "--accel", "tcg"] if self.libvirt else [])],
                stdout=log, stderr=log, close_fds=False,
                env={**os.environ, "FACET_ADMIN_PASSWORD": PASSWORD, **environment})
        os.close(write)
        with os.fdopen(read) as ready:
            line = ready.readline()
        if not line:
            raise RuntimeError("facetd did not come up:\n" + self.log())
        self.port = int(line.rsplit(":", 1)[1])

    def kill(self, process):
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait()

    def log(self):
        text = ""
        for name in ("facetd.log", "helper.log"):
            path = os.path.join(self.dir, name)
            if os.path.exists(path):
                with open(path, errors="replace") as log:
                    text += f"--- {name}\n{log.read()[-4000:]}"
        return text

    # ---- API ----

    def raw(self, method, path, body=None, headers=None):
        """(status, headers, JSON or None)"""
        context = ssl.create_default_context(cafile=os.path.join(self.state, "tls", "cert.pem"))
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=PATIENCE_S)
        headers = dict(headers or {})
        if self.token:
            headers.setdefault("Authorization", "Bearer " + self.token)
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            body = body if isinstance(body, (bytes, str)) else json.dumps(body)
        try:
            connection.request(method, "/api/v1" + path, body, headers)
            answer = connection.getresponse()
            data = answer.read()
        except OSError as error:
            raise Gone(str(error)) from error
        except http.client.HTTPException as error:
            raise Gone(str(error)) from error
        finally:
            connection.close()
        return answer.status, dict(answer.getheaders()), json.loads(data) if data else None

    def call(self, method, path, body=None, status=None, headers=None):
        has, _, answer = self.raw(method, path, body, headers)
        if status is not None and has != status:
            raise AssertionError(f"{method} {path}: {has} instead of {status}: {answer}")
        return answer

    def login(self):
        status, headers, _ = self.raw("POST", "/session", {"username": "admin", "password": PASSWORD})
        assert status == 200, status
        cookie = headers["Set-Cookie"].split(";")[0]
        made = self.call("POST", "/tokens", {"name": "test", "role": "admin"}, 201, {"Cookie": cookie})
        self.token = made["secret"]

    # ---- waiting ----

    def wait_for(self, condition, what="a condition", seconds=PATIENCE_S):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            value = condition()
            if value:
                return value
            time.sleep(0.02)
        raise AssertionError(f"{what} did not come true\n{self.log()}")

    def wait_task(self, task):
        def ended():
            now = self.call("GET", "/tasks/" + task, status=200)
            return now if now["ended_ms"] is not None else None
        return self.wait_for(ended, "the end of " + task)

    def wait_gpu(self, gpu):
        def seen():
            status, _, answer = self.raw("GET", "/gpus/" + gpu)
            return answer if status == 200 else None
        return self.wait_for(seen, "GPU " + gpu)

    def carve(self, gpu, profiles):
        """Plans and applies; returns the task's id."""
        plan = self.call("POST", "/plans", {"kind": "carve", "gpu": gpu, "profiles": profiles}, 201)
        return self.call("POST", f"/plans/{plan['id']}/apply", {}, 202)["id"]

    def layout(self, gpu):
        """{start: (profile, compute instance's uuid, pids)} as the driver shows it."""
        mig = self.call("GET", "/gpus/" + gpu, status=200)["mig"]
        return {i["start"]: (i["profile"], [c["uuid"] for c in i["compute"]],
                             sorted(p["pid"] for c in i["compute"] for p in c["processes"])) for i in mig["instances"]}
