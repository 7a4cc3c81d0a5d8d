// SPDX-License-Identifier: Apache-2.0
// Another program's VM becomes Facet's: first what that means, then the button.
import {
  Alert,
  Button,
  ExpandableSection,
  List,
  ListItem,
  Modal,
  ModalBody,
  ModalFooter,
  ModalHeader,
  Title,
} from '@patternfly/react-core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { adoptVm } from '@/api/actions';
import { useAdoption } from '@/api/queries';
import type { Adoption, Vm } from '@/contract/types';
import { t } from '@/strings';
import { ErrorAlert, Loaded, Waiting } from '@/widgets/feedback';
import { useTell } from '@/widgets/Toasts';

const words = t.adopt;
const refuses = (look: Adoption) => look.verdicts.filter((one) => one.severity === 'refuse' || one.severity === 'block');

function Texts({ texts }: { texts: readonly string[] }) {
  return (
    <List>
      {texts.map((text) => (
        <ListItem key={text}>{text}</ListItem>
      ))}
    </List>
  );
}

function Meaning({ look }: { look: Adoption }) {
  const [open, setOpen] = useState(false);
  const against = refuses(look);
  return (
    <div className="fct-stack">
      {against.length > 0 ? (
        <Alert variant="danger" isInline title={words.cannot} component="p">
          <Texts texts={against.map((one) => `${one.sentence} ${one.next}`)} />
        </Alert>
      ) : (
        <p>
          {words.nothing}
          {look.lost.length === 0 && ` ${words.same}`}
        </p>
      )}
      {look.verdicts
        .filter((one) => one.severity === 'warn')
        .map((one) => (
          <Alert key={one.code} variant="warning" isInline title={one.sentence} component="p">
            {one.next}
          </Alert>
        ))}
      {look.lost.length > 0 && (
        <section>
          <Title headingLevel="h2" size="md">
            {words.lost}
          </Title>
          <Texts texts={look.lost} />
        </section>
      )}
      <ExpandableSection toggleText={words.keptCount(look.kept.length)} isExpanded={open} onToggle={(_event, on) => setOpen(on)}>
        <Texts texts={look.kept} />
      </ExpandableSection>
    </div>
  );
}

export function Adopt({ vm, onClose }: { vm: Vm; onClose: () => void }) {
  const client = useQueryClient();
  const tell = useTell();
  const look = useAdoption(vm.id);
  const act = useMutation({
    mutationFn: () => adoptVm(vm.id, look.data?.digest ?? ''),
    onError: () => void look.refetch(),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['vm'] });
      void client.invalidateQueries({ queryKey: ['vms'] });
      tell.good(words.done(vm.name));
      onClose();
    },
  });
  const can = look.data !== undefined && refuses(look.data).length === 0;
  return (
    <Modal isOpen variant="medium" onClose={onClose} aria-labelledby="adopt-title">
      <ModalHeader title={words.title(vm.name)} labelId="adopt-title" />
      <ModalBody tabIndex={0} aria-label={words.title(vm.name)}>
        {act.error && <ErrorAlert error={act.error} />}
        <Loaded query={look} waiting={<Waiting lines={4} height="1.5rem" />}>
          {(data) => <Meaning look={data} />}
        </Loaded>
      </ModalBody>
      <ModalFooter>
        <Button isDisabled={!can || act.isPending} isLoading={act.isPending} onClick={() => act.mutate()}>
          {words.manage}
        </Button>
        <Button variant="link" onClick={onClose}>
          {t.app.cancel}
        </Button>
      </ModalFooter>
    </Modal>
  );
}
