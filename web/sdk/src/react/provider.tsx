import { createContext, useContext, type ReactNode } from 'react';
import type { SessionMonitor } from '../index.js';

const Context = createContext<SessionMonitor | null>(null);

/** Shares one monitor with every hook below it. Whoever made the monitor stops it. */
export function SessionProvider({ monitor, children }: { monitor: SessionMonitor | null; children: ReactNode }) {
  return <Context.Provider value={monitor}>{children}</Context.Provider>;
}

/** The monitor of the provider above, or null. */
export const useSession = () => useContext(Context);
