// SPDX-License-Identifier: Apache-2.0
// The GPU devices that VMs of a template ask for: a group, how many of its parts, and whether the VM starts without.
import { Button, Checkbox, FormGroup, HelperText, HelperTextItem } from '@patternfly/react-core';
import { MinusCircleIcon, PlusCircleIcon } from '@patternfly/react-icons';
import * as limits from '@/contract/limits.generated';
import type { ResourceGroup, VmDeviceInput } from '@/contract/types';
import { t } from '@/strings';
import { NumberField, range, SelectField } from '@/widgets/fields';

const words = t.templates;

interface Props {
  devices: readonly VmDeviceInput[];
  groups: readonly ResourceGroup[];
  set: (devices: VmDeviceInput[]) => void;
  problem: string;
}

export function Devices({ devices, groups, set, problem }: Props) {
  const change = (at: number, device: VmDeviceInput) => set(devices.map((one, i) => (i === at ? device : one)));
  const options = groups.map((one) => ({ value: one.id, name: one.name }));
  const first = groups[0]?.id;
  return (
    <FormGroup label={words.devices} role="group" fieldId="template-devices">
      <div className="fct-stack">
        {devices.map((device, at) => {
          const gone = !groups.some((one) => one.id === device.group);
          return (
            <div key={at} className="fct-fields" role="group" aria-label={words.deviceAt(at + 1)}>
              <SelectField
                id={`template-group-${at}`}
                label={words.group}
                value={device.group}
                options={gone ? [{ value: device.group, name: words.groupGone }, ...options] : options}
                onChange={(group) => change(at, { ...device, group })}
                problem={gone ? words.groupGoneNext : undefined}
              />
              <NumberField
                id={`template-count-${at}`}
                label={words.count}
                value={device.count ?? 1}
                {...range(limits.VmDeviceInput.count)}
                onChange={(count) => change(at, { ...device, count })}
              />
              <div className="fct-fields__check">
                <Checkbox
                  id={`template-optional-${at}`}
                  label={t.vm.optionalText}
                  isChecked={device.optional ?? false}
                  onChange={(_event, optional) => change(at, { ...device, optional })}
                />
              </div>
              <Button
                variant="plain"
                icon={<MinusCircleIcon />}
                aria-label={words.removeDevice(at + 1)}
                onClick={() => set(devices.filter((_, i) => i !== at))}
              />
            </div>
          );
        })}
        {problem && (
          <HelperText>
            <HelperTextItem variant="error">{problem}</HelperTextItem>
          </HelperText>
        )}
        {first === undefined ? (
          <span className="fct-subtle">{words.noGroups}</span>
        ) : (
          <Button
            variant="link"
            isInline
            icon={<PlusCircleIcon />}
            onClick={() => set([...devices, { group: first, count: 1, optional: false }])}
          >
            {words.addDevice}
          </Button>
        )}
      </div>
    </FormGroup>
  );
}
