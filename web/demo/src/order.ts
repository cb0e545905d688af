import { useEffect, useState } from 'react';
import type { SessionMonitor } from '@hotseat-hub/sdk';

export interface Item {
  name: string;
  cents: number;
}

export const items: Item[] = [
  { name: 'Espresso', cents: 240 },
  { name: 'Flat white', cents: 380 },
  { name: 'Filter coffee', cents: 300 },
  { name: 'Oat cortado', cents: 360 },
  { name: 'Croissant', cents: 290 },
  { name: 'Cinnamon bun', cents: 340 },
  { name: 'Lemon cake', cents: 420 },
  { name: 'Orange juice', cents: 450 },
];

export const price = (cents: number) => new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' }).format(cents / 100);

export type Order = Record<string, number>;

const key = (employee: string) => `till:order:${employee}`;

/**
 * The open order: the work that a sudden end of the session would lose. It is put away when the
 * session ends, and is there again when the same person logs in at this till.
 */
export function useOrder(employee: string, monitor: SessionMonitor | null) {
  const [rescued] = useState(() => sessionStorage.getItem(key(employee)));
  const [order, setOrder] = useState<Order>(() => JSON.parse(rescued ?? '{}'));
  useEffect(() => sessionStorage.removeItem(key(employee)), [employee]);
  useEffect(
    () =>
      monitor?.onBeforeTerminate(() => {
        if (Object.keys(order).length) sessionStorage.setItem(key(employee), JSON.stringify(order));
      }),
    [monitor, order, employee],
  );
  const add = ({ name }: Item, by = 1) =>
    setOrder(({ [name]: n = 0, ...rest }) => (n + by > 0 ? { ...rest, [name]: n + by } : rest));
  return { order, add, clear: () => setOrder({}), rescued: !!rescued };
}
