// SPDX-License-Identifier: Apache-2.0
// Text on its way into a guest, to be looked at before it goes.
import {
  Button,
  Form,
  FormGroup,
  FormHelperText,
  HelperText,
  HelperTextItem,
  Modal,
  ModalBody,
  ModalFooter,
  ModalHeader,
  TextArea,
} from '@patternfly/react-core';
import { useState } from 'react';
import { t } from '@/strings';

interface Props {
  title: string;
  /** What happens to the text. */
  about: string;
  label: string;
  button: string;
  text: string;
  /** Why the text cannot go; "" when it can. */
  check: (text: string) => string;
  into: HTMLElement | null;
  onSend: (text: string) => void;
  onClose: () => void;
}

export function TextDialog({ title, about, label, button, text: first, check, into, onSend, onClose }: Props) {
  const [text, setText] = useState(first);
  const why = check(text);
  return (
    <Modal isOpen variant="medium" appendTo={() => into ?? document.body} onClose={onClose} aria-labelledby="console-text-title">
      <ModalHeader title={title} labelId="console-text-title" description={about} />
      <ModalBody>
        <Form onSubmit={(event) => event.preventDefault()}>
          <FormGroup label={label} fieldId="console-text">
            <TextArea
              id="console-text"
              className="fct-mono"
              value={text}
              rows={6}
              resizeOrientation="vertical"
              validated={why ? 'error' : 'default'}
              onChange={(_event, value) => setText(value)}
            />
            {why && (
              <FormHelperText>
                <HelperText>
                  <HelperTextItem variant="error">{why}</HelperTextItem>
                </HelperText>
              </FormHelperText>
            )}
          </FormGroup>
        </Form>
      </ModalBody>
      <ModalFooter>
        <Button isDisabled={!text || why !== ''} onClick={() => onSend(text)}>
          {button}
        </Button>
        <Button variant="link" onClick={onClose}>
          {t.app.cancel}
        </Button>
      </ModalFooter>
    </Modal>
  );
}
