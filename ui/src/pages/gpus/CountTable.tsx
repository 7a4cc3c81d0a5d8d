// SPDX-License-Identifier: Apache-2.0
// How many of each profile. A choice that cannot work is grey and says why; its variants are folded.
import { ExpandableSection, NumberInput, Tooltip } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import type { MigProfile } from '@/contract/types';
import { mib } from '@/lib/format';
import { bySize, computeTotal, whyNotOneMore, type Counts } from '@/lib/layout';
import { t } from '@/strings';

interface Props {
  profiles: readonly MigProfile[];
  counts: Counts;
  onChange: (counts: Counts) => void;
}

function Stepper({ profile, profiles, counts, onChange }: Props & { profile: MigProfile }) {
  const n = counts[profile.name] ?? 0;
  const why = whyNotOneMore(counts, profile, profiles);
  const set = (value: number) => onChange({ ...counts, [profile.name]: Math.max(0, Math.min(profile.max_count, value)) });
  const input = (
    <NumberInput
      value={n}
      min={0}
      max={profile.max_count}
      widthChars={1}
      onMinus={() => set(n - 1)}
      onPlus={() => !why && set(n + 1)}
      onChange={(event) => set(Number(event.currentTarget.value) || 0)}
      inputAriaLabel={t.carve.countOf(profile.name)}
      minusBtnAriaLabel={t.carve.fewer(profile.name)}
      plusBtnAriaLabel={t.carve.more(profile.name)}
      plusBtnProps={{ isDisabled: false, isAriaDisabled: why !== '' }}
    />
  );
  return why ? (
    <Tooltip content={why}>
      <span>{input}</span>
    </Tooltip>
  ) : (
    input
  );
}

function Rows({ profiles, shown, counts, onChange, label }: Props & { shown: readonly MigProfile[]; label: string }) {
  const total = computeTotal(profiles);
  return (
    <Table aria-label={label} variant="compact" borders={false} className="fct-dense">
      <Thead>
        <Tr>
          <Th>{t.carve.profile}</Th>
          <Th>{t.carve.count}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {shown.map((profile) => (
          <Tr key={profile.id} className={whyNotOneMore(counts, profile, profiles) && !counts[profile.name] ? 'fct-fit--dead' : undefined}>
            <Td dataLabel={t.carve.profile}>
              {profile.name}
              <div className="fct-subtle fct-small fct-number">{t.carve.each(mib(profile.memory_mib), profile.compute_slices, total)}</div>
            </Td>
            <Td dataLabel={t.carve.count} modifier="fitContent">
              <Stepper profile={profile} profiles={profiles} counts={counts} onChange={onChange} />
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}

export function CountTable({ profiles, counts, onChange }: Props) {
  const sorted = bySize(profiles);
  const variants = sorted.filter((p) => p.attributes !== '');
  const used = variants.some((p) => (counts[p.name] ?? 0) > 0);
  return (
    <>
      <Rows
        profiles={profiles}
        shown={sorted.filter((p) => p.attributes === '')}
        counts={counts}
        onChange={onChange}
        label={t.carve.parts}
      />
      {variants.length > 0 && (
        <ExpandableSection toggleText={t.carve.variants} key={String(used)} isExpanded={used || undefined}>
          <Rows profiles={profiles} shown={variants} counts={counts} onChange={onChange} label={t.carve.variants} />
        </ExpandableSection>
      )}
    </>
  );
}
