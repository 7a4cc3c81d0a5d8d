// SPDX-License-Identifier: Apache-2.0
import { Button } from '@patternfly/react-core';
import { ExternalLinkAltIcon } from '@patternfly/react-icons';
import type { Vm } from '@/contract/types';
import { t } from '@/strings';
import { vmPath } from '@/widgets/links';
import ConsoleView from './ConsoleView';

// A window for each VM and kind, so that the second click finds the first one's window.
export default function ConsoleTab({ vm }: { vm: Vm }) {
  const open = (kind: string) =>
    window.open(vmPath(vm.id, `/console/window?kind=${kind}`), `facet-console-${kind}-${vm.id}`, 'popup,width=1100,height=800');
  return (
    <ConsoleView
      vm={vm}
      more={(kind) => (
        <Button variant="link" isInline icon={<ExternalLinkAltIcon />} iconPosition="end" onClick={() => open(kind)}>
          {t.console.window}
        </Button>
      )}
    />
  );
}
