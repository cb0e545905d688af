import { useEffect, useState } from 'react';
import type { SessionMonitor } from '@hotseat-hub/sdk';
import { drawer } from './drawer.js';

export type Kind = 'cup' | 'glass' | 'roll' | 'cake';

export interface Item {
  name: string;
  cents: number;
  kind: Kind;
}

export const items: Item[] = [
  { name: 'Espresso', cents: 240, kind: 'cup' },
  { name: 'Flat white', cents: 380, kind: 'cup' },
  { name: 'Filter coffee', cents: 300, kind: 'cup' },
  { name: 'Oat cortado', cents: 360, kind: 'glass' },
  { name: 'Croissant', cents: 290, kind: 'roll' },
  { name: 'Cinnamon bun', cents: 340, kind: 'roll' },
  { name: 'Lemon cake', cents: 420, kind: 'cake' },
  { name: 'Orange juice', cents: 450, kind: 'glass' },
  { name: 'Still water', cents: 220, kind: 'glass' },
  { name: 'Cheese roll', cents: 490, kind: 'roll' },
  { name: 'Plum tart', cents: 460, kind: 'cake' },
  { name: 'Hot chocolate', cents: 420, kind: 'cup' },
];

export const price = (cents: number) => new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' }).format(cents / 100);

export type Order = Record<string, number>;

const key = (employee: string) => `till:order:${employee}`;

/**
 * The open order: the work that a sudden end of the session would lose. It is put away when the
 * session ends, and is there again when the same person logs in at this till.
 */
export function useOrder(employee: string, monitor: SessionMonitor | null) {
  const [rescued] = useState(() => drawer.get(key(employee)));
  const [order, setOrder] = useState<Order>(() => JSON.parse(rescued ?? '{}'));
  useEffect(() => drawer.empty(key(employee)), [employee]);
  useEffect(
    () =>
      monitor?.onBeforeTerminate(() => {
        if (Object.keys(order).length) drawer.put(key(employee), JSON.stringify(order));
      }),
    [monitor, order, employee],
  );
  const add = ({ name }: Item, by = 1) =>
    setOrder(({ [name]: n = 0, ...rest }) => (n + by > 0 ? { ...rest, [name]: n + by } : rest));
  return { order, add, clear: () => setOrder({}), rescued: !!rescued };
}
