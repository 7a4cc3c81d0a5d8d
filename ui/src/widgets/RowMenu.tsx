// SPDX-License-Identifier: Apache-2.0
// The ⋮ at the end of a row. A dialog that an item opens gives the focus back to it.
import { MenuToggle } from '@patternfly/react-core';
import { EllipsisVIcon } from '@patternfly/react-icons';
import { ActionsColumn, type IAction } from '@patternfly/react-table';
import { useRef, type MutableRefObject } from 'react';

interface Props {
  label: string;
  items: IAction[];
}

export function RowMenu({ label, items }: Props) {
  const toggle = useRef<HTMLElement | null>(null);
  const back = (item: IAction): IAction => ({
    ...item,
    onClick:
      item.onClick &&
      ((...args) => {
        toggle.current?.focus();
        item.onClick?.(...args);
      }),
  });
  return (
    <ActionsColumn
      items={items.map(back)}
      popperProps={{ position: 'end' }}
      actionsToggle={({ onToggle, isOpen, toggleRef }) => {
        const both = (element: HTMLElement | null) => {
          toggle.current = element;
          if (typeof toggleRef === 'function') toggleRef(element);
          else if (toggleRef) (toggleRef as MutableRefObject<HTMLElement | null>).current = element;
        };
        return <MenuToggle ref={both} variant="plain" isExpanded={isOpen} onClick={onToggle} aria-label={label} icon={<EllipsisVIcon />} />;
      }}
    />
  );
}
