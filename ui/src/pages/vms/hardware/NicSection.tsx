// SPDX-License-Identifier: Apache-2.0
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useState } from 'react';
import { Link } from 'react-router-dom';
import type { Vm } from '@/contract/types';
import { UNKNOWN } from '@/lib/format';
import { t } from '@/strings';
import { ActionButton } from '@/widgets/ActionButton';
import { FormDialog } from '@/widgets/FormDialog';
import { networkPath } from '@/widgets/links';
import { NicForm } from './NicForm';
import { nicInputs, Section, useBarred, usePatch, nicText } from './parts';

const words = t.hardware;

function RemoveNic({ vm, at, onClose }: { vm: Vm; at: number; onClose: () => void }) {
  const nic = vm.nics[at];
  const save = usePatch(vm, () => ({ nics: nicInputs(vm).filter((_, i) => i !== at) }), onClose);
  return (
    <FormDialog
      danger
      title={words.removeNicTitle(nic?.network ?? '')}
      about={nicText(vm)}
      button={words.remove}
      save={save}
      onClose={onClose}
    >
      <p>{words.removeNicText(nic?.mac ?? '')}</p>
    </FormDialog>
  );
}

type Dialog = { what: 'add' } | { what: 'edit' | 'remove'; at: number } | null;

export function NicSection({ vm }: { vm: Vm }) {
  const why = useBarred(vm);
  const [dialog, setDialog] = useState<Dialog>(null);
  const close = () => setDialog(null);
  return (
    <Section
      title={words.nics}
      actions={
        <ActionButton variant="link" isInline why={why} onClick={() => setDialog({ what: 'add' })}>
          {words.addNic}
        </ActionButton>
      }
    >
      {vm.nics.length === 0 ? (
        <span className="fct-subtle">{words.noNics}</span>
      ) : (
        <Table aria-label={words.nics} variant="compact" borders={false} className="fct-dense">
          <Thead>
            <Tr>
              <Th>{words.network}</Th>
              <Th>{words.addresses}</Th>
              <Th>{words.mac}</Th>
              <Th>{words.model}</Th>
              <Th screenReaderText={t.app.allActions} />
            </Tr>
          </Thead>
          <Tbody>
            {vm.nics.map((nic, at) => (
              <Tr key={nic.mac || at}>
                <Td dataLabel={words.network}>{nic.network ? <Link to={networkPath(nic.network)}>{nic.network}</Link> : UNKNOWN}</Td>
                <Td dataLabel={words.addresses}>{nic.addresses.join(', ') || <span className="fct-subtle">{t.network.noAddress}</span>}</Td>
                <Td dataLabel={words.mac} className="fct-mono">
                  {nic.mac || UNKNOWN}
                </Td>
                <Td dataLabel={words.model}>{nic.model || UNKNOWN}</Td>
                <Td isActionCell>
                  <div className="fct-row fct-row--end">
                    <ActionButton
                      variant="link"
                      isInline
                      why={why}
                      aria-label={words.editOf(words.nic(at + 1))}
                      onClick={() => setDialog({ what: 'edit', at })}
                    >
                      {words.edit}
                    </ActionButton>
                    <ActionButton
                      variant="link"
                      isInline
                      isDanger
                      why={why}
                      aria-label={`${words.remove} ${words.nic(at + 1)}`}
                      onClick={() => setDialog({ what: 'remove', at })}
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
      {dialog?.what === 'add' && <NicForm vm={vm} at={null} onClose={close} />}
      {dialog?.what === 'edit' && <NicForm vm={vm} at={dialog.at} onClose={close} />}
      {dialog?.what === 'remove' && <RemoveNic vm={vm} at={dialog.at} onClose={close} />}
    </Section>
  );
}
