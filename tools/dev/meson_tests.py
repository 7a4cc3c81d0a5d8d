#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Chooses and counts Meson's tests.

  meson_tests.py list KIND FILTER…           names to run, from `meson introspect --tests` on stdin; KIND: plain, !plain, or
                                             threads (tests that the thread sanitizer runs; "tsan" matches all of them)
  meson_tests.py needs DIR NAME…             what Ninja has to build in DIR for these tests, a path a line
  meson_tests.py count TESTLOG EXPECTED      "passed failed skipped" from testlog.json; logs of what failed go to stderr
  meson_tests.py tap LOG STATUS              the same from one TAP output and its program's status

A program that speaks TAP counts once for each of its points, any other program once. A program that dies, runs out of time or
never ran counts as one failure more.
"""
import json
import os
import re
import subprocess
import sys

POINT = re.compile(r'^(not )?ok\b\s*\d*\s*(?:-\s*)?([^#]*)(#\s*(skip|todo)\b)?', re.I)


def tap_points(text):
    """(passed, failed, skipped, names of failures) of the outermost level of a TAP text."""
    passed = failed = skipped = 0
    bad = []
    for line in text.splitlines():
        if re.match(r'^1\.\.0\s*#\s*skip', line, re.I):
            skipped += 1
            continue
        point = POINT.match(line)
        if not point:
            continue
        directive = (point.group(4) or '').lower()
        if directive == 'skip':
            skipped += 1
        elif point.group(1) and directive != 'todo':
            failed += 1
            bad.append(point.group(2).strip())
        else:
            passed += 1
    return passed, failed, skipped, bad


def list_tests(kind, filters):
    seen = set()
    for test in json.load(sys.stdin):
        suites = [s.split(':')[-1] for s in test['suite']]
        wanted = 'threads' in suites if kind == 'threads' else ('plain' in suites) == (kind == 'plain')
        if not wanted:
            continue
        label = ' '.join(suites) + ' / ' + test['name'] + (' tsan' if kind == 'threads' else '')
        if filters and not any(f in label for f in filters):
            continue
        if test['name'] not in seen:
            seen.add(test['name'])
            print(test['name'])


def introspect(build, what):
    out = subprocess.run(['meson', 'introspect', build, what], check=True, stdout=subprocess.PIPE)
    return json.loads(out.stdout)


def list_needs(build, names):
    files = {t['id']: t['filename'] for t in introspect(build, '--targets')}
    ids = {i for test in introspect(build, '--tests') if test['name'] in names for i in test['depends']}
    for path in sorted({f for i in ids for f in files.get(i, [])}):
        print(os.path.relpath(path, build))


def show(name, result, text, stderr):
    print(f'---- {name}: {result} ' + '-' * 40, file=sys.stderr)
    for part in (text, stderr):
        lines = (part or '').splitlines()
        if len(lines) > 120:
            lines = lines[:20] + [f'… {len(lines) - 120} lines …'] + lines[-100:]
        print('\n'.join(lines), file=sys.stderr)


def count_log(path, expected):
    passed = failed = skipped = ran = 0
    with open(path, encoding='utf-8') as log:
        for line in log:
            entry = json.loads(line)
            ran += 1
            text, result = entry.get('stdout') or '', entry['result']
            p, f, s, bad = tap_points(text)
            good = result in ('OK', 'EXPECTEDFAIL', 'SKIP')
            if p + f + s == 0:
                p, f, s = (result == 'OK') + (result == 'EXPECTEDFAIL'), 0, int(result == 'SKIP')
            if not good and f == 0:
                f = 1
                bad = [f'status {entry.get("returncode")}']
            passed, failed, skipped = passed + p, failed + f, skipped + s
            if f:
                show(entry['name'], f'{result}: ' + '; '.join(bad), text, entry.get('stderr'))
    if ran < expected:
        print(f'{expected - ran} test programs were never run', file=sys.stderr)
        failed += expected - ran
    print(passed, failed, skipped)


def count_tap(path, status):
    with open(path, encoding='utf-8', errors='replace') as log:
        text = log.read()
    passed, failed, skipped, _ = tap_points(text)
    plan = re.search(r'^1\.\.(\d+)', text, re.M)
    missing = int(plan.group(1)) - passed - failed if plan and not skipped else 0
    if failed == 0 and (status != 0 or not plan or missing > 0):
        failed = max(1, missing)
    print(passed, failed, skipped)


def main(argv):
    if argv[1] == 'list':
        list_tests(argv[2], argv[3:])
    elif argv[1] == 'needs':
        list_needs(os.path.realpath(argv[2]), set(argv[3:]))
    elif argv[1] == 'count':
        count_log(argv[2], int(argv[3]))
    elif argv[1] == 'tap':
        count_tap(argv[2], int(argv[3]))


main(sys.argv)
