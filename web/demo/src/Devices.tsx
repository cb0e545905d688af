import { useCallback, useEffect, useMemo, useState } from 'react';
import type { Session } from '@hotseat-hub/sdk';
import { sessionFetch } from '@hotseat-hub/sdk/http';
import { useSession } from '@hotseat-hub/sdk/react';

const path = '/v1/employees/me/sessions';

/** Where this employee is signed in, and the button that ends everything but this seat. */
export function Devices() {
  const monitor = useSession();
  const ask = useMemo(() => monitor && sessionFetch(monitor), [monitor]);
  const [sessions, setSessions] = useState<Session[]>([]);
  const [said, setSaid] = useState('');

  const load = useCallback(async () => {
    const response = await ask?.(path).catch(() => undefined);
    if (response?.ok) setSessions((await response.json()).sessions);
    else if (response) setSaid('The list of devices cannot be read now.');
  }, [ask]);
  useEffect(() => void load(), [load]);

  const endOthers = async () => {
    const response = await ask?.(`${path}?except=current`, { method: 'DELETE' }).catch(() => undefined);
    setSaid(response?.ok ? 'Every other session has ended.' : 'That did not work. Please try again.');
    await load();
  };

  const mine = monitor?.snapshot.session?.session_id;
  return (
    <section className="devices" aria-labelledby="devices">
      <h2 id="devices">Your devices</h2>
      <ul>
        {sessions.map((session) => (
          <li key={session.session_id}>
            <strong>{session.device_name}</strong>
            <span>
              {session.session_id === mine ? 'This till' : 'Elsewhere'}
              {session.created_at && `, since ${new Date(session.created_at).toLocaleTimeString([], { timeStyle: 'short' })}`}
            </span>
          </li>
        ))}
      </ul>
      <p aria-live="polite">{said}</p>
      <button type="button" onClick={() => void endOthers()}>
        End all others
      </button>
      <p className="fine">Was it somebody else? Then change your password too.</p>
    </section>
  );
}
