// SPDX-License-Identifier: Apache-2.0
import { Alert, Button, Card, CardBody, Label, LabelGroup, PageSection } from '@patternfly/react-core';
import { useState } from 'react';
import { useParams } from 'react-router-dom';
import { useSession, useVersion } from '@/api/queries';
import { UNKNOWN } from '@/lib/format';
import { t } from '@/strings';
import { Facts } from '@/widgets/Facts';
import { Loaded } from '@/widgets/feedback';
import { PageHead } from '@/widgets/PageHead';
import { Password } from './Password';
import { Tokens } from './Tokens';

function Account() {
  const [changing, setChanging] = useState(false);
  const [done, setDone] = useState(false);
  return (
    <Loaded query={useSession()}>
      {(session) => (
        <div className="fct-stack">
          {done && <Alert variant="success" isInline title={t.settings.passwordDone} component="p" />}
          <div>
            <Button
              variant="secondary"
              onClick={() => {
                setDone(false);
                setChanging(true);
              }}
            >
              {t.settings.changePassword}
            </Button>
          </div>
          {changing && (
            <Password
              onClose={() => setChanging(false)}
              onDone={() => {
                setChanging(false);
                setDone(true);
              }}
            />
          )}
          <Card isCompact>
            <CardBody>
              <Facts
                columns={2}
                facts={[
                  [t.settings.user, session.user],
                  [t.settings.role, t.settings.roles[session.role]],
                  [
                    t.settings.may,
                    <LabelGroup key="m" numLabels={session.may.length}>
                      {session.may.map((action) => (
                        <Label key={action} isCompact variant="outline">
                          {t.actions[action] ?? action}
                        </Label>
                      ))}
                    </LabelGroup>,
                  ],
                ]}
              />
            </CardBody>
          </Card>
        </div>
      )}
    </Loaded>
  );
}

function About() {
  const version = useVersion();
  return (
    <Card isCompact>
      <CardBody>
        <Facts
          columns={2}
          facts={[
            [t.settings.version, version.data?.version ?? UNKNOWN],
            [t.settings.api, '/api/v1'],
          ]}
        />
      </CardBody>
    </Card>
  );
}

export default function SettingsPage() {
  const { tab = 'tokens' } = useParams();
  return (
    <>
      <PageHead
        title={t.settings.title}
        tabs={{ names: t.settings.tabs, active: tab, path: (key) => (key === 'tokens' ? '/settings' : `/settings/${key}`) }}
      />
      <PageSection id="page-body">
        {tab === 'tokens' && <Tokens />}
        {tab === 'account' && <Account />}
        {tab === 'about' && <About />}
      </PageSection>
    </>
  );
}
