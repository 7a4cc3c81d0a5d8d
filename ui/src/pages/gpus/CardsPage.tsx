// SPDX-License-Identifier: Apache-2.0
import { PageSection, SearchInput, Toolbar, ToolbarContent, ToolbarItem } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { Link, useNavigate, useSearchParams } from 'react-router-dom';
import { useReadings } from '@/api/live';
import { useGpus } from '@/api/queries';
import type { Gpu } from '@/contract/types';
import { shortModel } from '@/lib/format';
import { t } from '@/strings';
import { ActionButton } from '@/widgets/ActionButton';
import { GpuPicture } from '@/widgets/card-picture/CardPicture';
import { useCarveWhy } from '@/widgets/carveWhy';
import { Loaded, Nothing, Waiting } from '@/widgets/feedback';
import { GpuLabel } from '@/widgets/labels';
import { cardPath } from '@/widgets/links';
import { PageHead } from '@/widgets/PageHead';
import { Busy, GpuMemory, Power, Temperature } from '@/widgets/Reading';

function Row({ gpu }: { gpu: Gpu }) {
  const readings = useReadings(gpu);
  const navigate = useNavigate();
  const why = useCarveWhy(gpu);
  return (
    <Tr>
      <Td dataLabel={t.gpu.card}>
        <span className="fct-row fct-row--tight fct-nowrap">
          <Link to={cardPath(gpu.id)}>{t.gpu.title(gpu.index)}</Link>
          <GpuLabel gpu={gpu} />
        </span>
        <div className="fct-subtle fct-small fct-model fct-ellipsis" title={gpu.name}>
          {shortModel(gpu.name)}
        </div>
      </Td>
      <Td dataLabel={t.gpu.picture}>
        <GpuPicture gpu={gpu} variant="thin" />
      </Td>
      <Td dataLabel={t.gpu.busy}>
        <Busy readings={readings} bar />
      </Td>
      <Td dataLabel={t.gpu.memory}>
        <GpuMemory readings={readings} bar />
      </Td>
      <Td dataLabel={t.gpu.power}>
        <Power readings={readings} />
      </Td>
      <Td dataLabel={t.gpu.temperature}>
        <Temperature readings={readings} />
      </Td>
      <Td isActionCell>
        <ActionButton
          variant="secondary"
          size="sm"
          why={why}
          aria-label={t.carve.title(t.gpu.title(gpu.index))}
          onClick={() => void navigate(cardPath(gpu.id, '/carve'))}
        >
          {t.gpu.recarve}
        </ActionButton>
      </Td>
    </Tr>
  );
}

const matches = (gpu: Gpu, text: string) =>
  [t.gpu.title(gpu.index), gpu.name, gpu.address, gpu.mode, gpu.state, ...gpu.mig.instances.map((i) => i.holder?.name ?? '')].some(
    (value) => value.toLowerCase().includes(text.toLowerCase()),
  );

export default function CardsPage() {
  const gpus = useGpus();
  const [params, setParams] = useSearchParams();
  const text = params.get('q') ?? '';
  const filter = (value: string) => setParams(value ? { q: value } : {}, { replace: true });
  return (
    <>
      <PageHead title={t.gpu.cards} />
      <PageSection>
        <Loaded query={gpus} waiting={<Waiting lines={4} height="4rem" />}>
          {(list) =>
            list.length === 0 ? (
              <Nothing title={t.gpu.noneTitle} text={t.gpu.noneText} />
            ) : (
              <>
                <Toolbar>
                  <ToolbarContent>
                    <ToolbarItem className="fct-filter">
                      <SearchInput
                        value={text}
                        placeholder={t.gpu.filter}
                        aria-label={t.gpu.filter}
                        onChange={(_event, value) => filter(value)}
                        onClear={() => filter('')}
                      />
                    </ToolbarItem>
                  </ToolbarContent>
                </Toolbar>
                <Table aria-label={t.gpu.cards} variant="compact">
                  <Thead>
                    <Tr>
                      <Th width={15}>{t.gpu.card}</Th>
                      <Th width={45}>{t.gpu.picture}</Th>
                      <Th>{t.gpu.busy}</Th>
                      <Th>{t.gpu.memory}</Th>
                      <Th modifier="nowrap">{t.gpu.power}</Th>
                      <Th modifier="nowrap">{t.gpu.temperature}</Th>
                      <Th screenReaderText={t.gpu.recarve} />
                    </Tr>
                  </Thead>
                  <Tbody>
                    {list
                      .filter((gpu) => matches(gpu, text))
                      .map((gpu) => (
                        <Row key={gpu.id} gpu={gpu} />
                      ))}
                  </Tbody>
                </Table>
              </>
            )
          }
        </Loaded>
      </PageSection>
    </>
  );
}
