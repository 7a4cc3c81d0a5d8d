#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""honest.py RACES: whether the thread sanitizer, behind the shim, tells right from wrong. Of each case of races.c the wrong twin
must end with a report of a data race in races.c, the right twin with none."""
import os
import subprocess
import sys

EXIT = 66  # of a program with a report
TRIES = 5  # of a wrong twin: TSan can miss two accesses that come at the very same instant


def run(program, case, twin):
    env = {**os.environ, "TSAN_OPTIONS": os.environ.get("TSAN_OPTIONS", "") + f":exitcode={EXIT}:halt_on_error=0:log_path=stderr"}
    done = subprocess.run([program, case, twin], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", timeout=100)
    return done.returncode, done.stdout


def reported(program, case):
    for _ in range(TRIES):
        status, text = run(program, case, "wrong")
        if status == EXIT and "WARNING: ThreadSanitizer: data race" in text and "races.c" in text:
            return True, ""
    return False, f"{status}: {text}"


def silent(program, case):
    status, text = run(program, case, "right")
    return status == 0 and "ThreadSanitizer" not in text, f"{status}: {text}"


def main(program):
    cases = subprocess.run([program], check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    points = [(case, *twin) for case in cases for twin in ((reported, "the race is reported"), (silent, "nothing is reported"))]
    print(f"1..{len(points)}")
    bad = 0
    for n, (case, check, title) in enumerate(points, 1):
        good, why = check(program, case)
        bad += not good
        print(f"{'ok' if good else 'not ok'} {n} - {case}: {title}", flush=True)
        if not good:
            print("# " + why.replace("\n", "\n# "))
    return bad


sys.exit(1 if main(sys.argv[1]) else 0)
