import { afterAll, beforeAll } from 'vitest';
import { Line } from './line.js';
import { Server } from './server.js';
import { context, Till } from './till.js';

/** One program for the tests of a file, each test with an employee, a line and browsers of its own. */
export function program(...args) {
  let server;
  beforeAll(async () => {
    server = await new Server(...args).start();
  });
  afterAll(() => server?.end());
  return (run) => scene(() => server, run);
}

/** A program for one test, which may kill it. */
export const own = (run, ...args) =>
  scene(async (open) => {
    const server = new Server(...args);
    open.push(server);
    return server.start();
  }, run);

function scene(serverOf, run) {
  return async () => {
    const open = [];
    try {
      const server = await serverOf(open);
      const line = await new Line(server).start();
      open.push(line);
      const employee = await server.employee();
      const browserOf = async (options) => {
        const made = await context(options);
        open.push({ end: () => made.close() });
        return made;
      };
      await run({
        server,
        line,
        employee,
        browser: browserOf,
        /** A tab at the till, of that browser or of a new one, with somebody logged in and connected. */
        async till(of, who = employee) {
          const till = await Till.open(of ?? (await browserOf()), line);
          await till.logIn(who);
          await till.status('Connected');
          return till;
        },
      });
    } finally {
      for (const one of open.reverse()) await one.end();
    }
  };
}
