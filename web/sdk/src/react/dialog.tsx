import { useEffect, useId, useRef, useState, type KeyboardEvent } from 'react';
import type { Notice } from '../index.js';
import { languageOf, languages, type Words } from './words.js';

export interface SessionTerminatedDialogProps {
  /** Shown while there is one. */
  notice: Notice | null | undefined;
  /** The button, or the end of the countdown. For a test notice: the button “Close”. */
  onLoginAgain: () => void;
  /** Offered for `new_login` only. Left out: not offered. */
  onNotMe?: () => void;
  /** Seconds; 30 by default, 0 for none. By deadline: a tab that slept through it does not wait again. */
  countdown?: number;
  /** `en`, `de` or `es`; the browser's by default. */
  language?: string;
  /** Replaces single texts. */
  words?: Partial<Omit<Words, 'reasons'>> & { reasons?: Partial<Words['reasons']> };
}

/** Says that the session has ended: why, when and where. It cannot be dismissed, only answered. */
export function SessionTerminatedDialog(props: SessionTerminatedDialogProps) {
  return props.notice ? <Shown key={props.notice.timestamp} {...props} notice={props.notice} /> : null;
}

function Shown({ notice, onLoginAgain, onNotMe, countdown = 30, language, words }: SessionTerminatedDialogProps & { notice: Notice }) {
  const tag = language ?? languageOf(navigator.languages);
  const base = languages[tag] ?? languages.en!;
  const w: Words = { ...base, ...words, reasons: { ...base.reasons, ...words?.reasons } };
  const seconds = useCountdown(notice.test ? 0 : countdown, onLoginAgain);
  const box = useFocusTrap();
  const id = useId();
  const by = notice.by ?? {};
  const when = new Date(notice.timestamp);

  return (
    <div className="hotseat-backdrop">
      <div
        ref={box}
        className="hotseat-dialog"
        role="alertdialog"
        aria-modal="true"
        aria-labelledby={`${id}-title`}
        aria-describedby={`${id}-why`}
        lang={tag}
        tabIndex={-1}
      >
        <h2 id={`${id}-title`}>{w.title}</h2>
        <p id={`${id}-why`} className="hotseat-why">
          {notice.test ? w.test : (w.reasons[notice.reason] ?? w.reasons.ended)}
        </p>
        <dl>
          {by.device_name && (
            <div>
              <dt>{w.where}</dt>
              <dd>{by.device_name}</dd>
            </div>
          )}
          {by.name && (
            <div>
              <dt>{w.who}</dt>
              <dd>{by.name}</dd>
            </div>
          )}
          {!Number.isNaN(when.getTime()) && (
            <div>
              <dt>{w.when}</dt>
              <dd>
                <time dateTime={notice.timestamp}>
                  {new Intl.DateTimeFormat(localeOf(tag), { timeStyle: 'short', dateStyle: 'medium' }).format(when)}
                </time>
              </dd>
            </div>
          )}
          {notice.reason === 'admin' && notice.message && !notice.test && (
            <div>
              <dt>{w.note}</dt>
              <dd>{notice.message}</dd>
            </div>
          )}
        </dl>
        <div className="hotseat-buttons">
          <button type="button" className="hotseat-primary" onClick={onLoginAgain} data-autofocus>
            {notice.test ? w.close : w.again}
          </button>
          {onNotMe && notice.reason === 'new_login' && !notice.test && (
            <button type="button" onClick={onNotMe}>
              {w.notMe}
            </button>
          )}
        </div>
        {seconds > 0 && (
          // Seen by all, spoken by none: a voice that counts down hides the rest.
          <p className="hotseat-countdown" aria-hidden="true">
            {w.countdown(seconds)}
          </p>
        )}
      </div>
    </div>
  );
}

/** The person's own way of writing times, when it is of the dialog's language. */
const localeOf = (tag: string) => navigator.languages.find((own) => own.startsWith(tag)) ?? tag;

function useCountdown(from: number, onEnd: () => void): number {
  const [deadline] = useState(() => Date.now() + from * 1000);
  const [left, setLeft] = useState(from);
  const end = useRef(onEnd);
  useEffect(() => {
    end.current = onEnd;
  });
  useEffect(() => {
    if (!from) return;
    const timer = setInterval(() => {
      const now = Math.ceil((deadline - Date.now()) / 1000);
      setLeft(now);
      if (now > 0) return;
      clearInterval(timer);
      end.current();
    }, 250);
    return () => clearInterval(timer);
  }, [deadline, from]);
  return left;
}

/** Keeps the focus inside, makes the rest of the page inert, and gives the focus back at the end. */
function useFocusTrap() {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const dialog = box.current!;
    const before = document.activeElement as HTMLElement | null;
    const outside = outsideOf(dialog).filter((e) => !e.inert);
    outside.forEach((e) => (e.inert = true));
    dialog.querySelector<HTMLElement>('[data-autofocus]')?.focus();
    const trap = (event: Event) => {
      const { key, shiftKey } = event as unknown as KeyboardEvent;
      if (key === 'Escape') event.preventDefault();
      if (key !== 'Tab') return;
      const stops = [...dialog.querySelectorAll<HTMLElement>('button')];
      const at = stops.indexOf(document.activeElement as HTMLElement);
      event.preventDefault();
      stops[(at + (shiftKey ? stops.length - 1 : 1)) % stops.length]?.focus();
    };
    dialog.addEventListener('keydown', trap);
    return () => {
      dialog.removeEventListener('keydown', trap);
      outside.forEach((e) => (e.inert = false));
      if (before?.isConnected) before.focus();
    };
  }, []);
  return box;
}

/** Everything that is neither the element, nor around it, nor in it. */
function outsideOf(element: HTMLElement): HTMLElement[] {
  const found: HTMLElement[] = [];
  for (let e = element; e.parentElement; e = e.parentElement)
    for (const sibling of e.parentElement.children) if (sibling !== e) found.push(sibling as HTMLElement);
  return found.filter((e) => !/^(HEAD|SCRIPT|STYLE|LINK)$/.test(e.tagName));
}
