// SPDX-License-Identifier: Apache-2.0
import { Label, PageSection } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useState } from 'react';
import { Link } from 'react-router-dom';
import { useMay } from '@/api/may';
import { useGroups } from '@/api/queries';
import type { ResourceGroup } from '@/contract/types';
import { mib, UNKNOWN } from '@/lib/format';
import { t } from '@/strings';
import { names } from '@/strings/words';
import { ActionButton } from '@/widgets/ActionButton';
import { Loaded, Nothing } from '@/widgets/feedback';
import { groupPath } from '@/widgets/links';
import { PageHead } from '@/widgets/PageHead';
import { Meter } from '@/widgets/Reading';
import { GroupForm } from './GroupForm';

function GroupRow({ group }: { group: ResourceGroup }) {
  return (
    <Tr>
      <Td dataLabel={t.groups.group}>
        <span className="fct-row fct-row--tight">
          <Link to={groupPath(group.id)}>{group.name}</Link>
          {group.builtin && (
            <Label isCompact variant="outline">
              {t.groups.builtin}
            </Label>
          )}
        </span>
        {group.description && <div className="fct-subtle fct-small">{group.description}</div>}
      </Td>
      <Td dataLabel={t.groups.memory} className="fct-number">
        {mib(group.parts[0]?.memory_mib)}
      </Td>
      <Td dataLabel={t.groups.free}>
        <Meter text={t.groups.freeOf(group.free, group.total)} part={group.total ? 1 - group.free / group.total : 0} why="" />
      </Td>
      <Td dataLabel={t.groups.vms}>{names(group.vms ?? []) || UNKNOWN}</Td>
    </Tr>
  );
}

export default function GroupsPage() {
  const groups = useGroups();
  const may = useMay('group.write');
  const [making, setMaking] = useState(false);
  return (
    <>
      <PageHead
        title={t.groups.title}
        actions={
          <ActionButton why={may.why} onClick={() => setMaking(true)}>
            {t.groups.create}
          </ActionButton>
        }
      />
      <PageSection>
        <Loaded query={groups}>
          {(list) =>
            list.length === 0 ? (
              <Nothing title={t.groups.noGroups} text={t.groups.noGroupsText} action={<Link to="/gpus/cards">{t.gpu.cards}</Link>} />
            ) : (
              <Table aria-label={t.groups.title} variant="compact">
                <Thead>
                  <Tr>
                    <Th width={40}>{t.groups.group}</Th>
                    <Th>{t.groups.memory}</Th>
                    <Th>{t.groups.free}</Th>
                    <Th width={25}>{t.groups.vms}</Th>
                  </Tr>
                </Thead>
                <Tbody>
                  {list.map((group) => (
                    <GroupRow key={group.id} group={group} />
                  ))}
                </Tbody>
              </Table>
            )
          }
        </Loaded>
      </PageSection>
      {making && <GroupForm onClose={() => setMaking(false)} />}
    </>
  );
}
