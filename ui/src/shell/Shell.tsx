// SPDX-License-Identifier: Apache-2.0
import { Banner, Page, PageSection, PageSidebar, PageSidebarBody, SkipToContent } from '@patternfly/react-core';
import { Component, Suspense, useMemo, useState, type ReactNode } from 'react';
import { useLocation } from 'react-router-dom';
import { useLink } from '@/api/live';
import { t } from '@/strings';
import { Nothing, Waiting } from '@/widgets/feedback';
import { TaskDrawer, TaskDrawerContext } from '@/widgets/TaskDrawer';
import { TopBar } from './TopBar';
import { SideNav } from './SideNav';

/** A fault in one page leaves the rest usable. */
class Guard extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };
  static getDerivedStateFromError() {
    return { failed: true };
  }
  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <PageSection>
        <Nothing title={t.app.crashed} text={t.app.crashedText} action={<a href={location.pathname}>{t.app.reload}</a>} />
      </PageSection>
    );
  }
}

export function Shell({ children }: { children: ReactNode }) {
  const [isOpen, setOpen] = useState(false);
  const drawer = useMemo(() => ({ isOpen, setOpen }), [isOpen]);
  const down = useLink() === 'down';
  const place = useLocation().pathname.split('/').slice(0, 4).join('/');
  return (
    <TaskDrawerContext.Provider value={drawer}>
      <Page
        masthead={<TopBar />}
        sidebar={
          <PageSidebar>
            <PageSidebarBody>
              <SideNav />
            </PageSidebarBody>
          </PageSidebar>
        }
        isManagedSidebar
        notificationDrawer={<TaskDrawer />}
        isNotificationDrawerExpanded={isOpen}
        drawerDefaultSize="26rem"
        mainContainerId="main"
        mainTabIndex={0}
        skipToContent={<SkipToContent href="#main">{t.app.skip}</SkipToContent>}
      >
        {down && (
          <div className="fct-banner">
            <Banner color="yellow" role="status">
              {t.app.linkDown}
            </Banner>
          </div>
        )}
        <Guard key={place}>
          <Suspense
            fallback={
              <PageSection>
                <Waiting lines={4} />
              </PageSection>
            }
          >
            {children}
          </Suspense>
        </Guard>
      </Page>
    </TaskDrawerContext.Provider>
  );
}
