# SPDX-License-Identifier: Apache-2.0
"""What the checks on real guests share: an instance, guests of the cloud image, and their shell on the serial console."""
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from stack import PATIENCE, Stack, TOP, WebSocket, until  # noqa: E402

stack = Stack(*sys.argv[1:4], host="small")
NAME, HOSTNAME, USER, PASSWORD = "cloud-1", "alpha", "anna", "ge'heim \"1\""
MAC, ADDRESS = "52:54:00:aa:bb:01", "192.168.177.77"
LOGIN = 600 / 90 * PATIENCE  # ten minutes: a guest without KVM, beside whatever else this machine does


def cloud_image():
    made = subprocess.run([TOP / "tools/dev/cloud-image"], check=True, stdout=subprocess.PIPE).stdout.decode().strip()
    for name in ("cloud.json", "cloud.qcow2"):
        shutil.copy(pathlib.Path(made) / name, stack.images / name)


def vm_input(name=NAME, mac=MAC, **more):
    return {"name": name, "image": "cloud", "vcpus": 2, "memory_mib": 768, "disk_gib": 3,
            "nics": [{"network": "cloud", "mac": mac}], **more}


def volumes():
    stack.virsh("pool-refresh", "facet")
    return [line.split()[0] for line in stack.virsh("vol-list", "facet").splitlines() if line.strip()]


def command(serial, text, seconds=LOGIN):
    """What the shell prints for @text; it is quiet (log_in), so nothing else stands in between."""
    serial.send(f"{text}; echo that-''is-all\r".encode())
    return serial.read_until(b"that-is-all\r", seconds).decode(errors="replace")


def quiet(serial):
    """No echo, no lines of the kernel's, and cloud-init has said its last: then nothing breaks up what the shell prints."""
    serial.send(b"stty cols 2000 -echo; sudo dmesg -n 1; cloud-init status --wait >/dev/null 2>&1; echo now-''quiet\r")
    serial.read_until(b"now-quiet\r", LOGIN)


def open_serial(name=NAME):
    return WebSocket(stack, f"/vms/{stack.vm(name)['id']}/console/serial?force=true")


def in_guest(text, name=NAME):
    """What the shell of who is logged in there prints for @text."""
    serial = open_serial(name)
    try:
        return command(serial, text)
    finally:
        serial.close()


def log_in(hostname, name=NAME):
    serial = open_serial(name)
    serial.send(b"\r")
    serial.read_until(f"{hostname} login: ".encode(), LOGIN)
    serial.send(USER.encode() + b"\r")
    serial.read_until(b"Password: ", LOGIN)
    serial.send(PASSWORD.encode() + b"\r")
    serial.read_until(b"$ ", LOGIN)
    quiet(serial)
    return serial


def tasks(kind, name=NAME):
    """Newest first."""
    return [t for t in stack.call("GET", "/tasks?limit=100")["items"] if t["kind"] == kind and t["subject"]["name"] == name]
