import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { storedSession } from '@hotseat-hub/sdk';
import { login } from '@hotseat-hub/sdk/http';
import { Seat } from '../../sdk/examples/react.js';

/** An application that adopted the hook by the example of the documentation, as it stands there. */
function Application() {
  const [session, setSession] = useState(storedSession);
  if (session) return <Seat session={session} toLogin={() => setSession(undefined)} />;
  const submit = async (form: FormData) =>
    setSession(await login({ employee_id: `${form.get('employee')}`, password: `${form.get('password')}` }));
  return (
    <form action={submit}>
      <input name="employee" aria-label="Employee" />
      <input name="password" type="password" aria-label="Password" />
      <button>Log in</button>
    </form>
  );
}

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <Application />
  </StrictMode>,
);
