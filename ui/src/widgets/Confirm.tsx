// SPDX-License-Identifier: Apache-2.0
// Asked before something that cannot be taken back. The button says what it does.
import { Button, Modal, ModalBody, ModalFooter, ModalHeader } from '@patternfly/react-core';
import { useMutation } from '@tanstack/react-query';
import { t } from '@/strings';
import { ErrorAlert } from './feedback';

interface Props {
  title: string;
  text: string;
  button: string;
  action: () => Promise<unknown>;
  onDone: () => void;
  onClose: () => void;
}

export function Confirm({ title, text, button, action, onDone, onClose }: Props) {
  const run = useMutation({ mutationFn: action, onSuccess: onDone });
  return (
    <Modal isOpen variant="small" onClose={onClose} aria-labelledby="confirm-title" aria-describedby="confirm-text">
      <ModalHeader title={title} labelId="confirm-title" titleIconVariant="warning" />
      <ModalBody id="confirm-text">{run.error ? <ErrorAlert error={run.error} /> : text}</ModalBody>
      <ModalFooter>
        <Button variant="danger" isLoading={run.isPending} isDisabled={run.isPending} onClick={() => run.mutate()}>
          {button}
        </Button>
        <Button variant="link" onClick={onClose}>
          {t.app.cancel}
        </Button>
      </ModalFooter>
    </Modal>
  );
}
