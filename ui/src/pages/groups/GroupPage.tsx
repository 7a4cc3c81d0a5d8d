// SPDX-License-Identifier: Apache-2.0
import { Card, CardBody, CardTitle, Label, PageSection } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useState } from 'react';
import { Link, useNavigate, useParams } from 'react-router-dom';
import { useQueryClient } from '@tanstack/react-query';
import { deleteGroup } from '@/api/actions';
import { useMay } from '@/api/may';
import { useGpus, useGroup } from '@/api/queries';
import type { Gpu, ResourceGroup } from '@/contract/types';
import { mib, shortModel } from '@/lib/format';
import { t } from '@/strings';
import { ActionButton } from '@/widgets/ActionButton';
import { slots } from '@/widgets/card-picture/words';
import { Confirm } from '@/widgets/Confirm';
import { Facts } from '@/widgets/Facts';
import { Loaded, Nothing, Waiting } from '@/widgets/feedback';
import { PartState } from '@/widgets/labels';
import { GpuLink, HolderLink } from '@/widgets/links';
import { PageHead } from '@/widgets/PageHead';
import { GroupForm } from './GroupForm';

const LIST = { to: '/gpus/groups', name: t.groups.title };

function Parts({ group }: { group: ResourceGroup }) {
  if (group.parts.length === 0)
    return <Nothing title={t.groups.noParts} text={t.groups.noPartsText} action={<Link to="/gpus/cards">{t.gpu.cards}</Link>} />;
  return (
    <Table aria-label={t.groups.total} variant="compact" borders={false}>
      <Thead>
        <Tr>
          <Th>{t.groups.part}</Th>
          <Th>{t.groups.gpu}</Th>
          <Th>{t.groups.place}</Th>
          <Th>{t.groups.memory}</Th>
          <Th>{t.groups.state}</Th>
          <Th>{t.groups.holder}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {group.parts.map((part) => (
          <Tr key={part.id}>
            <Td dataLabel={t.groups.part}>{part.profile}</Td>
            <Td dataLabel={t.groups.gpu}>
              <GpuLink id={part.gpu} name={part.gpu_name} />
            </Td>
            <Td dataLabel={t.groups.place}>{slots(part)}</Td>
            <Td dataLabel={t.groups.memory} className="fct-number">
              {mib(part.memory_mib)}
            </Td>
            <Td dataLabel={t.groups.state}>
              <PartState state={part.state} />
              {part.why && <div className="fct-subtle fct-small">{part.why}</div>}
            </Td>
            <Td dataLabel={t.groups.holder}>
              <HolderLink holder={part.holder} />
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}

function ruleText(group: ResourceGroup, gpus: readonly Gpu[]): [string, string][] {
  const { model, profile, gpu } = group.rules;
  const card = gpus.find((g) => g.id === gpu);
  return [
    [t.groups.model, model ? shortModel(model) : t.groups.anyModel],
    [t.groups.profile, profile ?? t.groups.anyProfile],
    [t.groups.gpu, card ? t.gpu.title(card.index) : (gpu ?? t.groups.anyGpu)],
  ];
}

function GroupView({ group }: { group: ResourceGroup }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const gpus = useGpus().data ?? [];
  const may = useMay('group.write');
  const [dialog, setDialog] = useState<'edit' | 'delete' | null>(null);
  const why = group.builtin ? t.groups.builtinWhy : may.why;
  const users = group.vms ?? [];
  return (
    <>
      <PageHead
        title={group.name}
        labels={
          group.builtin && (
            <Label isCompact variant="outline">
              {t.groups.builtin}
            </Label>
          )
        }
        subtitle={group.description || t.groups.freeOf(group.free, group.total)}
        trail={[{ to: '/gpus/groups', name: t.groups.title }]}
        actions={
          <>
            <ActionButton variant="secondary" why={why} onClick={() => setDialog('edit')}>
              {t.groups.edit}
            </ActionButton>
            <ActionButton variant="danger" why={why || (users.length ? t.groups.inUseBy(users) : '')} onClick={() => setDialog('delete')}>
              {t.groups.delete}
            </ActionButton>
          </>
        }
      />
      <PageSection hasBodyWrapper={false} id="page-body" className="fct-stack">
        <Card isCompact>
          <CardTitle component="h2">{t.groups.rules}</CardTitle>
          <CardBody>
            <Facts facts={ruleText(group, gpus)} />
          </CardBody>
        </Card>
        <Card isCompact>
          <CardTitle component="h2">{t.groups.total}</CardTitle>
          <CardBody>
            <Parts group={group} />
          </CardBody>
        </Card>
      </PageSection>
      {dialog === 'edit' && <GroupForm group={group} onClose={() => setDialog(null)} />}
      {dialog === 'delete' && (
        <Confirm
          title={t.groups.deleteTitle(group.name)}
          text={t.groups.deleteText}
          button={t.groups.delete}
          action={() => deleteGroup(group.id, group.revision)}
          onClose={() => setDialog(null)}
          onDone={() => {
            void client.invalidateQueries({ queryKey: ['group'], exact: true });
            void navigate('/gpus/groups', { replace: true });
          }}
        />
      )}
    </>
  );
}

export default function GroupPage() {
  const { id = '' } = useParams();
  const group = useGroup(id);
  return (
    <Loaded
      query={group}
      list={LIST}
      waiting={
        <PageSection>
          <Waiting />
        </PageSection>
      }
    >
      {(data) => <GroupView group={data} />}
    </Loaded>
  );
}
