import { test } from 'vitest';
import { program } from './fixture.js';
import { until } from './server.js';

const on = program();

test('“This wasn’t me” leads by the form to the own devices, and ends all others', on(async ({ till, server, employee }) => {
  await server.admin('PATCH', `/employees/${employee}`, { policy: { max_sessions: 2, on_limit: 'takeover' } });
  const one = await till();
  await server.login(employee, { device_name: 'Thief one' });
  await server.login(employee, { device_name: 'Thief two' });
  await one.dialog.waitFor();
  await one.page.getByRole('button', { name: "This wasn't me" }).click();
  await one.logIn(employee);
  await one.page.getByText('Thief two').waitFor();
  await one.page.getByRole('button', { name: 'End all others' }).click();
  await one.page.getByText('Every other session has ended.').waitFor();
  await until(async () => (await server.sessions(employee)).length === 1, 'the others still sit');
  await one.status('Connected');
}));
