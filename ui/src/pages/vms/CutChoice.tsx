// SPDX-License-Identifier: Apache-2.0
// Parts that do not exist yet and could be cut now. What cannot be cut is grey and says why; variants are folded.
import { ExpandableSection, Radio } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useQueries } from '@tanstack/react-query';
import { useMay } from '@/api/may';
import { gpuQuery, useGpus, useGroups } from '@/api/queries';
import type { Gpu } from '@/contract/types';
import { cutsOf, type Cut, type ModelCuts } from '@/lib/cuts';
import { mib, shortModel } from '@/lib/format';
import { t } from '@/strings';

/** Which part of which card. */
export interface CutWish {
  gpu: string;
  profile: string;
}

interface Props {
  value: CutWish | null;
  onChange: (wish: CutWish) => void;
}

// More models than this are folded, so that the list stays short.
const OPEN_MODELS = 2;

function useCuts(): ModelCuts[] {
  const gpus = useGpus().data ?? [];
  const groups = useGroups().data ?? [];
  const cut = gpus.filter((gpu) => gpu.state === 'ok' && gpu.mig.current);
  const known = useQueries({ queries: cut.map((gpu) => gpuQuery(gpu.id)) }).map((query) => query.data);
  const detailed = (gpu: Gpu) => known.find((one) => one?.id === gpu.id) ?? gpu;
  return cutsOf(gpus.map(detailed), groups);
}

function CutTable({ cuts, label, barred, value, onChange }: Props & { cuts: readonly Cut[]; label: string; barred: string }) {
  return (
    <Table aria-label={label} variant="compact">
      <Thead>
        <Tr>
          <Th width={40} modifier="wrap">
            {label}
          </Th>
          <Th width={15}>{t.groups.memory}</Th>
          <Th>{t.cuts.how}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {cuts.map(({ gpu, profile, why }) => {
          const not = barred || why;
          return (
            <Tr key={profile.name} className={not ? 'fct-fit--dead' : undefined}>
              <Td>
                <Radio
                  id={`cut-${gpu.id}-${profile.name}`}
                  name="gpu-group"
                  label={t.cuts.name(profile.name, t.gpu.title(gpu.index))}
                  isDisabled={not !== ''}
                  isChecked={value?.gpu === gpu.id && value.profile === profile.name}
                  onChange={() => onChange({ gpu: gpu.id, profile: profile.name })}
                />
              </Td>
              <Td className="fct-number">{mib(profile.memory_mib)}</Td>
              <Td>{not || (gpu.mig.current ? t.cuts.freeRoom : t.cuts.turnsOn)}</Td>
            </Tr>
          );
        })}
      </Tbody>
    </Table>
  );
}

const holds = (cuts: readonly Cut[], wish: CutWish | null) =>
  cuts.some((cut) => cut.gpu.id === wish?.gpu && cut.profile.name === wish.profile);

function Model({ cuts, ...rest }: Props & { cuts: ModelCuts; barred: string }) {
  const label = t.cuts.title(shortModel(cuts.model));
  return (
    <div>
      {cuts.plain.length > 0 && <CutTable cuts={cuts.plain} label={label} {...rest} />}
      {cuts.variants.length > 0 && (
        <ExpandableSection toggleText={t.carve.variants} isExpanded={holds(cuts.variants, rest.value) || undefined}>
          <CutTable cuts={cuts.variants} label={`${label}, ${t.cuts.variants}`} {...rest} />
        </ExpandableSection>
      )}
    </div>
  );
}

export function CutChoice(props: Props) {
  const models = useCuts();
  const plan = useMay('plan.write');
  const apply = useMay('plan.apply');
  const barred = plan.why || apply.why;
  const few = models.length <= OPEN_MODELS;
  return (
    <>
      {models.map((cuts) =>
        few ? (
          <Model key={cuts.model} cuts={cuts} barred={barred} {...props} />
        ) : (
          <ExpandableSection
            key={cuts.model}
            toggleText={t.cuts.title(shortModel(cuts.model))}
            isExpanded={holds([...cuts.plain, ...cuts.variants], props.value) || undefined}
          >
            <Model cuts={cuts} barred={barred} {...props} />
          </ExpandableSection>
        ),
      )}
    </>
  );
}
