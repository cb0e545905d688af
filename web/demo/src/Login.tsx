import { useEffect, useRef, useState } from 'react';
import type { Credentials } from '@hotseat-hub/sdk';
import { login, type Problem } from '@hotseat-hub/sdk/http';
import { Mark } from './Mark.js';
import { terminal } from './terminal.js';

const problems: Record<string, string> = {
  invalid_credentials: 'That employee and password do not belong together.',
  employee_locked: 'This account is locked. Please speak to your manager.',
  rate_limited: 'Too many attempts. Please wait a moment.',
  session_active: 'You are signed in elsewhere, and that seat may not be taken.',
  unreachable: 'The till cannot reach its server. Please try again.',
};

export function Login({ hint, onLogin }: { hint: string | undefined; onLogin: (session: Credentials) => void }) {
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), []);

  const submit = async (form: FormData) => {
    setBusy(true);
    setProblem('');
    try {
      const session = await login({
        employee_id: `${form.get('employee')}`.trim(),
        password: `${form.get('password')}`,
        terminal_id: terminal.get(),
      });
      terminal.set(session.session.terminal_id);
      onLogin(session);
    } catch (e) {
      const { code, detail } = e as Problem;
      setProblem(problems[code] ?? detail ?? 'The login did not work. Please try again.');
      setBusy(false);
    }
  };

  return (
    <main className="login">
      <section className="pitch">
        <Mark />
        <p className="slogan">
          One person,
          <br />
          one seat.
        </p>
        <p className="aside">Log in here, then in a second window. This one is told at once, and steps aside.</p>
      </section>
      <section className="card">
        <h1>Open the till</h1>
        {hint && (
          <p className="hint" role="note">
            {hint}
          </p>
        )}
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void submit(new FormData(event.currentTarget));
          }}
        >
          <label>
            Employee
            <input ref={first} name="employee" autoComplete="username" autoCapitalize="none" spellCheck={false} required />
          </label>
          <label>
            Password
            <input name="password" type="password" autoComplete="current-password" required />
          </label>
          <p className="problem" role="alert">
            {problem}
          </p>
          <button className="primary" disabled={busy}>
            Log in
          </button>
        </form>
        <p className="fine">
          Started with <code>make run</code>? Be <code>ada</code>, <code>grace</code> or <code>edsger</code>, with the
          password <code>demo-password</code>.
        </p>
      </section>
    </main>
  );
}
