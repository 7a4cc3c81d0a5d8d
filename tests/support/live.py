# SPDX-License-Identifier: Apache-2.0
"""Facet on a private libvirtd (tools/dev/with-libvirtd), with a guest of 1 MiB that boots nothing, and what beside it shows what is so."""
import http.client
import json
import os
import pathlib
import signal
import ssl
import subprocess
import threading
import time
import urllib.parse

from facet_host import Host

URI = os.environ["FACET_TEST_LIBVIRT_URI"]
RUN = pathlib.Path(urllib.parse.parse_qs(urllib.parse.urlparse(URI).query)["socket"][0]).parent


def virsh(*args, check=True):
    out = subprocess.run(["virsh", "-q", "-c", URI, *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert out.returncode == 0 or not check, out.stdout
    return out.stdout.strip()


def libvirt_tags_bridges():
    """Since 11.0 libvirt tags frames on a bridge of the kernel's, too."""
    return int(virsh("--version").split(".")[0]) >= 11


def open_host(sim, helper, facetd):
    """A Host whose disks QEMU can read, with the image "tiny"; enter it."""
    host = Host(sim, helper, facetd, libvirt=URI, folder=os.environ["FACET_TEST_DIR"])
    os.chmod(host.dir, 0o755)
    os.makedirs(host.images)
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", os.path.join(host.images, "tiny.qcow2"), "1M"], check=True)
    with open(os.path.join(host.images, "tiny.json"), "w", encoding="utf-8") as out:
        json.dump({"name": "Tiny", "file": "tiny.qcow2", "format": "qcow2", "size_bytes": 1 << 20}, out)
    return host


def ready(host):
    host.login()
    host.wait_for(lambda: host.call("GET", "/nodes")["items"][0]["virt"]["state"] == "up", "libvirt")


def create(host, name):
    made = host.call("POST", "/vms", {"name": name, "image": "tiny", "memory_mib": 64, "vcpus": 1, "nics": []}, 202)
    end = host.wait_task(made["id"])
    assert end["state"] == "done", end
    return made["subject"]["id"]


def power(host, vm, verb, body=None):
    end = host.wait_task(host.call("POST", f"/vms/{vm}/{verb}", body or {}, 202)["id"])
    assert end["state"] == "done", end


def until_state(host, vm, state):
    return host.wait_for(lambda: host.call("GET", f"/vms/{vm}").get("state") == state, f"{vm} to be {state}")


def processes(test):
    for cmdline in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            args = cmdline.read_bytes().split(b"\0")
        except OSError:
            continue
        if test(args):
            yield int(cmdline.parent.name)


def qemu_of(vm):
    return next(processes(lambda args: args[0].startswith(b"/usr/bin/qemu-system") and vm.encode() in args))


def send(pid, number):
    """A signal; libvirtd is root's."""
    if os.getuid() == 0:
        os.kill(pid, number)
    else:
        subprocess.run(["sudo", "-n", "kill", f"-{int(number)}", str(pid)], check=True)


def libvirtd():
    return next(processes(lambda args: args[0].endswith(b"libvirtd") and str(RUN / "libvirtd.conf").encode() in args))


def remove_libvirt_file(name):
    """One of /run/libvirt, which this libvirtd has for itself."""
    sudo = [] if os.getuid() == 0 else ["sudo", "-n"]
    subprocess.run([*sudo, "rm", f"/proc/{libvirtd()}/root/run/libvirt/{name}"], check=True)


def kill_libvirtd():
    """kill -9; it is started again by itself."""
    (RUN / "again").touch()
    send(libvirtd(), signal.SIGKILL)


class Stream:
    """The stream of events, as (kind, data, seconds on the clock that only counts)."""

    def __init__(self, host):
        context = ssl.create_default_context(cafile=os.path.join(host.state, "tls", "cert.pem"))
        self.connection = http.client.HTTPSConnection("127.0.0.1", host.port, context=context)
        self.connection.request("GET", "/api/v1/events/stream", headers={"Authorization": "Bearer " + host.token})
        self.answer = self.connection.getresponse()
        self.host, self.seen, self.lock = host, [], threading.Lock()
        threading.Thread(target=self.read, daemon=True).start()
        host.wait_for(lambda: any(kind == "hello" for kind, _, _ in self.seen), "the stream")

    def read(self):
        kind = ""
        try:
            for line in self.answer:
                if line.startswith(b"event: "):
                    kind = line[7:].strip().decode()
                elif line.startswith(b"data: "):
                    with self.lock:
                        self.seen.append((kind, json.loads(line[6:]), time.monotonic()))
        except (OSError, ValueError, http.client.HTTPException):
            pass

    def wait_vm(self, what, test, since):
        """Seconds from @since to the first event of a VM that passes."""
        def find():
            with self.lock:
                return next((at for kind, data, at in self.seen if kind == "vm" and at >= since and test(data)), None)
        return self.host.wait_for(find, what) - since
