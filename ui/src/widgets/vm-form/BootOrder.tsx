// SPDX-License-Identifier: Apache-2.0
// What is booted from, in order: each can be left out and moved, by mouse and keyboard.
import { Button, Checkbox } from '@patternfly/react-core';
import { ArrowDownIcon, ArrowUpIcon } from '@patternfly/react-icons';
import type { VmInput } from '@/contract/types';
import { t } from '@/strings';

export type Boot = NonNullable<VmInput['boot']>[number];
const ALL: readonly Boot[] = ['disk', 'cdrom', 'network'];
const words = t.hardware;

export function BootOrder({ value, onChange }: { value: readonly Boot[]; onChange: (value: Boot[]) => void }) {
  const rest = ALL.filter((one) => !value.includes(one));
  const swap = (at: number, to: number) => {
    const next = [...value];
    const [a, b] = [next[at], next[to]];
    if (a === undefined || b === undefined) return;
    next[at] = b;
    next[to] = a;
    onChange(next);
  };
  return (
    <ul className="fct-order" aria-label={words.boot}>
      {[...value, ...rest].map((one, at) => {
        const on = value.includes(one);
        return (
          <li key={one} className="fct-row">
            <Checkbox
              id={`order-${one}`}
              label={words.boots[one]}
              isChecked={on}
              onChange={() => onChange(on ? value.filter((other) => other !== one) : [...value, one])}
            />
            <Button
              variant="plain"
              size="sm"
              icon={<ArrowUpIcon />}
              aria-label={words.up(words.boots[one])}
              isDisabled={!on || at === 0}
              onClick={() => swap(at, at - 1)}
            />
            <Button
              variant="plain"
              size="sm"
              icon={<ArrowDownIcon />}
              aria-label={words.down(words.boots[one])}
              isDisabled={!on || at >= value.length - 1}
              onClick={() => swap(at, at + 1)}
            />
          </li>
        );
      })}
    </ul>
  );
}
