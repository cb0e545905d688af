import type { SessionMonitor } from '@hotseat-hub/sdk';

export const keepDraft = (seat: SessionMonitor, form: HTMLFormElement) =>
  seat.onBeforeTerminate(() => {
    sessionStorage.setItem('draft', JSON.stringify(Object.fromEntries(new FormData(form))));
  });
