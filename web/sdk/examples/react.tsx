import { useState } from 'react';
import type { Credentials, Notice } from '@hotseat-hub/sdk';
import { SessionTerminatedDialog, useSessionMonitor } from '@hotseat-hub/sdk/react';
import '@hotseat-hub/sdk/dialog.css';

export function Seat({ session, toLogin }: { session?: Credentials; toLogin: () => void }) {
  const [notice, setNotice] = useState<Notice | null>(null);
  const { status } = useSessionMonitor({ session, onSessionTerminated: setNotice });
  return <><p role="status">{status}</p><SessionTerminatedDialog notice={notice} onLoginAgain={toLogin} /></>;
}
