// SPDX-License-Identifier: Apache-2.0
import {
  Alert,
  Button,
  ClipboardCopy,
  Form,
  FormGroup,
  FormSelect,
  FormSelectOption,
  Modal,
  ModalBody,
  ModalFooter,
  ModalHeader,
  TextInput,
} from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { createToken, deleteToken } from '@/api/actions';
import { useMay } from '@/api/may';
import { useTokens } from '@/api/queries';
import * as limits from '@/contract/limits.generated';
import type { Role, Token } from '@/contract/types';
import { dateTime } from '@/lib/format';
import { t } from '@/strings';
import { ActionButton } from '@/widgets/ActionButton';
import { Confirm } from '@/widgets/Confirm';
import { ErrorAlert, Loaded, Nothing } from '@/widgets/feedback';

function NewToken({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('operator');
  const make = useMutation({
    mutationFn: () => createToken(name.trim(), role),
    onSuccess: () => client.invalidateQueries({ queryKey: ['token'] }),
  });
  const secret = make.data?.secret;
  return (
    <Modal isOpen variant="small" onClose={onClose} aria-labelledby="token-title">
      <ModalHeader title={secret ? t.settings.secretTitle : t.settings.createToken} labelId="token-title" />
      <ModalBody>
        {secret ? (
          <div className="fct-stack">
            <Alert variant="warning" isInline title={t.settings.secretText} component="p" />
            <ClipboardCopy isReadOnly hoverTip={t.app.copy} clickTip={t.app.copied} textAriaLabel={t.settings.token}>
              {secret}
            </ClipboardCopy>
          </div>
        ) : (
          <Form
            id="token-form"
            onSubmit={(event) => {
              event.preventDefault();
              make.mutate();
            }}
          >
            {make.error && <ErrorAlert error={make.error} />}
            <FormGroup label={t.settings.tokenName} fieldId="token-name" isRequired>
              <TextInput
                id="token-name"
                value={name}
                maxLength={limits.TokenInput.name.maxLength}
                isRequired
                onChange={(_event, value) => setName(value)}
              />
            </FormGroup>
            <FormGroup label={t.settings.role} fieldId="token-role">
              <FormSelect id="token-role" value={role} onChange={(_event, value) => setRole(value as Role)}>
                {(['viewer', 'operator', 'admin'] as const).map((key) => (
                  <FormSelectOption key={key} value={key} label={t.settings.roles[key]} />
                ))}
              </FormSelect>
            </FormGroup>
          </Form>
        )}
      </ModalBody>
      <ModalFooter>
        {secret ? (
          <Button onClick={onClose}>{t.app.close}</Button>
        ) : (
          <Button type="submit" form="token-form" isLoading={make.isPending} isDisabled={!name.trim() || make.isPending}>
            {t.settings.createToken}
          </Button>
        )}
        {!secret && (
          <Button variant="link" onClick={onClose}>
            {t.app.cancel}
          </Button>
        )}
      </ModalFooter>
    </Modal>
  );
}

function TokenTable({ tokens, why, onRevoke }: { tokens: Token[]; why: string; onRevoke: (token: Token) => void }) {
  return (
    <Table aria-label={t.settings.tabs.tokens} variant="compact">
      <Thead>
        <Tr>
          <Th>{t.settings.token}</Th>
          <Th>{t.settings.role}</Th>
          <Th>{t.settings.created}</Th>
          <Th>{t.settings.used}</Th>
          <Th>{t.settings.ends}</Th>
          <Th screenReaderText={t.settings.revoke} />
        </Tr>
      </Thead>
      <Tbody>
        {tokens.map((token) => (
          <Tr key={token.id}>
            <Td dataLabel={t.settings.token}>
              {token.name}
              {token.kind === 'login' && <span className="fct-subtle"> · {t.settings.login}</span>}
            </Td>
            <Td dataLabel={t.settings.role}>{t.settings.roles[token.role]}</Td>
            <Td dataLabel={t.settings.created} className="fct-number">
              {dateTime(token.created_ms)}
            </Td>
            <Td dataLabel={t.settings.used} className="fct-number">
              {token.last_used_ms ? dateTime(token.last_used_ms) : t.settings.never}
            </Td>
            <Td dataLabel={t.settings.ends} className="fct-number">
              {token.ends_ms ? dateTime(token.ends_ms) : t.settings.whenRevoked}
            </Td>
            <Td isActionCell>
              <ActionButton
                variant="link"
                size="sm"
                isDanger
                why={why}
                aria-label={`${t.settings.revoke} ${token.name}`}
                onClick={() => onRevoke(token)}
              >
                {t.settings.revoke}
              </ActionButton>
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}

export function Tokens() {
  const client = useQueryClient();
  const mayRead = useMay('token.read');
  const mayWrite = useMay('token.write');
  const tokens = useTokens(mayRead.allowed);
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<Token | null>(null);
  if (!mayRead.allowed) return <Nothing title={t.settings.tabs.tokens} text={mayRead.why} />;
  const create = (
    <ActionButton variant="secondary" why={mayWrite.why} onClick={() => setMaking(true)}>
      {t.settings.createToken}
    </ActionButton>
  );
  return (
    <div className="fct-stack">
      <Loaded query={tokens}>
        {(list) =>
          list.length === 0 ? (
            <Nothing title={t.settings.noTokens} text={t.settings.noTokensText} action={create} />
          ) : (
            <>
              <div>{create}</div>
              <TokenTable tokens={list} why={mayWrite.why} onRevoke={setRevoking} />
            </>
          )
        }
      </Loaded>
      {making && <NewToken onClose={() => setMaking(false)} />}
      {revoking && (
        <Confirm
          title={t.settings.revokeTitle(revoking.name)}
          text={t.settings.revokeText}
          button={t.settings.revoke}
          action={() => deleteToken(revoking.id)}
          onClose={() => setRevoking(null)}
          onDone={() => {
            setRevoking(null);
            void client.invalidateQueries({ queryKey: ['token'] });
          }}
        />
      )}
    </div>
  );
}
