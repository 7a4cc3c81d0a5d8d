// SPDX-License-Identifier: Apache-2.0
// Names that lead to what they name. A VM's name always comes with its colour.
import { Link } from 'react-router-dom';
import { useGpus, useTasks } from '@/api/queries';
import type { GpuInstance, Part } from '@/contract/types';
import { hueOf } from '@/lib/colour';
import { isDeletedVm } from '@/lib/deleted';
import { t } from '@/strings';

type Holder = GpuInstance['holder'] | Part['holder'];

export const cardPath = (id: string, rest = '') => `/gpus/cards/${encodeURIComponent(id)}${rest}`;
export const vmPath = (id: string, rest = '') => `/vms/${encodeURIComponent(id)}${rest}`;
export const groupPath = (id: string) => `/gpus/groups/${encodeURIComponent(id)}`;

export const poolPath = (name: string) => `/storage/pools/${encodeURIComponent(name)}`;
export const networkPath = (name: string) => `/networks/${encodeURIComponent(name)}`;

export function VmLink({ id, name }: { id: string; name: string }) {
  return (
    <span className="fct-vm">
      <span className={`fct-swatch fct-hue-${hueOf(name)}`} aria-hidden="true" />
      <Link className="fct-ellipsis" title={name} to={vmPath(id)}>
        {name}
      </Link>
    </span>
  );
}

/** A card by its number for people; by what the server calls it while the cards are not loaded. */
export function GpuLink({ id, name, className }: { id: string; name: string; className?: string }) {
  const gpu = useGpus().data?.find((one) => one.id === id);
  return (
    <Link to={cardPath(id)} className={className}>
      {gpu ? t.gpu.title(gpu.index) : name}
    </Link>
  );
}

export function HolderLink({ holder }: { holder: Holder | undefined }) {
  if (!holder?.name) return <span className="fct-subtle">{t.gpu.notHeld}</span>;
  if (holder.kind === 'vm' && holder.id) return <VmLink id={holder.id} name={holder.name} />;
  return (
    <span>
      {holder.name} <span className="fct-subtle fct-small">({t.gpu.process.toLowerCase()})</span>
    </span>
  );
}

/** Of a task or an event, which outlive the VM: one that was deleted leads nowhere any more. */
function PastVm({ id, name }: { id: string; name: string }) {
  const tasks = useTasks().data ?? [];
  return isDeletedVm(tasks, id) ? (
    <span className="fct-vm" title={t.vm.deleted}>
      <span className="fct-ellipsis fct-subtle">{name}</span>
    </span>
  ) : (
    <VmLink id={id} name={name} />
  );
}

export function SubjectLink({ subject }: { subject: { kind?: string; id?: string; name?: string } }) {
  const name = subject.name || subject.id || '';
  if (subject.kind === 'vm' && subject.id) return <PastVm id={subject.id} name={name} />;
  if (subject.kind === 'gpu' && subject.id) return <GpuLink id={subject.id} name={name} />;
  if (subject.kind === 'group' && subject.id) return <Link to={groupPath(subject.id)}>{name}</Link>;
  if (subject.kind === 'pool' && subject.id) return <Link to={poolPath(subject.id)}>{name}</Link>;
  if (subject.kind === 'network' && subject.id) return <Link to={networkPath(subject.id)}>{name}</Link>;
  return <span>{name}</span>;
}
