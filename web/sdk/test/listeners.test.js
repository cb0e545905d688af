import { afterEach, beforeEach, expect, test } from 'vitest';
import { kept, state, watching } from './watching.js';
import { notice, settle, World } from './world.js';

let world;
/** What the console of a browser would show as uncaught. */
let uncaught;
const note = (error) => void uncaught.push(error);
const others = process.listeners('unhandledRejection');
beforeEach(() => {
  world = new World();
  uncaught = [];
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', note);
});
afterEach(() => {
  process.removeAllListeners('unhandledRejection');
  for (const other of others) process.on('unhandledRejection', other);
});
const { connected } = watching(() => world);

const broken = () => {
  throw Error('of the application');
};

test('a save that throws at once keeps nobody from being told, and no other save from its turn', async () => {
  const { tab, monitor, told } = await connected();
  let saved = false;
  monitor.onBeforeTerminate(broken);
  monitor.onBeforeTerminate(() => (saved = true));
  tab.socket.say(notice());
  await settle();
  expect([saved, told, state(monitor), kept(tab)]).toEqual([true, [notice()], 'terminated', undefined]);
  expect(uncaught).toEqual([]);
});

test.each(['change', 'terminated'])('a listener of `%s` that throws stops no other, and the console shows it', async (type) => {
  const { tab, monitor, told } = await connected();
  monitor.on(type, broken);
  const after = [];
  monitor.on(type, (event) => after.push(event));
  tab.socket.say(notice());
  await settle();
  expect(told).toEqual([notice()]);
  expect(after).toHaveLength(1);
  expect(state(monitor)).toBe('terminated');
  expect(uncaught).toEqual([Error('of the application')]);
});

test('a listener that throws before the end leaves the line as it is', async () => {
  const { tab, monitor } = await connected();
  monitor.on('test', broken);
  monitor.on('change', broken);
  tab.socket.say(notice({ test: true, seq: undefined }));
  tab.fire('offline');
  tab.socket.say({ type: 'pong' });
  await settle();
  expect([state(monitor), uncaught.length]).toEqual(['connected', 3]);
});
