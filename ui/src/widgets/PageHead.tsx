// SPDX-License-Identifier: Apache-2.0
// The head of every page: where it is, its name and labels, its actions at the top right (the dangerous one last), its tabs.
import { Breadcrumb, BreadcrumbItem, PageSection, Tab, Tabs, TabTitleText, Title } from '@patternfly/react-core';
import { useEffect, type MouseEvent, type ReactNode } from 'react';
import { Link, useNavigate } from 'react-router-dom';
import { t } from '@/strings';

interface Props {
  title: string;
  labels?: ReactNode;
  subtitle?: ReactNode;
  actions?: ReactNode;
  trail?: { to: string; name: string }[];
  tabs?: { names: Readonly<Record<string, string>>; active: string; path: (tab: string) => string };
}

export function PageHead({ title, labels, subtitle, actions, trail, tabs }: Props) {
  const navigate = useNavigate();
  useEffect(() => {
    document.title = `${title} · ${t.app.name}`;
  }, [title]);
  // The tab is a link, so that it can be opened elsewhere; a plain click stays in the page.
  const choose = (event: MouseEvent, key: string | number) => {
    if (!tabs || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    void navigate(tabs.path(String(key)), { replace: true });
  };
  return (
    <>
      <PageSection className="fct-head-section">
        {trail && (
          <Breadcrumb>
            {trail.map((step) => (
              <BreadcrumbItem
                key={step.to}
                render={({ className }) => (
                  <Link className={className} to={step.to}>
                    {step.name}
                  </Link>
                )}
              />
            ))}
            <BreadcrumbItem isActive>{title}</BreadcrumbItem>
          </Breadcrumb>
        )}
        <div className="fct-head">
          <div>
            <div className="fct-row">
              <Title headingLevel="h1">{title}</Title>
              {labels}
            </div>
            {subtitle && <div className="fct-subtle">{subtitle}</div>}
          </div>
          {actions && <div className="fct-head__actions">{actions}</div>}
        </div>
      </PageSection>
      {tabs && (
        <PageSection type="tabs">
          <Tabs activeKey={tabs.active} onSelect={choose} usePageInsets component="nav" aria-label={title}>
            {Object.entries(tabs.names).map(([key, name]) => (
              <Tab key={key} eventKey={key} tabContentId="page-body" href={tabs.path(key)} title={<TabTitleText>{name}</TabTitleText>} />
            ))}
          </Tabs>
        </PageSection>
      )}
    </>
  );
}
