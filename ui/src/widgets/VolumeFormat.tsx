// SPDX-License-Identifier: Apache-2.0
// What a volume is of which Facet has no record yet: its name and content decide, unless somebody states it.
import type { Volume } from '@/contract/types';
import { DISK_FORMATS, FOREIGN_FORMATS } from '@/lib/volume';
import { t } from '@/strings';
import { problemAt, SelectField } from './fields';

interface Props {
  id: string;
  volume: Volume | undefined;
  /** For a copy: formats of others too. */
  foreign?: boolean;
  value: string;
  error: unknown;
  onChange: (value: string) => void;
}

export function VolumeFormat({ id, volume, foreign = false, value, error, onChange }: Props) {
  if (!volume || volume.format !== '') return null;
  const options = [
    { value: '', name: t.volumes.asItSays },
    ...DISK_FORMATS.map((one) => ({ value: one as string, name: t.volumes.isFormat[one] })),
    ...(foreign ? FOREIGN_FORMATS.map((one) => ({ value: one as string, name: one })) : []),
  ];
  return (
    <SelectField
      id={id}
      label={t.volumes.itIs}
      hint={t.volumes.itIsHint}
      value={value}
      options={options}
      problem={problemAt(error, 'format')}
      onChange={onChange}
    />
  );
}
