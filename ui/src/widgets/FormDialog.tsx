// SPDX-License-Identifier: Apache-2.0
// A form over the page: what it is about, the fields, a refusal, and a button that says what it does.
import { Button, Form, Modal, ModalBody, ModalFooter, ModalHeader, type ModalProps } from '@patternfly/react-core';
import type { UseMutationResult } from '@tanstack/react-query';
import { useId, type ReactNode } from 'react';
import type { Field } from '@/contract/fields';
import { t } from '@/strings';
import { FormError } from './fields';

interface Props {
  title: string;
  /** When it takes effect. */
  about?: string;
  button: string;
  danger?: boolean;
  size?: ModalProps['variant'];
  save: Pick<UseMutationResult<unknown, Error, void>, 'mutate' | 'error' | 'isPending'>;
  /** Fields of the API that the form shows refusals at. */
  fields?: readonly Field[];
  isDisabled?: boolean;
  onClose: () => void;
  children: ReactNode;
}

export function FormDialog({
  title,
  about,
  button,
  danger = false,
  size = 'small',
  save,
  fields = [],
  isDisabled = false,
  onClose,
  children,
}: Props) {
  const id = useId();
  const closed = isDisabled || save.isPending;
  return (
    <Modal isOpen variant={size} onClose={onClose} aria-labelledby={`${id}title`}>
      <ModalHeader title={title} labelId={`${id}title`} description={about} titleIconVariant={danger ? 'warning' : undefined} />
      <ModalBody tabIndex={0} aria-label={title}>
        <Form
          id={`${id}form`}
          onSubmit={(event) => {
            event.preventDefault();
            if (!closed) save.mutate();
          }}
        >
          <FormError error={save.error} shown={fields} />
          {children}
        </Form>
      </ModalBody>
      <ModalFooter>
        <Button type="submit" form={`${id}form`} variant={danger ? 'danger' : 'primary'} isLoading={save.isPending} isDisabled={closed}>
          {button}
        </Button>
        <Button variant="link" onClick={onClose}>
          {t.app.cancel}
        </Button>
      </ModalFooter>
    </Modal>
  );
}
