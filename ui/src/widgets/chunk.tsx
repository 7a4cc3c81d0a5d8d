// SPDX-License-Identifier: Apache-2.0
// Parts of the page that are loaded when they are first shown. A browser remembers a file that did not come, for as long as the
// page lives: only loading the page anew asks for it again. That is done when Facet answers, never into the void.
import { Button } from '@patternfly/react-core';
import { lazy, useEffect, useRef, type ComponentType } from 'react';
import { call } from '@/api/client';
import { useLink } from '@/api/live';
import { t } from '@/strings';
import { Nothing } from './feedback';

/** A page younger than this has just been loaded anew: doing so once more by itself would only go round in circles. */
const YOUNG_MS = 10_000;

async function loadAnew(): Promise<void> {
  try {
    await call('/version');
  } catch {
    return; // still away: the page says so, and stays
  }
  location.reload();
}

function NotLoaded() {
  const link = useLink();
  const wasDown = useRef(false);
  useEffect(() => {
    if (link === 'down') wasDown.current = true;
    else if (wasDown.current || performance.now() > YOUNG_MS) void loadAnew();
  }, [link]);
  const again = (
    <Button variant="link" onClick={() => void loadAnew()}>
      {t.errors.retry}
    </Button>
  );
  return (
    <Nothing
      title={link === 'down' ? t.errors.unreachable : t.app.notLoaded}
      text={link === 'down' ? t.app.notLoadedText : undefined}
      action={again}
    />
  );
}

/** Like React's lazy; what cannot be loaded says so and comes when Facet answers again. */
export function chunk<Props extends object>(load: () => Promise<{ default: ComponentType<Props> }>) {
  return lazy<ComponentType<Props>>(() => load().catch(() => ({ default: NotLoaded })));
}
