// SPDX-License-Identifier: Apache-2.0
import { Card, CardBody, CardHeader, CardTitle } from '@patternfly/react-core';
import { Link } from 'react-router-dom';
import type { Vm, VmList } from '@/contract/types';
import { t } from '@/strings';
import { VmState } from '@/widgets/labels';
import { VmLink } from '@/widgets/links';

const SHOWN = 8;

function part(vm: Vm): string {
  const held = vm.devices.flatMap((device) => device.parts.map((one) => one.profile));
  return held.length > 0 ? held.join(', ') : vm.devices.map((device) => device.group_name ?? device.group).join(', ');
}

/** @page: those that need a look first, then those with a GPU device, then by name. */
export function VmsCard({ page }: { page: VmList }) {
  const { counts } = page;
  const vms = page.items.slice(0, SHOWN);
  const facts: [string, string, number][] = [
    [t.overview.running, 'running', counts.running],
    [t.overview.off, 'off', counts.off],
    [t.overview.blocked, 'blocked', counts.blocked],
  ];
  return (
    <Card isCompact>
      <CardHeader actions={{ actions: <Link to="/vms">{t.overview.allVms}</Link>, hasNoOffset: true }}>
        <CardTitle component="h2">{t.overview.vms}</CardTitle>
      </CardHeader>
      <CardBody className="fct-stack">
        {vms.length === 0 && <span className="fct-subtle">{t.overview.noVms}</span>}
        {vms.length > 0 && (
          <dl className="fct-facts fct-facts--three">
            {facts.map(([name, state, n]) => (
              <div key={name} className="fct-fact">
                <dt>{name}</dt>
                <dd className="pf-v6-u-font-size-2xl">{n > 0 ? <Link to={`/vms?state=${state}`}>{n}</Link> : n}</dd>
              </div>
            ))}
          </dl>
        )}
        {vms.length > 0 && (
          <ul className="fct-lines">
            {vms.map((vm) => (
              <li key={vm.id}>
                <VmLink id={vm.id} name={vm.name} />
                <span className="fct-subtle fct-small fct-ellipsis">{part(vm)}</span>
                <VmState state={vm.state} />
              </li>
            ))}
          </ul>
        )}
      </CardBody>
    </Card>
  );
}
