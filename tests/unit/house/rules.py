#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The rules of the house find what offends: small trees with one fault each. rules.py TOP. TAP."""
import pathlib
import subprocess
import sys
import tempfile

TOP = pathlib.Path(sys.argv[1])


def tree(where, files):
    for name, text in files.items():
        path = where / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def floors(files):
    with tempfile.TemporaryDirectory() as name:
        tree(pathlib.Path(name), {**{f"src/{f}/own.h": "" for f in ("base", "core", "virt")}, **files})
        return subprocess.run([TOP / "tools/check-floors", name], capture_output=True, text=True)


def circles(sources):
    """Of files of src/app, by their real symbols."""
    with tempfile.TemporaryDirectory() as name:
        top = pathlib.Path(name)
        for source, text in sources.items():
            tree(top, {f"src/app/{source}": text})
            made = top / "build/src/app/lib.a.p" / (source.replace("/", "_") + ".o")
            made.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(["cc", "-c", top / "src/app" / source, "-o", made], check=True)
        return subprocess.run([TOP / "tools/check-circles", top / "build", top], capture_output=True, text=True)


def check(ran, offence):
    if offence is None:
        assert ran.returncode == 0 and not ran.stdout, ran.stdout
    else:
        assert ran.returncode == 1 and offence in ran.stdout, (ran.returncode, ran.stdout, ran.stderr)


def include(path):
    return f'#include "{path}"\n'


CASES = {
    "a floor may name one below it": lambda: check(floors({"src/core/a.c": include("base/own.h")}), None),
    "a floor that names one above it": lambda: check(floors({"src/base/a.c": include("core/own.h")}), "base may not see core"),
    "a decision that takes JSON":
        lambda: check(floors({"src/core/a.h": "int fct_a(int n,\n          const json_t *json);\n"}), "core takes structs"),
    "a decision that gives JSON": lambda: check(floors({"src/core/a.h": "json_t *fct_a(int n);\n"}), None),
    "the application that names a back end":
        lambda: check(floors({"src/app/vms/a.c": include("virt/own.h")}), "app may not see virt"),
    "a room may name one below it": lambda: check(floors({"src/app/storage/a.c": include("app/domains/domains.h")}), None),
    "a room that names one above it":
        lambda: check(floors({"src/app/storage/a.c": include("app/vms/vms.h")}), "app/storage may not name app/vms"),
    "a room within the VMs that names the service":
        lambda: check(floors({"src/app/vms/power/a.h": include("app/vms/view.h")}), "app/vms/power may not name app/vms"),
    "a room that names what makes everyone":
        lambda: check(floors({"src/app/news/a.c": include("app/app.h")}), "makes everyone"),
    "what makes everyone may name everyone":
        lambda: check(floors({"src/app/assemble.c": include("app/vms/vms.h") + include("app/storage/storage.h")}), None),
    "a file of app that stands in no room": lambda: check(floors({"src/app/a.c": ""}), "stands in one of its rooms"),
    "a room that nobody has entered": lambda: check(floors({"src/app/attic/a.c": ""}), "app/attic is no room"),
    "files in a row": lambda: check(circles({
        "news/a.c": "int b(void); int a(void) { return b(); }", "news/b.c": "int b(void) { return 1; }"}), None),
    "two files that need each other": lambda: check(circles({
        "news/a.c": "int b(void); int a(void) { return b(); }",
        "news/b.c": "int a(void); int b(void) { return a(); }"}), "2 files need each other"),
    "three files in a ring": lambda: check(circles({
        "news/a.c": "int b(void); int a(void) { return b(); }", "news/b.c": "int c(void); int b(void) { return c(); }",
        "news/c.c": "extern int a(void); int (*p)(void) = a; int c(void) { return p(); }"}), "3 files need each other"),
    "two folders that need each other, without two files that do": lambda: check(circles({
        "news/a.c": "int b(void); int a(void) { return b(); }", "work/b.c": "int b(void) { return 1; }",
        "work/c.c": "int d(void); int c(void) { return d(); }", "news/d.c": "int d(void) { return 1; }"}),
        "2 folders need each other"),
}

print(f"1..{len(CASES)}")
failed = 0
for number, (name, case) in enumerate(CASES.items(), 1):
    try:
        case()
        print(f"ok {number} {name}")
    except AssertionError as error:
        failed = 1
        print(f"not ok {number} {name}\n# {error}")
sys.exit(failed)
