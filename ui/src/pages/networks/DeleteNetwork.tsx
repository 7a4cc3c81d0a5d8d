// SPDX-License-Identifier: Apache-2.0
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from 'react-router-dom';
import type { Network } from '@/contract/types';
import { t } from '@/strings';
import { FormError } from '@/widgets/fields';
import { FormDialog } from '@/widgets/FormDialog';
import { useDeleteNetwork } from './change';
import { PreviewBox, useNetworkPreview } from './Preview';

export function DeleteNetwork({ network, onClose }: { network: Network; onClose: () => void }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const look = useNetworkPreview({ action: 'delete', id: network.id });
  const deletion = useDeleteNetwork();
  const remove = useMutation({
    mutationFn: () => deletion(network, look.consent),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['network'], exact: true });
      void navigate('/networks', { replace: true });
    },
  });
  return (
    <FormDialog
      title={t.network.deleteTitle(network.name)}
      button={t.network.delete}
      danger
      save={remove}
      isDisabled={!look.ready}
      onClose={onClose}
    >
      <FormError error={look.error} shown={[]} />
      <PreviewBox of={look} />
    </FormDialog>
  );
}
