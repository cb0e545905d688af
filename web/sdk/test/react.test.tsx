// @vitest-environment happy-dom
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { StrictMode, version } from 'react';
import { afterEach, beforeEach, describe, expect, inject, test, vi } from 'vitest';
import { createSessionMonitor, type Notice } from '../src/index.js';
import { languageOf, SessionProvider, SessionTerminatedDialog, useSessionMonitor, type UseSessionMonitor } from '../src/react/index.js';
import { credentials, notice, settle, World, type Tab } from './world.js';

let world: World;
let tab: Tab;
beforeEach(() => {
  world = new World();
  tab = world.tab();
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const calm = () => act(settle);

test('this is the React that the run is named after', () => {
  expect(version).toMatch(new RegExp(`^${inject('react' as never)}`));
});

describe('useSessionMonitor', () => {
  let seen: UseSessionMonitor;
  const told = vi.fn();
  function Probe({ enabled = true, session = credentials() }) {
    seen = useSessionMonitor({ baseUrl: 'http://hub.test', platform: tab.io, session, enabled, onSessionTerminated: told });
    return <p>{seen.status}</p>;
  }
  beforeEach(() => told.mockReset());

  test('connects, tells what it knows, and says once when the session ends', async () => {
    render(<Probe />);
    await calm();
    act(() => tab.socket.establish());
    expect(seen).toMatchObject({ status: 'connected', isConnected: true, transport: 'websocket', verified: true });
    expect(seen.session?.session_id).toBe('s1');
    act(() => tab.socket.say(notice()));
    expect(told).toHaveBeenCalledExactlyOnceWith(notice());
    expect(seen).toMatchObject({ status: 'terminated', isConnected: false, event: notice() });
  });

  test('mounted twice by StrictMode it logs nobody in, and keeps one socket', async () => {
    render(
      <StrictMode>
        <Probe />
      </StrictMode>,
    );
    await calm();
    expect(tab.sockets.filter((s) => !s.closed)).toHaveLength(1);
    expect(world.requests.every((r) => r.path === '/v1/ws-ticket')).toBe(true);
    act(() => tab.socket.establish());
    expect(seen.status).toBe('connected');
    expect(told).not.toHaveBeenCalled();
  });

  test('a render with new functions connects nothing anew', async () => {
    const { rerender } = render(<Probe />);
    await calm();
    rerender(<Probe session={credentials()} />);
    await calm();
    expect(tab.sockets).toHaveLength(1);
  });

  test('enabled: false holds no connection', async () => {
    const { rerender } = render(<Probe enabled={false} />);
    await calm();
    expect([tab.sockets.length, seen.status]).toEqual([0, 'idle']);
    rerender(<Probe />);
    await calm();
    rerender(<Probe enabled={false} />);
    expect(tab.socket.closed).toBe(1000);
    expect(seen.status).toBe('idle');
  });

  test('disconnect lets go, and ends nothing', async () => {
    render(<Probe />);
    await calm();
    act(() => tab.socket.establish());
    act(() => seen.disconnect());
    expect(tab.socket.closed).toBe(1000);
    expect(seen.status).toBe('idle');
    expect(tab.storage.size).toBe(1);
  });

  test('a provider shares one monitor, and unmounting does not stop it', async () => {
    const monitor = createSessionMonitor({ baseUrl: 'http://hub.test', platform: tab.io, session: credentials() });
    const { unmount } = render(
      <SessionProvider monitor={monitor}>
        <Probe />
        <Probe />
      </SessionProvider>,
    );
    await calm();
    act(() => tab.socket.establish());
    expect(screen.getAllByText('connected')).toHaveLength(2);
    expect(tab.sockets).toHaveLength(1);
    unmount();
    expect(tab.socket.closed).toBeUndefined();
    monitor.stop();
  });
});

describe('SessionTerminatedDialog', () => {
  const again = vi.fn();
  const notMe = vi.fn();
  beforeEach(() => {
    again.mockReset();
    notMe.mockReset();
  });
  const show = (more: object = {}, props: object = {}) =>
    render(
      <>
        <button>Behind</button>
        <SessionTerminatedDialog notice={notice(more) as Notice} language="en" onLoginAgain={again} onNotMe={notMe} {...props} />
      </>,
    );

  test('says why, where and when, with a name and a description', () => {
    show();
    const dialog = screen.getByRole('alertdialog', { name: 'Session terminated' });
    expect(dialog.getAttribute('aria-modal')).toBe('true');
    expect(document.getElementById(dialog.getAttribute('aria-describedby')!)!.textContent).toMatch(/another device/);
    expect(dialog.textContent).toContain('Firefox on macOS');
    expect(dialog.querySelector('time')!.dateTime).toBe('2026-01-01T12:00:00.000Z');
  });

  test('shows markup in a device name as text', () => {
    show({ by: { device_name: '<img src=x onerror=alert(1)>' } });
    expect(document.querySelector('img')).toBeNull();
    expect(screen.getByText('<img src=x onerror=alert(1)>')).toBeTruthy();
  });

  test('takes the focus, keeps it, makes the rest inert, and gives all back', () => {
    const { rerender } = render(<button>Behind</button>);
    screen.getByText('Behind').focus();
    rerender(
      <>
        <button>Behind</button>
        <SessionTerminatedDialog notice={notice() as Notice} language="en" onLoginAgain={again} onNotMe={notMe} />
      </>,
    );
    const [first, second] = [screen.getByText('Log in again'), screen.getByText('This wasn’t me')];
    expect(document.activeElement).toBe(first);
    expect(screen.getByText('Behind').inert).toBe(true);
    fireEvent.keyDown(first, { key: 'Tab' });
    expect(document.activeElement).toBe(second);
    fireEvent.keyDown(second, { key: 'Tab' });
    expect(document.activeElement).toBe(first);
    fireEvent.keyDown(first, { key: 'Tab', shiftKey: true });
    expect(document.activeElement).toBe(second);
    fireEvent.keyDown(second, { key: 'Escape' });
    expect(screen.queryByRole('alertdialog')).toBeTruthy();
    rerender(<button>Behind</button>);
    expect(screen.getByText('Behind').inert).toBe(false);
    expect(document.activeElement).toBe(screen.getByText('Behind'));
  });

  test.each([
    ['new_login', true],
    ['admin', false],
    ['expired', false],
    ['locked', false],
  ])('after %s “This wasn’t me” is offered: %s', (reason, offered) => {
    show({ reason });
    expect(!!screen.queryByText('This wasn’t me')).toBe(offered);
  });

  test('the countdown goes by its deadline, also when the page slept through it', () => {
    vi.useFakeTimers();
    show();
    act(() => void vi.advanceTimersByTime(10_000));
    expect(screen.getByText('Back to the login in 20 s')).toBeTruthy();
    vi.setSystemTime(Date.now() + 3_600_000);
    act(() => void vi.advanceTimersByTime(250));
    expect(again).toHaveBeenCalledOnce();
    act(() => void vi.advanceTimersByTime(10_000));
    expect(again).toHaveBeenCalledOnce();
  });

  test('an operator’s words have a name, and a test’s are not said twice', () => {
    const by = { name: 'ops' };
    show({ reason: 'admin', message: 'Stocktaking at six', by });
    expect([...document.querySelectorAll('dt')].map((e) => [e.textContent, e.nextElementSibling!.textContent])).toMatchObject([['Who', 'ops'], ['When', expect.any(String)], ['Note', 'Stocktaking at six']]);
    cleanup();
    show({ reason: 'admin', message: 'This is a test', by, test: true });
    expect(screen.queryByText('This is a test')).toBeNull();
    expect(screen.queryByText('Note')).toBeNull();
  });

  test('a test has a button to close it, and no countdown', () => {
    vi.useFakeTimers();
    show({ test: true });
    act(() => void vi.advanceTimersByTime(60_000));
    expect(again).not.toHaveBeenCalled();
    fireEvent.click(screen.getByText('Close'));
    expect(again).toHaveBeenCalledOnce();
  });

  test('speaks German and Spanish, and every text can be replaced', () => {
    show({}, { language: 'de' });
    expect(screen.getByText('Neu anmelden')).toBeTruthy();
    cleanup();
    show({}, { language: 'es' });
    expect(screen.getByText('Sesión terminada')).toBeTruthy();
    cleanup();
    show({}, { words: { title: 'Seat taken', reasons: { new_login: 'Moved.' } } });
    expect(screen.getByRole('alertdialog', { name: 'Seat taken' }).textContent).toContain('Moved.');
    expect(screen.getByText('Log in again')).toBeTruthy();
  });

  test('takes the first of the browser’s languages that it has', () => {
    expect(languageOf(['fr-FR', 'de-AT', 'en'])).toBe('de');
    expect(languageOf(['fr'])).toBe('en');
  });
});
