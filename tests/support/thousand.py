# SPDX-License-Identifier: Apache-2.0
"""A node with many VMs for libvirt's test driver: half of them ours, in three states.

    uri = thousand.write_node(path, 1000); thousand.write_documents(database, 1000)

Also a program: thousand.py FOLDER N writes FOLDER/node.xml and adds the documents to FOLDER/facet.db.
"""
import json
import pathlib
import sqlite3
import sys
import uuid

SPACE = uuid.UUID("7f2dbf34-5c0c-4d3f-9d57-0a3f2c1e6a11")
WORDS = ("web", "db", "build", "desk", "llm")
RUNNING, PAUSED, OFF = 1, 3, 5


def vm_id(i):
    return str(uuid.uuid5(SPACE, str(i)))


def name(i):
    return f"{WORDS[i % len(WORDS)]}-{i}"


def ours(i):
    return i % 2 == 0


def state(i):
    return {"running": RUNNING, "paused": PAUSED, "off": OFF}[state_name(i)]


def state_name(i):
    return "paused" if i % 25 == 0 else "running" if i % 5 < 3 else "off"


def mac(i):
    return "52:54:00:%02x:%02x:%02x" % (i >> 16 & 255, i >> 8 & 255, i & 255)


def domain(i):
    metadata = (f"<metadata><facet:vm xmlns:facet='urn:facet:vm:1' id='{vm_id(i)}'/></metadata>"
                if ours(i) else "")
    return f"""<domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'>
<name>{name(i)}</name><uuid>{vm_id(i)}</uuid>{metadata}<memory unit='MiB'>{512 << i % 6}</memory>
<vcpu>{1 + i % 8}</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/var/lib/x/{vm_id(i)}.qcow2'/>
<target dev='vda' bus='virtio'/></disk>
<interface type='network'><mac address='{mac(i)}'/><source network='default'/><model type='virtio'/></interface>
<serial type='pty'/><console type='pty'/><graphics type='vnc'/></devices>
<test:runstate>{state(i)}</test:runstate></domain>"""


NETWORK = """<network><name>default</name><bridge name='virbr0'/><forward mode='nat'/>
<ip address='192.168.122.1' netmask='255.255.255.0'><dhcp><range start='192.168.122.2' end='192.168.122.254'/></dhcp>
</ip></network>"""


def write_node(path, n):
    path = pathlib.Path(path)
    parts = ["<node><cpu><mhz>3000</mhz><model>x86_64</model><active>8</active><nodes>1</nodes><sockets>1</sockets>"
             "<cores>8</cores><threads>1</threads></cpu><memory>67108864</memory>", NETWORK]
    parts += [domain(i) for i in range(n)] + ["</node>\n"]
    path.write_text("\n".join(parts))
    return f"test://{path.resolve()}"


def document(i):
    return {"id": vm_id(i), "name": name(i), "description": f"number {i}", "image": "demo", "disk": f"/var/lib/x/{vm_id(i)}.qcow2",
            "disk_format": "qcow2", "vcpus": 1 + i % 8, "disk_gib": 10, "memory_mib": 512 << i % 6, "uefi": False,
            "devices": [], "nics": [{"network": "default", "mac": mac(i)}], "state": "ready", "run": None,
            "created_ms": 1_700_000_000_000 + i, "keep_disk": False}


def write_documents(database, n):
    """Into the database of a facetd that does not run."""
    with sqlite3.connect(database) as db:
        revision, = db.execute("select revision from meta").fetchone()
        for i in filter(ours, range(n)):
            db.execute("insert into docs values(?, ?, ?)", (f"vm/{vm_id(i)}", revision, json.dumps(document(i))))
            db.execute("insert into docs values(?, ?, ?)", (f"vm-name/{name(i)}", revision, json.dumps({"id": vm_id(i)})))
    db.close()


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    print(write_node(folder / "node.xml", int(sys.argv[2])))
    write_documents(folder / "facet.db", int(sys.argv[2]))
