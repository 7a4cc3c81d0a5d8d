// SPDX-License-Identifier: Apache-2.0
// Which parts the VM asks for, which it holds, and where on the card they are.
import { Alert, Button, Card, CardBody, CardHeader, CardTitle, Label, Skeleton, Tooltip } from '@patternfly/react-core';
import { Link } from 'react-router-dom';
import { useGpus } from '@/api/queries';
import type { Part, Vm } from '@/contract/types';
import { mib, shortModel } from '@/lib/format';
import { t } from '@/strings';
import { GpuPicture } from '@/widgets/card-picture/CardPicture';
import { slots } from '@/widgets/card-picture/words';
import { Nothing } from '@/widgets/feedback';
import { GpuLink, groupPath } from '@/widgets/links';

type Device = Vm['devices'][number];

function WhereAmI({ vm, part }: { vm: Vm; part: Part }) {
  const gpus = useGpus();
  const gpu = gpus.data?.find((one) => one.id === part.gpu);
  return (
    <div className="fct-stack">
      <div className="fct-row fct-row--spread">
        <span>
          {part.profile} · {mib(part.memory_mib)} · {slots(part)}
        </span>
        <span>
          <GpuLink id={part.gpu} name={part.gpu_name} /> <span className="fct-subtle">{gpu && shortModel(gpu.name)}</span>
        </span>
      </div>
      {part.why && <Alert variant="warning" isInline isPlain component="p" title={part.why} />}
      {gpu ? <GpuPicture gpu={gpu} variant="full" only={vm.name} /> : <Skeleton height="7rem" />}
    </div>
  );
}

function DeviceCard({ vm, device }: { vm: Vm; device: Device }) {
  const name = device.group_name ?? device.group;
  return (
    <Card isCompact>
      <CardHeader
        actions={{
          hasNoOffset: true,
          actions: device.attach === 'standin' && (
            <Tooltip content={t.vm.standinWhy}>
              <Label isCompact color="purple">
                {t.vm.standin}
              </Label>
            </Tooltip>
          ),
        }}
      >
        <CardTitle component="h2">
          {t.vm.device}: <Link to={groupPath(device.group)}>{name}</Link>
          {device.count > 1 && ` × ${device.count}`}
          {device.optional && <span className="fct-subtle fct-small"> · {t.vm.optionalShort}</span>}
        </CardTitle>
      </CardHeader>
      <CardBody>
        {device.parts.length === 0 ? (
          <span className="fct-subtle">{t.vm.noParts}</span>
        ) : (
          <div className="fct-stack">
            {device.parts.map((part) => (
              <WhereAmI key={part.id} vm={vm} part={part} />
            ))}
          </div>
        )}
      </CardBody>
    </Card>
  );
}

export function DevicesTab({ vm, onChange }: { vm: Vm; onChange?: () => void }) {
  if (vm.devices.length === 0) {
    return (
      <Nothing
        title={t.vm.noDevices}
        text={t.vm.noDevicesText}
        action={
          onChange && (
            <Button variant="link" onClick={onChange}>
              {t.vm.addDevice}
            </Button>
          )
        }
      />
    );
  }
  return (
    <>
      {vm.devices.map((device, i) => (
        <DeviceCard key={i} vm={vm} device={device} />
      ))}
    </>
  );
}
