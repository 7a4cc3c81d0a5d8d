// SPDX-License-Identifier: Apache-2.0
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useNavigate } from 'react-router-dom';
import { useLatestSample } from '@/api/live';
import type { Gpu } from '@/contract/types';
import { mibOf, percent, UNKNOWN } from '@/lib/format';
import { t } from '@/strings';
import { ActionButton } from '@/widgets/ActionButton';
import { slots } from '@/widgets/card-picture/words';
import { useCarveWhy } from '@/widgets/carveWhy';
import { Nothing } from '@/widgets/feedback';
import { cardPath, HolderLink } from '@/widgets/links';
import { Meter } from '@/widgets/Reading';

export function PartsTab({ gpu }: { gpu: Gpu }) {
  const navigate = useNavigate();
  const why = useCarveWhy(gpu);
  const live = useLatestSample()?.gpus[gpu.id]?.instances;
  if (gpu.mig.instances.length === 0) {
    return (
      <Nothing
        title={t.gpu.noParts}
        text={why || t.gpu.noPartsText}
        action={
          <ActionButton variant="link" why={why} onClick={() => void navigate(cardPath(gpu.id, '/carve'))}>
            {t.gpu.recarve}
          </ActionButton>
        }
      />
    );
  }
  return (
    <Table aria-label={t.gpu.parts} variant="compact">
      <Thead>
        <Tr>
          <Th>{t.gpu.part}</Th>
          <Th>{t.gpu.place}</Th>
          <Th>{t.gpu.holder}</Th>
          <Th>{t.gpu.busy}</Th>
          <Th>{t.gpu.memory}</Th>
          <Th>{t.gpu.compute}</Th>
          <Th>{t.gpu.migUuid}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {gpu.mig.instances.map((instance) => {
          const now = live?.find((l) => l.start === instance.start);
          const used = now?.memory_used_mib ?? instance.memory_used_mib;
          const total = now?.memory_total_mib ?? instance.memory_total_mib;
          return (
            <Tr key={instance.start}>
              <Td dataLabel={t.gpu.part}>{instance.profile}</Td>
              <Td dataLabel={t.gpu.place}>{slots(instance)}</Td>
              <Td dataLabel={t.gpu.holder}>
                <HolderLink holder={instance.holder} />
              </Td>
              <Td dataLabel={t.gpu.busy}>
                <Meter
                  text={percent(now?.gpu_percent)}
                  part={now?.gpu_percent == null ? null : now.gpu_percent / 100}
                  why={now?.why_not || gpu.readings.why_not}
                />
              </Td>
              <Td dataLabel={t.gpu.memory}>
                <Meter
                  text={used == null ? UNKNOWN : mibOf(used, total)}
                  part={used == null || !total ? null : used / total}
                  why={t.gpu.unknown}
                />
              </Td>
              <Td dataLabel={t.gpu.compute}>{instance.not_whole || instance.compute.map((c) => c.profile).join(', ') || UNKNOWN}</Td>
              <Td dataLabel={t.gpu.migUuid} className="fct-mono">
                {instance.compute.map((c) => c.uuid).join(' ') || UNKNOWN}
              </Td>
            </Tr>
          );
        })}
      </Tbody>
    </Table>
  );
}
