#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""VMs of others that become ours, templates, and VMs that start with the host: vm_host.py FACETD FACET-HELPER FACET-SIM,
under tools/dev/with-libvirtd. Speaks TAP."""
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import traceback
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from stack import Stack, until  # noqa: E402

stack = Stack(*sys.argv[1:4], host="lab")
PROFILE = "3g.40gb"
FOREIGN = """<domain type='qemu'>
  <name>{name}</name>
  <uuid>{id}</uuid>
  <title>made by hand</title>
  <memory unit='MiB'>128</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type><boot dev='hd'/></os>
  <features><acpi/><apic/></features>
  <cpu mode='maximum'/>
  <clock offset='utc'/>
  <on_crash>destroy</on_crash>
  <devices>
    <disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{disk}'/><target dev='vda' bus='virtio'/></disk>
    {nic}
    <serial type='pty'><target port='0'/></serial>
    <graphics type='vnc' port='-1' autoport='yes' listen='127.0.0.1'/>
    <video><model type='vga'/></video>
    <memballoon model='none'/>
    {more}
  </devices>
</domain>"""


def define(name, more="", disk=True, nic="", change=("", "")):
    """A domain as virsh makes it, with one text in place of another; its id."""
    ident = str(uuid.uuid4())
    path = stack.dir / f"{name}.qcow2"
    if disk:
        shutil.copy(stack.images / "demo.qcow2", path)
        path.chmod(0o666)
    xml = stack.dir / f"{name}.xml"
    xml.write_text(FOREIGN.format(name=name, id=ident, disk=path, more=more, nic=nic).replace(*change))
    stack.virsh("define", str(xml))
    until(f"{name} to be seen", lambda: next((v for v in stack.call("GET", "/vms")["items"] if v["name"] == name), None))
    return ident


def xml_of(name, *more):
    """The definition without our mark."""
    text = stack.virsh("dumpxml", name, *more)
    return re.sub(r"\s*<metadata>.*?</metadata>|\s*<metadata/>", "", text, flags=re.S)


def qemu_of(ident):
    for cmdline in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            args = cmdline.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"qemu-system" in args[0] and ident.encode() in args:
            return int(cmdline.parent.name)
    return None


def power(name, verb, body=None):
    return stack.done(stack.call("POST", f"/vms/{stack.vm(name)['id']}/{verb}", body or {}))


def create(name, **more):
    stack.done(stack.call("POST", "/vms", {"name": name, **more}))
    return stack.vm(name)


def test_adopt_while_running():
    ident = define("theirs", "<sound model='ich9'/>")
    stack.virsh("autostart", "theirs")
    stack.virsh("start", "theirs")
    stack.until_state("theirs", "running")
    before, live, qemu = xml_of("theirs", "--inactive"), xml_of("theirs"), qemu_of(ident)
    look = stack.call("POST", f"/vms/{ident}/adopt", {"preview": True})
    assert look["name"] == "theirs" and look["state"] == "running", look
    assert any("sound card" in text for text in look["lost"]), look
    assert any("VNC over the network" in text for text in look["lost"]), look
    assert any("Disk vda" in text for text in look["kept"]), look
    assert "It starts with the host" in look["kept"], look
    assert [v["code"] for v in look["verdicts"]] == ["adopt-changes"], look
    assert stack.vm("theirs")["ours"] is False
    problem = stack.refused(422, "POST", f"/vms/{ident}/adopt", {})
    assert problem["code"] == "refused" and problem["details"]["lost"] == look["lost"], problem
    assert stack.vm("theirs")["ours"] is False and "urn:facet" not in stack.virsh("dumpxml", "theirs")
    vm = stack.call("POST", f"/vms/{ident}/adopt", {"confirm": True})
    assert vm["lost"] == look["lost"], vm
    assert vm["id"] == ident and vm["ours"] and vm["description"] == "made by hand" and vm["autostart"]["enabled"], vm
    assert vm["memory_mib"] == 128 and [d["target"] for d in vm["disks"]] == ["vda"] and not vm["disks"][0]["made"], vm
    until("it to run as ours", lambda: stack.vm("theirs")["state"] == "running")
    assert qemu_of(ident) == qemu and xml_of("theirs", "--inactive") == before and xml_of("theirs") == live
    assert ident in re.search(r"<metadata>.*?</metadata>", stack.virsh("dumpxml", "theirs"), re.S).group(0)
    problem = stack.refused(409, "POST", f"/vms/{ident}/adopt", {"preview": True})
    assert "already" in problem["message"], problem


def test_release():
    vm = stack.vm("theirs")
    before = xml_of("theirs", "--inactive")
    stack.call("POST", f"/vms/{vm['id']}/release", {})
    until("it to be another's", lambda: stack.vm("theirs")["ours"] is False)
    assert "urn:facet" not in stack.virsh("dumpxml", "theirs") + stack.virsh("dumpxml", "theirs", "--inactive")
    assert xml_of("theirs", "--inactive") == before and stack.vm("theirs")["state"] == "running"
    problem = stack.refused(409, "POST", f"/vms/{vm['id']}/release", {})
    assert "not made by Facet" in problem["message"], problem


def test_adopted_starts_as_ours():
    ident = stack.vm("theirs")["id"]
    stack.call("POST", "/vms/theirs/adopt", {"confirm": True})
    power("theirs", "stop", {"force": True})
    vm = stack.vm("theirs")
    power("theirs", "start")
    xml = stack.virsh("dumpxml", "theirs")
    assert "<sound" not in xml and "ua-disk-vda" in xml and ident in xml, xml
    assert "disable" in stack.virsh("dominfo", "theirs").split("Autostart:")[1].splitlines()[0]
    power("theirs", "stop", {"force": True})
    disk = pathlib.Path(vm["disks"][0]["path"])
    stack.done(stack.change("DELETE", stack.vm("theirs")))
    assert disk.exists() and "theirs" not in stack.virsh("list", "--all", "--name")  # it was not made for the VM


def test_release_gives_back():
    """Cases 17 and 18: what was not changed on purpose is there again, and what people wrote was there all the time."""
    ident, words = define("数据库-db", "<sound model='ich9'/>"), "Ask Mrs Miller before a restart. " * 40
    stack.virsh("desc", ident, "--title", "--new-desc", "Payroll")
    stack.virsh("desc", ident, "--new-desc", words)
    stack.virsh("autostart", ident)
    stack.call("POST", f"/vms/{ident}/adopt", {"confirm": True})
    vm = stack.vm(ident)
    assert len(vm["description"]) == 400 and words.startswith(vm["description"][:-1]) and vm["host_name"] == "db", vm
    stack.change("PATCH", vm, {"vcpus": 2})
    xml = stack.virsh("dumpxml", ident, "--inactive")
    assert words.strip() in xml and "<title>Payroll</title>" in xml and "<sound" not in xml, xml
    stack.call("POST", f"/vms/{ident}/release", {})
    xml = stack.virsh("dumpxml", ident, "--inactive")
    assert words.strip() in xml and "<title>Payroll</title>" in xml and "<sound" in xml and ">2</vcpu>" in xml, xml
    assert "urn:facet" not in xml and "enable" in stack.virsh("dominfo", ident).split("Autostart:")[1].splitlines()[0]
    stack.call("POST", f"/vms/{ident}/adopt", {"confirm": True})
    stack.change("PATCH", stack.vm(ident), {"description": "new", "nics": [{"network": "facet"}],
                                                "autostart": {"enabled": False}})
    kept = stack.call("POST", f"/vms/{ident}/release", {})
    assert kept["definition"] == "kept" and "was changed" in kept["sentence"] and "Its sound card" in kept["lost"], kept
    xml = stack.virsh("dumpxml", ident, "--inactive")  # with a NIC more it keeps what Facet made of it
    assert "<description>new</description>" in xml and "<title>Payroll</title>" in xml and "<sound" not in xml, xml
    assert "disable" in stack.virsh("dominfo", ident).split("Autostart:")[1].splitlines()[0]
    assert "keeps what Facet made" in str(stack.call("GET", "/events")["items"])
    stack.virsh("undefine", ident)


def test_release_says_what_stays_changed():
    """Cells, topology and pins belong to as much memory and as many vCPUs as there were."""
    ident = define("cells", "<sound model='ich9'/>")
    xml = stack.virsh("dumpxml", ident, "--inactive")
    vcpus = "<vcpu current='1'>4</vcpu><vcpus><vcpu id='0' enabled='yes' hotpluggable='no'/>" + "".join(
        f"<vcpu id='{n}' enabled='no' hotpluggable='yes'/>" for n in (1, 2, 3)) + "</vcpus>"
    pins = "<cputune><vcpupin vcpu='0' cpuset='0'/><vcpupin vcpu='3' cpuset='0'/></cputune>"
    cpu = ("<cpu mode='maximum'><topology sockets='1' cores='4' threads='1'/><numa><cell id='0' cpus='0-3' memory='131072'/></numa></cpu>")
    xml = re.sub(r"<cpu mode=.*?(/>|</cpu>)", cpu, xml, count=1, flags=re.S)
    (stack.dir / "cells.xml").write_text(re.sub(r"<vcpu .*?</vcpu>", vcpus + pins, xml, count=1))
    stack.virsh("define", str(stack.dir / "cells.xml"))
    stack.call("POST", f"/vms/{ident}/adopt", {"confirm": True})
    same = stack.call("POST", f"/vms/{ident}/release", {})
    assert same["definition"] == "restored" and same["lost"] == [], same
    stack.call("POST", f"/vms/{ident}/adopt", {"confirm": True})
    stack.change("PATCH", stack.vm(ident), {"vcpus": 2, "memory_mib": 256})
    back = stack.call("POST", f"/vms/{ident}/release", {})
    assert back["definition"] == "restored" and "but not all of it" in back["sentence"], back
    for word in ("NUMA cells", "CPU topology: 1 sockets × 4 cores", "2 of them pinned", "which of them are on"):
        assert any(word in text for text in back["lost"]), (word, back)
    assert not any("sound" in text for text in back["lost"]), back
    xml = stack.virsh("dumpxml", ident, "--inactive")
    assert "<sound" in xml and "<numa>" not in xml and "vcpu='0' cpuset='0'" in xml and "vcpu='3'" not in xml, xml
    event = next(e for e in stack.call("GET", "/events")["items"] if "cells is no longer" in str(e))
    assert "NUMA cells of the guest" in str(event), event
    stack.virsh("undefine", ident)


def test_release_gives_the_password_back():
    """A screen that had one is not open to everybody afterwards; and nobody is shown it."""
    open_screen = "<graphics type='vnc' port='-1' autoport='yes' listen='127.0.0.1'/>"
    locked = "<graphics type='vnc' port='5991' passwd='geheim'><listen type='address' address='0.0.0.0'/></graphics>"
    ident = define("locked", change=(open_screen, locked))
    look = stack.call("POST", f"/vms/{ident}/adopt", {"preview": True})
    assert any(text.startswith("The password of its screen") for text in look["lost"]), look
    seen = [look, stack.call("POST", f"/vms/{ident}/adopt", {"confirm": True})]
    seen.append(stack.change("PATCH", stack.vm(ident), {"vcpus": 2}))
    xml = stack.virsh("dumpxml", ident, "--inactive", "--security-info")
    assert "geheim" not in xml and "0.0.0.0" not in xml, xml
    seen.append(stack.call("POST", f"/vms/{ident}/release", {}))
    xml = stack.virsh("dumpxml", ident, "--inactive", "--security-info")
    assert "passwd='geheim'" in xml and "address='0.0.0.0'" in xml and ">2</vcpu>" in xml, xml
    seen += [stack.call("GET", path) for path in ("/events", "/tasks", "/audit", "/vms")]
    assert "geheim" not in str(seen), seen
    stack.virsh("undefine", ident)


def test_adopted_size():
    """Of a raw disk that is how long its file is, whatever its guest has written into its head."""
    path = stack.state / "disks" / "liar.img"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", str(path), "5T"], check=True)
    with open(path, "r+b") as file:
        file.truncate(1 << 30)
    stack.virsh("pool-refresh", "facet")
    ident = str(uuid.uuid4())
    xml = FOREIGN.format(name="liar", id=ident, disk=path, more="", nic="").replace("type='qcow2'", "type='raw'")
    (stack.dir / "liar.xml").write_text(xml)
    stack.virsh("define", str(stack.dir / "liar.xml"))
    until("it to be seen", lambda: any(v["name"] == "liar" for v in stack.call("GET", "/vms")["items"]))
    vm = stack.call("POST", f"/vms/{ident}/adopt", {"confirm": True})
    assert [(d["volume"], d["size_gib"]) for d in vm["disks"]] == [("liar.img", 1)], vm["disks"]
    stack.done(stack.change("DELETE", vm))
    stack.call("DELETE", "/volumes/facet:liar.img")


def test_released_file_is_nobodys():
    """What Facet knew of a file outside of all pools ends with the release: another may be in its place later."""
    path, ident = stack.dir / "out.img", str(uuid.uuid4())
    for number, fmt in enumerate(("qcow2", "raw")):
        subprocess.run(["qemu-img", "create", "-q", "-f", fmt, str(path), "64M"], check=True)
        xml = FOREIGN.format(name="out", id=ident, disk=path, more="", nic="").replace("type='qcow2'", f"type='{fmt}'")
        (stack.dir / "out.xml").write_text(xml)
        stack.virsh("define", str(stack.dir / "out.xml"))
        until("it to be seen", lambda: any(v["name"] == "out" and not v["ours"] for v in stack.call("GET", "/vms")["items"]))
        vm = stack.call("POST", f"/vms/{ident}/adopt", {"confirm": True})
        assert vm["disks"][0]["format"] == fmt, (number, vm["disks"])
        stack.call("POST", f"/vms/{ident}/release", {})
        stack.virsh("undefine", ident)
        until("it to be gone", lambda: not any(v["name"] == "out" for v in stack.call("GET", "/vms")["items"]))
        path.unlink()


def test_not_adoptable():
    ident = define("diskless", disk=False)
    xml = re.sub(r"<disk.*?</disk>", "", stack.virsh("dumpxml", "diskless", "--inactive"), flags=re.S)
    (stack.dir / "diskless.xml").write_text(xml)
    stack.virsh("define", str(stack.dir / "diskless.xml"))
    look = stack.call("POST", f"/vms/{ident}/adopt", {"preview": True})
    assert [v["code"] for v in look["verdicts"] if v["severity"] == "refuse"] == ["no-disk"], look
    problem = stack.refused(422, "POST", f"/vms/{ident}/adopt", {"confirm": True})
    assert "None of its disks" in problem["message"], problem
    stack.virsh("undefine", "diskless")
    ident = define("fleeting")
    stack.virsh("undefine", "fleeting")
    stack.virsh("create", str(stack.dir / "fleeting.xml"))
    stack.until_state("fleeting", "running")
    look = stack.call("POST", "/vms/fleeting/adopt", {"preview": True})
    assert "transient" in [v["code"] for v in look["verdicts"]], look
    stack.virsh("destroy", "fleeting")
    stack.refused(404, "POST", "/vms/none/adopt", {"preview": True})


def test_chain_by_definition():
    """What only the definition says that a disk stands on is in no record: the guest would lose what stands there."""
    base = stack.dir / "base.img"
    base.write_bytes(bytes(1 << 20))
    base.chmod(0o666)
    target = "<target dev='vda' bus='virtio'/>"
    below = f"<backingStore type='file'><format type='raw'/><source file='{base}'/><backingStore/></backingStore>"
    ident = define("based", change=(target, below + target))
    look = stack.call("POST", f"/vms/{ident}/adopt", {"preview": True})
    verdict = next(v for v in look["verdicts"] if v["severity"] == "refuse")
    assert str(base) in verdict["sentence"] and "qemu-img convert" in verdict["next"], look
    stack.refused(422, "POST", f"/vms/{ident}/adopt", {"confirm": True})
    assert str(base) in stack.virsh("dumpxml", ident, "--inactive")
    stack.virsh("undefine", ident)


def test_own_domain_loses_nothing():
    """What Facet defines, as libvirt writes it down: nothing of it would change, its NIC keeps its place."""
    vm = create("own", image="demo", memory_mib=128)
    stack.call("POST", f"/vms/{vm['id']}/release", {})
    look = stack.call("POST", f"/vms/{vm['id']}/adopt", {"preview": True})
    assert look["lost"] == [] and look["verdicts"] == [], look
    back = stack.call("POST", f"/vms/{vm['id']}/adopt", {})
    for key in ("os", "vcpus", "memory_mib", "uefi", "tpm", "agent", "boot", "nics"):
        assert back[key] == vm[key], (key, back[key], vm[key])
    assert [d["path"] for d in back["disks"]] == [d["path"] for d in vm["disks"]], back


def test_medium_of_before():
    """First-boot data that Facet made before a release is the VM's own again: replaced and deleted with it."""
    def media():
        return sorted(path.name for path in (stack.state / "disks").glob("seeded*seed*"))

    ident = define("seeded")
    stack.call("POST", f"/vms/{ident}/adopt", {"confirm": True})
    stack.change("PATCH", stack.vm(ident), {"cloud_init": {"user": "first", "password": "a long enough one"}})
    first = media()
    assert len(first) == 1, first
    stack.call("POST", f"/vms/{ident}/release", {})
    assert media() == first
    stack.call("POST", f"/vms/{ident}/adopt", {"confirm": True})
    stack.change("PATCH", stack.vm(ident), {"cloud_init": {"user": "second", "password": "a long enough one"}})
    second = media()
    assert len(second) == 1 and second != first, (first, second)
    stack.call("POST", f"/vms/{ident}/release", {})
    stack.call("POST", f"/vms/{ident}/adopt", {"confirm": True})
    stack.done(stack.change("DELETE", stack.vm(ident)))
    assert media() == [], media()


def test_template():
    made = stack.call("POST", "/templates", {"name": "small", "input": {"image": "demo", "memory_mib": 128, "vcpus": 2}})
    vm = create("from-template", template="small", vcpus=1)
    assert vm["vcpus"] == 1 and vm["memory_mib"] == 128 and vm["image"] == "demo" and vm["template"] == made["id"], vm
    saved = stack.call("POST", "/templates", {"name": "saved", "from_vm": "from-template"})
    assert saved["input"]["memory_mib"] == 128 and saved["input"]["image"] == "demo" and not saved["problems"], saved
    stack.done(stack.call("POST", "/vms", {"name": "from-saved", "template": saved["id"]}))
    for name in ("from-template", "from-saved"):
        stack.done(stack.change("DELETE", stack.vm(name)))


def test_template_with_problems():
    group = stack.call("POST", "/resource-groups", {"name": "short-lived", "rules": {"profile": PROFILE}})
    made = stack.call("POST", "/templates", {"name": "frail", "input": {"image": "demo", "memory_mib": 128,
                                                                        "devices": [{"group": group["id"]}]}})
    assert made["problems"] == [], made
    stack.call("DELETE", f"/resource-groups/{group['id']}", None, {"If-Match": "*"})
    now = stack.call("GET", f"/templates/{made['id']}")
    assert [p["field"] for p in now["problems"]] == ["devices"], now
    problem = stack.refused(400, "POST", "/vms", {"name": "frail-1", "template": "frail"})
    assert "The template “frail” cannot be used as it is" in problem["message"], problem
    assert problem["details"]["field"] == "devices"
    stack.refused(404, "GET", "/vms/frail-1")
    vm = create("frail-1", template="frail", devices=[])  # a value of one's own helps
    stack.done(stack.change("DELETE", vm))


# ---- with the host ----

def set_autostart(name, order, delay_s=0, enabled=True):
    return stack.change("PATCH", stack.vm(name), {"autostart": {"enabled": enabled, "order": order, "delay_s": delay_s}})


def stop_program(name):
    child = stack.children.pop(name)
    child.send_signal(signal.SIGTERM)
    assert child.wait(60) == 0, stack.log(name)


def reboot():
    """facetd and the VMs end, the host comes back with another boot id and without instances."""
    stop_program("facetd")
    for name in stack.virsh("list", "--name").split():
        stack.virsh("destroy", name)
    stop_program("helper")
    sim = stack.programs[2]
    subprocess.run([sim, "--sim-dir", stack.sim_dir, "reboot"], check=True, stdout=subprocess.DEVNULL)
    (stack.dir / "helper.sock").unlink(missing_ok=True)
    stack.start_helper()
    until("facet-helper", lambda: (stack.dir / "helper.sock").exists())
    stack.start_facetd()


def autostarts():
    return [t for t in stack.call("GET", "/tasks?limit=500")["items"] if t["kind"] == "vm.autostart"]


def group_of(profile):
    groups = stack.call("GET", "/resource-groups")["items"]
    return next(g for g in groups if g["rules"].get("profile") == profile and "A100" in g["rules"].get("model", ""))


def test_autostart():
    gpu = next(g for g in stack.call("GET", "/gpus")["items"] if "A100" in g["name"])
    plan = stack.call("POST", "/plans", {"kind": "carve", "gpu": gpu["id"], "profiles": {PROFILE: 1}})
    stack.done(stack.call("POST", f"/plans/{plan['id']}/apply", {}))
    group = group_of(PROFILE)["id"]
    for name, devices in (("last", []), ("with-gpu", [{"group": group}]), ("no-gpu-left", [{"group": group}])):
        create(name, image="demo", memory_mib=128, devices=devices)
    set_autostart("last", 30)
    set_autostart("with-gpu", 10)
    set_autostart("no-gpu-left", 20)
    assert stack.refused(400, "PATCH", f"/vms/{stack.vm('last')['id']}", {"autostart": {"order": 0}},
                         {"If-Match": "*"})["details"]["field"] == "order"
    assert autostarts() == []
    reboot()
    task = stack.ended(until("the task", lambda: next(iter(autostarts()), None)))
    assert [s["title"] for s in task["steps"]] == ["Wait for libvirt and the GPUs", "Start VM with-gpu",
                                                   "Start VM no-gpu-left", "Start VM last"], task
    assert [s["state"] for s in task["steps"]] == ["done", "done", "skipped", "done"], task
    assert task["state"] == "failed" and task["outcome"] == "2 of 3 VMs run." and task["user"] == "facet", task
    assert stack.vm("with-gpu")["state"] == "running" and stack.vm("last")["state"] == "running"
    part, = [p for d in stack.vm("with-gpu")["devices"] for p in d["parts"]]
    assert part["state"] == "in-use" and part["profile"] == PROFILE, part
    assert stack.vm("no-gpu-left")["state"] == "off"
    events = [e["text"] for e in stack.call("GET", "/events?limit=200")["items"]]
    assert any("VM no-gpu-left was not started with the host:" in text for text in events), events
    for name in ("last", "with-gpu", "no-gpu-left"):  # ours to start, not libvirt's
        assert "disable" in stack.virsh("dominfo", name).split("Autostart:")[1].splitlines()[0]


def test_restart_of_facetd_starts_nothing():
    power("last", "stop", {"force": True})
    stop_program("facetd")
    stack.start_facetd()
    until("the VMs", lambda: stack.vm("with-gpu")["state"] == "running")
    assert len(autostarts()) == 1 and stack.vm("last")["state"] == "off"


def test_killed_in_the_middle():
    set_autostart("no-gpu-left", 20, enabled=False)
    set_autostart("with-gpu", 10, delay_s=3)
    before = {t["id"] for t in autostarts()}
    reboot()
    task = until("the task", lambda: next((t for t in autostarts() if t["id"] not in before), None))
    until("the first VM", lambda: stack.call("GET", f"/tasks/{task['id']}")["steps"][1]["state"] == "done")
    stack.kill_facetd()
    stack.start_facetd()
    end = stack.done(task)
    assert [s["state"] for s in end["steps"]] == ["done"] * 3 and end["outcome"] == "2 of 2 VMs run.", end
    assert len(autostarts()) == 2 and stack.vm("last")["state"] == "running"


def test_cancelled():
    set_autostart("with-gpu", 10, delay_s=3600)
    before = {t["id"] for t in autostarts()}
    reboot()
    task = until("the task", lambda: next((t for t in autostarts() if t["id"] not in before), None))
    until("the first VM", lambda: stack.call("GET", f"/tasks/{task['id']}")["steps"][1]["state"] == "done")
    stack.call("POST", f"/tasks/{task['id']}/cancel", {})
    end = stack.ended(task)
    assert end["state"] == "cancelled" and end["outcome"] == "Cancelled: 1 of 2 VMs were started.", end
    assert stack.vm("last")["state"] == "off" and stack.vm("with-gpu")["state"] == "running"


def main():
    tests = [(n, f) for n, f in globals().items() if n.startswith("test_")]
    failed = 0
    print(f"1..{len(tests)}", flush=True)
    try:
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
        for name in stack.virsh("list", "--name").split():
            stack.virsh("destroy", name)
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
