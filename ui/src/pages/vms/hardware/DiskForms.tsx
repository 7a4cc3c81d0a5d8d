// SPDX-License-Identifier: Apache-2.0
import { FormGroup, Radio } from '@patternfly/react-core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { addDisk, growDisk, removeDisk } from '@/api/actions';
import { usePools, useVolumes } from '@/api/queries';
import * as limits from '@/contract/limits.generated';
import type { Task, Vm } from '@/contract/types';
import { bytes } from '@/lib/format';
import { diskFormat, isFreeDisk } from '@/lib/volume';
import { t } from '@/strings';
import { NumberField, problemAt, SelectField, range } from '@/widgets/fields';
import { FormDialog } from '@/widgets/FormDialog';
import { useBegun } from '@/widgets/TaskDrawer';
import { poolProblem } from '@/widgets/vm-form/draft';
import { poolHint, poolOptions } from '@/widgets/vm-form/options';
import { VolumeFormat } from '@/widgets/VolumeFormat';
import { isOff } from './parts';

const words = t.hardware;
type Disk = Vm['disks'][number];
const BUSES = ['virtio', 'sata'] as const;

function useDiskTask(act: () => Promise<Task>, onClose: () => void) {
  const begun = useBegun();
  return useMutation({
    mutationFn: act,
    onSuccess: (task) => {
      begun(task);
      onClose();
    },
  });
}

export function AddDisk({ vm, onClose }: { vm: Vm; onClose: () => void }) {
  const pools = usePools().data ?? [];
  const volumes = (useVolumes().data ?? []).filter(isFreeDisk);
  const [fresh, setFresh] = useState(true);
  const [chosenPool, setPool] = useState('');
  const [chosenVolume, setVolume] = useState('');
  const [is, setIs] = useState('');
  const [size_gib, setSize] = useState(10);
  const [bus, setBus] = useState<string>(vm.os === 'windows' ? 'sata' : 'virtio');
  const pool = chosenPool || (pools.find((one) => one.default) ?? pools[0])?.name || '';
  const volume = volumes.find((one) => one.id === (chosenVolume || volumes[0]?.id));
  const stated = volume?.format === '' ? diskFormat(is) : undefined;
  const room = poolProblem(pools, pool, fresh ? size_gib : 0);
  const save = useDiskTask(() => {
    const on = BUSES.find((one) => one === bus) ?? 'virtio';
    return addDisk(
      vm.id,
      fresh || !volume
        ? { pool, size_gib, bus: on }
        : { volume: { pool: volume.pool, name: volume.name, ...(stated && { format: stated }) }, bus: on },
    );
  }, onClose);
  return (
    <FormDialog
      title={words.addDisk}
      about={isOff(vm) ? words.off : words.diskAtOnce}
      button={words.add}
      save={save}
      fields={['size_gib', 'pool', 'volume', 'format', 'bus']}
      isDisabled={fresh ? !pool || room.stops : !volume}
      onClose={onClose}
    >
      <FormGroup role="radiogroup" label={words.diskKind} fieldId="disk-kind" isInline>
        <Radio id="disk-new" name="disk-kind" label={words.diskNew} isChecked={fresh} onChange={() => setFresh(true)} />
        <Radio id="disk-existing" name="disk-kind" label={words.diskExisting} isChecked={!fresh} onChange={() => setFresh(false)} />
      </FormGroup>
      {fresh ? (
        <>
          <NumberField
            id="disk-size"
            label={words.diskSize}
            value={size_gib}
            {...range(limits.VmDiskInput.size_gib)}
            onChange={setSize}
            problem={problemAt(save.error, 'size_gib')}
          />
          <SelectField
            id="disk-pool"
            label={words.pool}
            hint={room.text || poolHint(pools, pool)}
            problem={room.stops ? room.text : problemAt(save.error, 'pool')}
            value={pool}
            options={poolOptions(pools, pool)}
            onChange={setPool}
          />
        </>
      ) : (
        <>
          <SelectField
            id="disk-volume"
            label={words.volume}
            hint={volumes.length === 0 ? words.noVolumes : undefined}
            problem={problemAt(save.error, 'volume')}
            value={volume?.id ?? ''}
            options={volumes.map((one) => ({ value: one.id, name: `${one.pool} · ${one.name} · ${bytes(one.capacity_bytes)}` }))}
            onChange={setVolume}
          />
          <VolumeFormat id="disk-is" volume={volume} value={is} error={save.error} onChange={setIs} />
        </>
      )}
      <SelectField
        id="disk-bus"
        label={words.bus}
        hint={words.busHint}
        value={bus}
        options={BUSES.map((value) => ({ value, name: words.buses[value] }))}
        onChange={setBus}
        problem={problemAt(save.error, 'bus')}
      />
    </FormDialog>
  );
}

export function GrowDisk({ vm, disk, onClose }: { vm: Vm; disk: Disk; onClose: () => void }) {
  const pools = usePools().data ?? [];
  const volumes = useVolumes().data ?? [];
  const capacity = volumes.find((one) => one.pool === disk.pool && one.name === disk.volume)?.capacity_bytes;
  const now = disk.size_gib ?? Math.ceil((capacity ?? 0) / 1024 ** 3);
  const [size, setSize] = useState(now + 10);
  const room = poolProblem(pools, disk.pool, size - now);
  const client = useQueryClient();
  const save = useMutation({
    mutationFn: () => growDisk(vm.id, disk.target, size),
    onSuccess: (changed) => {
      client.setQueryData(['vm', vm.id], changed);
      void client.invalidateQueries({ queryKey: ['volume'] });
      onClose();
    },
  });
  return (
    <FormDialog
      title={words.growTitle(disk.target)}
      about={words.growAbout}
      button={words.grow}
      save={save}
      fields={['size_gib']}
      isDisabled={size <= now || room.stops}
      onClose={onClose}
    >
      <NumberField
        id="grow-size"
        label={words.diskSize}
        hint={`${words.growHint(now)} ${room.text || poolHint(pools, disk.pool)}`}
        value={size}
        min={now}
        max={limits.growVmDisk.size_gib.maximum}
        onChange={setSize}
        problem={room.stops ? room.text : problemAt(save.error, 'size_gib')}
      />
    </FormDialog>
  );
}

export function RemoveDisk({ vm, disk, onClose }: { vm: Vm; disk: Disk; onClose: () => void }) {
  const [keep, setKeep] = useState(true);
  const save = useDiskTask(() => removeDisk(vm.id, disk.target, keep || !disk.made), onClose);
  return (
    <FormDialog
      danger
      title={words.removeDiskTitle(disk.target)}
      about={isOff(vm) ? words.removeOff : `${words.diskGoes} ${words.unmountFirst}`}
      button={words.remove}
      save={save}
      onClose={onClose}
    >
      {disk.made ? (
        <FormGroup role="radiogroup" label={words.data} fieldId="disk-data" isStack>
          <Radio
            id="data-keep"
            name="disk-data"
            label={words.keepData}
            description={words.keepDataText(disk.volume)}
            isChecked={keep}
            onChange={() => setKeep(true)}
          />
          <Radio
            id="data-delete"
            name="disk-data"
            label={words.deleteData}
            description={words.deleteDataText}
            isChecked={!keep}
            onChange={() => setKeep(false)}
          />
        </FormGroup>
      ) : (
        <p>{words.notMade}</p>
      )}
    </FormDialog>
  );
}
