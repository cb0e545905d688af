export { createSessionMonitor, storedSession } from './monitor.js';
export type { MonitorEvents, MonitorOptions, SessionMonitor, Snapshot } from './monitor.js';
export type { By, Credentials, Employee, Notice, Reason, ServerMessage, Session } from './protocol.js';
export type { State, Transport } from './machine.js';
export type { Platform, Store } from './platform.js';
