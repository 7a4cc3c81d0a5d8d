// SPDX-License-Identifier: Apache-2.0
import { LoginForm, LoginPage as Frame } from '@patternfly/react-core';
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
    <Frame brandImgSrc="/facet.svg" brandImgAlt={t.app.name} loginTitle={t.login.title} loginSubtitle={t.login.subtitle} textContent={t.login.about}>
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
    </Frame>
  );
}
