// SPDX-License-Identifier: Apache-2.0
import { useEffect, useState } from 'react';

/** @value, once it has stood still for @ms. */
export function useSettled<T>(value: T, ms: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}
