// SPDX-License-Identifier: Apache-2.0
// Short news at the top right; refusals of one-click actions come here too, with their next step.
import { Alert, AlertActionCloseButton, AlertGroup } from '@patternfly/react-core';
import { createContext, useCallback, useContext, useMemo, useState, type ReactNode } from 'react';
import { ApiError } from '@/api/client';

interface Toast {
  id: number;
  variant: 'success' | 'danger' | 'info';
  title: string;
  text: string;
}

interface Tell {
  good: (title: string, text?: string) => void;
  bad: (error: unknown) => void;
}

const Context = createContext<Tell>({ good: () => undefined, bad: () => undefined });
export const useTell = () => useContext(Context);

let lastId = 0;

export function Toasts({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const add = useCallback((toast: Omit<Toast, 'id'>) => setToasts((list) => [...list.slice(-3), { ...toast, id: ++lastId }]), []);
  const drop = (id: number) => setToasts((list) => list.filter((toast) => toast.id !== id));
  const tell = useMemo<Tell>(
    () => ({
      good: (title, text = '') => add({ variant: 'success', title, text }),
      bad: (error) =>
        add({
          variant: 'danger',
          title: error instanceof Error ? error.message : String(error),
          text:
            error instanceof ApiError
              ? [...(error.details.verdicts ?? []).map((v) => v.sentence), ...(error.details.reasons ?? []), error.next].join(' ')
              : '',
        }),
    }),
    [add],
  );
  return (
    <Context.Provider value={tell}>
      {children}
      <AlertGroup isToast isLiveRegion>
        {toasts.map(({ id, variant, title, text }) => (
          <Alert
            key={id}
            variant={variant}
            title={title}
            timeout={text || variant === 'danger' ? 15000 : 5000}
            onTimeout={() => drop(id)}
            actionClose={<AlertActionCloseButton title={title} onClose={() => drop(id)} />}
          >
            {text}
          </Alert>
        ))}
      </AlertGroup>
    </Context.Provider>
  );
}
