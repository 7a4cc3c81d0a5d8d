// SPDX-License-Identifier: Apache-2.0
// What a change of a network does: first who loses their link, then the changes, then what stands against it.
import { Alert, Checkbox, Skeleton } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { previewNetwork, type NetworkQuestion } from '@/api/actions';
import type { NetworkPreview } from '@/contract/types';
import { t } from '@/strings';
import { Verdicts } from '@/widgets/feedback';

const PAUSE_MS = 300; // while somebody types

function useSettled<T>(value: T, text: string): { value: T; settled: boolean } {
  const [last, setLast] = useState({ value, text });
  useEffect(() => {
    const timer = setTimeout(() => setLast({ value, text }), PAUSE_MS);
    return () => clearTimeout(timer);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the text is the value
  }, [text]);
  return { value: last.value, settled: last.text === text };
}

/** @question null: not enough was said yet. */
export function useNetworkPreview(question: NetworkQuestion | null) {
  const text = JSON.stringify(question);
  const last = useSettled(question, text);
  const query = useQuery({
    queryKey: ['network-preview', JSON.stringify(last.value)],
    queryFn: ({ signal }) => (last.value ? previewNetwork(last.value, signal) : Promise.reject(new Error())),
    enabled: last.value !== null,
    retry: false,
    staleTime: 0,
    gcTime: 0,
  });
  const [consent, setConsent] = useState(false);
  const current = last.settled && question !== null && !query.isFetching;
  const verdicts = query.data?.verdicts ?? [];
  const refused = verdicts.some((one) => one.severity === 'block' || one.severity === 'refuse');
  const asked = verdicts.filter((one) => one.severity === 'confirm').map((one) => one.code);
  return {
    preview: question ? query.data : undefined,
    error: current ? query.error : null,
    waiting: question !== null && !current,
    asks: asked.length > 0,
    /** The codes of what asks for consent. */
    asked,
    consent,
    setConsent,
    /** It was looked at as it stands, and may be done. */
    ready: current && query.data !== undefined && !refused && (asked.length === 0 || consent),
  };
}

function Answer({ preview, isNew }: { preview: NetworkPreview; isNew: boolean }) {
  const stops = preview.verdicts.filter((one) => one.severity === 'block' || one.severity === 'refuse');
  const notes = preview.verdicts.filter((one) => one.severity === 'warn' || one.severity === 'confirm');
  if (stops.length > 0)
    return (
      <Alert variant="danger" isInline title={t.network.refused} component="p">
        <Verdicts verdicts={stops} />
      </Alert>
    );
  const cuts = preview.interrupts.length > 0;
  const serious = cuts || notes.some((one) => one.severity === 'confirm');
  return (
    <Alert
      variant={serious ? 'warning' : 'info'}
      isInline
      title={cuts ? t.network.cut(preview.interrupts) : isNew ? t.network.preview : t.network.nothingCut}
      component="p"
    >
      <ul className="pf-v6-c-list">
        {preview.changes.map((change) => (
          <li key={change}>{change}</li>
        ))}
      </ul>
      {notes.length > 0 && <Verdicts verdicts={notes} />}
    </Alert>
  );
}

/** Keeps its height while it looks again, so that the form does not jump. */
export function PreviewBox({ of, isNew = false }: { of: ReturnType<typeof useNetworkPreview>; isNew?: boolean }) {
  return (
    <div className="fct-stack" aria-live="polite">
      {of.preview ? (
        <Answer preview={of.preview} isNew={isNew} />
      ) : (
        of.waiting && <Skeleton height="5rem" screenreaderText={t.network.looking} />
      )}
      {of.preview && of.asks && (
        <Checkbox
          id="network-consent"
          label={t.network.consents(of.asked)}
          isChecked={of.consent}
          onChange={(_event, on) => of.setConsent(on)}
        />
      )}
    </div>
  );
}
