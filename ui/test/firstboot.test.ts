// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { commonInput, firstBootInput, firstBootOk, firstBootProblems, insteadOf, NO_FIRST_BOOT } from '@/widgets/vm-form/firstboot';

const KEY = `ssh-ed25519 ${'A'.repeat(68)} anna@desk`;

test('an empty form asks for nothing', () => {
  for (const os of ['linux', 'windows', 'other']) {
    expect(firstBootInput(NO_FIRST_BOOT, os)).toEqual({});
    expect(firstBootOk(NO_FIRST_BOOT, os)).toBe(true);
  }
});

test('only what was filled in is sent', () => {
  const draft = { ...NO_FIRST_BOOT, user: ' anna ', password: ' p w ', keys: `${KEY}\n\n`, packages: 'vim, htop', agent: true };
  expect(firstBootInput(draft, 'linux')).toEqual({
    cloud_init: { user: 'anna', password: ' p w ', ssh_keys: [KEY], packages: ['vim', 'htop', 'qemu-guest-agent'] },
  });
  expect(firstBootInput(draft, 'other')).toEqual({});
  const fixed = { ...NO_FIRST_BOOT, fixed: true, address: '10.0.0.5/24', dns: '10.0.0.1, 10.0.0.2' };
  expect(firstBootInput(fixed, 'linux')).toEqual({ cloud_init: { network: { address: '10.0.0.5/24', dns: ['10.0.0.1', '10.0.0.2'] } } });
});

test('user-data stands for the user, but not for host name and network', () => {
  const draft = { ...NO_FIRST_BOOT, user: 'anna', password: 'p', hostname: 'db', userData: '#!/bin/sh\n' };
  expect(firstBootInput(draft, 'linux')).toEqual({ cloud_init: { hostname: 'db', user_data: '#!/bin/sh\n' } });
});

test('user-data of a template, which is not shown, stays until it is replaced or taken out', () => {
  const had = { ...NO_FIRST_BOOT, hostname: 'db', kept: true };
  expect(commonInput(had, 'linux')).toEqual({ cloud_init: { hostname: 'db', has_user_data: true } });
  expect(commonInput({ ...had, kept: false }, 'linux')).toEqual({ cloud_init: { hostname: 'db' } });
  expect(insteadOf(had, { ...had, hostname: '' }, 'linux')).toEqual({ cloud_init: { hostname: null } });
  expect(insteadOf(had, { ...had, userData: '#!/bin/sh\n' }, 'linux')).toEqual({
    cloud_init: { hostname: 'db', user_data: '#!/bin/sh\n' },
  });
  expect(insteadOf(had, { ...had, kept: false, user: 'anna', keys: KEY }, 'linux')).toEqual({
    cloud_init: { hostname: 'db', user: 'anna', ssh_keys: [KEY], user_data: null },
  });
  expect(insteadOf(had, { ...NO_FIRST_BOOT, kept: false }, 'linux')).toEqual({ cloud_init: null });
  expect(Object.keys(firstBootProblems(had, 'linux'))).toEqual([]);
});

test('Windows gets its answers', () => {
  const draft = { ...NO_FIRST_BOOT, user: 'Anna', password: 'p', productKey: 'aaaaa-bbbbb-ccccc-ddddd-eeeee', keys: KEY };
  expect(firstBootInput(draft, 'windows')).toEqual({
    windows: { user: 'Anna', password: 'p', product_key: 'AAAAA-BBBBB-CCCCC-DDDDD-EEEEE' },
  });
});

test('problems are named where they are', () => {
  const at = (change: object, os = 'linux') => Object.keys(firstBootProblems({ ...NO_FIRST_BOOT, ...change }, os));
  expect(at({ user: 'Anna', password: 'p' })).toEqual(['user']);
  expect(at({ password: 'p' })).toEqual(['user']);
  expect(at({ user: 'anna' })).toEqual(['password']);
  expect(at({ user: 'anna', keys: 'hello' })).toEqual(['keys']);
  expect(at({ fixed: true, address: '10.0.0.5' })).toEqual(['address']);
  expect(at({ userData: 'echo' })).toEqual(['user_data']);
  expect(at({ userData: '#!/bin/sh', user: 'Anna' })).toEqual([]);
  expect(at({ user: 'Administrator', password: 'p' }, 'windows')).toEqual(['user']);
  expect(at({ user: 'Anna' }, 'windows')).toEqual(['password']);
});
