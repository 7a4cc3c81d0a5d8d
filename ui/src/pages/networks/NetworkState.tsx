// SPDX-License-Identifier: Apache-2.0
import { Label } from '@patternfly/react-core';
import type { Network } from '@/contract/types';
import { t } from '@/strings';

/** One that is off gives its VMs no link. */
export function NetworkState({ network }: { network: Network }) {
  return network.active ? (
    <>{t.network.active}</>
  ) : (
    <Label isCompact status="warning">
      {t.network.inactive}
    </Label>
  );
}
