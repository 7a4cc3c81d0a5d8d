// SPDX-License-Identifier: Apache-2.0
import { Brand, Login, LoginFooter, LoginForm, LoginHeader, LoginMainBody, LoginMainHeader, Title } from '@patternfly/react-core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { login } from '@/api/actions';
import { ApiError } from '@/api/client';
import { t } from '@/strings';

export function LoginPage() {
  const client = useQueryClient();
  const [user, setUser] = useState('admin');
  const [password, setPassword] = useState('');
  const run = useMutation({
    mutationFn: () => login(user, password),
    onSuccess: (session) => client.setQueryData(['session'], session),
  });
  useEffect(() => {
    document.title = `${t.login.title}`;
  }, []);
  const help = run.error instanceof ApiError ? `${run.error.message} ${run.error.next}` : run.error?.message;
  return (
    <Login
      header={<LoginHeader headerBrand={<Brand src="/facet.svg" alt={t.app.name} />} />}
      footer={
        <LoginFooter>
          <p>{t.login.about}</p>
        </LoginFooter>
      }
    >
      {/* Its own title would be a second-level heading. */}
      <LoginMainHeader>
        <Title headingLevel="h1" size="3xl">
          {t.login.title}
        </Title>
        <p className="pf-v6-c-login__main-header-desc">{t.login.subtitle}</p>
      </LoginMainHeader>
      <LoginMainBody>
        <LoginForm
          showHelperText={Boolean(run.error)}
          helperText={help}
          usernameLabel={t.login.username}
          usernameValue={user}
          onChangeUsername={(_event, value) => setUser(value)}
          passwordLabel={t.login.password}
          passwordValue={password}
          isShowPasswordEnabled
          onChangePassword={(_event, value) => setPassword(value)}
          isLoginButtonDisabled={run.isPending || !user || !password}
          loginButtonLabel={t.login.submit}
          onLoginButtonClick={(event) => {
            event.preventDefault();
            run.mutate();
          }}
        />
      </LoginMainBody>
    </Login>
  );
}
