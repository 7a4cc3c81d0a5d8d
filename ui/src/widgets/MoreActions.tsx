// SPDX-License-Identifier: Apache-2.0
// Actions that are not used every day, in a menu; what cannot be done now stays in it and says why.
import { Divider, Dropdown, DropdownItem, DropdownList, MenuToggle } from '@patternfly/react-core';
import { useRef, useState } from 'react';
import { t } from '@/strings';

export interface Action {
  key: string;
  name: string;
  /** Why it cannot be done now; "" when it can. */
  why: string;
  danger: boolean;
  run: () => void;
}

export function MoreActions({ actions }: { actions: readonly Action[] }) {
  const [open, setOpen] = useState(false);
  const toggle = useRef<HTMLButtonElement>(null);
  const item = ({ key, name, why, danger, run }: Action) => (
    <DropdownItem
      key={key}
      isDanger={danger && !why}
      isAriaDisabled={why !== ''}
      tooltipProps={why ? { content: why, position: 'left' } : undefined}
      onClick={
        why
          ? undefined
          : () => {
              setOpen(false);
              toggle.current?.focus(); // where a dialog gives the focus back to: the item is gone by then
              run();
            }
      }
    >
      {name}
    </DropdownItem>
  );
  const calm = actions.filter((one) => !one.danger);
  const dangerous = actions.filter((one) => one.danger);
  return (
    <Dropdown
      isOpen={open}
      onOpenChange={setOpen}
      popperProps={{ position: 'end' }}
      toggle={{
        toggleRef: toggle,
        toggleNode: (
          <MenuToggle ref={toggle} isExpanded={open} onClick={() => setOpen(!open)}>
            {t.app.more}
          </MenuToggle>
        ),
      }}
    >
      <DropdownList>
        {calm.map(item)}
        {calm.length > 0 && dangerous.length > 0 && <Divider component="li" />}
        {dangerous.map(item)}
      </DropdownList>
    </Dropdown>
  );
}
