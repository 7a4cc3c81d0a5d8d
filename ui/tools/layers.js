// SPDX-License-Identifier: Apache-2.0
// The layers of the page, as a rule of eslint: a file imports from its own layer and from those to the right of it, and a page
// imports nothing from another page's folder. Relative paths, re-exports, import() and types count like any other import.
import path from 'node:path';

export const LAYERS = ['app', 'shell', 'pages', 'widgets', 'api', 'lib', 'strings', 'contract'];

/** The layer of a path below src/, and of a page its folder. Files beside the layers' folders are the app. */
function placeOf(file) {
  const [first, page, ...rest] = file.split('/');
  const layer = page === undefined && !LAYERS.includes(first) ? 'app' : first;
  return { layer, page: layer === 'pages' && rest.length > 0 ? page : '' };
}

/** What is imported, below src/; null for packages. */
function target(src, file, source) {
  if (source.startsWith('@/')) return source.slice(2);
  return source.startsWith('.')
    ? path
        .relative(src, path.resolve(path.dirname(file), source))
        .split(path.sep)
        .join('/')
    : null;
}

/** Why @from must not import @to; "" when it may. */
function fault(from, to) {
  const [left, right] = [LAYERS.indexOf(from.layer), LAYERS.indexOf(to.layer)];
  if (left < 0 || right < 0) return `it is in none of the layers ${LAYERS.join(', ')}`;
  if (right < left)
    return `${from.layer} stands below ${to.layer}: move what both need to ${from.layer} or below, or hand it down as a parameter`;
  if (from.page && to.layer === 'pages' && to.page !== from.page)
    return 'it is of another page: what two pages share belongs in widgets or lib';
  return '';
}

export const layers = {
  meta: { type: 'problem', schema: [], messages: { wrong: '{{source}} must not be imported here: {{why}}' } },
  create(context) {
    const src = path.join(context.cwd, 'src');
    const from = path.relative(src, context.filename);
    if (from.startsWith('..')) return {};
    const check = (node) => {
      if (node?.type !== 'Literal' || typeof node.value !== 'string') return;
      const to = target(src, context.filename, node.value);
      const why = to === null ? '' : fault(placeOf(from.split(path.sep).join('/')), placeOf(to));
      if (why) context.report({ node, messageId: 'wrong', data: { source: node.value, why } });
    };
    return {
      ImportDeclaration: (node) => check(node.source),
      ExportNamedDeclaration: (node) => check(node.source),
      ExportAllDeclaration: (node) => check(node.source),
      ImportExpression: (node) => check(node.source),
      TSImportType: (node) => check(node.source ?? node.argument?.literal),
    };
  },
};
