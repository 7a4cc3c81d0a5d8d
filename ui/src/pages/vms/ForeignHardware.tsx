// SPDX-License-Identifier: Apache-2.0
// Another program's VM: what it is made of, in words, since Facet edits nothing of it; and what managing it would change.
import { List, ListItem } from '@patternfly/react-core';
import { useMay } from '@/api/may';
import { useAdoption } from '@/api/queries';
import type { Vm } from '@/contract/types';
import { t } from '@/strings';
import { Loaded, Nothing, Waiting } from '@/widgets/feedback';
import { Section } from './hardware/parts';

const words = t.adopt;
const texts = (list: readonly string[]) => (
  <List>
    {list.map((text) => (
      <ListItem key={text}>{text}</ListItem>
    ))}
  </List>
);

export function ForeignHardware({ vm }: { vm: Vm }) {
  const may = useMay('vm.write');
  const look = useAdoption(vm.id, may.allowed);
  if (!may.allowed) return <Nothing title={t.vm.others} text={words.notAllowed} />;
  return (
    <Loaded query={look} waiting={<Waiting lines={2} height="8rem" />}>
      {({ kept, lost }) => (
        <>
          <Section title={words.madeOf}>
            <div className="fct-stack">
              <span className="fct-subtle">{words.madeOfText}</span>
              {texts(kept)}
            </div>
          </Section>
          {lost.length > 0 && <Section title={words.managed}>{texts(lost)}</Section>}
        </>
      )}
    </Loaded>
  );
}
