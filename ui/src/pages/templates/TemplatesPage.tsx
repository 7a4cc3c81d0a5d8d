// SPDX-License-Identifier: Apache-2.0
import { Flex, Label, MenuToggle, PageSection } from '@patternfly/react-core';
import { EllipsisVIcon } from '@patternfly/react-icons';
import { ActionsColumn, Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router-dom';
import { deleteTemplate } from '@/api/actions';
import { useMay } from '@/api/may';
import { useGroups, useImages, useTemplates } from '@/api/queries';
import type { Template } from '@/contract/types';
import { mib, UNKNOWN } from '@/lib/format';
import { t } from '@/strings';
import { ActionButton } from '@/widgets/ActionButton';
import { Confirm } from '@/widgets/Confirm';
import { Loaded, Nothing } from '@/widgets/feedback';
import { PageHead } from '@/widgets/PageHead';
import { inputOf } from './input';
import { TemplateForm } from './TemplateForm';

const words = t.templates;

function sizeOf(template: Template): string {
  const { vcpus, memory_mib, disk_gib } = inputOf(template);
  const parts = [vcpus && t.vm.vcpuCount(vcpus), memory_mib && mib(memory_mib), disk_gib && words.disk(disk_gib)];
  return parts.filter(Boolean).join(' · ') || UNKNOWN;
}

function Row({ template, onEdit, onDelete }: { template: Template; onEdit: () => void; onDelete: () => void }) {
  const navigate = useNavigate();
  const may = useMay('template.write');
  const mayMake = useMay('vm.write');
  const groups = useGroups();
  const images = useImages().data ?? [];
  const input = inputOf(template);
  const tooltipProps = may.why ? { content: may.why } : undefined;
  const image = images.find((one) => one.id === input.image)?.name ?? input.image;
  const nameOf = (id: string) => groups.data?.find((one) => one.id === id)?.name ?? (groups.data ? words.groupGone : UNKNOWN);
  const devices = (input.devices ?? []).map(({ group, count = 1 }) => t.vm.claim(nameOf(group), count, false));
  return (
    <Tr>
      <Td dataLabel={words.template}>
        <strong>{template.name}</strong>
        {template.description && <div className="fct-subtle fct-small">{template.description}</div>}
        {template.problems.length > 0 && (
          <div className="fct-row fct-row--tight fct-small">
            <Label isCompact status="warning">
              {words.problems}
            </Label>
            {template.problems.map((one) => one.sentence).join(' ')}
          </div>
        )}
      </Td>
      <Td dataLabel={words.begin}>{image ?? input.iso ?? <span className="fct-subtle">{words.noImage}</span>}</Td>
      <Td dataLabel={words.size}>{sizeOf(template)}</Td>
      <Td dataLabel={words.devices}>{devices.join(', ') || UNKNOWN}</Td>
      <Td isActionCell modifier="nowrap">
        <Flex flexWrap={{ default: 'nowrap' }} gap={{ default: 'gapSm' }} justifyContent={{ default: 'justifyContentFlexEnd' }}>
          <ActionButton
            variant="secondary"
            size="sm"
            why={mayMake.why}
            onClick={() => void navigate(`/vms/create?template=${encodeURIComponent(template.id)}`)}
          >
            {words.use}
          </ActionButton>
          <ActionsColumn
            popperProps={{ position: 'end' }}
            actionsToggle={({ onToggle, isOpen, toggleRef }) => (
              <MenuToggle
                ref={toggleRef}
                variant="plain"
                isExpanded={isOpen}
                onClick={onToggle}
                aria-label={t.app.actions(template.name)}
                icon={<EllipsisVIcon />}
              />
            )}
            items={[
              { title: words.edit, onClick: may.why ? undefined : onEdit, isAriaDisabled: may.why !== '', tooltipProps },
              {
                title: words.delete,
                onClick: may.why ? undefined : onDelete,
                isAriaDisabled: may.why !== '',
                isDanger: !may.why,
                tooltipProps,
              },
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
  const create = (
    <ActionButton why={may.why} onClick={() => setMaking(true)}>
      {words.create}
    </ActionButton>
  );
  return (
    <>
      <PageHead title={words.title} actions={create} />
      <PageSection>
        <Loaded query={templates}>
          {(list) =>
            list.length === 0 ? (
              <Nothing
                title={words.none}
                text={words.noneText}
                action={
                  <ActionButton variant="link" why={may.why} onClick={() => setMaking(true)}>
                    {words.create}
                  </ActionButton>
                }
              />
            ) : (
              <Table aria-label={words.title} variant="compact">
                <Thead>
                  <Tr>
                    <Th width={30}>{words.template}</Th>
                    <Th>{words.begin}</Th>
                    <Th>{words.size}</Th>
                    <Th modifier="nowrap">{words.devices}</Th>
                    <Th screenReaderText={t.app.more} />
                  </Tr>
                </Thead>
                <Tbody>
                  {list.map((one) => (
                    <Row key={one.id} template={one} onEdit={() => setEditing(one)} onDelete={() => setLeaving(one)} />
                  ))}
                </Tbody>
              </Table>
            )
          }
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
