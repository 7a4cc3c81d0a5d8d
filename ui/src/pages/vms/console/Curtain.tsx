// SPDX-License-Identifier: Apache-2.0
// Over a console that is not open: why, and what can be done.
import { Button } from '@patternfly/react-core';
import type { ReactNode } from 'react';

interface Act {
  name: string;
  run: () => void;
}

export function Curtain({ title, text, acts, children }: { title: string; text?: string; acts: readonly Act[]; children?: ReactNode }) {
  return (
    <div className="fct-curtain" role="alert">
      <strong>{title}</strong>
      {text && <p>{text}</p>}
      <div className="fct-row">
        {acts.map((act, i) => (
          <Button key={act.name} variant={i === 0 ? 'primary' : 'secondary'} onClick={act.run}>
            {act.name}
          </Button>
        ))}
        {children}
      </div>
    </div>
  );
}
