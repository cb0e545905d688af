import { useEffect, useRef, useState } from 'react';
import { createSessionMonitor, storedSession, type MonitorOptions, type Notice, type SessionMonitor, type Snapshot } from '../index.js';
import { useSession } from './provider.js';

export interface UseSessionMonitorOptions extends MonitorOptions {
  terminalId?: string;
  /** Called once, after the tokens are wiped and unsaved work had its chance. */
  onSessionTerminated?: (notice: Notice) => void;
  /** False: no connection, and none of a provider is used. True by default. */
  enabled?: boolean;
}

export interface UseSessionMonitor extends Omit<Snapshot, 'state'> {
  /** Lets go of the server, without ending the session. */
  disconnect(): void;
  status: Snapshot['state'] | 'idle';
  isConnected: boolean;
  monitor: SessionMonitor | null;
}

const nothing = { transport: null, event: null, session: null, verified: true };

/**
 * Watches a session for as long as the component is mounted: that of the provider above, or else the
 * one that `session`, the storage, `getTicket` or (under POS compatibility) `terminalId` names. A
 * second mount of the same session is the same session: nothing is taken over.
 */
export function useSessionMonitor(options: UseSessionMonitorOptions = {}): UseSessionMonitor {
  const { enabled = true, terminalId, session } = options;
  const shared = useSession();
  const [monitor, setMonitor] = useState<SessionMonitor | null>(null);
  const [snapshot, setSnapshot] = useState<Snapshot | null>(null);
  // What is called and read at the moment of need: a new function at each render connects nothing anew.
  const latest = useRef(options);
  useEffect(() => {
    latest.current = options;
  });

  const key = session?.session.session_id ?? terminalId;
  useEffect(() => {
    const { getTicket, storage } = latest.current;
    // Nobody is logged in: there is nothing to watch yet.
    if (!enabled || !(shared ?? key ?? getTicket ?? storedSession(storage))) return;
    const used = shared ?? createSessionMonitor(latest.current);
    const offs = [
      used.on('change', setSnapshot),
      used.on('terminated', (notice) => latest.current.onSessionTerminated?.(notice)),
    ];
    setMonitor(used);
    setSnapshot(used.snapshot);
    return () => {
      offs.forEach((off) => off());
      if (!shared) used.stop();
      setMonitor(null);
      setSnapshot(null);
    };
  }, [enabled, shared, key, options.baseUrl, options.storage]);

  const { state: status = 'idle', ...known } = snapshot ?? { ...nothing, state: undefined };
  return {
    ...known,
    status,
    isConnected: status === 'connected' || status === 'polling',
    monitor,
    disconnect() {
      monitor?.stop();
      setSnapshot(null);
    },
  };
}
