// SPDX-License-Identifier: Apache-2.0
// A VM's network interfaces: where each is plugged in, and the address it was given.
import { Link } from 'react-router-dom';
import type { Vm } from '@/contract/types';
import { t } from '@/strings';
import { networkPath } from '@/widgets/links';

export function Nics({ nics }: { nics: Vm['nics'] }) {
  if (nics.length === 0) return <span className="fct-subtle">{t.network.none}</span>;
  return nics.map((nic) => (
    <div key={nic.mac}>
      <Link to={networkPath(nic.network)}>{nic.network}</Link>{' '}
      {nic.addresses.join(', ') || <span className="fct-subtle">{t.network.noAddress}</span>}
      <div className="fct-subtle fct-small">{nic.mac}</div>
    </div>
  ));
}
