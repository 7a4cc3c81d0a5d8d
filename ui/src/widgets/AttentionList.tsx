// SPDX-License-Identifier: Apache-2.0
import { Alert } from '@patternfly/react-core';
import { Link } from 'react-router-dom';
import type { Attention } from '@/lib/attention';
import { t } from '@/strings';

/** What needs a person, each leading to where it can be put right. */
export function AttentionList({ list, onGo, most = 6 }: { list: readonly Attention[]; onGo?: () => void; most?: number }) {
  if (list.length === 0) return <Alert variant="success" isInline isPlain title={t.overview.nothing} component="p" />;
  return (
    <div className="fct-stack">
      {list.slice(0, most).map((item) => (
        <Alert
          key={item.key}
          variant={item.severity}
          isInline
          isPlain
          component="p"
          title={
            <Link to={item.to} onClick={onGo}>
              {item.title}
            </Link>
          }
        >
          {item.text}
        </Alert>
      ))}
      {list.length > most && <span className="fct-subtle fct-small">+ {list.length - most}</span>}
    </div>
  );
}
