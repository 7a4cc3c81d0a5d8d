# SPDX-License-Identifier: Apache-2.0
"""A guest that UEFI starts, with a TPM and a fixed address from cloud-init; and the same disk once more with secure boot."""
import base64
import json
import pathlib

from cloud import LOGIN, PASSWORD, USER, command, in_guest, log_in, stack, until, vm_input, volumes

NAME, HOSTNAME, MAC, ADDRESS = "cloud-2", "gamma", "52:54:00:aa:bb:02", "192.168.177.99"
SAFE = "cloud-3"
VARIABLE = "/sys/firmware/efi/efivars/FacetTest-5f2b7c1e-6d0a-4c3f-9b8e-2a1d4e6f7081"
VALUE = f"echo value-$(cat {VARIABLE} | tail -c+5)"
SECURE = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
LIBVIRT = pathlib.Path(stack.dir).parent / "state/lib"  # of the private libvirtd: tools/dev/libvirtd.sh


def kept_by_libvirt(vm):
    """What libvirt keeps of a VM beside its disks."""
    return [p for p in (LIBVIRT / f"qemu/nvram/{vm['id']}_VARS.fd", LIBVIRT / f"swtpm/{vm['id']}") if p.exists()]


def list_nvram():
    return [p.name for p in (LIBVIRT / "qemu/nvram").iterdir()]


def begin():
    """Its first boot goes on while other things are looked at."""
    wish = {"user": USER, "password": PASSWORD, "hostname": HOSTNAME,
            "network": {"address": f"{ADDRESS}/24", "gateway": "192.168.177.1", "dns": ["192.168.177.1"]}}
    stack.done(stack.call("POST", "/vms", vm_input(NAME, MAC, disk_gib=2, uefi=True, tpm=True, start=True, cloud_init=wish)))


def uefi():
    """Firmware, TPM and address are there in the guest."""
    serial = log_in(HOSTNAME, NAME)
    assert "efi-is-here" in command(serial, "test -d /sys/firmware/efi && echo efi-''is-here")
    assert "tpm-2" in command(serial, "echo tpm-$(cat /sys/class/tpm/tpm0/tpm_version_major)")
    assert "secure-0" in command(serial, f"echo secure-$(od -An -tu1 -j4 {SECURE} | tr -d ' ')")
    assert ADDRESS in command(serial, "ip -4 -brief address show eth0")
    assert "via 192.168.177.1" in command(serial, "ip route show default")
    assert "192.168.177.1" in command(serial, "resolvectl dns eth0")
    serial.close()
    until("the agent to tell the address", lambda: ADDRESS in stack.vm(NAME)["nics"][0]["addresses"], LOGIN)
    assert len(kept_by_libvirt(stack.vm(NAME))) == 2, kept_by_libvirt(stack.vm(NAME))


def set_variable(text):
    said = in_guest(f"sudo chattr -i {VARIABLE} 2>/dev/null; printf '\\007\\000\\000\\000{text}' | sudo tee {VARIABLE} >/dev/null; " + VALUE, NAME)
    assert f"value-{text}" in said, said


def uefi_revert():
    """What was in the guest's memory when it was frozen is on the disk afterwards; what UEFI keeps is as it was last."""
    in_guest("sudo sysctl -qw vm.dirty_writeback_centisecs=0; sudo sh -c 'echo kept-dirty >/root/before'", NAME)
    set_variable("then")
    stack.done(stack.call("POST", f"/vms/{NAME}/snapshots", {"name": "then", "freeze": True}))
    in_guest("sudo sh -c 'echo later >/root/later; echo changed >/root/before; sync'", NAME)
    set_variable("now")
    problem = stack.refused(409, "POST", f"/vms/{NAME}/snapshots/then/revert", {"start": True})
    assert any("UEFI" in reason for reason in problem["details"]["reasons"]), problem
    stack.done(stack.call("POST", f"/vms/{NAME}/snapshots/then/revert", {"confirm": True, "start": True}))
    serial = log_in(HOSTNAME, NAME)
    said = command(serial, "sudo cat /root/before /root/later; test -d /sys/firmware/efi && echo efi-''is-here")
    assert "kept-dirty" in said and "efi-is-here" in said and "changed" not in said and "No such file" in said, said
    assert "tpm-2" in command(serial, "echo tpm-$(cat /sys/class/tpm/tpm0/tpm_version_major)")
    value = command(serial, VALUE)
    assert "value-now" in value, value
    serial.close()
    stack.done(stack.call("DELETE", f"/vms/{NAME}/snapshots/then"))


def power_button():
    """Without an agent the guest is asked by the power button."""
    in_guest("sudo systemctl stop qemu-guest-agent", NAME)
    until("the agent to be gone", lambda: stack.vm(NAME)["guest"]["agent"] == "disconnected", LOGIN)
    refused = stack.refused(409, "POST", f"/vms/{NAME}/snapshots", {"name": "x", "freeze": True})
    assert refused["details"]["field"] == "freeze" and "qemu-guest-agent" in refused["message"], refused
    end = stack.call("POST", f"/vms/{NAME}/stop", {})
    until("the guest to shut down", lambda: stack.vm(NAME)["state"] == "off", LOGIN)
    stack.done(end)


def uefi_deleted():
    """Another name changes nothing of what UEFI and TPM keep; with the VM it goes. A disk may stay."""
    vm = stack.change("PATCH", stack.vm(NAME), {"name": "renamed"})
    stack.done(stack.call("POST", "/vms/renamed/start", {}))
    stack.done(stack.call("POST", "/vms/renamed/stop", {"force": True}))
    assert len(kept_by_libvirt(vm)) == 2 and len(list_nvram()) == 1, list_nvram()
    stack.done(stack.change("DELETE", stack.vm("renamed"), query="?keep=vda"))
    assert kept_by_libvirt(vm) == [] and list_nvram() == [], (kept_by_libvirt(vm), list_nvram())


def answer(question, **arguments):
    text = stack.virsh("qemu-agent-command", SAFE, "--timeout", "30", json.dumps({"execute": question, "arguments": arguments}))
    return json.loads(text)["return"]


def secure_boot():
    """
    The system starts where the firmware takes signed programs only, which Facet gives to Windows. A copy of the image is what
    the firmware reads; the kernel, which has no driver for SATA, finds its root on the disk of before.
    """
    disk, = [v for v in volumes() if v.startswith(NAME)]
    stack.done(stack.call("POST", "/vms", {"name": SAFE, "image": "cloud", "os": "windows", "vcpus": 2, "memory_mib": 768, "uefi": True,
                                            "tpm": True, "nics": [], "disks": [{"volume": {"pool": "facet", "name": disk}, "bus": "virtio"}],
                                            "start": True}))
    until("the guest to be up", lambda: stack.vm(SAFE)["guest"]["hostname"], LOGIN)
    file = answer("guest-file-open", path=SECURE, mode="r")
    read = answer("guest-file-read", handle=file, count=16)
    assert base64.b64decode(read["buf-b64"])[4] == 1, read
    vm = stack.vm(SAFE)
    stack.done(stack.call("POST", f"/vms/{SAFE}/stop", {"force": True}))
    assert len(kept_by_libvirt(vm)) == 2
    stack.done(stack.change("DELETE", stack.vm(SAFE)))
    assert kept_by_libvirt(vm) == [], kept_by_libvirt(vm)
    stack.virsh("vol-delete", "--pool", "facet", disk)


CHECKS = [uefi, uefi_revert, power_button, uefi_deleted, secure_boot]
