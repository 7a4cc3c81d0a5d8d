// SPDX-License-Identifier: Apache-2.0
// Which part a VM asks for: one row a resource group, the free ones first.
import { Alert, Radio } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import type { ReactNode } from 'react';
import { Link } from 'react-router-dom';
import { useGroups } from '@/api/queries';
import type { ResourceGroup } from '@/contract/types';
import { mib, UNKNOWN } from '@/lib/format';
import { t } from '@/strings';
import { Loaded } from '@/widgets/feedback';

interface Props {
  /** Id of the chosen group; "" for no GPU; null for something that is not in this list. */
  value: string | null;
  onChange: (id: string) => void;
  /** Of which group the VM holds a part already. */
  held?: string;
  /** What else can be chosen, below the groups. */
  more?: ReactNode;
}

function memoryOf(group: ResourceGroup): string {
  const sizes = [...new Set(group.parts.map((part) => part.memory_mib))];
  return sizes.length ? sizes.map((size) => mib(size)).join(', ') : UNKNOWN;
}

export function GroupChoice({ value, onChange, held, more }: Props) {
  const groups = useGroups();
  const radio = (id: string, name: string) => (
    <Radio id={`group-${id || 'none'}`} name="gpu-group" label={name} isChecked={value === id} onChange={() => onChange(id)} />
  );
  return (
    <Loaded query={groups}>
      {(list) => {
        const sorted = [...list].sort((a, b) => Number(b.free > 0) - Number(a.free > 0) || a.name.localeCompare(b.name));
        return (
          <div className="fct-stack">
            <Table aria-label={t.wizard.gpuLabel} variant="compact">
              <Thead>
                <Tr>
                  <Th>{t.wizard.gpuLabel}</Th>
                  <Th>{t.groups.memory}</Th>
                  <Th>{t.wizard.freeParts}</Th>
                </Tr>
              </Thead>
              <Tbody>
                <Tr>
                  <Td>{radio('', t.wizard.noGpu)}</Td>
                  <Td>{UNKNOWN}</Td>
                  <Td>{UNKNOWN}</Td>
                </Tr>
                {sorted.map((group) => (
                  <Tr key={group.id}>
                    <Td>{radio(group.id, group.name)}</Td>
                    <Td className="fct-number">{memoryOf(group)}</Td>
                    <Td className="fct-number">{t.groups.freeOf(group.free, group.total)}</Td>
                  </Tr>
                ))}
              </Tbody>
            </Table>
            {list.length === 0 && !more && (
              <Alert
                variant="info"
                isInline
                title={t.wizard.noGroups}
                component="p"
                actionLinks={<Link to="/gpus/cards">{t.wizard.cutFirst}</Link>}
              />
            )}
            {list.some((group) => group.id === value && group.id !== held && group.free === 0) && (
              <Alert variant="info" isInline title={t.wizard.noneFree} component="p" />
            )}
            {more}
          </div>
        );
      }}
    </Loaded>
  );
}
