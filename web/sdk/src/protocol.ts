/** What the server and this page say to each other. Fields may be added by the server at any time. */

/** Why a session ended. `auto_logout` comes only from a server in POS compatibility mode;
 *  `invalid_token` is the SDK's own word for a credential that the server does not know. */
export type Reason =
  | 'new_login'
  | 'logout'
  | 'admin'
  | 'expired'
  | 'locked'
  | 'token_reuse'
  | 'ended'
  | 'auto_logout'
  | 'invalid_token';

/** Who took the seat: a newer login (terminal and device) or an operator (name). */
export interface By {
  terminal_id?: string;
  device_name?: string;
  name?: string;
}

/** The end of a session, as the server tells it. */
export interface Notice {
  type: 'session_terminated';
  message: string;
  reason: Reason;
  /** RFC 3339, UTC. */
  timestamp: string;
  session_id?: string;
  terminal_id?: string;
  epoch?: number;
  /** 1 for a real termination; a notice without a number wants no acknowledgement. */
  seq?: number;
  by?: By | null;
  /** A trial by an operator: show it, wipe nothing. */
  test?: boolean;
}

export interface Session {
  session_id: string;
  employee_id: string;
  terminal_id: string;
  device_name?: string;
  epoch?: number;
  created_at?: string;
  expires_at?: string;
}

export interface Employee {
  employee_id: string;
  first_name?: string;
  last_name?: string;
}

/** The reply of `POST /v1/login` and of `POST /v1/token/refresh`. */
export interface Credentials {
  access_token: string;
  refresh_token: string;
  /** Seconds that the access token lives from the moment of the reply. */
  expires_in: number;
  session: Session;
  employee?: Employee;
  /** Set by the SDK when it first sees the reply: the end of the access token by this page's clock, ms. */
  until?: number;
}

export type ServerMessage =
  | Notice
  | { type: 'session_established'; session_id: string; heartbeat_ms?: number }
  | { type: 'server_draining'; reconnect_after_ms: number }
  | { type: 'pong' }
  | { type: 'error'; code: string; message: string };

/** Close codes after which this page does not come back, and what they say of the session's end. Wrong
 *  terminal and foreign origin say nothing of it: the page is set up wrongly, and only a person can
 *  change that. */
export const endings: Record<number, Reason | ''> = {
  1000: 'ended',
  4510: 'new_login',
  4511: 'admin',
  4512: 'logout',
  4513: 'expired',
  4514: 'locked',
  4515: 'token_reuse',
  4520: 'invalid_token',
  4521: '',
  4522: '',
};

/** The line was cut without a word: the network, or the end of the session. */
export const cut = 1006;

/** A code by which the server itself says “come back”. Codes that are neither these nor cut blame
 *  this client or mean nothing we know: they wait for the longest delay. */
export const isInvitation = (code: number) => /10(01|1[123])|40(0[0-4]|29)/.test(`${code}`);
