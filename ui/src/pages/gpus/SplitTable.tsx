// SPDX-License-Identifier: Apache-2.0
// How the compute of each part is split, for those profiles that are wanted and can be split at all.
import { FormSelect, FormSelectOption } from '@patternfly/react-core';
import type { MigProfile } from '@/contract/types';
import { bySize, describeSplit, splitsOf, type Counts, type Splits } from '@/lib/layout';
import { t } from '@/strings';

interface Props {
  profiles: readonly MigProfile[];
  counts: Counts;
  splits: Splits;
  onChange: (splits: Splits) => void;
}

const same = (a: readonly string[], b: readonly string[]) => [...a].sort().join() === [...b].sort().join();

function Choice({ profile, splits, onChange }: Omit<Props, 'profiles' | 'counts'> & { profile: MigProfile }) {
  const chosen = splits[profile.name] ?? [];
  const offered = splitsOf(profile);
  const all = chosen.length === 0 || offered.some((names) => same(names, chosen)) ? offered : [...offered, [...chosen]];
  const pick = (at: number) => {
    const rest = Object.fromEntries(Object.entries(splits).filter(([name]) => name !== profile.name));
    const names = all[at];
    onChange(names ? { ...rest, [profile.name]: names } : rest);
  };
  return (
    <FormSelect
      aria-label={t.carve.splitOf(profile.name)}
      value={String(all.findIndex((names) => same(names, chosen)))}
      onChange={(_event, value) => pick(Number(value))}
    >
      <FormSelectOption value="-1" label={t.carve.whole} />
      {all.map((names, at) => (
        <FormSelectOption key={names.join()} value={String(at)} label={describeSplit(names)} />
      ))}
    </FormSelect>
  );
}

export function SplitTable({ profiles, counts, splits, onChange }: Props) {
  const shown = bySize(profiles).filter((p) => (counts[p.name] ?? 0) > 0 && p.ci_profiles.length > 1);
  if (shown.length === 0) return null;
  return (
    <div className="fct-stack" role="group" aria-label={t.carve.splits}>
      <strong>{t.carve.splits}</strong>
      <span className="fct-subtle fct-small">{t.carve.splitsText}</span>
      {shown.map((profile) => (
        <div key={profile.id} className="fct-row fct-row--spread">
          <span>{profile.name}</span>
          <span>
            <Choice profile={profile} splits={splits} onChange={onChange} />
          </span>
        </div>
      ))}
    </div>
  );
}
