// SPDX-License-Identifier: Apache-2.0
// A VM's disks: where they lie and how full they are; added, grown and removed while it runs.
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useState } from 'react';
import { Link } from 'react-router-dom';
import { useVolumes } from '@/api/queries';
import type { Vm, Volume } from '@/contract/types';
import { bytes, UNKNOWN } from '@/lib/format';
import { t } from '@/strings';
import { ActionButton } from '@/widgets/ActionButton';
import { AddDisk, GrowDisk, RemoveDisk } from './DiskForms';
import { Section, useBarred } from './parts';

const words = t.hardware;
type Disk = Vm['disks'][number];
type Dialog = { what: 'add' } | { what: 'grow' | 'remove'; disk: Disk } | null;

function Place({ disk }: { disk: Disk }) {
  if (!disk.volume)
    return (
      <>
        <span className="fct-mono">{disk.path}</span> <span className="fct-subtle fct-small">{words.noVolume}</span>
      </>
    );
  return (
    <>
      <Link to="/storage/volumes">{disk.pool}</Link> <span className="fct-subtle">·</span> {disk.volume}
    </>
  );
}

const size = (disk: Disk, volume: Volume | undefined) =>
  disk.size_gib != null ? `${disk.size_gib} GiB` : volume ? bytes(volume.capacity_bytes) : UNKNOWN;

export function DiskSection({ vm }: { vm: Vm }) {
  const why = useBarred(vm);
  const volumes = useVolumes().data ?? [];
  const [dialog, setDialog] = useState<Dialog>(null);
  const close = () => setDialog(null);
  const volumeOf = (disk: Disk) => volumes.find((one) => one.pool === disk.pool && one.name === disk.volume);
  const stays = (disk: Disk) => why || (disk.volume ? '' : words.noVolumeWhy);
  return (
    <Section
      title={words.disks}
      actions={
        <ActionButton variant="link" isInline why={why} onClick={() => setDialog({ what: 'add' })}>
          {words.addDisk}
        </ActionButton>
      }
    >
      {vm.disks.length === 0 ? (
        <span className="fct-subtle">{words.noDisks}</span>
      ) : (
        <Table aria-label={words.disks} variant="compact" borders={false} className="fct-dense">
          <Thead>
            <Tr>
              <Th>{words.target}</Th>
              <Th>{t.files.size}</Th>
              <Th>{words.used}</Th>
              <Th>{words.where}</Th>
              <Th>{words.bus}</Th>
              <Th screenReaderText={t.app.allActions} />
            </Tr>
          </Thead>
          <Tbody>
            {vm.disks.map((disk) => (
              <Tr key={disk.target}>
                <Td dataLabel={words.target}>
                  {disk.target}
                  {disk.kind === 'seed' && <div className="fct-subtle fct-small">{words.seed}</div>}
                </Td>
                <Td dataLabel={t.files.size} className="fct-number">
                  {size(disk, volumeOf(disk))}
                </Td>
                <Td dataLabel={words.used} className="fct-number">
                  {bytes(volumeOf(disk)?.allocated_bytes)}
                </Td>
                <Td dataLabel={words.where}>
                  <Place disk={disk} />
                </Td>
                <Td dataLabel={words.bus}>
                  {words.buses[disk.bus]} <span className="fct-subtle">{disk.format}</span>
                </Td>
                <Td isActionCell>
                  {disk.kind === 'disk' && (
                    <div className="fct-row fct-row--end">
                      <ActionButton
                        variant="link"
                        isInline
                        why={stays(disk)}
                        aria-label={`${words.grow} ${words.disk(disk.target)}`}
                        onClick={() => setDialog({ what: 'grow', disk })}
                      >
                        {words.grow}
                      </ActionButton>
                      <ActionButton
                        variant="link"
                        isInline
                        isDanger
                        why={stays(disk)}
                        aria-label={`${words.remove} ${words.disk(disk.target)}`}
                        onClick={() => setDialog({ what: 'remove', disk })}
                      >
                        {words.remove}
                      </ActionButton>
                    </div>
                  )}
                </Td>
              </Tr>
            ))}
          </Tbody>
        </Table>
      )}
      {dialog?.what === 'add' && <AddDisk vm={vm} onClose={close} />}
      {dialog?.what === 'grow' && <GrowDisk vm={vm} disk={dialog.disk} onClose={close} />}
      {dialog?.what === 'remove' && <RemoveDisk vm={vm} disk={dialog.disk} onClose={close} />}
    </Section>
  );
}
