// SPDX-License-Identifier: Apache-2.0
// Under the full picture: what is pointed at. Nothing pointed at: what still fits on the card. Its height is reserved, so that
// nothing moves while the pointer does.
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import type { Fit, Gpu } from '@/contract/types';
import { fitRows, noFits } from '@/lib/fits';
import { mib, mibOf, UNKNOWN } from '@/lib/format';
import { t } from '@/strings';
import { Facts } from '@/widgets/Facts';
import { HolderLink } from '@/widgets/links';
import type { Span } from './geometry';
import { pictureOfGpu } from './geometry';
import { slots } from './words';

interface Props {
  gpu: Gpu;
  at: number | null;
  onGhost: (span: Span | null) => void;
}

function FitTable({ fits, title, gpu, onGhost }: { fits: readonly Fit[]; title: string; gpu: Gpu; onGhost: Props['onGhost'] }) {
  const rows = fitRows(fits);
  return (
    <>
      {rows.length > 0 && (
        <Table aria-label={title} variant="compact" borders={false} className="fct-dense">
          <Thead>
            <Tr>
              <Th width={20}>{t.picture.profile}</Th>
              <Th width={15}>{t.gpu.memory}</Th>
              <Th width={15}>{t.picture.at}</Th>
              <Th>{t.picture.leaves}</Th>
            </Tr>
          </Thead>
          <Tbody>
            {rows.map(({ fit, places }) => (
              <Tr key={`${fit.profile_id}-${fit.start}`} onMouseEnter={() => onGhost(fit)} onMouseLeave={() => onGhost(null)}>
                <Td dataLabel={t.picture.profile}>{fit.profile}</Td>
                <Td dataLabel={t.gpu.memory} className="fct-number">
                  {mib(gpu.mig.profiles.find((p) => p.id === fit.profile_id)?.memory_mib)}
                </Td>
                <Td dataLabel={t.picture.at} className="fct-number">
                  {places.join(', ')}
                </Td>
                <Td dataLabel={t.picture.leaves}>{fit.leaves || t.picture.leavesNothing}</Td>
              </Tr>
            ))}
          </Tbody>
        </Table>
      )}
      {noFits(fits).map(({ why, profiles }) => (
        <p key={why} className="fct-subtle fct-small">
          {t.picture.doesNotFit(profiles, why)}
        </p>
      ))}
    </>
  );
}

function InstanceFacts({ gpu, at }: { gpu: Gpu; at: number }) {
  const instance = gpu.mig.instances.find((i) => at >= i.start && at < i.start + i.size);
  if (!instance) return null;
  const processes = instance.compute.flatMap((c) => c.processes);
  return (
    <Facts
      facts={[
        [t.gpu.part, instance.profile],
        [t.gpu.place, slots(instance)],
        [t.gpu.holder, <HolderLink key="h" holder={instance.holder} />],
        [t.picture.usedMemory, mibOf(instance.memory_used_mib, instance.memory_total_mib)],
        [t.gpu.compute, instance.not_whole || instance.compute.map((c) => c.profile).join(', ') || UNKNOWN],
        [t.gpu.processes, processes.map((p) => `${p.name} (${p.pid})`).join(', ') || t.app.none],
        [
          t.gpu.migUuid,
          <span key="u" className="fct-mono">
            {instance.compute
              .map((c) => c.uuid)
              .filter(Boolean)
              .join(' ') || UNKNOWN}
          </span>,
        ],
      ]}
    />
  );
}

export function Inspector({ gpu, at, onGhost }: Props) {
  const fits = gpu.mig.fits ?? [];
  const lines = fitRows(fits).length + noFits(fits).length;
  const segment = at === null ? undefined : pictureOfGpu(gpu).segments.find((s) => at >= s.start && at < s.start + s.size);
  if (segment?.kind === 'block' && at !== null) {
    return (
      <Shell rows={lines} title={`${segment.profile} · ${slots(segment)}`}>
        <InstanceFacts gpu={gpu} at={at} />
      </Shell>
    );
  }
  if (segment?.kind === 'stranded') {
    return (
      <Shell rows={lines} title={`${t.picture.legendStranded} · ${slots(segment)}`}>
        <p>{segment.why}</p>
      </Shell>
    );
  }
  if (segment && at !== null) {
    const here = fits.filter((fit) => fit.start === at);
    const title = t.picture.whatFitsAt(at);
    return (
      <Shell rows={lines} title={title}>
        {here.length ? <FitTable fits={here} title={title} gpu={gpu} onGhost={onGhost} /> : <p>{t.picture.nothingBegins}</p>}
      </Shell>
    );
  }
  return (
    <Shell rows={lines} title={t.picture.whatFits}>
      {!fits.some((fit) => fit.ok) && <p>{t.picture.nothingFits}</p>}
      <FitTable fits={fits} title={t.picture.whatFits} gpu={gpu} onGhost={onGhost} />
    </Shell>
  );
}

function Shell({ title, rows, children }: { title: string; rows: number; children: React.ReactNode }) {
  return (
    <div className="fct-stack" style={{ minBlockSize: `${Math.max(9, 5.5 + rows * 1.85)}rem` }}>
      <div className="fct-row fct-row--spread">
        <strong>{title}</strong>
        <span className="fct-subtle fct-small">{t.picture.hint}</span>
      </div>
      {children}
    </div>
  );
}

export function PictureLegend({ split }: { split: boolean }) {
  return (
    <div className="fct-legend">
      <span>
        <span className="fct-legend__mark" aria-hidden="true" />
        {t.picture.legendFree}
      </span>
      <span>
        <span className="fct-legend__mark fct-legend__mark--idle" aria-hidden="true" />
        {t.picture.legendIdle}
      </span>
      <span>
        <span className="fct-legend__mark fct-legend__mark--stranded" aria-hidden="true" />
        {t.picture.legendStranded}
      </span>
      {split && (
        <span>
          <span className="fct-legend__mark fct-legend__mark--split" aria-hidden="true" />
          {t.picture.legendSplit}
        </span>
      )}
    </div>
  );
}
