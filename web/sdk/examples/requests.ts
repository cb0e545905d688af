import type { SessionMonitor } from '@hotseat-hub/sdk';
import { apolloErrors, sessionFetch, watchAxios } from '@hotseat-hub/sdk/http';

/** An axios instance and Apollo's onError, as your application has them. */
declare const axios: Parameters<typeof watchAxios>[0];
declare const onError: (handle: ReturnType<typeof apolloErrors>) => unknown;

export function watchRequests(seat: SessionMonitor) {
  const origins = ['https://api.example.com'];
  watchAxios(axios, seat, origins);
  const fetch = sessionFetch(seat, origins);
  const link = onError(apolloErrors(seat));
  return { link, fetch };
}
