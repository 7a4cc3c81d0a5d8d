#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Networks with a guest in them: net_life.py FACETD FACET-HELPER FACET-SIM, under tools/dev/with-libvirtd. Speaks TAP."""
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time
import traceback
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "contract/app"))
import live  # noqa: E402
from openapi import Contract  # noqa: E402
from stack import PATIENCE, Stack, TOP, WebSocket, until  # noqa: E402

stack = Stack(*sys.argv[1:4], host="small")
stack.answered = Contract(TOP / "api/openapi.yaml").check
MAC = "52:54:00:10:20:30"
LAB = {"name": "lab", "kind": "isolated", "subnet": "10.213.8.0/24"}
OTHERS = """<network><name>others</name><bridge name='virbr77' stp='on' delay='0'/>
<ip address='10.213.9.1' prefix='24'><dhcp><range start='10.213.9.2' end='10.213.9.9'/></dhcp></ip></network>"""


def network(name="lab"):
    return stack.call("GET", f"/networks/{name}")


def put(change, name="lab"):
    """The task that changes it."""
    return stack.call("PUT", f"/networks/{name}", change, {"If-Match": f'"{network(name)["revision"]}"'})


def preview(**question):
    return stack.call("POST", "/networks/preview", question)


def nic_address():
    """The address of the guest's NIC with its source, as the network's page shows it."""
    nic, = network()["nics"]
    assert nic["vm"]["name"] == "db-1" and nic["mac"] == MAC, nic
    return next(((a["address"], a["source"]) for a in nic["addresses"]), None)


class Stream(threading.Thread):
    """What the event stream tells of networks: (monotonic time, name, message)."""

    def __init__(self):
        super().__init__(daemon=True)
        self.seen = []
        self.connection = http.client.HTTPSConnection("127.0.0.1", stack.port, context=stack.tls, timeout=PATIENCE)
        self.connection.request("GET", "/api/v1/events/stream", headers=stack.auth())
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200, self.answer.status
        self.start()

    def run(self):
        kind = ""
        for line in self.answer:
            key, _, value = line.decode().rstrip("\n").partition(": ")
            if key == "event":
                kind = value
            elif key == "data" and kind == "network":
                message = json.loads(value)
                self.seen.append((time.monotonic(), message["id"], message))

    def wait(self, what, name, fits):
        return until(what, lambda: next((m for m in self.seen if m[1] == name and fits(m[2])), None))


def test_first_network():
    """A new host gets one, so that the first VM has a network."""
    first = until("the first network", lambda: next((n for n in stack.call("GET", "/networks")["items"]), None))
    assert first["name"] == "facet" and first["kind"] == "nat" and first["ours"] and first["active"], first
    assert "facet" in stack.virsh("net-list", "--name")


def test_bad_input():
    before = stack.virsh("net-list", "--all", "--name")
    for field, change in (("name", {"name": "<x>"}), ("name", {"name": "facet"}), ("kind", {"kind": "other"}),
                          ("subnet", {"subnet": "127.0.1.0/24"}), ("subnet", {"subnet": network("facet")["subnet"]}),
                          ("dhcp", {"dhcp": {"first": "10.213.8.9", "last": "10.213.8.1"}}),
                          ("dhcp", {"subnet": "10.64.0.0/15", "dhcp": {"first": "10.64.0.9", "last": "10.65.0.9"}}), ("colour", {"colour": "red"}),
                          ("bridge", {"bridge": "br0"}), ("vlan", {"vlan": 7})):
        problem = stack.refused(409 if change.get("name") == "facet" else 400, "POST", "/networks", {**LAB, **change})
        if problem["code"] != "exists":
            assert problem["details"]["field"] == field, problem
    tagged = {"name": "v", "kind": "bridge", "bridge": "virbr0", "vlan": 7}
    for field, bad in (("bridge", {"name": "b", "kind": "bridge", "bridge": "none9"}),
                       ("interface", {"name": "d", "kind": "direct", "interface": "none9"}),
                       *([] if live.libvirt_tags_bridges() else [("vlan", tagged)])):
        problem = stack.refused(400, "POST", "/networks", bad)
        assert problem["details"]["field"] == field and problem["details"]["verdicts"], problem
    for field, bad in (("action", {"action": "paint"}), ("id", {"action": "delete"}), ("input", {"action": "create"})):
        assert stack.refused(400, "POST", "/networks/preview", bad)["details"]["field"] == field
    assert stack.virsh("net-list", "--all", "--name") == before


def test_static_lease():
    """The guest asks by DHCP and gets the address that was fixed for its MAC."""
    said = preview(action="create", input=LAB)
    assert said["interrupts"] == [] and said["verdicts"] == [] and len(said["changes"]) >= 3, said
    made = stack.call("POST", "/networks", LAB)
    assert made["active"] and made["autostart"] and made["nics"] == [], made
    stack.done(put({"static_leases": [{"mac": MAC, "address": "10.213.8.77", "name": "db-1"}]}))
    stack.done(stack.call("POST", "/vms", {"name": "db-1", "image": "demo", "memory_mib": 256,
                                            "nics": [{"network": "lab", "mac": MAC}]}))
    assert nic_address() == ("10.213.8.77", "reserved"), network()
    stack.done(stack.call("POST", f"/vms/{stack.vm('db-1')['id']}/start", {}))
    until("the lease", lambda: nic_address() == ("10.213.8.77", "static"))
    until("the VM's address", lambda: stack.vm("db-1")["nics"][0]["addresses"] == ["10.213.8.77"])
    serial = WebSocket(stack, f"/vms/{stack.vm('db-1')['id']}/console/serial")
    until("the address in the guest", lambda: b"10.213.8.77/24" in in_guest(serial, b"ip addr show"))
    serial.close()


def in_guest(serial, command):
    """What the shell of the guest answers; nothing when it does not answer yet."""
    serial.send(b"\r" + command + b"; echo an''swered\r")
    try:
        return serial.read_until(b"answered", 15)
    except (AssertionError, TimeoutError):
        return b""


def test_live_change():
    """DHCP changes while the guest runs, and nothing is restarted."""
    bridge = network()["bridge"]
    said = preview(action="update", id="lab", input={"dhcp": {"first": "10.213.8.100", "last": "10.213.8.110"}})
    assert said["interrupts"] == [] and "10.213.8.100" in said["changes"][0], said
    task = stack.done(put({"dhcp": {"first": "10.213.8.100", "last": "10.213.8.110"}, "autostart": False}))
    assert [step["state"] for step in task["steps"]] == ["done"] and task["outcome"] == "Network lab is changed.", task
    after = network()
    assert after["bridge"] == bridge and not after["autostart"] and after["dhcp"]["last"] == "10.213.8.110", after
    assert "10.213.8.110" in stack.virsh("net-dumpxml", "lab") and nic_address() == ("10.213.8.77", "static")


def test_subnet_change():
    """The network is restarted; the VM that runs is plugged in again and gets an address of the new subnet."""
    change = {"subnet": "10.213.18.0/24", "static_leases": [{"mac": MAC, "address": "10.213.18.77"}]}
    problem = stack.refused(400, "PUT", "/networks/lab", {"subnet": "10.213.18.0/24"}, {"If-Match": f'"{network()["revision"]}"'})
    assert problem["details"]["field"] == "static_leases", problem
    said = preview(action="update", id="lab", input=change)
    assert said["interrupts"] == ["db-1"] and said["verdicts"] == [], said
    task = stack.done(put(change))
    assert [step["title"] for step in task["steps"]] == ["Change its definition", "Restart the network",
                                                         "Plug VM db-1 in again"], task
    assert "VM db-1 is plugged in again." in [line["text"] for line in task["log"]], task
    is_plugged("10.213.18.77")


def is_plugged(address):
    """The NIC has its link, on the bridge that the network has now, and what comes over it is the network's."""
    bridge = re.search(r"<bridge name='(\w+)'", stack.virsh("net-dumpxml", "lab")).group(1)
    assert f"bridge='{bridge}'" in stack.virsh("dumpxml", "db-1") and network()["bridge"] == bridge
    assert stack.virsh("domif-getlink", "db-1", MAC).split()[-1] == "up"
    serial = WebSocket(stack, f"/vms/{stack.vm('db-1')['id']}/console/serial")
    until("the new address", lambda: address.encode() + b"/24" in in_guest(serial, b"udhcpc -n -q -i eth0 -s /etc/udhcpc; ip addr show"))
    serial.close()
    until("the new lease", lambda: nic_address() == (address, "static"))


def crash():
    """facetd ends in the middle of what the proxy stops, and comes back."""
    assert stack.proxy.stopped.wait(PATIENCE), "facetd did not come to where it was to be stopped"
    stack.kill_facetd()
    stack.proxy.mend()
    stack.start_facetd()


def to_subnet(number):
    return {"subnet": f"10.213.{number}.0/24", "static_leases": [{"mac": MAC, "address": f"10.213.{number}.77"}]}


# Before and after each thing that libvirt is told to do: nothing is done; defined; still running as before; stopped;
# started, and the NIC hangs on a bridge that is gone; plugged in without link; all done, and nobody knows.
PLACES = (("list-all-domains", False, 1), ("network-define", False, 1), ("network-define", True, 1),
          ("network-destroy", False, 1), ("network-destroy", True, 1), ("network-create", True, 1),
          ("domain-update-device", True, 1), ("domain-update-device", True, 2))


def test_killed_anywhere():
    """The next start goes on: the network is as it was asked for, and the VM has its link."""
    for number, place in enumerate(PLACES, 20):
        stack.proxy.stop_at(*place)
        begin = time.monotonic()
        task = put(to_subnet(number))
        crash()
        end = stack.done(task)
        assert network()["subnet"] == f"10.213.{number}.0/24", network()
        is_plugged(f"10.213.{number}.77")
        print(f"# killed at {place}: {end['outcome']} {time.monotonic() - begin:.1f} s", flush=True)


def test_killed_in_a_live_change():
    """Of several things that are told one by one."""
    stack.proxy.stop_at("network-update", True, 2)
    address = network()["static_leases"][0]["address"]
    first = address.rsplit(".", 1)[0]
    leases = [{"mac": MAC, "address": address}] + [{"mac": f"52:54:00:10:20:4{i}", "address": f"{first}.8{i}"} for i in range(4)]
    task = put({"static_leases": leases, "dhcp": {"first": f"{first}.100", "last": f"{first}.120"}})
    crash()
    stack.done(task)
    after = network()
    assert sorted(lease["address"] for lease in after["static_leases"]) == sorted(lease["address"] for lease in leases), after
    assert after["dhcp"] == {"first": f"{first}.100", "last": f"{first}.120"}, after
    assert f"{first}.83" in stack.virsh("net-dumpxml", "lab")
    stack.done(put({"static_leases": leases[:1]}))


def test_one_act_at_once():
    """While one is under way others are refused, and so is the subnet that it leads to; libvirtd that goes away is waited for."""
    stack.proxy.stop_at("network-destroy")
    task = put(to_subnet(40))
    assert stack.proxy.stopped.wait(PATIENCE)
    for method, body in (("PUT", {"autostart": True}), ("DELETE", None)):
        problem = stack.refused(409, method, "/networks/lab", body, {"If-Match": f'"{network()["revision"]}"'})
        assert problem["code"] == "conflict" and "is being changed" in problem["message"], problem
    for subnet in ("10.213.40.0/24", f"10.213.{19 + len(PLACES)}.0/24"):  # where it goes, and where it may have to go back to
        problem = stack.refused(400, "POST", "/networks", {"name": "other", "kind": "isolated", "subnet": subnet})
        assert problem["details"]["field"] == "subnet", problem
    stack.proxy.cut()
    stack.proxy.mend()
    stack.done(task)
    is_plugged("10.213.40.77")


def test_killed_on_the_way_back():
    """What cannot be started is made as it was, also by the next facetd; the VM has its link."""
    stack.proxy.stop_at("network-destroy")
    task = put(to_subnet(41))
    assert stack.proxy.stopped.wait(PATIENCE)
    xml = stack.dir / "taken.xml"
    xml.write_text(OTHERS.replace("others", "taken").replace("virbr77", "virbr78").replace("10.213.9.", "10.213.41."))
    stack.virsh("net-define", str(xml))
    stack.virsh("net-start", "taken")  # after the change was judged, and before it comes to it
    stack.kill_facetd()
    stack.proxy.stop_at("network-create", True, 2)  # the first one is refused by libvirt
    stack.start_facetd()
    crash()
    end = stack.ended(task)
    stack.virsh("net-destroy", "taken")
    stack.virsh("net-undefine", "taken")
    assert end["state"] == "undone" and end["outcome"] == "Network lab is as it was.", end
    assert "in use" in end["error"]["message"], end
    assert network()["subnet"] == "10.213.40.0/24"
    is_plugged("10.213.40.77")


def test_a_vm_that_hangs():
    """It is named, and the change stands; what was begun with it happens when it comes back."""
    qemu = live.qemu_of(stack.vm("db-1")["id"])
    live.send(qemu, signal.SIGSTOP)
    try:
        end = stack.ended(put(to_subnet(42)))
    finally:
        live.send(qemu, signal.SIGCONT)
    assert end["state"] == "failed" and "VM db-1" in end["outcome"] and end["outcome"].startswith("Network lab is changed"), end
    assert [step["state"] for step in end["steps"]] == ["done", "done", "failed"] and "db-1" in end["error"]["message"], end
    is_plugged("10.213.42.77")


def test_killed_while_made_or_deleted():
    """Neither half of it stays."""
    half = {"name": "half", "kind": "isolated", "subnet": "10.213.50.0/24"}

    def ask(method, path, body=None):
        try:
            stack.call(method, path, body)
        except OSError:
            pass  # facetd is killed over it

    def killed(place, *request):
        stack.proxy.stop_at(*place)
        asking = threading.Thread(target=ask, args=request)
        asking.start()
        crash()
        asking.join()
        until("what was left over to be settled", lambda: "half" not in stack.virsh("net-list", "--all", "--name"))

    killed(("network-define", True, 1), "POST", "/networks", half)
    stack.call("POST", "/networks", half)
    killed(("network-destroy", True, 1), "DELETE", "/networks/half")
    ended, = [t for t in stack.call("GET", "/tasks?limit=500")["items"] if t["kind"] == "network.delete" and t["subject"]["id"] == "half"]
    assert stack.done(ended)["outcome"] == "Network half is gone.", ended
    stack.call("POST", "/networks", half)
    stack.done(stack.call("DELETE", "/networks/half"))


def test_others():
    """What virsh does is told by itself; what it made is left alone."""
    stream = Stream()
    xml = stack.dir / "others.xml"
    xml.write_text(OTHERS)
    slowest = 0.0
    for verb, argument, fits in (("net-define", xml, lambda m: not m.get("deleted")), ("net-start", "others", lambda m: m.get("active")),
                                 ("net-destroy", "others", lambda m: m.get("active") is False),
                                 ("net-undefine", "others", lambda m: m.get("deleted"))):
        stream.seen.clear()
        begin = time.monotonic()
        stack.virsh(verb, str(argument))
        at, _, message = stream.wait(verb, "others", fits)
        slowest = max(slowest, at - begin)
        if verb == "net-start":
            assert not message["ours"]
            problem = stack.refused(409, "DELETE", "/networks/others")
            assert problem["code"] == "conflict", problem
            said = preview(action="delete", id="others")
            assert [v["code"] for v in said["verdicts"]] == ["not-ours"], said
    print(f"# what virsh does was told after {slowest:.2f} s at the latest", flush=True)


def test_nobody_waits_for_a_deletion():
    """While libvirt takes its time over one, others are made and changed; nobody is attached to what goes (A3)."""
    slow = {"name": "slow", "kind": "isolated", "subnet": "10.213.60.0/24"}
    quick = {"name": "quick", "kind": "isolated", "subnet": "10.213.61.0/24"}
    stack.call("POST", "/networks", slow)
    stack.proxy.stop_at("network-destroy")
    going = stack.call("DELETE", "/networks/slow")
    assert stack.proxy.stopped.wait(PATIENCE)
    problem = stack.refused(409, "POST", "/vms", {"name": "late", "image": "demo", "nics": [{"network": "slow"}]})
    assert "is being deleted" in problem["message"], problem
    assert stack.refused(409, "DELETE", "/networks/slow")["code"] == "conflict"
    stack.call("POST", "/networks", quick)
    stack.done(put({"autostart": False}, "quick"))
    assert stack.call("GET", f"/tasks/{going['id']}")["state"] == "running"
    stack.proxy.cut()
    stack.proxy.mend()
    stack.done(going)
    stack.done(stack.call("DELETE", "/networks/quick"))


def on_host(*command):
    """On the host as libvirt sees it."""
    netns = pathlib.Path(os.environ["FACET_TEST_NETNS"]).read_text().strip()
    done = subprocess.run(["nsenter", f"--net={netns}", *command], check=True, stdout=subprocess.PIPE)
    return done.stdout.decode()


def routed_to(subnet, kind="isolated", **more):
    said = preview(action="create", input={"name": "r", "kind": kind, "subnet": subnet, **more})
    return [(v["severity"], v["code"], v["sentence"]) for v in said["verdicts"] if v["code"] != "no-way-out"]


def test_routes():
    """What the host reaches by a route of any table is named, and asked about, before guests take it (case 08)."""
    if os.geteuid() != 0:
        return
    for command in ("link add vpn0 type bridge", "addr add 100.100.0.2/32 dev vpn0", "link set vpn0 up",
                    "route add 10.50.0.0/16 dev vpn0", "route add 10.51.0.0/16 dev vpn0 table 220",
                    "route add blackhole 10.52.0.0/16", "route add 10.53.7.128/25 via 10.50.0.9 dev vpn0 onlink",
                    "addr add 10.54.0.9/32 dev lo", "route add default dev vpn0 table 51820"):
        on_host("ip", *command.split())
    try:
        for subnet, severity, words in (("10.50.7.0/24", "confirm", ("10.50.0.0/16", "vpn0", "table main")),
                                        ("10.51.7.0/24", "confirm", ("10.51.0.0/16", "vpn0", "table 220")),
                                        ("10.52.7.0/24", "confirm", ("10.52.0.0/16", "refuses", "table main")),
                                        ("10.53.7.0/24", "confirm", ("10.53.7.128/25", "vpn0", "table main")),
                                        ("10.54.0.0/24", "refuse", ("10.54.0.9/32", "lo", "table local")),
                                        ("10.50.0.0/16", "refuse", ("10.50.0.0/16", "vpn0", "table main")),
                                        ("10.52.0.0/16", "refuse", ("10.52.0.0/16", "table main"))):
            (has, _, sentence), = routed_to(subnet)
            assert has == severity and all(word in sentence for word in words), (subnet, sentence)
        assert routed_to("10.55.0.0/24") == []
        # What is refused, libvirt refuses too; what is asked about, it makes.
        problem = stack.refused(400, "POST", "/networks", {"name": "r", "kind": "isolated", "subnet": "10.50.0.0/16"})
        assert problem["details"]["field"] == "subnet" and "192.168." in problem["next"], problem
        part = {"name": "r", "kind": "isolated", "subnet": "10.50.7.0/24"}
        assert stack.refused(422, "POST", "/networks", part)["details"]["verdicts"][0]["code"] == "route-crossed"
        stack.call("POST", "/networks?confirm=1", part)
        assert "virbr" in on_host("ip", "route", "get", "10.50.7.9")
        addresses = {i["name"]: i["addresses"] for i in stack.call("GET", "/host-interfaces")["items"]}
        assert "100.100.0.2/32" in addresses["vpn0"] and "10.50.7.1/24" in addresses[network("r")["bridge"]], addresses
        stack.done(stack.call("DELETE", "/networks/r"))
    finally:
        on_host("ip", "link", "del", "vpn0")
        on_host("ip", "addr", "del", "10.54.0.9/32", "dev", "lo")
        on_host("ip", "route", "del", "blackhole", "10.52.0.0/16")


def test_public():
    """A routed network has the addresses that are routed here, whatever they are; NAT asks (case 14)."""
    for kind, subnet in (("routed", "203.0.113.16/28"), ("routed", "100.64.3.0/24"), ("isolated", "198.51.100.0/24")):
        made = stack.call("POST", "/networks", {"name": "pub", "kind": kind, "subnet": subnet})
        assert made["active"] and made["subnet"] == subnet, made
        stack.done(stack.call("DELETE", "/networks/pub"))
    asked = {"name": "pub", "kind": "nat", "subnet": "8.8.8.0/24"}
    problem = stack.refused(422, "POST", "/networks", asked)
    assert problem["details"]["verdicts"][0]["code"] == "public-subnet", problem
    assert stack.call("POST", "/networks?confirm=1", asked)["active"]
    stack.done(stack.call("DELETE", "/networks/pub"))


def test_several_subnets():
    """What others' networks have is shown in full, whatever they are called."""
    name = "a%2Fb ü"
    path = "/networks/" + urllib.parse.quote(name, safe="")
    xml = stack.dir / "several.xml"
    xml.write_text(f"<network><name>{name}</name><bridge name='virbr78'/><ip address='10.213.70.1' prefix='24'><dhcp>"
                   "<range start='10.213.70.10' end='10.213.70.20'/><range start='10.213.70.100' end='10.213.70.120'/></dhcp></ip>"
                   "<ip address='10.213.71.1' prefix='24'/><ip family='ipv6' address='fd00:7::1' prefix='64'/></network>")
    stack.virsh("net-define", str(xml))
    try:
        seen = stack.call("GET", path)
        assert seen["name"] == name and [s["subnet"] for s in seen["subnets"]] == ["10.213.70.0/24", "10.213.71.0/24", "fd00:7::/64"], seen
        assert [r["last"] for r in seen["subnets"][0]["ranges"]] == ["10.213.70.20", "10.213.70.120"], seen
        assert [v[1] for v in routed_to("10.213.71.128/25")] == ["subnet-taken"], routed_to("10.213.71.128/25")
    finally:
        stack.virsh("net-undefine", name)


def test_delete():
    problem = stack.refused(409, "DELETE", "/networks/lab")
    assert problem["code"] == "in-use" and problem["details"]["holders"] == ["db-1"], problem
    vm = stack.vm("db-1")
    stack.done(stack.call("POST", f"/vms/{vm['id']}/stop", {"force": True}))
    stack.done(stack.change("DELETE", stack.vm("db-1")))
    task = stack.call("DELETE", "/networks/lab", None, {"If-Match": f'"{network()["revision"]}"'})
    assert task["kind"] == "network.delete" and stack.done(task)["outcome"] == "Network lab is gone.", task
    stack.refused(404, "GET", "/networks/lab")
    assert "lab" not in stack.virsh("net-list", "--all", "--name")


def test_large_subnet():
    """The default range of a large subnet is cut to what libvirt takes, and a guest gets an address of it (case 07)."""
    for subnet, last in (("10.0.0.0/8", "10.0.255.255"), ("172.16.0.0/12", "172.16.255.255"), ("10.64.0.0/15", "10.64.255.255")):
        made = stack.call("POST", "/networks", {"name": "large", "kind": "routed", "subnet": subnet})
        assert made["active"] and made["dhcp"]["last"] == last, made
        if subnet != "10.64.0.0/15":
            stack.done(stack.call("DELETE", "/networks/large"))
    stack.done(put({"subnet": "10.96.0.0/11"}, "large"))
    assert network("large")["dhcp"] == {"first": "10.96.0.2", "last": "10.96.255.255"}, network("large")
    stack.done(stack.call("POST", "/vms", {"name": "db-2", "image": "demo", "memory_mib": 256, "nics": [{"network": "large"}]}))
    stack.done(stack.call("POST", f"/vms/{stack.vm('db-2')['id']}/start", {}))
    lease = until("a lease of the large subnet", lambda: next(iter(network("large")["leases"]), None))
    assert lease["address"].startswith("10.96."), lease
    stack.done(stack.call("POST", f"/vms/{stack.vm('db-2')['id']}/stop", {"force": True}))
    stack.done(stack.change("DELETE", stack.vm("db-2")))
    stack.done(stack.call("DELETE", "/networks/large"))


def test_vlan():
    """Direct with a tag is on an interface that is added for it, comes back when it was taken away, and goes with the network."""
    if os.geteuid() != 0:
        return
    on_host("ip", "link", "add", "eno1", "type", "veth", "peer", "name", "eno1-far")
    on_host("ip", "addr", "add", "10.213.80.7/24", "dev", "eno1")
    on_host("ip", "link", "set", "eno1", "up")
    on_host("ip", "link", "set", "eno1-far", "up")
    floor = {"name": "floor", "kind": "direct", "interface": "eno1", "vlan": 30}
    try:
        until("the card", lambda: any(i["name"] == "eno1" for i in stack.call("GET", "/host-interfaces")["items"]))
        before = on_host("ip", "-o", "addr", "show", "dev", "eno1")
        said = preview(action="create", input=floor)
        assert said["verdicts"] == [] and any("eno1.30" in change for change in said["changes"]), said
        if not has_vlans():  # said, and nothing of it stays
            problem = stack.refused(501, "POST", "/networks", floor)
            assert "8021q" in problem["message"] and "floor" not in stack.virsh("net-list", "--all", "--name"), problem
            assert json.loads((stack.dir / "helper/vlans.json").read_text()) == {}
            return
        made = stack.call("POST", "/networks", floor)
        assert (made["interface"], made["vlan"], made["device"], made["active"]) == ("eno1", 30, "eno1.30", True), made
        link = on_host("ip", "-d", "link", "show", "dev", "eno1.30")
        assert "vlan protocol 802.1Q id 30" in link and "eno1.30@eno1" in link and "UP" in link and "Facet" in link, link
        assert on_host("ip", "-o", "addr", "show", "dev", "eno1.30") == "" and on_host("ip", "-o", "addr", "show", "dev", "eno1") == before
        for field, bad in (("vlan", {**floor, "name": "second"}), ("interface", {**floor, "name": "third", "interface": "eno1.30", "vlan": 31})):
            assert stack.refused(400, "POST", "/networks", bad)["details"]["field"] == field
        problem = stack.refused(400, "PUT", "/networks/floor", {"vlan": 31}, {"If-Match": f'"{network("floor")["revision"]}"'})
        assert problem["details"]["field"] == "vlan", problem
        # As after a restart of the host: it is made again from what is written down, whoever asks.
        stack.children.pop("helper").terminate()
        on_host("ip", "link", "del", "eno1.30")
        stack.start_helper()
        until("the interface to be made again", lambda: "eno1.30" in on_host("ip", "-o", "link"))
        stack.done(stack.call("DELETE", "/networks/floor"))
        assert "eno1.30" not in on_host("ip", "-o", "link") and on_host("ip", "-o", "addr", "show", "dev", "eno1") == before
        # What somebody else made, or uses meanwhile, stays.
        on_host("ip", "link", "add", "link", "eno1", "name", "office", "type", "vlan", "id", "30")
        problem = stack.refused(400, "POST", "/networks", floor)
        assert problem["details"]["field"] == "vlan" and "office" in problem["message"], problem
        on_host("ip", "link", "del", "office")
        stack.call("POST", "/networks", floor)
        on_host("ip", "addr", "add", "10.213.81.7/24", "dev", "eno1.30")
        task = stack.done(stack.call("DELETE", "/networks/floor"))
        assert any("10.213.81.7" in line["text"] for line in task["log"]) and "eno1.30" in on_host("ip", "-o", "link"), task
        on_host("ip", "link", "del", "eno1.30")
        # facetd ends in the middle of making it: nothing of it stays.
        stack.proxy.stop_at("network-define")
        asking = threading.Thread(target=lambda: ask_for(floor))
        asking.start()
        crash()
        asking.join()
        until("the interface to be gone", lambda: "eno1.30" not in on_host("ip", "-o", "link"))
    finally:
        on_host("ip", "link", "del", "eno1")


def has_vlans():
    """This machine's kernel can make interfaces of VLANs."""
    try:
        on_host("ip", "link", "add", "link", "eno1", "name", "trial", "type", "vlan", "id", "4000")
    except subprocess.CalledProcessError:
        return False
    on_host("ip", "link", "del", "trial")
    return True


def ask_for(body):
    try:
        stack.call("POST", "/networks", body)
    except OSError:
        pass  # facetd is killed over it


def test_first_network_stays_away():
    """Who deletes the first network is not given it again."""
    stack.done(stack.call("DELETE", "/networks/facet"))
    stack.kill_facetd()
    stack.start_facetd()
    time_out = time.monotonic() + 3
    while time.monotonic() < time_out:
        assert stack.call("GET", "/networks")["items"] == []
        time.sleep(0.2)


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
        if failed or sys.exc_info()[0]:
            print("# facetd: " + stack.log("facetd").replace("\n", "\n# "), flush=True)
        try:
            stack.stop()
        except AssertionError as fault:
            failed += 1
            print(f"Bail out! {fault}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
