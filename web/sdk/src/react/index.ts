export { SessionProvider, useSession } from './provider.js';
export { useSessionMonitor } from './hook.js';
export type { UseSessionMonitor, UseSessionMonitorOptions } from './hook.js';
export { SessionTerminatedDialog } from './dialog.js';
export type { SessionTerminatedDialogProps } from './dialog.js';
export { languages, languageOf } from './words.js';
export type { Words } from './words.js';
