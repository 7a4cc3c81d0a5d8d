// SPDX-License-Identifier: Apache-2.0
// "Why can't this VM start?": what, why, and the smallest change that would help.
import { Alert, Button, Modal, ModalBody, ModalFooter, ModalHeader } from '@patternfly/react-core';
import { usePreflight } from '@/api/queries';
import type { Preflight, Vm } from '@/contract/types';
import { t } from '@/strings';
import { Loaded, Verdicts, VerdictSubject } from '@/widgets/feedback';

function Answer({ preflight }: { preflight: Preflight }) {
  const stops = preflight.verdicts.filter((v) => v.severity === 'block' || v.severity === 'refuse');
  const notes = preflight.verdicts.filter((v) => v.severity === 'warn' || v.severity === 'confirm');
  return (
    <div className="fct-stack">
      {preflight.can_start ? (
        <Alert variant="success" isInline title={t.vm.canStart} component="p" />
      ) : (
        stops.map((v) => (
          <Alert key={v.code + v.subject} variant="warning" isInline title={v.sentence} component="p">
            {v.next} <VerdictSubject verdict={v} />
          </Alert>
        ))
      )}
      {notes.length > 0 && <Verdicts verdicts={notes} />}
    </div>
  );
}

export function WhyModal({ vm, onClose }: { vm: Vm; onClose: () => void }) {
  const preflight = usePreflight(vm.id);
  return (
    <Modal isOpen variant="small" onClose={onClose} aria-labelledby="why-title">
      <ModalHeader title={t.vm.whyTitle(vm.name)} labelId="why-title" />
      <ModalBody>
        <Loaded query={preflight}>{(data) => <Answer preflight={data} />}</Loaded>
      </ModalBody>
      <ModalFooter>
        <Button variant="secondary" onClick={onClose}>
          {t.app.close}
        </Button>
      </ModalFooter>
    </Modal>
  );
}
