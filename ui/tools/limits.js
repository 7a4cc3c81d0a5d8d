// SPDX-License-Identifier: Apache-2.0
// limits: from the joined contract on stdin, what it lets a field be, as TypeScript on stdout. A schema of a request's body gives a
// constant of its name, a body without a name one of its operation; of each only the fields that have limits.
import { readFileSync } from 'node:fs';

const KEYS = ['minimum', 'maximum', 'minLength', 'maxLength', 'maxItems'];

/** The longest text that a pattern lets through, where one can read it off: ^[…][…]{0,62}$ or ^[…]{64}$. */
function longest(pattern) {
  const match = /^\^(\[[^\]]+\])?\[[^\]]+\]\{(?:0,)?(\d+)\}\$$/.exec(pattern);
  return match ? Number(match[2]) + (match[1] ? 1 : 0) : undefined;
}

function limitsOf(field) {
  const limits = KEYS.flatMap((key) => (key in field ? [`${key}: ${field[key]}`] : []));
  if (!field.pattern) return limits;
  const most = 'maxLength' in field ? undefined : longest(field.pattern);
  return [...limits, ...(most === undefined ? [] : [`maxLength: ${most}`]), `pattern: ${new RegExp(field.pattern)}`];
}

function constant(name, schema) {
  const fields = Object.entries(schema.properties ?? {})
    .map(([field, one]) => [field, limitsOf(one)])
    .filter(([, limits]) => limits.length > 0);
  if (fields.length === 0) return '';
  return `\nexport const ${name} = {\n${fields.map(([field, limits]) => `  ${field}: { ${limits.join(', ')} },\n`).join('')}} as const;\n`;
}

const { components, paths } = JSON.parse(readFileSync(0, 'utf8'));
const inline = Object.values(paths)
  .flatMap((path) => Object.values(path))
  .flatMap((operation) => {
    const schema = operation.requestBody?.content?.['application/json']?.schema;
    return schema && !schema.$ref ? [[operation.operationId, schema]] : [];
  });
const named = Object.entries(components.schemas).filter(([name]) => /(Input|Change|Patch)$/.test(name));
process.stdout.write(
  `// SPDX-License-Identifier: Apache-2.0\n// Made from api/openapi.yaml by tools/limits.js.\n${[...named, ...inline].map(([name, schema]) => constant(name, schema)).join('')}`,
);
