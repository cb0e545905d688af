import type { Reason } from '../protocol.js';

/** Every text of the dialog. Replace any of them by the dialog's `words`. */
export interface Words {
  title: string;
  /** Why, in a sentence of its own for each reason. */
  reasons: Record<Reason, string>;
  where: string;
  when: string;
  who: string;
  /** What an operator wrote when ending the session. */
  note: string;
  countdown: (seconds: number) => string;
  again: string;
  notMe: string;
  test: string;
  close: string;
}

const en: Words = {
  title: 'Session terminated',
  reasons: {
    new_login: 'You were signed in on another device, and one person can sit in one place at a time.',
    logout: 'You logged out.',
    admin: 'An operator ended your session.',
    expired: 'Your session has reached its end. Please log in again.',
    locked: 'Your account has been locked. Please speak to your manager.',
    token_reuse: 'Something tried to use your session a second time, so it was closed to be safe.',
    ended: 'Your session is no longer valid.',
    auto_logout: 'You were signed in somewhere else.',
    invalid_token: 'Your session is no longer valid.',
  },
  where: 'Where',
  when: 'When',
  who: 'Who',
  note: 'Note',
  countdown: (s) => `Back to the login in ${s} s`,
  again: 'Log in again',
  notMe: 'This wasn’t me',
  test: 'This is a test by an operator. Your session goes on.',
  close: 'Close',
};

const de: Words = {
  title: 'Sitzung beendet',
  reasons: {
    new_login: 'Sie haben sich an einem anderen Gerät angemeldet. Jede Person hat genau einen Platz.',
    logout: 'Sie haben sich abgemeldet.',
    admin: 'Ihre Sitzung wurde von der Leitung beendet.',
    expired: 'Ihre Sitzung ist abgelaufen. Bitte melden Sie sich wieder an.',
    locked: 'Ihr Konto ist gesperrt. Bitte wenden Sie sich an Ihre Leitung.',
    token_reuse: 'Ihre Sitzung sollte ein zweites Mal benutzt werden und wurde zur Sicherheit geschlossen.',
    ended: 'Ihre Sitzung ist nicht mehr gültig.',
    auto_logout: 'Sie haben sich an einem anderen Ort angemeldet.',
    invalid_token: 'Ihre Sitzung ist nicht mehr gültig.',
  },
  where: 'Wo',
  when: 'Wann',
  who: 'Wer',
  note: 'Hinweis',
  countdown: (s) => `Zurück zur Anmeldung in ${s} s`,
  again: 'Neu anmelden',
  notMe: 'Das war ich nicht',
  test: 'Dies ist ein Test. Ihre Sitzung läuft weiter.',
  close: 'Schließen',
};

const es: Words = {
  title: 'Sesión terminada',
  reasons: {
    new_login: 'Ha iniciado sesión en otro dispositivo, y cada persona ocupa un solo puesto.',
    logout: 'Ha cerrado la sesión.',
    admin: 'Un responsable ha cerrado su sesión.',
    expired: 'Su sesión ha caducado. Inicie sesión de nuevo.',
    locked: 'Su cuenta está bloqueada. Hable con su responsable.',
    token_reuse: 'Alguien intentó usar su sesión por segunda vez y se cerró por seguridad.',
    ended: 'Su sesión ya no es válida.',
    auto_logout: 'Ha iniciado sesión en otro lugar.',
    invalid_token: 'Su sesión ya no es válida.',
  },
  where: 'Dónde',
  when: 'Cuándo',
  who: 'Quién',
  note: 'Nota',
  countdown: (s) => `Vuelta al inicio de sesión en ${s} s`,
  again: 'Iniciar sesión',
  notMe: 'No fui yo',
  test: 'Esto es una prueba. Su sesión continúa.',
  close: 'Cerrar',
};

export const languages: Record<string, Words> = { en, de, es };

/** The first of the wanted languages that there are words for; English otherwise. */
export const languageOf = (wanted: readonly string[]): string =>
  wanted.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => languages[tag]) ?? 'en';
