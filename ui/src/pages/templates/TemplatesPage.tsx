// SPDX-License-Identifier: Apache-2.0
import { Flex, Label, PageSection } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useNavigate } from 'react-router-dom';
import { deleteTemplate } from '@/api/actions';
import { useGroups, useImages, useTemplates } from '@/api/queries';
import type { Template } from '@/api/types';
import { mib, UNKNOWN } from '@/lib/format';
import { useMay } from '@/lib/may';
import { t } from '@/strings';
import { ActionButton } from '@/widgets/ActionButton';
import { Confirm } from '@/widgets/Confirm';
import { Loaded, Nothing } from '@/widgets/feedback';
import { MoreActions } from '@/widgets/MoreActions';
import { PageHead } from '@/widgets/PageHead';
import { inputOf } from './input';
import { TemplateForm } from './TemplateForm';

const words = t.templates;

function sizeOf(template: Template): string {
  const { vcpus, memory_mib, disk_gib } = inputOf(template);
  const parts = [vcpus && `${vcpus} ${t.vm.vcpus}`, memory_mib && mib(memory_mib), disk_gib && words.disk(disk_gib)];
  return parts.filter(Boolean).join(' · ') || UNKNOWN;
}

function Row({ template, onEdit, onDelete }: { template: Template; onEdit: () => void; onDelete: () => void }) {
  const navigate = useNavigate();
  const may = useMay('template.write');
  const mayMake = useMay('vm.write');
  const groups = useGroups().data ?? [];
  const images = useImages().data ?? [];
  const input = inputOf(template);
  const image = images.find((one) => one.id === input.image)?.name ?? input.image;
  const devices = (input.devices ?? []).map((device) => groups.find((one) => one.id === device.group)?.name ?? device.group);
  return (
    <Tr>
      <Td dataLabel={words.template}>
        <strong>{template.name}</strong>
        {template.description && <div className="fct-subtle fct-small">{template.description}</div>}
        {template.problems.length > 0 && (
          <div className="fct-row fct-row--tight fct-small">
            <Label isCompact status="warning">{words.problems}</Label>
            {template.problems.map((one) => one.sentence).join(' ')}
          </div>
        )}
      </Td>
      <Td dataLabel={words.image}>{image || <span className="fct-subtle">{words.noImage}</span>}</Td>
      <Td dataLabel={words.size}>{sizeOf(template)}</Td>
      <Td dataLabel={words.device}>{devices.join(', ') || UNKNOWN}</Td>
      <Td isActionCell modifier="nowrap">
        <Flex flexWrap={{ default: 'nowrap' }} gap={{ default: 'gapSm' }} justifyContent={{ default: 'justifyContentFlexEnd' }}>
          <ActionButton variant="secondary" size="sm" why={mayMake.why} onClick={() => void navigate(`/vms/create?template=${encodeURIComponent(template.id)}`)}>{words.use}</ActionButton>
          <MoreActions
            actions={[
              { key: 'edit', name: words.edit, why: may.why, danger: false, run: onEdit },
              { key: 'delete', name: words.delete, why: may.why, danger: true, run: onDelete },
            ]}
          />
        </Flex>
      </Td>
    </Tr>
  );
}

export default function TemplatesPage() {
  const client = useQueryClient();
  const templates = useTemplates();
  const may = useMay('template.write');
  const [making, setMaking] = useState(false);
  const [editing, setEditing] = useState<Template | null>(null);
  const [leaving, setLeaving] = useState<Template | null>(null);
  const create = <ActionButton why={may.why} onClick={() => setMaking(true)}>{words.create}</ActionButton>;
  return (
    <>
      <PageHead title={words.title} trail={[{ to: '/vms', name: t.vm.title }]} actions={create} />
      <PageSection>
        <Loaded query={templates}>
          {(list) => list.length === 0 ? <Nothing title={words.none} text={words.noneText} action={<Link to="/vms">{t.vm.title}</Link>} /> : (
            <Table aria-label={words.title} variant="compact">
              <Thead><Tr><Th width={30}>{words.template}</Th><Th>{words.image}</Th><Th>{words.size}</Th><Th>{words.device}</Th><Th screenReaderText={t.app.more} /></Tr></Thead>
              <Tbody>{list.map((one) => <Row key={one.id} template={one} onEdit={() => setEditing(one)} onDelete={() => setLeaving(one)} />)}</Tbody>
            </Table>
          )}
        </Loaded>
      </PageSection>
      {making && <TemplateForm onClose={() => setMaking(false)} />}
      {editing && <TemplateForm template={editing} onClose={() => setEditing(null)} />}
      {leaving && (
        <Confirm
          title={words.deleteTitle(leaving.name)}
          text={words.deleteText}
          button={words.delete}
          action={() => deleteTemplate(leaving.id, leaving.revision)}
          onClose={() => setLeaving(null)}
          onDone={() => {
            void client.invalidateQueries({ queryKey: ['template'] });
            setLeaving(null);
          }}
        />
      )}
    </>
  );
}
