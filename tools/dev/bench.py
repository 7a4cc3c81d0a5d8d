#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench.py BUILDDIR yes|no NAME…: runs the benchmarks of a build whose name contains a NAME; JSON lines or a table."""
import json
import os
import subprocess
import sys


def benchmarks(build, names):
    out = subprocess.run(['meson', 'introspect', build, '--benchmarks'], check=True, capture_output=True, text=True)
    for bench in json.loads(out.stdout):
        if not names or any(n in bench['name'] for n in names):
            yield bench


def figures(build, bench):
    env = dict(os.environ, **bench.get('env', {}))
    run = subprocess.Popen(bench['cmd'], stdout=subprocess.PIPE, text=True, env=env, cwd=bench.get('workdir') or build)
    for line in run.stdout:
        try:
            figure = json.loads(line)
        except ValueError:
            figure = None
        if isinstance(figure, dict) and 'name' in figure and 'value' in figure:
            yield figure
        elif line.strip():
            print(line.rstrip(), file=sys.stderr)
    if run.wait() != 0:
        raise SystemExit(f'benchmark {bench["name"]} ended with status {run.returncode}')


def number(value):
    return '' if value is None else f'{value:,.4g}' if abs(value) < 1000 else f'{value:,.0f}'


def main(build, as_json, names):
    row = '{:<44} {:>14} {:<10} {:<28} {:>14} {:>8}'
    found = False
    for bench in benchmarks(build, names):
        for figure in figures(build, bench):
            if as_json:
                print(json.dumps(figure), flush=True)
                found = True
                continue
            if not found:
                print(row.format('figure', 'value', 'unit', 'peer', "peer's value", 'ratio'))
            found = True
            print(row.format(figure['name'], number(figure['value']), figure.get('unit', ''), figure.get('peer', ''),
                             number(figure.get('peer_value')), number(figure.get('ratio'))), flush=True)
    if not found:
        raise SystemExit('no benchmark ' + ('matches ' + ' '.join(names) if names else 'exists yet'))


main(sys.argv[1], sys.argv[2] == 'yes', sys.argv[3:])
