// SPDX-License-Identifier: Apache-2.0
import { DescriptionList, DescriptionListDescription, DescriptionListGroup, DescriptionListTerm } from '@patternfly/react-core';
import type { ReactNode } from 'react';

/** Names and values, aligned in columns that follow the width. */
export function Facts({ facts, columns = 3 }: { facts: [string, ReactNode][]; columns?: 1 | 2 | 3 }) {
  return (
    <DescriptionList
      isCompact
      columnModifier={columns === 1 ? undefined : { default: '1Col', md: '2Col', xl: columns === 3 ? '3Col' : '2Col' }}
    >
      {facts.map(([term, value]) => (
        <DescriptionListGroup key={term}>
          <DescriptionListTerm>{term}</DescriptionListTerm>
          <DescriptionListDescription>{value}</DescriptionListDescription>
        </DescriptionListGroup>
      ))}
    </DescriptionList>
  );
}
