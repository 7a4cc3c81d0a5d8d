// SPDX-License-Identifier: Apache-2.0
// Waiting, nothing there, and refusals: never a blank and never a dead end.
import { Alert, Button, EmptyState, EmptyStateActions, EmptyStateBody, EmptyStateFooter, Skeleton } from '@patternfly/react-core';
import { useEffect, type ComponentType, type ReactNode } from 'react';
import { Link } from 'react-router-dom';
import { ApiError } from '@/api/client';
import type { Verdict } from '@/contract/types';
import { t } from '@/strings';

const strings = (list: readonly string[] | undefined) => list ?? [];

/** The VM that a verdict names, as a way there. */
export function VerdictSubject({ verdict }: { verdict: Verdict }) {
  if (!verdict.subject.startsWith('vm ')) return null;
  const name = verdict.subject.slice(3);
  return <Link to={`/vms/${encodeURIComponent(name)}`}>{name}</Link>;
}

export function Verdicts({ verdicts }: { verdicts: readonly Verdict[] }) {
  return (
    <ul className="pf-v6-c-list">
      {verdicts.map((verdict) => (
        <li key={`${verdict.code} ${verdict.subject}`}>
          {verdict.sentence}
          {verdict.next && <div className="fct-subtle">{verdict.next}</div>}
          <VerdictSubject verdict={verdict} />
        </li>
      ))}
    </ul>
  );
}

/** A refusal in full: what, why, and what to do. */
export function ErrorAlert({
  error,
  title,
  children,
  inline = true,
}: {
  error: unknown;
  title?: string;
  children?: ReactNode;
  inline?: boolean;
}) {
  const known = error instanceof ApiError ? error : null;
  const text = error instanceof Error ? error.message : String(error);
  const reasons = strings(known?.details.reasons);
  return (
    <Alert variant="danger" isInline={inline} title={title ?? text}>
      {title && <p>{text}</p>}
      {reasons.length > 0 && (
        <ul className="pf-v6-c-list">
          {reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      )}
      {known?.details.verdicts && <Verdicts verdicts={known.details.verdicts} />}
      {known?.next && <p>{known.next}</p>}
      {children}
    </Alert>
  );
}

/** A page's way back: where the things of its kind are listed. */
export interface ListOf {
  to: string;
  name: string;
}

/** In place of a page (then with the way back to @list) or a card whose data did not come. */
export function LoadError({ error, list, onRetry }: { error: unknown; list?: ListOf; onRetry: () => void }) {
  const next = error instanceof ApiError ? error.next : t.errors.tryAgain;
  const missing = error instanceof ApiError && error.status === 404;
  const title = error instanceof Error ? error.message : String(error);
  useEffect(() => {
    if (list) document.title = `${title} · ${t.app.name}`;
  }, [list, title]);
  return (
    <EmptyState status={missing ? undefined : 'danger'} titleText={title} headingLevel={list ? 'h1' : 'h2'} variant={list ? 'sm' : 'xs'}>
      <EmptyStateBody>{next}</EmptyStateBody>
      <EmptyStateFooter>
        <EmptyStateActions>
          {list && <Link to={list.to}>{list.name}</Link>}
          {!missing && (
            <Button variant="link" onClick={onRetry}>
              {t.errors.retry}
            </Button>
          )}
        </EmptyStateActions>
      </EmptyStateFooter>
    </EmptyState>
  );
}

export function Nothing({
  title,
  text,
  icon,
  action,
  heading = 'h2',
}: {
  title: string;
  text?: string;
  icon?: ComponentType;
  action?: ReactNode;
  heading?: 'h1' | 'h2';
}) {
  return (
    <EmptyState titleText={title} headingLevel={heading} variant="sm" icon={icon}>
      {text && <EmptyStateBody>{text}</EmptyStateBody>}
      {action && (
        <EmptyStateFooter>
          <EmptyStateActions>{action}</EmptyStateActions>
        </EmptyStateFooter>
      )}
    </EmptyState>
  );
}

/** Lines of the height that the content will have. */
export function Waiting({ lines = 3, height = '2.5rem' }: { lines?: number; height?: string }) {
  return (
    <div className="fct-stack" aria-busy="true">
      {Array.from({ length: lines }, (_, i) => (
        <Skeleton key={i} height={height} screenreaderText={i === 0 ? t.app.loading : ''} />
      ))}
    </div>
  );
}

interface Query<T> {
  data: T | undefined;
  error: unknown;
  isPending: boolean;
  refetch: () => unknown;
}

/** The three ways that a query can stand; old data stays on the screen while a new try fails. */
export function Loaded<T>({
  query,
  children,
  waiting,
  list,
}: {
  query: Query<T>;
  children: (data: T) => ReactNode;
  waiting?: ReactNode;
  list?: ListOf;
}) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error) return <LoadError error={query.error} list={list} onRetry={() => void query.refetch()} />;
  return <>{waiting ?? <Waiting />}</>;
}
