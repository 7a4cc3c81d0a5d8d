// SPDX-License-Identifier: Apache-2.0
// Another password, which ends whatever else is signed in.
import {
  Button,
  Checkbox,
  Form,
  FormGroup,
  HelperText,
  HelperTextItem,
  FormHelperText,
  Modal,
  ModalBody,
  ModalFooter,
  ModalHeader,
  TextInput,
} from '@patternfly/react-core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { changePassword } from '@/api/actions';
import * as limits from '@/contract/limits.generated';
import { t } from '@/strings';
import { FormError, problemAt } from '@/widgets/fields';

const LEAST = limits.changePassword.new_password.minLength;

interface FieldProps {
  id: string;
  label: string;
  autoComplete: string;
  value: string;
  problem?: string;
  onChange: (value: string) => void;
}

function Secret({ id, label, autoComplete, value, problem = '', onChange }: FieldProps) {
  return (
    <FormGroup label={label} fieldId={id} isRequired>
      <TextInput
        id={id}
        type="password"
        autoComplete={autoComplete}
        value={value}
        isRequired
        validated={problem ? 'error' : 'default'}
        onChange={(_event, text) => onChange(text)}
      />
      {problem && (
        <FormHelperText>
          <HelperText>
            <HelperTextItem variant="error">{problem}</HelperTextItem>
          </HelperText>
        </FormHelperText>
      )}
    </FormGroup>
  );
}

export function Password({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const [old, setOld] = useState('');
  const [next, setNext] = useState('');
  const [again, setAgain] = useState('');
  const [tokens, setTokens] = useState(false);
  const save = useMutation({ mutationFn: () => changePassword(old, next, tokens), onSuccess: onDone });
  const short = next !== '' && next.length < LEAST ? t.settings.passwordShort(LEAST) : '';
  const other = again !== '' && again !== next ? t.settings.passwordOther : '';
  const closed = !old || next.length < LEAST || again !== next || save.isPending;
  return (
    <Modal isOpen variant="small" onClose={onClose} aria-labelledby="password-title">
      <ModalHeader title={t.settings.changePassword} labelId="password-title" description={t.settings.passwordAbout} />
      <ModalBody>
        <Form
          id="password-form"
          onSubmit={(event) => {
            event.preventDefault();
            if (!closed) save.mutate();
          }}
        >
          <FormError error={save.error} shown={['old_password', 'new_password']} />
          <Secret
            id="old-password"
            label={t.settings.oldPassword}
            autoComplete="current-password"
            value={old}
            problem={problemAt(save.error, 'old_password')}
            onChange={setOld}
          />
          <Secret
            id="new-password"
            label={t.settings.newPassword}
            autoComplete="new-password"
            value={next}
            problem={short || problemAt(save.error, 'new_password')}
            onChange={setNext}
          />
          <Secret
            id="again-password"
            label={t.settings.againPassword}
            autoComplete="new-password"
            value={again}
            problem={other}
            onChange={setAgain}
          />
          <Checkbox id="end-tokens" label={t.settings.endTokens} isChecked={tokens} onChange={(_event, checked) => setTokens(checked)} />
        </Form>
      </ModalBody>
      <ModalFooter>
        <Button type="submit" form="password-form" isLoading={save.isPending} isDisabled={closed}>
          {t.settings.changePassword}
        </Button>
        <Button variant="link" onClick={onClose}>
          {t.app.cancel}
        </Button>
      </ModalFooter>
    </Modal>
  );
}
