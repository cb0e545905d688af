import { createSessionMonitor } from '@hotseat-hub/sdk';
import { login, sessionFetch } from '@hotseat-hub/sdk/http';

/** What the test calls: the SDK, and nothing else of the page's own. */
Object.assign(window, { createSessionMonitor, login, sessionFetch });
