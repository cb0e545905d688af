import { createClient } from 'graphql-ws';

/** A subscription by the client that most pages have; the test reads what it heard. */
Object.assign(window, {
  heard: [] as unknown[],
  follow(hub: string, token: string) {
    const client = createClient({
      url: `${hub.replace('http', 'ws')}/graphql`,
      connectionParams: { Authorization: `Bearer ${token}` },
      retryAttempts: 0,
      on: { closed: (event) => heard.push({ closed: (event as CloseEvent).code }) },
    });
    client.subscribe(
      { query: 'subscription { sessionEvents { type reason by { deviceName } } }' },
      {
        next: ({ data, errors }) => void heard.push(data ?? errors),
        error: (error) => void heard.push({ error: `${(error as CloseEvent).code ?? error}` }),
        complete: () => void heard.push('complete'),
      },
    );
  },
});
declare const heard: unknown[];
