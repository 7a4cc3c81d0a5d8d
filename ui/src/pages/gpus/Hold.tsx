// SPDX-License-Identifier: Apache-2.0
// Letting go of a card for other programs, and taking it back.
import { Alert, Button } from '@patternfly/react-core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { holdGpu } from '@/api/actions';
import { useMay } from '@/api/may';
import type { Gpu } from '@/contract/types';
import { t } from '@/strings';
import { ActionButton } from '@/widgets/ActionButton';
import { Confirm } from '@/widgets/Confirm';
import { ErrorAlert } from '@/widgets/feedback';

/** The answer is the card as it is then; the stream tells the other pages. */
function useHold(gpu: Gpu) {
  const client = useQueryClient();
  return async (hold: boolean) => {
    client.setQueryData(['gpu', gpu.id], await holdGpu(gpu.id, hold));
  };
}

export function LetGo({ gpu }: { gpu: Gpu }) {
  const [asking, setAsking] = useState(false);
  const may = useMay('gpu.hold');
  const hold = useHold(gpu);
  const close = () => setAsking(false);
  if (gpu.state === 'released' || gpu.state === 'lost' || gpu.state === 'wedged') return null;
  return (
    <>
      <ActionButton variant="secondary" why={may.why} onClick={() => setAsking(true)}>
        {t.gpu.release}
      </ActionButton>
      {asking && (
        <Confirm
          title={t.gpu.releaseTitle(t.gpu.title(gpu.index))}
          text={t.gpu.releaseText}
          button={t.gpu.releaseButton}
          action={() => hold(false)}
          onDone={close}
          onClose={close}
        />
      )}
    </>
  );
}

export function ReleasedNotice({ gpu }: { gpu: Gpu }) {
  const may = useMay('gpu.hold');
  const hold = useHold(gpu);
  const take = useMutation({ mutationFn: () => hold(true) });
  return (
    <>
      {take.error && <ErrorAlert error={take.error} title={t.gpu.takeFailed} />}
      <Alert
        variant="info"
        isInline
        title={t.gpu.releasedTitle}
        component="p"
        actionLinks={
          may.allowed && (
            <Button variant="link" isInline isLoading={take.isPending} isDisabled={take.isPending} onClick={() => take.mutate()}>
              {t.gpu.take}
            </Button>
          )
        }
      >
        {gpu.state_reason}
      </Alert>
    </>
  );
}
