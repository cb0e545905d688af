import type { ReactNode } from 'react';
import type { Kind } from './order.js';

const drawings: Record<Kind, ReactNode> = {
  cup: <path d="M9 17h18v7a8 8 0 0 1-8 8h-2a8 8 0 0 1-8-8zM27 19h2.5a3.5 3.5 0 0 1 0 7H27M14 12c-1.5-1.5 1.5-2.5 0-4.5M20 12c-1.5-1.5 1.5-2.5 0-4.5" />,
  glass: <path d="M11 10h16l-2.2 22H13.2zM11.9 18h14.2M19 10l3-6h4" />,
  roll: <path d="M6 25c1-9 6-14 13-14s12 5 13 14c-3 2-5 1-6-1-2-3-4-4-7-4s-5 1-7 4c-1 2-3 3-6 1zM15 11.5l-1.5 9M23 11.5l1.5 9" />,
  cake: <path d="M6 20 24 9c4 1 7 5 8 11zM6 20v10h26V20M6 25h26" />,
};

/** A line drawing of what is sold. The name beside it says the same, so nobody need hear of it. */
export function Picture({ kind }: { kind: Kind }) {
  return (
    <svg className="picture" viewBox="0 0 38 38" width="38" height="38" aria-hidden="true">
      {drawings[kind]}
    </svg>
  );
}
