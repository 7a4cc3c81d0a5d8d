// SPDX-License-Identifier: Apache-2.0
import { Card, CardBody, CardHeader, CardTitle } from '@patternfly/react-core';
import { Link } from 'react-router-dom';
import type { Vm } from '@/api/types';
import { t } from '@/strings';
import { VmState } from '@/widgets/labels';
import { VmLink } from '@/widgets/links';

const SHOWN = 8;

/** Those that need a look first, then those with a GPU device, then by name. */
function order(a: Vm, b: Vm): number {
  const rank = (vm: Vm) => (vm.blocked.length > 0 || vm.state === 'crashed' ? 0 : vm.devices.length > 0 ? 1 : 2);
  return rank(a) - rank(b) || a.name.localeCompare(b.name);
}

function part(vm: Vm): string {
  const held = vm.devices.flatMap((device) => device.parts.map((one) => one.profile));
  return held.length > 0 ? held.join(', ') : vm.devices.map((device) => device.group_name ?? device.group).join(', ');
}

export function VmsCard({ vms }: { vms: Vm[] }) {
  const count = (test: (vm: Vm) => boolean) => vms.filter(test).length;
  const facts: [string, number][] = [
    [t.overview.running, count((vm) => vm.state === 'running')],
    [t.overview.off, count((vm) => vm.state === 'off')],
    [t.overview.blocked, count((vm) => vm.blocked.length > 0)],
  ];
  return (
    <Card isCompact>
      <CardHeader actions={{ actions: <Link to="/vms">{t.overview.allVms}</Link>, hasNoOffset: true }}>
        <CardTitle component="h2">{t.overview.vms}</CardTitle>
      </CardHeader>
      <CardBody className="fct-stack">
        {vms.length === 0 && <span className="fct-subtle">{t.overview.noVms}</span>}
        {vms.length > 0 && <dl className="fct-facts fct-facts--three">{facts.map(([name, n]) => <div key={name} className="fct-fact"><dt>{name}</dt><dd className="pf-v6-u-font-size-2xl">{n}</dd></div>)}</dl>}
        {vms.length > 0 && (
          <ul className="fct-lines">
            {[...vms].sort(order).slice(0, SHOWN).map((vm) => (
              <li key={vm.id}><VmLink id={vm.id} name={vm.name} /><span className="fct-subtle fct-small fct-ellipsis">{part(vm)}</span><VmState state={vm.state} /></li>
            ))}
          </ul>
        )}
      </CardBody>
    </Card>
  );
}
