// SPDX-License-Identifier: Apache-2.0
// CD drives: a medium is changed while the VM runs; a drive comes and goes with the next start.
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useState } from 'react';
import { Link } from 'react-router-dom';
import { useFiles } from '@/api/queries';
import type { Vm } from '@/contract/types';
import { bytes } from '@/lib/format';
import { t } from '@/strings';
import { ActionButton } from '@/widgets/ActionButton';
import { problemAt, SelectField } from '@/widgets/fields';
import { FormDialog } from '@/widgets/FormDialog';
import { isOff, Section, useBarred, usePatch, whenText } from './parts';

const words = t.hardware;
type Drive = Vm['cdroms'][number];

/** The drives that are the user's, in order: first-boot data has one of its own. */
const own = (vm: Vm) => vm.cdroms.filter((drive) => !drive.seed);

/** Puts a medium into @drive, or adds a drive with it. */
function MediumForm({ vm, drive, onClose }: { vm: Vm; drive: Drive | null; onClose: () => void }) {
  const isos = (useFiles().data?.items ?? []).filter((file) => file.format === 'iso' && file.state === 'ready');
  const foreign = drive && !drive.file ? drive.path : ''; // of an adopted VM: in no library, so it can only stay or go
  const [file, setFile] = useState(drive?.file || foreign);
  const save = usePatch(
    vm,
    () => {
      const drives = own(vm).map(({ target }) => (target === drive?.target && file !== (foreign || null) ? { target, file } : { target }));
      return { cdroms: drive ? drives : [...drives, { file }] };
    },
    onClose,
  );
  const gone = drive?.file && !isos.some((one) => one.id === drive.file) ? [{ value: drive.file, name: drive.file }] : [];
  const stays = foreign ? [{ value: foreign, name: foreign }] : [];
  const options = [
    { value: '', name: words.empty },
    ...gone,
    ...stays,
    ...isos.map((one) => ({ value: one.id, name: `${one.name} · ${bytes(one.size_bytes)}` })),
  ];
  return (
    <FormDialog
      title={drive ? words.changeTitle(drive.target) : words.addCdrom}
      about={drive ? words.now : whenText(vm)}
      button={drive ? t.app.save : words.add}
      save={save}
      fields={['cdroms', 'file']}
      onClose={onClose}
    >
      <SelectField
        id="cd-file"
        label={words.medium}
        hint={
          isos.length === 0 ? (
            <>
              {words.noIsos} <Link to="/storage/files">{words.toFiles}</Link>
            </>
          ) : undefined
        }
        value={file}
        options={options}
        onChange={setFile}
        problem={problemAt(save.error, 'cdroms') || problemAt(save.error, 'file')}
      />
    </FormDialog>
  );
}

function RemoveDrive({ vm, drive, onClose }: { vm: Vm; drive: Drive; onClose: () => void }) {
  const save = usePatch(
    vm,
    () => ({
      cdroms: own(vm)
        .filter((one) => one.target !== drive.target)
        .map(({ target }) => ({ target })),
    }),
    onClose,
  );
  return (
    <FormDialog
      danger
      title={words.removeCdromTitle(drive.target)}
      about={isOff(vm) ? undefined : words.later}
      button={words.remove}
      save={save}
      onClose={onClose}
    >
      <p>{words.removeCdromText}</p>
    </FormDialog>
  );
}

type Dialog = { what: 'add' } | { what: 'change' | 'remove'; drive: Drive } | null;

export function CdSection({ vm }: { vm: Vm }) {
  const why = useBarred(vm);
  const [dialog, setDialog] = useState<Dialog>(null);
  const close = () => setDialog(null);
  const barred = (drive: Drive) => why || (drive.seed ? words.seedDrive : '');
  return (
    <Section
      title={words.cdroms}
      actions={
        <ActionButton variant="link" isInline why={why} onClick={() => setDialog({ what: 'add' })}>
          {words.addCdrom}
        </ActionButton>
      }
    >
      {vm.cdroms.length === 0 ? (
        <span className="fct-subtle">{words.noCdroms}</span>
      ) : (
        <Table aria-label={words.cdroms} variant="compact" borders={false} className="fct-dense">
          <Thead>
            <Tr>
              <Th width={10}>{words.target}</Th>
              <Th>{words.medium}</Th>
              <Th screenReaderText={t.app.allActions} />
            </Tr>
          </Thead>
          <Tbody>
            {vm.cdroms.map((drive) => (
              <Tr key={drive.target}>
                <Td dataLabel={words.target}>{drive.target}</Td>
                <Td dataLabel={words.medium}>
                  {drive.seed ? words.seed : drive.file || drive.path || <span className="fct-subtle">{words.empty}</span>}
                </Td>
                <Td isActionCell>
                  <div className="fct-row fct-row--end">
                    <ActionButton
                      variant="link"
                      isInline
                      why={barred(drive)}
                      aria-label={`${words.change}: ${words.cdrom(drive.target)}`}
                      onClick={() => setDialog({ what: 'change', drive })}
                    >
                      {words.change}
                    </ActionButton>
                    <ActionButton
                      variant="link"
                      isInline
                      isDanger
                      why={barred(drive)}
                      aria-label={`${words.remove} ${words.cdrom(drive.target)}`}
                      onClick={() => setDialog({ what: 'remove', drive })}
                    >
                      {words.remove}
                    </ActionButton>
                  </div>
                </Td>
              </Tr>
            ))}
          </Tbody>
        </Table>
      )}
      {dialog?.what === 'add' && <MediumForm vm={vm} drive={null} onClose={close} />}
      {dialog?.what === 'change' && <MediumForm vm={vm} drive={dialog.drive} onClose={close} />}
      {dialog?.what === 'remove' && <RemoveDrive vm={vm} drive={dialog.drive} onClose={close} />}
    </Section>
  );
}
