#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A real cloud image and its first boot: cloud_guest.py FACETD FACET-HELPER FACET-SIM [guest | uefi],
under tools/dev/with-libvirtd. Speaks TAP.

cloud-init makes the user, the guest gets the static lease of its network, the agent tells about it and freezes file systems
(cloud_freeze), cards and disks change while it runs; another guest is started by UEFI (cloud_uefi)."""
import pathlib
import re
import sys
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import cloud_freeze  # noqa: E402
import cloud_uefi  # noqa: E402
from cloud import (ADDRESS, HOSTNAME, LOGIN, MAC, NAME, PASSWORD, USER, cloud_image, command, in_guest, log_in, stack,  # noqa: E402
                   until, vm_input, volumes)

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIL5Oj2mEpxvTCg9bV0ZSNZSjUiRQZSS0DZ1QOWYzFyE anna@desk"
SECOND = "52:54:00:aa:bb:11"


def refused():
    for wish, field in (({"user": "Anna", "password": "x"}, "cloud_init.user"),
                        ({"user": "anna", "ssh_keys": ["nonsense"]}, "cloud_init.ssh_keys"),
                        ({"user_data": "nonsense"}, "cloud_init.user_data")):
        problem = stack.refused(400, "POST", "/vms", vm_input(cloud_init=wish))
        assert problem["details"]["field"] == field, problem
    assert stack.refused(400, "POST", "/vms", vm_input(windows={"user": "a", "password": "b"}))["details"]["field"] == "windows"
    assert stack.call("GET", "/vms")["items"] == [] and not [v for v in volumes() if v.startswith(f"{NAME}-seed")]


def networks():
    stack.call("POST", "/networks", {"name": "cloud", "kind": "isolated", "subnet": "192.168.177.0/24"})
    network = stack.call("GET", "/networks/cloud")
    stack.done(stack.call("PUT", "/networks/cloud", {"static_leases": [{"mac": MAC, "address": ADDRESS}]},
                          {"If-Match": f'"{network["revision"]}"'}))


def first_boot():
    wish = {"user": USER, "password": PASSWORD, "hostname": HOSTNAME, "ssh_keys": [KEY]}
    begin = time.monotonic()
    stack.done(stack.call("POST", "/vms", vm_input(start=True, cloud_init=wish)))
    vm = stack.vm(NAME)
    vm["cloud_init"].pop("used")  # the guest's agent may have answered already
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


def agent():
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
    in_guest("sudo systemctl stop qemu-guest-agent")
    gone = until("the agent to be gone", lambda: (lambda v: v["guest"]["agent"] == "disconnected" and v)(stack.vm(NAME)), LOGIN)
    assert "qemu-guest-agent" in gone["guest"]["why_not"] and gone["nics"][0]["from_guest"] == [], gone["guest"]
    nic, = stack.call("GET", "/networks/cloud")["nics"]
    assert [a["source"] for a in nic["addresses"]] == ["static"], nic
    in_guest("sudo systemctl start qemu-guest-agent")
    until("the agent to be back", lambda: stack.vm(NAME)["guest"]["hostname"] == HOSTNAME, LOGIN)


def spent():
    """Case S4: what the guest has used is no secret of the host's any more, and nobody downloads its medium."""
    vm = until("the medium to be used", lambda: (lambda v: v["cloud_init"]["used"] and v)(stack.vm(NAME)), LOGIN)
    assert vm["cloud_init"]["has_password"], vm["cloud_init"]
    said = in_guest(f"sudo getent shadow {USER} | cut -d: -f2 | sed s/^/hash-/")
    known = re.search(r"hash-(\$6\$[A-Za-z0-9./$]+)", said).group(1).encode()
    medium = stack.state / "disks" / f"{NAME}-seed.iso"
    assert f'"local-hostname":"{HOSTNAME}"'.encode() in medium.read_bytes()
    for path in stack.state.rglob("*"):
        if path.is_file() and path.suffix != ".qcow2":
            assert known not in path.read_bytes(), path
    assert known.decode() not in stack.virsh("dumpxml", NAME)
    problem = stack.refused(403, "GET", f"/volumes/facet:{NAME}-seed.iso/content")
    assert NAME in problem["message"], problem


def card():
    """The name of the second card in the guest; nothing while there is none."""
    said = in_guest(f"ip -o link | grep -i {SECOND} | cut -d: -f2 | sed 's/ */card-/'")
    return next((word[5:] for word in said.split() if word.startswith("card-")), "")


def nic():
    """A card is plugged in, gets an address where the guest asks for one, and is unplugged."""
    stack.call("POST", "/networks", {"name": "second", "kind": "isolated", "subnet": "192.168.178.0/24"})
    first = {"network": "cloud", "mac": MAC}
    vm = stack.change("PATCH", stack.vm(NAME), {"nics": [first, {"network": "second", "mac": SECOND}]})
    assert vm["pending_changes"] == [], vm["pending_changes"]
    name = until("the guest to see the card", card, LOGIN)
    in_guest(f"printf '[Match]\\nName={name}\\n[Network]\\nDHCP=ipv4\\n' | sudo tee /run/systemd/network/90-second.network >/dev/null")
    in_guest("sudo networkctl reload")
    until("the guest to have an address", lambda: "192.168.178." in in_guest(f"ip -4 -brief address show {name}"), LOGIN)
    until("the address to be shown",
          lambda: any(a.startswith("192.168.178.") for n in stack.vm(NAME)["nics"] if n["mac"] == SECOND for a in n["addresses"]), LOGIN)
    stack.change("PATCH", stack.vm(NAME), {"nics": [first]})
    until("the guest to let go of it", lambda: not card(), LOGIN)
    until("nothing to wait for", lambda: stack.vm(NAME)["pending_changes"] == [], LOGIN)
    vm = stack.vm(NAME)
    assert [n["mac"] for n in vm["nics"]] == [MAC] and SECOND not in stack.virsh("dumpxml", NAME), vm["nics"]
    assert ADDRESS in in_guest("ip -4 -brief address show eth0")


def grow():
    """A disk of the running guest is larger at once; its partition the guest grows itself."""
    assert f"size-{3 << 30}" in in_guest("echo size-$(lsblk -bdno SIZE /dev/vda)")
    vm = stack.vm(NAME)
    problem = stack.refused(400, "PATCH", f"/vms/{vm['id']}/disks/vda", {"size_gib": 2})
    assert problem["details"]["field"] == "size_gib", problem
    stack.call("PATCH", f"/vms/{vm['id']}/disks/vda", {"size_gib": 4})
    until("the guest to see the new size", lambda: f"size-{4 << 30}" in in_guest("echo size-$(lsblk -bdno SIZE /dev/vda)"), LOGIN)
    in_guest("sudo growpart /dev/vda 3; sudo resize2fs /dev/vda3")
    size = in_guest("df -BM --output=size / | tail -1")
    assert any(3500 < int(word.rstrip("M")) < 4100 for word in size.split() if word.rstrip("M").isdigit()), size


def reboot_by(what, words):
    """The guest comes again, and its log tells who asked it."""
    vm = stack.vm(NAME)
    stack.done(stack.call("POST", f"/vms/{vm['id']}/reboot", {}))
    serial = log_in(HOSTNAME)
    said = command(serial, "sudo journalctl -b -1 | grep -cE '" + words + "' | sed s/^/found-/")
    serial.close()
    assert "found-" in said and "found-0" not in said, (what, said)
    assert stack.vm(NAME)["state"] == "running"


def reboot():
    """By the agent, and by the power button when there is none."""
    in_guest("sudo mkdir -p /var/log/journal; sudo systemctl restart systemd-journald; sudo journalctl --flush")
    until("the agent", lambda: stack.vm(NAME)["guest"]["agent"] == "connected", LOGIN)
    reboot_by("agent", "guest-shutdown called")
    in_guest("sudo systemctl stop qemu-guest-agent")
    until("the agent to be gone", lambda: stack.vm(NAME)["guest"]["agent"] == "disconnected", LOGIN)
    reboot_by("power button", "Power key pressed")


def shutdown():
    """Asked by the agent, the guest goes by itself."""
    until("the agent", lambda: stack.vm(NAME)["guest"]["agent"] == "connected", LOGIN)
    vm = stack.vm(NAME)
    end = stack.call("POST", f"/vms/{vm['id']}/stop", {})
    until("the guest to shut down", lambda: stack.vm(NAME)["state"] == "off", LOGIN)
    stack.done(end)
    assert stack.call("GET", f"/vms/{vm['id']}/guest")["agent"] == "unknown"


def new_data():
    """Other first-boot data: a new volume with a new instance, and the old one is gone."""
    vm = stack.vm(NAME)
    assert stack.refused(400, "PATCH", f"/vms/{vm['id']}", {"cloud_init": {"user": "x y"}},
                         {"If-Match": f'"{vm["revision"]}"'})["details"]["field"] == "cloud_init.user"
    vm = stack.change("PATCH", vm, {"cloud_init": {"hostname": "beta", "user": USER, "password": "another"}})
    seeds = [v for v in volumes() if v.startswith(f"{NAME}-seed")]
    assert seeds == [f"{NAME}-seed-2.iso"] and [d["volume"] for d in vm["disks"] if d["kind"] == "seed"] == seeds, seeds
    target = stack.dir / "seed.iso"
    stack.virsh("vol-download", "--pool", "facet", seeds[0], str(target))
    content = target.read_bytes()
    assert b'"local-hostname":"beta"' in content and b"another" not in content and b"$6$" in content
    vm = stack.change("PATCH", vm, {"cloud_init": None})
    assert vm["cloud_init"] is None and not [v for v in volumes() if v.startswith(f"{NAME}-seed")]


def secrets():
    """The password is in no file of facetd's state and in no answer; its hash only where the guest gets it."""
    for path in stack.state.rglob("*"):
        if path.is_file() and path.suffix not in (".qcow2", ".iso"):
            assert PASSWORD.encode() not in path.read_bytes(), path
    for path in ("/vms", "/tasks", "/audit", "/events"):
        text = str(stack.call("GET", path))
        assert PASSWORD not in text and "$6$" not in text, path
    assert PASSWORD not in stack.log("facetd")


def delete():
    vm = stack.vm(NAME)
    if vm["state"] != "off":
        stack.done(stack.call("POST", f"/vms/{vm['id']}/stop", {"force": True}))
    stack.done(stack.change("DELETE", stack.vm(NAME)))
    assert not [v for v in volumes() if v.startswith(NAME)], volumes()
    assert NAME not in stack.virsh("list", "--all", "--name").split()


# One boot serves as many checks as can share it; the second guest starts while the first one's agent is made to wait.
FIRST = [refused, networks, first_boot, agent, spent, nic, grow, *cloud_freeze.CHECKS, reboot, shutdown, new_data, secrets, delete]
CHECKS = {"guest": FIRST, "uefi": [networks, cloud_uefi.begin, *cloud_uefi.CHECKS],
          "": [*FIRST[:7], cloud_uefi.begin, *FIRST[6:], *cloud_uefi.CHECKS]}


def main():
    failed = 0
    checks = CHECKS[sys.argv[4] if len(sys.argv) > 4 else ""]
    print(f"1..{len(checks)}", flush=True)
    try:
        cloud_image()
        stack.start()
        for number, run in enumerate(checks, 1):
            name = f"{run.__module__}.{run.__name__}".replace("__main__.", "")
            begin = time.monotonic()
            if failed:  # each finds the guest as the one before has left it
                print(f"ok {number} {name} # SKIP a check before it failed", flush=True)
                continue
            try:
                run()
                print(f"ok {number} {name} # {time.monotonic() - begin:.1f} s", flush=True)
            except Exception:  # whatever it is, the instance is to be ended
                failed = 1
                print(f"not ok {number} {name}", flush=True)
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
