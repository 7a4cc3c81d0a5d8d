// SPDX-License-Identifier: Apache-2.0
import { Label } from '@patternfly/react-core';
import { CameraIcon, LevelUpAltIcon } from '@patternfly/react-icons';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useState } from 'react';
import { deleteSnapshot } from '@/api/actions';
import { useSnapshots } from '@/api/queries';
import type { Snapshot, Snapshots, Vm } from '@/contract/types';
import { bytes, dateTime } from '@/lib/format';
import { t } from '@/strings';
import { ActionButton } from '@/widgets/ActionButton';
import { Confirm } from '@/widgets/Confirm';
import { Loaded, Nothing } from '@/widgets/feedback';
import { useBegun } from '@/widgets/TaskDrawer';
import { Section, useBarred } from '../hardware/parts';
import { RevertForm } from './RevertForm';
import { SnapshotForm } from './SnapshotForm';
import { rows, type Row } from './tree';

type Dialog = { kind: 'take' } | { kind: 'revert' | 'delete'; snapshot: Snapshot } | null;

const keeps = (one: Snapshot) =>
  [t.snapshot.disks(one.disks), ...(one.has_memory ? [t.snapshot.memory] : []), ...(one.frozen ? [t.snapshot.frozen] : [])].join(', ');

function SnapshotRow({ row, why, open }: { row: Row; why: string; open: (dialog: Dialog) => void }) {
  const { snapshot, depth } = row;
  return (
    <Tr>
      <Td dataLabel={t.snapshot.name}>
        <div className="fct-row fct-row--tight" style={{ paddingInlineStart: `calc(${depth} * var(--pf-t--global--spacer--lg))` }}>
          {depth > 0 && <LevelUpAltIcon className="fct-subtle fct-branch" aria-hidden />}
          <span>{snapshot.name}</span>
          {snapshot.current && (
            <Label isCompact color="blue">
              {t.snapshot.here}
            </Label>
          )}
          {snapshot.deleted && (
            <Label isCompact variant="outline">
              {t.snapshot.deleted}
            </Label>
          )}
        </div>
        {(snapshot.deleted || snapshot.description) && (
          <div className="fct-subtle">{snapshot.deleted ? t.snapshot.deletedText : snapshot.description}</div>
        )}
      </Td>
      <Td dataLabel={t.snapshot.taken}>{dateTime(snapshot.created_ms)}</Td>
      <Td dataLabel={t.snapshot.keeps}>
        {keeps(snapshot)}
        {snapshot.disk_only_reason && <div className="fct-subtle">{snapshot.disk_only_reason}</div>}
      </Td>
      <Td dataLabel={t.snapshot.size}>{bytes(snapshot.size_bytes)}</Td>
      <Td dataLabel={t.snapshot.actions}>
        <span className="fct-row fct-row--end">
          {!snapshot.deleted && (
            <ActionButton
              variant="secondary"
              size="sm"
              why={why}
              aria-label={`${t.snapshot.revert} ${snapshot.name}`}
              onClick={() => open({ kind: 'revert', snapshot })}
            >
              {t.snapshot.revert}
            </ActionButton>
          )}
          <ActionButton
            variant="link"
            size="sm"
            isDanger={!snapshot.deleted}
            why={why}
            aria-label={`${snapshot.deleted ? t.snapshot.finish : t.snapshot.delete} ${snapshot.name}`}
            onClick={() => open({ kind: 'delete', snapshot })}
          >
            {snapshot.deleted ? t.snapshot.finish : t.snapshot.delete}
          </ActionButton>
        </span>
      </Td>
    </Tr>
  );
}

function SnapshotTable({ items, why, open }: { items: Snapshot[]; why: string; open: (dialog: Dialog) => void }) {
  return (
    <Table aria-label={t.snapshot.title} variant="compact">
      <Thead>
        <Tr>
          <Th width={30}>{t.snapshot.name}</Th>
          <Th>{t.snapshot.taken}</Th>
          <Th>{t.snapshot.keeps}</Th>
          <Th>{t.snapshot.size}</Th>
          <Th screenReaderText={t.snapshot.actions} />
        </Tr>
      </Thead>
      <Tbody>
        {rows(items).map((row) => (
          <SnapshotRow key={row.snapshot.id} row={row} why={why} open={open} />
        ))}
      </Tbody>
    </Table>
  );
}

function View({ vm, data }: { vm: Vm; data: Snapshots }) {
  const why = useBarred(vm);
  const begun = useBegun();
  const [dialog, setDialog] = useState<Dialog>(null);
  const close = () => setDialog(null);
  const take = (
    <ActionButton why={why} onClick={() => setDialog({ kind: 'take' })}>
      {t.snapshot.take}
    </ActionButton>
  );
  return (
    <>
      {data.items.length === 0 ? (
        <Nothing title={t.snapshot.none} text={t.snapshot.noneText} icon={CameraIcon} action={take} />
      ) : (
        <Section title={t.snapshot.title} actions={take}>
          <SnapshotTable items={data.items} why={why} open={setDialog} />
        </Section>
      )}
      {dialog?.kind === 'take' && <SnapshotForm vm={vm} choices={data} onClose={close} />}
      {dialog?.kind === 'revert' && <RevertForm vm={vm} snapshot={dialog.snapshot} onClose={close} />}
      {dialog?.kind === 'delete' && (
        <Confirm
          title={t.snapshot.deleteTitle(dialog.snapshot.name)}
          text={dialog.snapshot.deleted ? t.snapshot.deletedText : t.snapshot.deleteText}
          button={dialog.snapshot.deleted ? t.snapshot.finish : t.snapshot.delete}
          action={() => deleteSnapshot(vm.id, dialog.snapshot.id).then(begun)}
          onDone={close}
          onClose={close}
        />
      )}
    </>
  );
}

export function SnapshotsTab({ vm }: { vm: Vm }) {
  const snapshots = useSnapshots(vm.id);
  return <Loaded query={snapshots}>{(data) => <View vm={vm} data={data} />}</Loaded>;
}
