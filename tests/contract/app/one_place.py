#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""S1, cases 01 and 02: one place knows what a volume is (ADR 6), and no other code asks libvirt or qemu-img: one_place.py SRC. TAP."""
import pathlib
import re
import sys

SRC = pathlib.Path(sys.argv[1])
FILES = {str(p.relative_to(SRC)): p.read_text() for p in sorted(SRC.rglob("*.[ch]"))}
RECORD = "app/storage/volume_record.c"  # makes and changes volumes
RECORDS = "app/storage/volume_records.c"  # knows them
OPEN = "app/storage/volume_open.c"

# What only these files may say, and why.
ONLY = [
    ("libvirt's word on the format of a volume is read by nobody", r'"target/format"|target/format', []),
    ("what a volume's bytes claim to stand on is read once, and only keeps files from being deleted",
     r'backingStore/path"|[>.]claim\b', ["virt/storage_xml.c", RECORDS, "app/storage/volume_survey.c", "model/storage.c"]),
    ("volumes are made, copied, grown and deleted by the keeper of the records",
     r"ops->(volume_create|volume_copy|volume_grow|volume_delete|copy_end)\b",
     [RECORD, "virt/volume_convert.c", "virt/volume_copy.c"]),
    ("libvirt's copy, which probes its source, is for a qcow2 onto a device", r"virStorageVolCreateXMLFrom", ["virt/volume_copy.c"]),
    ("libvirt's resize, which probes, is for what is no raw file", r"virStorageVolResize", ["virt/volume.c"]),
    ("libvirt makes volumes by our description of them", r"virStorageVolCreateXML\b", ["virt/volume.c"]),
    ("a domain is described with the layers of the records", r"fct_vm_spec\(", ["app/domains/vm_doc.c", "app/domains/vm_doc.h", OPEN]),
    # What an adopted definition says of them is only compared with the record (same_chain of volume_look.c).
    ("the layers below a disk come from the records",
     r"->below = (?!fct_layers_copy|NULL)", [OPEN, "virt/adopt_devices.c"]),
    ("records are written where they are kept", r'"volume/', [RECORDS, "app/storage/volume_inspect.c"]),
    ("qemu-img is called where its format is told", r'"qemu-(img|io|nbd)"', ["virt/disk.c"]),
    ("a stranger's bytes are recognised by rules alone", r"fct_volume_judge\(", ["core/volume_rules.c", "core/volume_rules.h",
                                                                                 "app/storage/volume_inspect.c"]),
]


def check_only(pattern, allowed):
    return [f"{name}: {line.strip()}" for name, text in FILES.items() if name not in allowed
            for line in text.splitlines() if re.search(pattern, line)]


def check_formats():
    """Each call of qemu-img says "-f"."""
    calls = re.findall(r"argv\[\]\s*=\s*\{([^}]*)\}", FILES["virt/disk.c"])
    tools = [c for c in calls if '"qemu-img"' in c]
    assert tools, "no call of qemu-img was found"
    return [c for c in tools if '"-f"' not in c]


def check_backing():
    """Where a file stands on another, XML for libvirt says the other's format."""
    faults = []
    for name, text in ((n, t) for n, t in FILES.items() if n.endswith(".c")):
        for match in re.finditer(r"<backingStore(?!/)[^;]*;", text):
            if "<format" not in match.group(0):
                faults.append(f"{name}: {match.group(0)[:120]}")
    return [f for f in faults if "is_at" not in f and "strcmp" not in f]


def main():
    tests = [(what, lambda p=pattern, a=allowed: check_only(p, a)) for what, pattern, allowed in ONLY]
    tests += [("qemu-img is told each format", check_formats), ("no backing file without a format", check_backing)]
    failed = 0
    print(f"1..{len(tests)}")
    for number, (what, run) in enumerate(tests, 1):
        faults = run()
        failed += bool(faults)
        print(f"{'not ok' if faults else 'ok'} {number} {what}")
        print("\n".join(f"# {fault}" for fault in faults), end="\n" if faults else "")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
