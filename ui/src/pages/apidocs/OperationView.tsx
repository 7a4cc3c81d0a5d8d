// SPDX-License-Identifier: Apache-2.0
import { CodeBlock, CodeBlockCode, ExpandableSection, Label, Title } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { curlOf, rowsOf, typeName, type Contract, type Operation, type Schema } from './contract';
import { words } from './strings';

const COLOURS = { GET: 'blue', POST: 'green', PUT: 'orange', PATCH: 'orange', DELETE: 'red' } as const;

function Members({ contract, schema, label }: { contract: Contract; schema: Schema; label: string }) {
  const rows = rowsOf(contract, schema);
  if (rows.length === 0) return <p>{typeName(contract, schema)}</p>;
  return (
    <Table variant="compact" aria-label={label}>
      <Thead>
        <Tr>
          <Th>{words.name}</Th>
          <Th>{words.type}</Th>
          <Th>{words.what}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {rows.map((row) => (
          <Tr key={row.name}>
            <Td dataLabel={words.name}>
              <code>{row.name}</code>
              {row.required && <span className="apidocs-quiet"> {words.required}</span>}
            </Td>
            <Td dataLabel={words.type} modifier="breakWord">
              {row.type}
            </Td>
            <Td dataLabel={words.what} modifier="breakWord">
              {row.description}
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}

function Parameters({ contract, operation }: { contract: Contract; operation: Operation }) {
  return (
    <Table variant="compact" aria-label={`${words.parameters}: ${operation.id}`}>
      <Thead>
        <Tr>
          <Th>{words.name}</Th>
          <Th>{words.place}</Th>
          <Th>{words.type}</Th>
          <Th>{words.what}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {operation.parameters.map((parameter) => (
          <Tr key={parameter.in + parameter.name}>
            <Td dataLabel={words.name}>
              <code>{parameter.name}</code>
              {parameter.required && <span className="apidocs-quiet"> {words.required}</span>}
            </Td>
            <Td dataLabel={words.place}>{parameter.in}</Td>
            <Td dataLabel={words.type} modifier="breakWord">
              {typeName(contract, parameter.schema ?? {})}
            </Td>
            <Td dataLabel={words.what} modifier="breakWord">
              {parameter.description}
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}

function Answers({ operation }: { operation: Operation }) {
  return (
    <Table variant="compact" aria-label={`${words.answers}: ${operation.id}`}>
      <Thead>
        <Tr>
          <Th>{words.status}</Th>
          <Th>{words.type}</Th>
          <Th>{words.what}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {operation.answers.map((answer) => (
          <Tr key={answer.status}>
            <Td dataLabel={words.status}>{answer.status}</Td>
            <Td dataLabel={words.type}>{answer.type}</Td>
            <Td dataLabel={words.what} modifier="breakWord">
              {answer.description}
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}

function Code({ children }: { children: string }) {
  return (
    <CodeBlock>
      <CodeBlockCode>{children}</CodeBlockCode>
    </CodeBlock>
  );
}

const Head = ({ children }: { children: string }) => (
  <Title headingLevel="h3" size="md">
    {children}
  </Title>
);

function Details({ contract, operation }: { contract: Contract; operation: Operation }) {
  const good = operation.answers.find((answer) => answer.status < '300' && answer.content?.schema);
  const examples = Object.entries(operation.body?.examples ?? {});
  return (
    <div className="apidocs-details">
      {operation.description && <p>{operation.description}</p>}
      <p className="apidocs-quiet">{operation.action ? words.needs(operation.action) : words.open}</p>
      <Code>{curlOf(operation, window.location.origin)}</Code>
      {operation.parameters.length > 0 && (
        <>
          <Head>{words.parameters}</Head>
          <Parameters contract={contract} operation={operation} />
        </>
      )}
      {operation.body?.schema && (
        <>
          <Head>{words.body}</Head>
          <Members contract={contract} schema={operation.body.schema} label={`${words.body}: ${operation.id}`} />
        </>
      )}
      {examples.map(([name, example]) => (
        <div key={name}>
          <Head>{`${words.example}: ${example.summary ?? name}`}</Head>
          <Code>{JSON.stringify(example.value, null, 2)}</Code>
        </div>
      ))}
      <Head>{words.answers}</Head>
      <Answers operation={operation} />
      {good?.content?.schema && (
        <>
          <Head>{words.members}</Head>
          <Members contract={contract} schema={good.content.schema} label={`${words.members}: ${operation.id}`} />
        </>
      )}
    </div>
  );
}

interface Props {
  contract: Contract;
  operation: Operation;
  isOpen: boolean;
  onToggle: (open: boolean) => void;
}

/** One operation: a line to find it by; opened, all that the contract says. */
export function OperationView({ contract, operation, isOpen, onToggle }: Props) {
  const line = (
    <span className="apidocs-line">
      <Label isCompact color={COLOURS[operation.method as keyof typeof COLOURS]} className="apidocs-method">
        {operation.method}
      </Label>
      <code>{operation.path}</code>
      <span className="apidocs-quiet">{operation.summary}</span>
    </span>
  );
  return (
    <div id={operation.id} className="apidocs-operation">
      <ExpandableSection toggleContent={line} isExpanded={isOpen} onToggle={(_event, open) => onToggle(open)}>
        {isOpen && <Details contract={contract} operation={operation} />}
      </ExpandableSection>
    </div>
  );
}
