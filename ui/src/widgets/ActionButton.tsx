// SPDX-License-Identifier: Apache-2.0
// A button that, when it cannot be used, stays reachable and says why.
import { Button, Tooltip, type ButtonProps } from '@patternfly/react-core';

interface Props extends Omit<ButtonProps, 'isAriaDisabled' | 'ref'> {
  /** Why it cannot be used now; "" or left out when it can. */
  why?: string;
}

export function ActionButton({ why = '', ...props }: Props) {
  if (!why) return <Button {...props} />;
  return (
    <Tooltip content={why}>
      <Button {...props} isAriaDisabled />
    </Tooltip>
  );
}
