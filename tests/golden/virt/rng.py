# SPDX-License-Identifier: Apache-2.0
"""What a RELAX NG schema allows: every element, attribute and text by its path, with values to try. Names of elements that
are within themselves (backingStore) are followed once."""
import collections
import os
import re
import xml.etree.ElementTree as ET

RNG = '{http://relaxng.org/ns/structure/1.0}'
DEPTH = 9
# Tried in this order against a pattern of the schema.
WORDS = ['7', 'sample', '/sample/path', '0x1f', '52:54:00:aa:bb:cc', '10.9.8.7', 'fe80::9', '6dd3e4a5-1d76-44ce-961f-f119f5aad935',
         '1.5', '3-4', '0x0001', '2.3', 'a.b', '1:2', 'sample,x', 'x' * 16, '0', '1', '0x1', '0x12345678', '+1', '-1', 'abcd', 'vdx', 'pty']
NUMBERS = {'unsignedInt', 'unsignedLong', 'unsignedShort', 'integer', 'positiveInteger', 'int', 'long', 'short', 'double',
           'nonNegativeInteger'}

Item = collections.namedtuple('Item', 'path kind values')  # kind: element, attribute, text; path: tuple of names


class Schema:
    def __init__(self, folder, start='domain.rng'):
        self.folder, self.defines, self.files = folder, collections.defaultdict(list), set()
        self.load(start)

    def load(self, name):
        if name in self.files:
            return
        self.files.add(name)
        self.grammar(ET.parse(os.path.join(self.folder, name)).getroot())

    def grammar(self, node):
        for child in node:
            if child.tag == RNG + 'include':
                self.load(child.get('href'))
                self.grammar(child)
            elif child.tag == RNG + 'define':
                self.defines[child.get('name')].append(child)

    def names(self, node):
        """Names of an element or attribute pattern; one of any name gets one that nobody knows."""
        if node.get('name'):
            return [node.get('name')]
        found = [n.text.strip() for n in node.iter(RNG + 'name')]
        return found or ['anything']

    def values(self, nodes, seen=()):
        """Texts that these patterns allow."""
        found = []
        for node in nodes:
            tag = node.tag
            if tag == RNG + 'value':
                found.append((node.text or '').strip())
            elif tag == RNG + 'text':
                found.append('sample')
            elif tag == RNG + 'data':
                found.append(self.sample(node))
            elif tag == RNG + 'ref' and node.get('name') not in seen:
                for define in self.defines[node.get('name')]:
                    found += self.values(define, seen + (node.get('name'),))
            elif tag not in (RNG + 'element', RNG + 'attribute', RNG + 'param', RNG + 'ref', RNG + 'name'):
                found += self.values(node, seen)
        return list(dict.fromkeys(found))

    @staticmethod
    def sample(data):
        pattern = [p.text for p in data.findall(RNG + 'param') if p.get('name') == 'pattern']
        number = data.get('type') in NUMBERS
        if pattern:
            for word in WORDS:
                try:
                    if re.fullmatch(pattern[0].strip(), word):
                        return word
                except re.error:
                    break
        return '7' if number else '/sample/path' if data.get('type') == 'absFilePath' else 'sample'

    def content(self, nodes, seen=()):
        """Attributes {name: values}, children {name: [patterns]} and texts of what these patterns allow."""
        attributes, children, texts = {}, collections.defaultdict(list), []
        for node in nodes:
            tag = node.tag
            if tag == RNG + 'attribute':
                for name in self.names(node):
                    known = attributes.setdefault(name, [])
                    known += [v for v in self.values([c for c in node if c.tag != RNG + 'name']) or ['sample'] if v not in known]
                continue
            if tag == RNG + 'element':
                for name in self.names(node):
                    children[name].append(node)
                continue
            if tag in (RNG + 'value', RNG + 'data', RNG + 'text'):
                texts += self.values([node])
                continue
            if tag == RNG + 'ref':
                if node.get('name') in seen:
                    continue
                inner = [self.content(define, seen + (node.get('name'),)) for define in self.defines[node.get('name')]]
            elif tag in (RNG + 'name', RNG + 'param', RNG + 'anyName', RNG + 'nsName', RNG + 'except'):
                continue
            else:
                inner = [self.content(node, seen)]
            for a, c, t in inner:
                for name, values in a.items():
                    known = attributes.setdefault(name, [])
                    known += [v for v in values if v not in known]
                for name, patterns in c.items():
                    children[name] += [p for p in patterns if p not in children[name]]
                texts += [v for v in t if v not in texts]
        return attributes, children, texts

    def items(self, path, patterns, found):
        attributes, children, texts = {}, collections.defaultdict(list), []
        for pattern in patterns:
            a, c, t = self.content([n for n in pattern if n.tag != RNG + 'name'])
            for name, values in a.items():
                attributes.setdefault(name, []).extend(v for v in values if v not in attributes.get(name, []))
            for name, more in c.items():
                children[name] += [p for p in more if p not in children[name]]
            texts += [v for v in t if v not in texts]
        for name, values in attributes.items():
            found.append(Item(path + (name,), 'attribute', values))
        if texts:
            found.append(Item(path, 'text', texts))
        for name, more in children.items():
            if path.count(name) or len(path) >= DEPTH:
                continue
            found.append(Item(path + (name,), 'element', []))
            self.items(path + (name,), more, found)

    def walk(self):
        """All there is below <domain>."""
        found = []
        self.items(('domain',), [d.find(RNG + 'element') for d in self.defines['domain']], found)
        return found
