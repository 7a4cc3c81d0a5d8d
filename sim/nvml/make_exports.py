#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes what follows from names.txt: the numbers of all functions, the linker's version script, and stubs for the
functions that no source file implements.

usage: make_exports.py names.txt functions.h stubs.c exports.map SOURCE...
"""
import re
import sys


def main() -> None:
    names_file, header, stubs, version_script, *sources = sys.argv[1:]
    names = {}
    with open(names_file, encoding="utf-8") as lines:
        for line in lines:
            if line.strip() and not line.startswith("#"):
                name, since = line.split()
                names[name] = int(since)
    written = set()
    for source in sources:
        with open(source, encoding="utf-8") as text:
            written |= set(re.findall(r"^NVML_[A-Z]+\((nvml\w+)", text.read(), re.MULTILINE))
    unknown = sorted(written - set(names))
    if unknown:
        sys.exit("not in names.txt: " + " ".join(unknown))
    ordered = sorted(names)
    with open(header, "w", encoding="utf-8") as out:
        out.write("/* Made by make_exports.py. */\n#pragma once\n\nenum {\n")
        out.writelines(f"    FN_{name},\n" for name in ordered)
        out.write("    FN_COUNT\n};\n\nstatic const struct {\n    const char *name;\n    int since;\n} "
                  "nvml_functions[] __attribute__((unused)) = {\n")
        out.writelines(f'    {{"{name}", {names[name]}}},\n' for name in ordered)
        out.write("};\n")
    with open(stubs, "w", encoding="utf-8") as out:
        out.write('/* Made by make_exports.py: functions that answer "not supported". */\n#include "nvml/call.h"\n\n')
        for name in ordered:
            if name not in written:
                out.write(f"NVML_STUB({name})\n")
    with open(version_script, "w", encoding="utf-8") as out:
        out.write("{\n  global:\n")
        out.writelines(f"    {name};\n" for name in ordered)
        out.write("  local: *;\n};\n")


main()
