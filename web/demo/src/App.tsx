import { useEffect, useState } from 'react';
import { storedSession, type Notice } from '@hotseat-hub/sdk';
import { SessionProvider, SessionTerminatedDialog, useSessionMonitor } from '@hotseat-hub/sdk/react';
import { Login } from './Login.js';
import { Mark } from './Mark.js';
import { Till } from './Till.js';

const hints = {
  suspicious: 'Log in, and you will see every device that is signed in as you.',
  untold: 'The server could not be told that you left: it keeps your seat until your next login, or until your session expires.',
};

/** The form, the till, and the dialog between them. Which one is shown follows from the session. */
export function App() {
  const [session, setSession] = useState(() => storedSession());
  const [ended, setEnded] = useState<Notice | null>(null);
  const [trial, setTrial] = useState<Notice | null>(null);
  // After “This wasn't me” the next login leads to the list of devices.
  const [hint, setHint] = useState<keyof typeof hints>();

  const seat = useSessionMonitor({
    session,
    enabled: !!session,
    onSessionTerminated(notice) {
      setSession(undefined);
      setTrial(null);
      if (notice.reason !== 'logout') setEnded(notice);
    },
  });
  useEffect(() => seat.monitor?.on('test', setTrial), [seat.monitor]);

  const leaveDialog = (notMe: boolean) => {
    setHint(notMe ? 'suspicious' : undefined);
    setEnded(null);
  };
  const logOut = async () => {
    setHint(undefined);
    if ((await seat.monitor?.logout()) === false) setHint('untold');
  };

  if (ended)
    return (
      <>
        <div className="empty">
          <Mark />
        </div>
        <SessionTerminatedDialog
          notice={ended}
          language="en"
          words={{ notMe: "This wasn't me" }}
          onLoginAgain={() => leaveDialog(false)}
          onNotMe={() => leaveDialog(true)}
        />
      </>
    );
  if (!session) return <Login hint={hint && hints[hint]} onLogin={setSession} />;
  return (
    <SessionProvider monitor={seat.monitor}>
      <Till credentials={session} seat={seat} devicesOpen={hint === 'suspicious'} onLogOut={() => void logOut()} />
      <SessionTerminatedDialog notice={trial} language="en" onLoginAgain={() => setTrial(null)} />
    </SessionProvider>
  );
}
