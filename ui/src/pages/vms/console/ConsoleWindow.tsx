// SPDX-License-Identifier: Apache-2.0
// A console that fills its window, without the rest of Facet around it.
import { Title } from '@patternfly/react-core';
import { useEffect } from 'react';
import { Link, useParams } from 'react-router-dom';
import { useVm } from '@/api/queries';
import { t } from '@/strings';
import { Loaded } from '@/widgets/feedback';
import { VmState } from '@/widgets/labels';
import { vmPath } from '@/widgets/links';
import ConsoleView from './ConsoleView';

export default function ConsoleWindow() {
  const { id = '' } = useParams();
  const query = useVm(id);
  const name = query.data?.name;
  useEffect(() => {
    if (name) document.title = `${t.console.title(name)} · ${t.app.name}`;
  }, [name]);
  return (
    <main className="fct-window">
      <Loaded query={query} list={{ to: '/vms', name: t.vm.title }}>
        {(vm) => (
          <>
            <div className="fct-row">
              <Title headingLevel="h1" size="lg">
                {vm.name}
              </Title>
              <VmState state={vm.state} />
              <Link className="fct-small" to={vmPath(vm.id)}>
                {t.console.toVm}
              </Link>
            </div>
            <ConsoleView vm={vm} />
          </>
        )}
      </Loaded>
    </main>
  );
}
