// SPDX-License-Identifier: Apache-2.0
import { Link, useNavigate } from 'react-router-dom';
import { useReadings } from '@/api/live';
import type { Gpu } from '@/contract/types';
import { shortModel } from '@/lib/format';
import { t } from '@/strings';
import { ActionButton } from '@/widgets/ActionButton';
import { GpuPicture } from '@/widgets/card-picture/CardPicture';
import { useCarveWhy } from '@/widgets/carveWhy';
import { GpuLabel } from '@/widgets/labels';
import { cardPath } from '@/widgets/links';
import { Busy, Power, Temperature } from '@/widgets/Reading';

export function GpuRow({ gpu }: { gpu: Gpu }) {
  const navigate = useNavigate();
  const readings = useReadings(gpu);
  const why = useCarveWhy(gpu);
  return (
    <div className="fct-gpu-row">
      <div className="fct-ellipsis">
        <span className="fct-row fct-row--tight">
          <Link to={cardPath(gpu.id)}>{t.gpu.title(gpu.index)}</Link>
          <GpuLabel gpu={gpu} />
        </span>
        <div className="fct-subtle fct-small fct-ellipsis" title={gpu.name}>
          {shortModel(gpu.name)}
        </div>
      </div>
      <GpuPicture gpu={gpu} variant="thin" />
      <div className="fct-gpu-row__readings fct-small">
        <Busy readings={readings} />
        <Power readings={readings} />
        <Temperature readings={readings} />
      </div>
      <ActionButton
        variant="secondary"
        size="sm"
        why={why}
        aria-label={t.carve.title(t.gpu.title(gpu.index))}
        onClick={() => void navigate(cardPath(gpu.id, '/carve'))}
      >
        {t.gpu.recarve}
      </ActionButton>
    </div>
  );
}
