// SPDX-License-Identifier: Apache-2.0
// How large the VM is and where its disk lies; further disks, NICs and firmware are folded, with what is chosen on the fold.
import { ExpandableSection, Form, FormGroup, Radio } from '@patternfly/react-core';
import { useState } from 'react';
import type { Network, Pool } from '@/contract/types';
import { mib } from '@/lib/format';
import { t } from '@/strings';
import { NumberField, problemAt, SelectField } from '@/widgets/fields';
import { gibIn, poolProblem, type Draft, type Problems } from '@/widgets/vm-form/draft';
import { DISK_GIB, MEMORY_GIB, useSizeLimits, VCPUS } from '@/widgets/vm-form/limits';
import { MoreHardware } from '@/widgets/vm-form/MoreHardware';
import { poolHint, poolOptions } from '@/widgets/vm-form/options';
import { SIZES, type Size } from '@/widgets/vm-form/sizes';
import { FOLDED, moreSummary } from '@/widgets/vm-form/summary';

const words = t.wizard;

interface Props {
  draft: Draft;
  set: (draft: Draft) => void;
  pools: readonly Pool[];
  networks: readonly Network[];
  problems: Problems;
  error: unknown;
}

export function SizeStep({ draft, set, pools, networks, problems, error }: Props) {
  const { size } = draft;
  const resize = (change: Partial<Size>) => set({ ...draft, size: { ...size, ...change } });
  const same = (a: Size) => a.vcpus === size.vcpus && a.memory_mib === size.memory_mib && a.disk_gib === size.disk_gib;
  const limits = useSizeLimits();
  const vcpus = limits.vcpus(size.vcpus),
    memory = limits.memory(size.memory_mib);
  const withDisk = draft.source !== 'volume';
  const room = poolProblem(pools, draft.pool, gibIn(draft, draft.pool));
  const refused = FOLDED.some((field) => problemAt(error, field) !== '');
  const [open, setOpen] = useState(false);
  return (
    <Form onSubmit={(event) => event.preventDefault()}>
      <FormGroup role="radiogroup" label={words.size} fieldId="vm-size" isInline>
        {(['small', 'medium', 'large'] as const).map((key) => (
          <Radio
            key={key}
            id={`size-${key}`}
            name="vm-size"
            label={words.sizes[key]}
            isChecked={same(SIZES[key])}
            onChange={() => resize(SIZES[key])}
            description={[
              t.vm.vcpuCount(SIZES[key].vcpus),
              mib(SIZES[key].memory_mib),
              ...(withDisk ? [`${SIZES[key].disk_gib} GiB`] : []),
            ].join(' · ')}
          />
        ))}
      </FormGroup>
      <div className="fct-fields">
        <NumberField
          id="vm-vcpus"
          label={words.vcpus}
          value={size.vcpus}
          {...VCPUS}
          onChange={(vcpus) => resize({ vcpus })}
          hint={vcpus.hint}
          problem={vcpus.problem || problemAt(error, 'vcpus')}
        />
        <NumberField
          id="vm-memory"
          label={words.memory}
          value={size.memory_mib / 1024}
          {...MEMORY_GIB}
          onChange={(gib) => resize({ memory_mib: Math.round(gib * 1024) })}
          problem={problems.memory_mib ?? (memory.problem || problemAt(error, 'memory_mib'))}
        />
        {withDisk && (
          <NumberField
            id="vm-disk"
            label={words.disk}
            value={size.disk_gib}
            {...DISK_GIB}
            onChange={(disk_gib) => resize({ disk_gib })}
            problem={problems.disk_gib ?? (problemAt(error, 'disk_gib') || problemAt(error, 'size_gib'))}
          />
        )}
        {withDisk && pools.length > 0 && (
          <SelectField
            id="vm-pool"
            label={words.pool}
            hint={room.text || poolHint(pools, draft.pool)}
            problem={problems.disks ?? problemAt(error, 'pool')}
            value={draft.pool}
            options={poolOptions(pools, draft.pool)}
            onChange={(pool) => set({ ...draft, pool })}
          />
        )}
      </div>
      <ExpandableSection
        isExpanded={open || refused}
        onToggle={(_event, on) => setOpen(on)}
        toggleContent={
          <>
            {words.more} <span className="fct-subtle fct-small">{moreSummary(draft, networks)}</span>
          </>
        }
      >
        <MoreHardware draft={draft} set={set} pools={pools} networks={networks} error={error} />
      </ExpandableSection>
    </Form>
  );
}
