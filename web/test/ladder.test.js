import { describe, expect, test } from 'vitest';
import { program } from './fixture.js';
import { Till } from './till.js';

describe.concurrent('the ladder', () => {
  const on = program();
  const block = (pattern) => ({ path }) => (pattern.test(path) ? 'block' : undefined);

  test('the last rung, asking for the state, carries the end when all others are blocked', on(async ({ browser, line, server, employee }) => {
    line.rule = block(/^\/ws|events$|poll$/);
    const one = await Till.open(await browser(), line);
    await one.logIn(employee);
    await one.status('Polling');
    await server.login(employee, { device_name: 'Other till' });
    await one.dialog.getByText('Other till').waitFor();
    expect(await one.stored()).toBeNull();
  }));

  test('what happened between two rungs is told on the next', on(async ({ till, line, server, employee }) => {
    const one = await till();
    line.rule = block(/^\/(ws|v1)/);
    line.cut();
    await one.status('Reconnecting', 'Offline');
    await server.login(employee);
    line.rule = block(/^\/ws/);
    await one.dialog.waitFor();
  }));
});
