import { describe, expect, test } from 'vitest';
import { base, fresh, longest, openWithin, pongWithin, quiet, shortLived, step, wakeWithin, type Effect, type Input, type Model } from '../src/machine.js';
import type { Notice } from '../src/protocol.js';

const notice: Notice = { type: 'session_terminated', reason: 'new_login', message: '', timestamp: '2026-01-01T00:00:00.000Z', seq: 1 };

/** Runs inputs one after the other; a number lets so many ms pass. Random is always one half. */
function run(...script: (Input | number)[]) {
  let model: Model = fresh(3);
  let now = 1_000_000;
  let effects: Effect[] = [];
  for (const line of script) {
    if (typeof line === 'number') now += line;
    else [model, effects] = step(model, line, now, () => 0.5);
  }
  return { model, effects, names: effects.map(([name]) => name), timer: (name: string) => effects.find((e) => e[0] === 'timer' && e[1] === name)?.[2] };
}

const up: Input[] = [['start'], ['up', 0, 25_000]];
const cutOff: Input[] = [['down', 1006], ['checked', true]];
const onPoll: Input[] = [['start'], ['up', 2, 45_000]];

test('a start opens the WebSocket, with a deadline', () => {
  expect(run(['start']).effects).toEqual([['open', 0], ['timer', 'deadline', openWithin]]);
});

test('a second start opens nothing', () => {
  expect(run(['start'], ['start']).effects).toEqual([]);
});

test.each([
  [0, 'connected'],
  [1, 'connected'],
  [2, 'polling'],
  [3, 'polling'],
] as const)('rung %i that is up is called %s', (rung, state) => {
  expect(run(['start'], ['up', rung, 45_000]).model.state).toBe(state);
});

describe('close codes', () => {
  test.each([
    [1000, 'ended'],
    [4510, 'new_login'],
    [4511, 'admin'],
    [4512, 'logout'],
    [4513, 'expired'],
    [4514, 'locked'],
    [4515, 'token_reuse'],
    [4520, 'invalid_token'],
  ])('%i is the end, and is never retried', (code, reason) => {
    const ended = run(...up, ['down', code]);
    expect(ended.effects).toEqual([['end', reason], ['rest']]);
    expect(ended.model.state).toBe('terminated');
    for (const later of [['start'], ['wake', true], ['timer', 'retry', 0], ['up', 0, 1], ['ended', notice]] as Input[])
      expect(run(...up, ['down', code], later).effects).toEqual([]);
  });

  test.each([4521, 4522])('%i is a page that is set up wrongly: no end, and no retry', (code) => {
    const refused = run(['start'], ['down', code]);
    expect(refused.names).toEqual(['rest']);
    expect(refused.model.state).toBe('offline');
  });

  test.each([1001, 1011, 1012, 1013, 4000, 4001, 4002, 4003, 4004, 4029])('%i comes back after the jitter, without asking', (code) => {
    const back = run(...up, ['down', code]);
    expect(back.names).toEqual(['rest', 'timer']);
    expect(back.timer('retry')).toBe(base / 2);
  });

  test.each([1002, 1003, 1005, 1007, 1008, 1009, 3000, 4005, 4099, 4600])('%i waits for the longest delay', (code) => {
    expect(run(...up, ['down', code]).timer('retry')).toBe(longest * 0.75);
  });

  test('1006 asks first whether the session has ended', () => {
    const lost = run(...up, ['down', 1006]);
    expect(lost.names).toEqual(['rest', 'check']);
    expect(lost.model.state).toBe('reconnecting');
  });
});

describe('back-off', () => {
  test('doubles with full jitter up to the longest delay', () => {
    const delays = [];
    const script: Input[] = [...up];
    for (let i = 0; i < 8; i++) {
      script.push(['down', 1006], ['checked', false]);
      delays.push(run(...script).timer('retry'));
      script.push(['timer', 'retry', 0]);
    }
    expect(delays).toEqual([250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
  });

  test('starts over only after a quiet minute', () => {
    const flapping: Input[] = [...up, ...cutOff, ['timer', 'retry', 0], ['up', 0, 25_000]];
    expect(run(...flapping, quiet - 1, ...cutOff).timer('retry')).toBe(500);
    expect(run(...flapping, quiet, ...cutOff).timer('retry')).toBe(250);
  });

  test('waits as long as a draining server asks, and the jitter on top', () => {
    expect(run(...up, ['hold', 1830], 30, ['down', 1012]).timer('retry')).toBe(1800 + base / 2);
  });

  test('a wish of the server outlives a wake-up', () => {
    expect(run(...up, ['hold', 1830], ['down', 1012], ['wake', false]).timer('retry')).toBe(1830 + base / 2);
  });
});

describe('the ladder', () => {
  const miss: Input[] = [['down', 1006], ['checked', true], ['timer', 'retry', 0]];

  test('steps down after two failures of a rung while HTTP works', () => {
    expect(run(['start'], ...miss).effects[0]).toEqual(['open', 0]);
    expect(run(['start'], ...miss, ...miss).effects[0]).toEqual(['open', 1]);
    expect(run(['start'], ...miss, ...miss, ...miss, ...miss).effects[0]).toEqual(['open', 2]);
    expect(run(['start'], ...miss, ...miss, ...miss, ...miss, ...miss, ...miss).effects[0]).toEqual(['open', 3]);
  });

  test('a socket that did carry is no failure of its rung', () => {
    const carried: Input[] = [['up', 0, 25_000], ...miss];
    expect(run(['start'], ...carried, ...carried, ...carried).effects[0]).toEqual(['open', 0]);
  });

  test('a poll that began is one, unless it carried for a while', () => {
    const began: Input[] = [['up', 2, 45_000], ...miss];
    expect(run(['start'], ...began, ...began).effects[0]).toEqual(['open', 3]);
    const carried: (Input | number)[] = [['up', 2, 45_000], shortLived, ...miss];
    expect(run(['start'], ...carried, ...carried, ...carried).effects[0]).toEqual(['open', 2]);
  });

  test('stays with the WebSocket while HTTP fails too', () => {
    const away: Input[] = [['down', 1006], ['checked', false], ['timer', 'retry', 0]];
    expect(run(['start'], ...away, ...away, ...away).effects[0]).toEqual(['open', 0]);
    expect(run(['start'], ...miss, ...miss, ...away).effects[0]).toEqual(['open', 0]);
  });

  test('is offline when nobody answers for the third time, and not before', () => {
    const away: Input[] = [['down', 1006], ['checked', false], ['timer', 'retry', 0]];
    expect(run(...up, ...away, ...away).model.state).toBe('reconnecting');
    expect(run(...up, ...away, ...away, ...away).model.state).toBe('offline');
    expect(run(...up, ...away, ...away, ...away, ['up', 0, 1]).model.state).toBe('connected');
  });

  test('without a token there is no asking, and the rungs that need none take turns', () => {
    let model = fresh(1);
    const opened: unknown[] = [];
    const feed = (input: Input) => {
      const [next, effects] = step(model, input, 0, () => 0.5);
      model = next;
      opened.push(...effects.filter(([e]) => e === 'open').map(([, rung]) => rung));
    };
    feed(['start']);
    for (let i = 0; i < 5; i++) for (const e of [['down', 1006], ['checked', undefined], ['timer', 'retry', 0]] as Input[]) feed(e);
    expect(opened).toEqual([0, 0, 1, 1, 0, 0]);
  });

  test('looks for the WebSocket at each beat from below', () => {
    expect(run(...onPoll).timer('beat')).toBe(45_000);
    expect(run(...onPoll, ['timer', 'beat', 0]).effects).toEqual([['timer', 'beat', 45_000], ['ping'], ['probe']]);
    expect(run(...onPoll, ['up', 0, 25_000]).model).toMatchObject({ rung: 0, state: 'connected' });
    expect(run(...onPoll, ['up', 0, 25_000], ['timer', 'beat', 0]).names).toEqual(['timer', 'ping', 'timer']);
  });

  test('a rung that says again that it is up was heard, and begins nothing anew', () => {
    expect(run(...onPoll, 5_000, ['timer', 'beat', 0], ['up', 2, 45_000]).model).toMatchObject({ unanswered: false, upAt: run(...onPoll).model.upAt });
    expect(run(...onPoll, ['up', 2, 45_000]).effects).toEqual([]);
  });
});

describe('silence', () => {
  test('a socket is asked at each beat, and is dead when it does not answer', () => {
    const asked = run(...up, 25_000, ['timer', 'beat', 0]);
    expect(asked.effects).toEqual([['timer', 'beat', 25_000], ['ping'], ['timer', 'deadline', pongWithin]]);
    expect(run(...up, ['timer', 'beat', 0], pongWithin, ['timer', 'deadline', 0]).names).toEqual(['rest', 'check']);
    expect(run(...up, ['timer', 'beat', 0], ['heard'], ['timer', 'deadline', 0]).effects).toEqual([]);
  });

  test('a deadline that fires late asks again instead of blaming the peer', () => {
    expect(run(...up, ['wake', false], ['timer', 'deadline', 3_600_000]).effects).toEqual([['ping'], ['timer', 'deadline', wakeWithin]]);
  });

  test('a stream is dead after a beat without a byte', () => {
    expect(run(...onPoll, ['timer', 'beat', 0], ['timer', 'beat', 0]).names).toEqual(['rest', 'check']);
    expect(run(...onPoll, ['timer', 'beat', 0], ['heard'], ['timer', 'beat', 0]).names).toEqual(['timer', 'ping', 'probe']);
  });

  test('an attempt that says nothing is given up', () => {
    expect(run(['start'], openWithin, ['timer', 'deadline', 0]).names).toEqual(['rest', 'check']);
  });
});

describe('waking up', () => {
  test('an open socket is not trusted', () => {
    expect(run(...up, ['wake', false]).effects).toEqual([['ping'], ['timer', 'deadline', wakeWithin]]);
    expect(run(...up, ['wake', true], ['timer', 'deadline', 0]).names).toEqual(['rest', 'check']);
  });

  test('what is protected is hidden after a sleep until the server was heard', () => {
    expect(run(...up, ['wake', true]).model.verified).toBe(false);
    expect(run(...up, ['wake', false]).model.verified).toBe(true);
    expect(run(...up, ['wake', true], ['heard']).model.verified).toBe(true);
    expect(run(...onPoll, ['wake', true], ['checked', true]).model.verified).toBe(true);
  });

  test('a stream is asked about by HTTP, and the WebSocket is tried', () => {
    expect(run(...onPoll, ['wake', false]).names).toEqual(['check', 'probe']);
    expect(run(...onPoll, ['wake', false], ['checked', false]).names).toEqual(['rest', 'check']);
  });

  test('a wait is cut short', () => {
    expect(run(...up, ...cutOff, ['wake', false]).timer('retry')).toBe(base / 2);
  });

  test('the browser says offline, and a link that answers knows better', () => {
    expect(run(...up, ['offline']).model.state).toBe('offline');
    expect(run(...up, ['offline'], ['heard']).model.state).toBe('connected');
    expect(run(...up, ['offline'], ['down', 1006]).model.state).toBe('offline');
  });
});

test('the end is told before the link is closed, so that the acknowledgement goes by it', () => {
  expect(run(...up, ['ended', notice]).effects).toEqual([['end', notice], ['rest']]);
});

test('a parked page holds nothing, and starts again', () => {
  expect(run(...up, ['stop']).effects).toEqual([['rest']]);
  expect(run(...up, ['stop'], ['start']).names).toEqual(['open', 'timer']);
  expect(run(...up, ['stop'], ['start']).model.state).toBe('reconnecting');
});

test('step never modifies the model that it was given', () => {
  const before = Object.freeze(fresh(3));
  expect(() => step(before, ['start'], 0, () => 0)).not.toThrow();
});
