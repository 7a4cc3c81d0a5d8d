// SPDX-License-Identifier: Apache-2.0
import { Card, CardBody, CardTitle, ClipboardCopy } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import type { ReactNode } from 'react';
import { useReadings } from '@/api/live';
import type { Gpu } from '@/contract/types';
import { mhz, mib, UNKNOWN } from '@/lib/format';
import { t } from '@/strings';
import { Facts } from '@/widgets/Facts';
import { source, Unknown, Value } from '@/widgets/Reading';

const copy = (text: string): ReactNode =>
  text ? (
    <ClipboardCopy variant="inline-compact" hoverTip={t.app.copy} clickTip={t.app.copied} copyAriaLabel={`${t.app.copy} ${text}`}>
      {text}
    </ClipboardCopy>
  ) : (
    <Unknown why={t.gpu.unknown} />
  );
const number = (value: number) => (value < 0 ? <Unknown why={t.gpu.unknown} /> : String(value));

function migText(gpu: Gpu): string {
  if (!gpu.mig.capable) return gpu.state === 'ok' ? t.gpu.noMig : UNKNOWN;
  return `${t.gpu.migState(gpu.mig.current)}; ${gpu.mig.mode_survives_boot ? t.gpu.survives.yes : t.gpu.survives.no}`;
}

function Processes({ gpu }: { gpu: Gpu }) {
  if (gpu.processes.length === 0) return <span className="fct-subtle">{t.gpu.noProcesses}</span>;
  return (
    <Table aria-label={t.gpu.processes} variant="compact" borders={false}>
      <Thead>
        <Tr>
          <Th>{t.gpu.process}</Th>
          <Th>{t.gpu.pid}</Th>
          <Th>{t.gpu.memory}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {gpu.processes.map((p) => (
          <Tr key={p.pid}>
            <Td>{p.name || UNKNOWN}</Td>
            <Td className="fct-number">{p.pid}</Td>
            <Td>
              <Value text={mib(p.memory_mib)} why={t.gpu.unknown} />
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}

function Functions({ gpu }: { gpu: Gpu }) {
  return (
    <Table aria-label={t.gpu.functions} variant="compact" borders={false}>
      <Thead>
        <Tr>
          <Th>{t.gpu.function}</Th>
          <Th>{t.gpu.address}</Th>
          <Th>{t.gpu.driver}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {gpu.functions.map((f) => (
          <Tr key={f.address}>
            <Td>{f.label || f.vendor_device}</Td>
            <Td className="fct-mono">{f.address}</Td>
            <Td>{f.driver || t.gpu.noDriver}</Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Card isCompact>
      <CardTitle component="h2">{title}</CardTitle>
      <CardBody>{children}</CardBody>
    </Card>
  );
}

export function SummaryTab({ gpu }: { gpu: Gpu }) {
  const readings = useReadings(gpu);
  const ecc = (n: number | null) => (n == null ? UNKNOWN : String(n));
  return (
    <>
      <Section title={t.gpu.identity}>
        <Facts
          facts={[
            [t.gpu.model, gpu.name],
            [t.gpu.address, copy(gpu.address)],
            [t.gpu.uuid, copy(gpu.uuid)],
            [t.gpu.serial, copy(gpu.serial)],
            [t.gpu.architecture, gpu.architecture || UNKNOWN],
            [t.gpu.driver, gpu.driver || t.gpu.noDriver],
            [t.gpu.numa, number(gpu.numa_node)],
            [t.gpu.iommu, number(gpu.iommu_group)],
            [t.gpu.bootVga, gpu.boot_vga ? t.app.yes : t.app.no],
            [t.gpu.migCapable, migText(gpu)],
            [t.gpu.clock, <Value key="c" text={mhz(readings.sm_clock_mhz)} why={readings.why_not} />],
            [
              t.gpu.ecc,
              readings.ecc_corrected == null && readings.ecc_uncorrected == null ? (
                <Unknown key="e" why={readings.why_not} />
              ) : (
                t.gpu.eccText(ecc(readings.ecc_corrected), ecc(readings.ecc_uncorrected))
              ),
            ],
          ]}
        />
        <p className="fct-subtle fct-small pf-v6-u-mt-sm">{source(readings)}</p>
      </Section>
      <Section title={t.gpu.processes}>
        <Processes gpu={gpu} />
      </Section>
      <Section title={t.gpu.functions}>
        <Functions gpu={gpu} />
      </Section>
    </>
  );
}
