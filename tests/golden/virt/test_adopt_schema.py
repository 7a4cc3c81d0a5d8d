#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Adoption by default deny, against libvirt's own schema (case 06): whatever it allows in a domain is put, once at a time and with
each value, into domains that Facet takes over without loss. Then it is in the domain that Facet generates, or the plan names it, or
the VM is refused, or it stands in adopt-harmless.txt, which people have read. FACET_GOLDEN_UPDATE=1 rewrites that list.

test_adopt_schema.py ADOPT_EACH [SCHEMAS]"""
import collections
import copy
import glob
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import rng  # noqa: E402

QEMU = '{http://libvirt.org/schemas/domain/qemu/1.0}'
REVIEWED = os.path.join(HERE, 'adopt-harmless.txt')
MAX_PLACES = 12  # elements of one path that a thing is tried in


def places(root, path):
    """The elements at @path (which begins with the root), and for each what of the path is not there yet."""
    found = [(root, path[1:])]
    for name in path[1:]:
        further = [(child, rest[1:]) for element, rest in found if rest and rest[0] == name for child in element if child.tag == name]
        if not further:
            break
        found = further
    return found[:MAX_PLACES]


def with_item(base, item):
    """Copies of @base with @item in it, and what of the schema that is: (text, value, element that has it)."""
    holder = item.path[:-1] if item.kind == 'attribute' else item.path
    name = item.path[-1]
    count = len(places(base, holder))
    for index in range(count):
        for value in item.values or ['']:
            root = copy.deepcopy(base)
            element, missing = places(root, holder)[index]
            if item.kind == 'element' and not missing and len(item.path) > 1:
                continue  # it is there
            for step in missing:
                element = ET.SubElement(element, step)
            if item.kind == 'attribute':
                if element.get(name) == value:
                    continue
                element.set(name, value)
            elif item.kind == 'text':
                if (element.text or '').strip() == value:
                    continue
                element.text = value
            yield value, root
    if len(item.path) > 3 and item.path[1] == 'devices':  # in one more device of the kind
        for value in item.values or ['']:
            root = copy.deepcopy(base)
            element = root.find('devices')
            for step in (holder)[2:]:
                element = ET.SubElement(element, step)
            if item.kind == 'attribute':
                element.set(name, value)
            elif item.kind == 'text':
                element.text = value
            yield value, root


def count(root, item, value):
    """How often @item is in it."""
    holder = item.path[:-1] if item.kind == 'attribute' else item.path
    found = [element for element, missing in places_all(root, holder) if not missing]
    if item.kind == 'attribute':
        return sum(e.get(item.path[-1]) == value for e in found)
    if item.kind == 'text':
        return sum((e.text or '').strip() == value for e in found)
    return len(found)


def places_all(root, path):
    found = [root]
    for name in path[1:]:
        found = [child for element in found for child in element if child.tag == name]
    return [(element, ()) for element in found]


def ask(program, roots):
    """What adopt_each says of each."""
    data = b''.join(ET.tostring(root) + b'\0' for root in roots)
    done = subprocess.run([program], input=data, stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def fate(said, before, root, item, value):
    if not said or set(said['verdicts']) - set(before['verdicts']):
        return 'refused'
    if set(said['lost']) - set(before['lost']):
        return 'named'
    return 'kept' if count(ET.fromstring(said['ours']), item, value) >= count(root, item, value) else 'silent'


def describe(item, value):
    path = '/'.join(item.path[1:-1] + (('@' if item.kind == 'attribute' else '') + item.path[-1],))
    if item.path[3:4] in (('address',), ('alias',)):
        path = 'devices/*/' + path.split('/', 2)[2]
    return path + (f' = {value}' if item.kind != 'element' else '')


def walk(program, base_file, items):
    base = ET.parse(base_file).getroot()
    before = ask(program, [base])[0]
    fates, silent, cases = collections.Counter(), set(), []
    assert before and not before['lost'] and not before['verdicts'], f'{base_file} is not adopted without loss: {before}'
    for item in items:
        cases += [(item, value, root) for value, root in with_item(base, item)]
    for (item, value, root), said in zip(cases, ask(program, [root for _, _, root in cases]), strict=True):
        what = fate(said, before, root, item, value)
        fates[what] += 1
        if what == 'silent':
            silent.add(describe(item, value))
    return fates, silent


def namespaced():
    """What the schema allows in QEMU's namespace comes with the same names from ours."""
    return [rng.Item(('domain', QEMU + name), 'element', []) for name in ('commandline', 'capabilities', 'override', 'deprecation')]


def main():
    program, folder = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else '/usr/share/libvirt/schemas'
    bases = sorted(glob.glob(os.path.join(HERE, 'adopt-base-*.xml')))
    items = rng.Schema(folder).walk()
    print(f'1..{len(bases) + 2}')
    names = collections.Counter(item.kind for item in items)
    full = len(items) > 2000 and names['attribute'] > 1000
    print(f'# {folder}: {names["element"]} elements, {names["attribute"]} attributes, {names["text"]} texts')
    print(('ok' if full else 'not ok') + ' 1 the schema was read')
    reviewed = {line.rstrip('\n') for line in open(REVIEWED, encoding='utf-8') if line.strip() and not line.startswith('#')}
    seen = set()
    for number, base in enumerate(bases, 2):
        # One has every device that Facet keeps; the others differ in the machine and in the place of their disk.
        wide = base.endswith('windows.xml')
        fates, silent = walk(program, base, [item for item in items + namespaced()
                                             if wide or item.path[1:2] != ('devices',) or item.path[2:4] == ('disk', 'source')])
        seen |= silent
        new = sorted(silent - reviewed)
        print(f'# {os.path.basename(base)}: {sum(fates.values())} domains: {dict(fates)}')
        for line in new[:400]:
            print(f'# nobody is told of: {line}')
        print(('not ok' if new and not os.environ.get('FACET_GOLDEN_UPDATE') else 'ok') + f' {number} {os.path.basename(base)}')
    if os.environ.get('FACET_GOLDEN_UPDATE'):
        head = [line for line in open(REVIEWED, encoding='utf-8') if line.startswith('#')]
        with open(REVIEWED, 'w', encoding='utf-8') as out:
            out.write(''.join(head) + ''.join(line + '\n' for line in sorted(seen | reviewed)))
    # A walk that finds nothing silent would prove nothing of how it looks.
    print(('ok' if seen else 'not ok') + f' {len(bases) + 2} {len(seen)} things are silent and reviewed')


main()
