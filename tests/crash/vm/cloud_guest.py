#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A real cloud image and its first boot: cloud_guest.py FACETD FACET-HELPER FACET-SIM, under tools/dev/with-libvirtd. Speaks TAP.

cloud-init makes the user, the guest gets the static lease of its network, the agent tells about it."""
import pathlib
import shutil
import subprocess
import sys
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from stack import PATIENCE, Stack, TOP, WebSocket, until  # noqa: E402

stack = Stack(*sys.argv[1:4], host="small")
NAME, HOSTNAME, USER, PASSWORD = "cloud-1", "alpha", "anna", "ge'heim \"1\""
MAC, ADDRESS = "52:54:00:aa:bb:01", "192.168.177.77"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIL5Oj2mEpxvTCg9bV0ZSNZSjUiRQZSS0DZ1QOWYzFyE anna@desk"
LOGIN = 10 * PATIENCE  # a guest without KVM, beside whatever else this machine does


def cloud_image():
    made = subprocess.run([TOP / "tools/dev/cloud-image"], check=True, stdout=subprocess.PIPE).stdout.decode().strip()
    for name in ("cloud.json", "cloud.qcow2"):
        shutil.copy(pathlib.Path(made) / name, stack.images / name)


def vm_input(**more):
    return {"name": NAME, "image": "cloud", "vcpus": 2, "memory_mib": 768, "disk_gib": 3,
            "nics": [{"network": "cloud", "mac": MAC}], **more}


def volumes():
    stack.virsh("pool-refresh", "facet")
    return [line.split()[0] for line in stack.virsh("vol-list", "facet").splitlines() if line.strip()]


def command(serial, text, seconds=LOGIN):
    """What the shell prints for @text."""
    serial.send(f"{text}; echo that-''is-all\r".encode())
    serial.read_until(b"that-''is-all", seconds)
    return serial.read_until(b"that-is-all\r", seconds).decode(errors="replace")


def log_in(hostname):
    serial = WebSocket(stack, f"/vms/{stack.vm(NAME)['id']}/console/serial?force=true")
    serial.send(b"\r")
    serial.read_until(f"{hostname} login: ".encode(), LOGIN)
    serial.send(USER.encode() + b"\r")
    serial.read_until(b"Password: ", LOGIN)
    serial.send(PASSWORD.encode() + b"\r")
    serial.read_until(b"$ ", LOGIN)
    return serial


def test_refused():
    for wish, field in (({"user": "Anna", "password": "x"}, "cloud_init.user"),
                        ({"user": "anna", "ssh_keys": ["nonsense"]}, "cloud_init.ssh_keys"),
                        ({"user_data": "nonsense"}, "cloud_init.user_data")):
        problem = stack.refused(400, "POST", "/vms", vm_input(cloud_init=wish))
        assert problem["details"]["field"] == field, problem
    assert stack.refused(400, "POST", "/vms", vm_input(windows={"user": "a", "password": "b"}))["details"]["field"] == "windows"
    assert stack.call("GET", "/vms")["items"] == [] and not [v for v in volumes() if "seed" in v]


def test_first_boot():
    stack.call("POST", "/networks", {"name": "cloud", "kind": "isolated", "subnet": "192.168.177.0/24"})
    network = stack.call("GET", "/networks/cloud")
    stack.done(stack.call("PUT", "/networks/cloud", {"static_leases": [{"mac": MAC, "address": ADDRESS}]},
                          {"If-Match": f'"{network["revision"]}"'}))
    wish = {"user": USER, "password": PASSWORD, "hostname": HOSTNAME, "ssh_keys": [KEY]}
    begin = time.monotonic()
    stack.done(stack.call("POST", "/vms", vm_input(start=True, cloud_init=wish)))
    vm = stack.vm(NAME)
    assert vm["cloud_init"] == {"user": USER, "hostname": HOSTNAME, "ssh_keys": [KEY], "packages": [], "network": None,
                                "has_password": True, "has_user_data": False}, vm["cloud_init"]
    assert [d["kind"] for d in vm["disks"]] == ["disk", "seed"] and f"{NAME}-seed.iso" in volumes(), (vm["disks"], volumes())
    serial = log_in(HOSTNAME)
    print(f"# login {time.monotonic() - begin:.0f} s after the request", flush=True)
    assert HOSTNAME in command(serial, "hostname")
    assert f"uid=1000({USER})" in command(serial, "id")
    assert "root" in command(serial, "sudo id -un")
    assert ADDRESS in command(serial, "ip -4 -brief address show eth0")
    assert KEY in command(serial, "cat ~/.ssh/authorized_keys")
    ended = command(serial, "cloud-init status --wait | tail -1")
    assert "status: done" in ended, ended
    size = command(serial, "df -BM --output=size / | tail -1")
    assert any(2500 < int(word.rstrip("M")) < 3100 for word in size.split() if word.rstrip("M").isdigit()), size
    command(serial, "sudo ip address add 10.9.9.9/24 dev eth0")
    serial.close()


def test_agent():
    def told():
        vm = stack.vm(NAME)
        return vm if vm["guest"]["hostname"] == HOSTNAME and "10.9.9.9" in vm["nics"][0]["addresses"] else None
    vm = until("the agent to tell its addresses", told, LOGIN)
    assert vm["guest"]["agent"] == "connected" and "Debian" in vm["guest"]["os"] and not vm["guest"]["why_not"], vm["guest"]
    assert ADDRESS in vm["nics"][0]["addresses"] and vm["nics"][0]["from_guest"] == ["10.9.9.9"], vm["nics"]
    # Which VM is where: what DHCP gave, and what the guest has besides, by its own word; without asking it.
    nic, = stack.call("GET", "/networks/cloud")["nics"]
    assert [(a["address"], a["source"]) for a in nic["addresses"]] == [(ADDRESS, "static"), ("10.9.9.9", "agent")], nic
    guest = stack.call("GET", f"/vms/{vm['id']}/guest")
    card = next(i for i in guest["interfaces"] if i["mac"] == MAC)
    assert card["name"] == "eth0" and f"{ADDRESS}/24" in card["addresses"], guest["interfaces"]
    root = next(f for f in guest["filesystems"] if f["mountpoint"] == "/")
    assert root["type"] == "ext4" and 0 < root["used_bytes"] < root["total_bytes"], root
    serial = WebSocket(stack, f"/vms/{vm['id']}/console/serial?force=true")
    command(serial, "sudo systemctl stop qemu-guest-agent")
    serial.close()
    gone = until("the agent to be gone", lambda: (lambda v: v["guest"]["agent"] == "disconnected" and v)(stack.vm(NAME)), LOGIN)
    assert "qemu-guest-agent" in gone["guest"]["why_not"] and gone["nics"][0]["from_guest"] == [], gone["guest"]
    nic, = stack.call("GET", "/networks/cloud")["nics"]
    assert [a["source"] for a in nic["addresses"]] == ["static"], nic
    serial = WebSocket(stack, f"/vms/{vm['id']}/console/serial?force=true")
    command(serial, "sudo systemctl start qemu-guest-agent")
    serial.close()
    until("the agent to be back", lambda: stack.vm(NAME)["guest"]["hostname"] == HOSTNAME, LOGIN)


def test_shutdown():
    """Asked politely, the guest goes by itself."""
    vm = stack.vm(NAME)
    end = stack.call("POST", f"/vms/{vm['id']}/stop", {})
    until("the guest to shut down", lambda: stack.vm(NAME)["state"] == "off", LOGIN)
    stack.done(end)
    assert stack.call("GET", f"/vms/{vm['id']}/guest")["agent"] == "unknown"


def test_new_data():
    """Other first-boot data: a new volume with a new instance, and the old one is gone."""
    vm = stack.vm(NAME)
    assert stack.refused(400, "PATCH", f"/vms/{vm['id']}", {"cloud_init": {"user": "x y"}},
                         {"If-Match": f'"{vm["revision"]}"'})["details"]["field"] == "cloud_init.user"
    vm = stack.change("PATCH", vm, {"cloud_init": {"hostname": "beta", "user": USER, "password": "another"}})
    seeds = [v for v in volumes() if "seed" in v]
    assert seeds == [f"{NAME}-seed-2.iso"] and [d["volume"] for d in vm["disks"] if d["kind"] == "seed"] == seeds, seeds
    target = stack.dir / "seed.iso"
    stack.virsh("vol-download", "--pool", "facet", seeds[0], str(target))
    content = target.read_bytes()
    assert b'"local-hostname":"beta"' in content and b"another" not in content and b"$6$" in content
    vm = stack.change("PATCH", vm, {"cloud_init": None})
    assert vm["cloud_init"] is None and not [v for v in volumes() if "seed" in v]


def test_secrets():
    """The password is in no file of facetd's state and in no answer; its hash only where the guest gets it."""
    for path in stack.state.rglob("*"):
        if path.is_file() and path.suffix not in (".qcow2", ".iso"):
            assert PASSWORD.encode() not in path.read_bytes(), path
    for path in ("/vms", "/tasks", "/audit", "/events"):
        text = str(stack.call("GET", path))
        assert PASSWORD not in text and "$6$" not in text, path
    assert PASSWORD not in stack.log("facetd")


def test_delete():
    vm = stack.vm(NAME)
    if vm["state"] != "off":
        stack.done(stack.call("POST", f"/vms/{vm['id']}/stop", {"force": True}))
    stack.done(stack.change("DELETE", stack.vm(NAME)))
    assert volumes() == [], volumes()
    assert stack.virsh("list", "--all", "--name").split() == []


def main():
    tests = [(n, f) for n, f in globals().items() if n.startswith("test_")]
    failed = 0
    print(f"1..{len(tests)}", flush=True)
    try:
        cloud_image()
        stack.start()
        for number, (name, run) in enumerate(tests, 1):
            begin = time.monotonic()
            try:
                run()
                print(f"ok {number} {name[5:]} # {time.monotonic() - begin:.1f} s", flush=True)
            except Exception:  # whatever it is, the next ones are to run
                failed += 1
                print(f"not ok {number} {name[5:]}", flush=True)
                print("# " + traceback.format_exc().replace("\n", "\n# "), flush=True)
    finally:
        if failed or sys.exc_info()[0]:
            for name in ("facetd", "helper"):
                print(f"# {name}: " + stack.log(name).replace("\n", "\n# "), flush=True)
        try:
            stack.stop()
        except AssertionError as fault:
            failed += 1
            print(f"Bail out! {fault}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
