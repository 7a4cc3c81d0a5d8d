// SPDX-License-Identifier: Apache-2.0
// Light or dark: follows the system until the user chooses. The first paint is done by public/theme.js.
import { useSyncExternalStore } from 'react';

export type ThemeChoice = 'system' | 'light' | 'dark';
const KEY = 'facet.theme';
const system = matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set<() => void>();

function stored(): ThemeChoice {
  const value = localStorage.getItem(KEY);
  return value === 'light' || value === 'dark' ? value : 'system';
}

let choice = stored();
const isDark = () => choice === 'dark' || (choice === 'system' && system.matches);

function show(): void {
  document.documentElement.classList.toggle('pf-v6-theme-dark', isDark());
  listeners.forEach((listener) => listener());
}

export function setTheme(next: ThemeChoice): void {
  choice = next;
  if (next === 'system') localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, next);
  show();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

system.addEventListener('change', show);

export const useTheme = () => useSyncExternalStore(subscribe, () => choice);
export const useDark = () => useSyncExternalStore(subscribe, isDark);
