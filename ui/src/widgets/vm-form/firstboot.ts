// SPDX-License-Identifier: Apache-2.0
// What the form of the first boot holds, and what of it is sent.
import * as limits from '@/contract/limits.generated';
import type { CloudInitInput, VmInput, WindowsInput } from '@/contract/types';
import { t } from '@/strings';

/** As a template shows it: that it has user-data, not which. */
export type TemplateCloudInit = CloudInitInput & { has_user_data?: boolean };

export interface FirstBoot {
  user: string;
  password: string;
  /** One a line. */
  keys: string;
  agent: boolean;
  fixed: boolean;
  address: string;
  gateway: string;
  dns: string;
  hostname: string;
  packages: string;
  userData: string;
  /** The template's own user-data stands, which is shown to nobody; null: it has none. */
  kept: boolean | null;
  edition: string;
  language: string;
  timeZone: string;
  productKey: string;
  organization: string;
}

export const NO_FIRST_BOOT: FirstBoot = {
  user: '',
  password: '',
  keys: '',
  agent: false,
  fixed: false,
  address: '',
  gateway: '',
  dns: '',
  hostname: '',
  packages: '',
  userData: '',
  kept: null,
  edition: '',
  language: '',
  timeZone: '',
  productKey: '',
  organization: '',
};

export const AGENT = 'qemu-guest-agent';
const words = (text: string, by: RegExp) =>
  text
    .split(by)
    .map((one) => one.trim())
    .filter(Boolean);
const given = <T extends object>(fields: T): Partial<T> =>
  Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== '' && !(Array.isArray(value) && value.length === 0)),
  ) as Partial<T>;

function cloudInit(draft: FirstBoot): CloudInitInput | undefined {
  const packages = [...words(draft.packages, /[\s,]+/), ...(draft.agent ? [AGENT] : [])];
  const network = draft.fixed
    ? { address: draft.address.trim(), ...given({ gateway: draft.gateway.trim(), dns: words(draft.dns, /[\s,]+/) }) }
    : undefined;
  const rest = { ...given({ hostname: draft.hostname.trim() }), ...(network && { network }) };
  const all = draft.userData.trim()
    ? { ...rest, user_data: draft.userData }
    : draft.kept
      ? rest
      : {
          ...rest,
          ...given({
            user: draft.user.trim(),
            password: draft.password,
            ssh_keys: words(draft.keys, /\n/),
            packages: [...new Set(packages)],
          }),
        };
  return Object.keys(all).length > 0 ? all : undefined;
}

/** What a guest is called that nobody named: what a host name can bear of the VM's name. Empty: of its id, which is made with it. */
export function hostName(vm: string): string {
  const label = vm
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-/, '')
    .slice(0, 63)
    .replace(/-$/, '');
  return label && !/[A-Za-z]/.test(label) ? `vm-${label}` : label;
}

function windows(draft: FirstBoot): WindowsInput | undefined {
  if (!draft.user && !draft.password) return undefined;
  return {
    user: draft.user.trim(),
    password: draft.password,
    ...given({
      edition: draft.edition.trim(),
      language: draft.language.trim(),
      time_zone: draft.timeZone.trim(),
      product_key: draft.productKey.trim().toUpperCase(),
      organization: draft.organization.trim(),
    }),
  };
}

/** The members of a VmInput; none when nothing was asked for. */
export function firstBootInput(draft: FirstBoot, os: string): { cloud_init?: CloudInitInput; windows?: WindowsInput } {
  if (os === 'windows') {
    const answers = windows(draft);
    return answers ? { windows: answers } : {};
  }
  const data = os === 'linux' ? cloudInit(draft) : undefined;
  return data ? { cloud_init: data } : {};
}

/** Stands for the user-data that a template has already. */
const keeps = (draft: FirstBoot) => draft.kept === true && !draft.userData.trim();

/** What a template keeps of it: no password, no product key, and nobody need be named yet. */
export function commonInput(draft: FirstBoot, os: string): { cloud_init?: TemplateCloudInit; windows?: Partial<WindowsInput> } {
  if (os === 'linux' && keeps(draft)) return { cloud_init: { ...cloudInit(draft), has_user_data: true } };
  if (os !== 'windows') return firstBootInput({ ...draft, password: '' }, os);
  const answers = given({
    user: draft.user.trim(),
    edition: draft.edition.trim(),
    language: draft.language.trim(),
    time_zone: draft.timeZone.trim(),
    organization: draft.organization.trim(),
  });
  return Object.keys(answers).length > 0 ? { windows: answers } : {};
}

/** In place of a template's data, which stands member by member: null takes away what the template has and the form has not. */
export function insteadOf(template: FirstBoot, draft: FirstBoot, os: string): Pick<VmInput, 'cloud_init' | 'windows'> {
  const had = commonInput(template, os);
  const now = firstBootInput(draft, os);
  const gone = (old: object, next: object) =>
    Object.fromEntries(
      Object.keys(old)
        .filter((key) => !(key in next))
        .map((key) => [key, null]),
    );
  if (had.cloud_init) {
    const { has_user_data: hidden, ...shown } = had.cloud_init;
    const next = now.cloud_init ?? {};
    const instead = { ...gone(hidden ? { ...shown, ...(!keeps(draft) && { user_data: '' }) } : shown, next), ...next };
    return { cloud_init: now.cloud_init || keeps(draft) ? instead : null };
  }
  if (had.windows) return { windows: now.windows ? { ...gone(had.windows, now.windows), ...now.windows } : null };
  return now;
}

type Problems = Partial<Record<'user' | 'password' | 'keys' | 'address' | 'user_data', string>>;

const KEY = /^(ssh-|ecdsa-|sk-)\S+ [A-Za-z0-9+/=]{40,}( .*)?$/;
const ADDRESS = /^[0-9a-fA-F.:]+\/\d{1,3}$/;

/** What the page can already say; the API has the last word. */
export function firstBootProblems(draft: FirstBoot, os: string, common = false): Problems {
  const bad = t.firstBoot.problems;
  const problems: Problems = {};
  const user = draft.user.trim();
  if (os === 'windows') {
    if (user.length > limits.WindowsInput.user.maxLength || user.toLowerCase() === 'administrator') problems.user = bad.userWindows;
    if (!user && draft.password) problems.user = bad.userMissing;
    if (user && !draft.password && !common) problems.password = bad.passwordMissing;
    return problems;
  }
  if (os !== 'linux') return problems;
  if (draft.fixed && !ADDRESS.test(draft.address.trim())) problems.address = bad.address;
  if (draft.userData.trim()) {
    if (!/^(#cloud-(config|boothook)|#!|#include|#part-handler|#upstart-job|## template:|[a-z-]+:|From )/i.test(draft.userData))
      problems.user_data = bad.userData;
    return problems;
  }
  if (draft.kept) return problems;
  const keys = words(draft.keys, /\n/);
  if (user && !limits.CloudInitInput.user.pattern.test(user)) problems.user = bad.user;
  if (!user && (draft.password || keys.length > 0)) problems.user = bad.userMissing;
  if (user && !draft.password && keys.length === 0 && !common) problems.password = bad.secretMissing;
  if (keys.some((key) => !KEY.test(key))) problems.keys = bad.keys;
  return problems;
}

export const firstBootOk = (draft: FirstBoot, os: string, common = false) => Object.keys(firstBootProblems(draft, os, common)).length === 0;
