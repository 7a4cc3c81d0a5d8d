// SPDX-License-Identifier: Apache-2.0
// The API as people read it: the contract of the facetd that answers here, by kind of object. Nobody has to sign in, as for the
// document itself. Our own page and no viewer from elsewhere: see docs/adr/0023-lists-and-etags.md.
import {
  Bullseye,
  Button,
  Masthead,
  MastheadBrand,
  MastheadContent,
  MastheadMain,
  MastheadToggle,
  Nav,
  NavItem,
  NavList,
  Page,
  PageSection,
  PageSidebar,
  PageSidebarBody,
  PageToggleButton,
  SearchInput,
  SkipToContent,
  Spinner,
  Title,
  Toolbar,
  ToolbarContent,
  ToolbarItem,
} from '@patternfly/react-core';
import { BarsIcon } from '@patternfly/react-icons';
import { useEffect, useMemo, useState } from 'react';
import { call } from '@/api/client';
import { useTheme } from '@/lib/theme';
import { t } from '@/strings';
import { LoadError, Nothing } from '@/widgets/feedback';
import { found, groupsOf, type Contract } from './contract';
import { OperationView } from './OperationView';
import { words } from './strings';
import './apidocs.css';

const anchorOf = (tag: string) => tag.toLowerCase().replace(/ /g, '-');
const here = () => decodeURIComponent(window.location.hash.slice(1));

function useContract() {
  const [contract, setContract] = useState<Contract>();
  const [error, setError] = useState<Error>();
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    call<Contract>('/openapi.json').then(setContract, (fault: unknown) => setError(fault as Error));
  }, [turn]);
  const retry = () => {
    setError(undefined);
    setTurn(turn + 1);
  };
  return { contract, error, retry };
}

/** The operation or group that the address names is shown, also when it changes later. */
function useShown(contract: Contract | undefined, open: (id: string) => void) {
  useEffect(() => {
    if (!contract) return undefined;
    const show = () => {
      open(here());
      requestAnimationFrame(() => document.getElementById(here())?.scrollIntoView());
    };
    show();
    window.addEventListener('hashchange', show);
    return () => window.removeEventListener('hashchange', show);
  }, [contract, open]);
}

function Head() {
  return (
    <Masthead>
      <MastheadMain>
        <MastheadToggle>
          <PageToggleButton icon={<BarsIcon />} aria-label={words.groups} />
        </MastheadToggle>
        <MastheadBrand>
          <Title headingLevel="h1" size="xl">
            {t.app.name} {words.title}
          </Title>
        </MastheadBrand>
      </MastheadMain>
      <MastheadContent>
        <Toolbar isStatic>
          <ToolbarContent>
            <ToolbarItem align={{ default: 'alignEnd' }}>
              <Button component="a" variant="link" href="/api/v1/openapi.json">
                {words.document}
              </Button>
            </ToolbarItem>
            <ToolbarItem>
              <Button component="a" variant="link" href="/">
                {words.page}
              </Button>
            </ToolbarItem>
          </ToolbarContent>
        </Toolbar>
      </MastheadContent>
    </Masthead>
  );
}

function Reference({ contract }: { contract: Contract }) {
  const all = useMemo(() => groupsOf(contract), [contract]);
  const [text, setText] = useState('');
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const shown = found(all, text);
  const [open] = useState(() => (id: string) => setOpened((before) => new Set(before).add(id)));
  useShown(contract, open);
  const toggle = (id: string, isOpen: boolean) => {
    if (isOpen) window.history.replaceState(null, '', `#${id}`);
    setOpened((before) => {
      const next = new Set(before);
      if (isOpen) next.add(id);
      else next.delete(id);
      return next;
    });
  };
  const sidebar = (
    <PageSidebar>
      <PageSidebarBody>
        <Nav aria-label={words.groups}>
          <NavList>
            {shown.map((group) => (
              <NavItem key={group.name} to={`#${anchorOf(group.name)}`}>
                {group.name}
              </NavItem>
            ))}
          </NavList>
        </Nav>
      </PageSidebarBody>
    </PageSidebar>
  );
  return (
    <Page
      isManagedSidebar
      masthead={<Head />}
      sidebar={sidebar}
      mainContainerId="apidocs-main"
      skipToContent={<SkipToContent href="#apidocs-main">{t.app.skip}</SkipToContent>}
    >
      <PageSection>
        <p className="apidocs-about">{contract.info.description}</p>
        <SearchInput
          className="apidocs-search"
          value={text}
          placeholder={words.search}
          aria-label={words.search}
          onChange={(_event, value) => setText(value)}
          onClear={() => setText('')}
        />
      </PageSection>
      {shown.length === 0 && (
        <PageSection>
          <Nothing title={words.nothing} />
        </PageSection>
      )}
      {shown.map((group) => (
        <PageSection key={group.name} id={anchorOf(group.name)}>
          <Title headingLevel="h2">{group.name}</Title>
          <p className="apidocs-quiet">
            {group.description}. {words.count(group.operations.length)}.
          </p>
          {group.operations.map((operation) => (
            <OperationView
              key={operation.id}
              contract={contract}
              operation={operation}
              isOpen={opened.has(operation.id)}
              onToggle={(isOpen) => toggle(operation.id, isOpen)}
            />
          ))}
        </PageSection>
      ))}
    </Page>
  );
}

export default function ApiDocsPage() {
  const { contract, error, retry } = useContract();
  useTheme(); // follows the system's light and dark, as every page does
  useEffect(() => {
    document.title = `${words.title} · ${t.app.name}`;
  }, []);
  if (contract) return <Reference contract={contract} />;
  if (error)
    return (
      <Bullseye>
        <LoadError error={error} onRetry={retry} />
      </Bullseye>
    );
  return (
    <Bullseye>
      <Spinner aria-label={words.loading} />
    </Bullseye>
  );
}
