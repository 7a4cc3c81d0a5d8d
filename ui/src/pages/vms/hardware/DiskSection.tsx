// SPDX-License-Identifier: Apache-2.0
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import type { Vm } from '@/api/types';
import { UNKNOWN } from '@/lib/format';
import { t } from '@/strings';
import { Section } from './parts';

const words = t.hardware;
type Disk = Vm['disks'][number];

export function DiskPlace({ disk }: { disk: Disk }) {
  return disk.volume ? <>{disk.pool} <span className="fct-subtle">·</span> {disk.volume}</> : <span className="fct-mono">{disk.path}</span>;
}

export function DiskSection({ vm }: { vm: Vm }) {
  return (
    <Section title={words.disks}>
      {vm.disks.length === 0 ? <span className="fct-subtle">{words.noDisks}</span> : (
        <Table aria-label={words.disks} variant="compact" borders={false} className="fct-dense">
          <Thead><Tr><Th>{words.target}</Th><Th>{t.files.size}</Th><Th>{words.where}</Th><Th>{words.bus}</Th></Tr></Thead>
          <Tbody>
            {vm.disks.map((disk) => (
              <Tr key={disk.target}>
                <Td dataLabel={words.target}>{disk.target}{disk.kind === 'seed' && <span className="fct-subtle fct-small"> {words.seed}</span>}</Td>
                <Td dataLabel={t.files.size} className="fct-number">{disk.size_gib == null ? UNKNOWN : `${disk.size_gib} GiB`}</Td>
                <Td dataLabel={words.where}><DiskPlace disk={disk} /></Td>
                <Td dataLabel={words.bus}>{words.buses[disk.bus]} · {disk.format}</Td>
              </Tr>
            ))}
          </Tbody>
        </Table>
      )}
    </Section>
  );
}
