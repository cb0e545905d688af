import { createSessionMonitor } from '@hotseat-hub/sdk';

// Your backend knows who is logged in, and asks Hotseat for the ticket with its service key.
export const seat = createSessionMonitor({
  terminalId: 'till-7',
  getTicket: async () => {
    const reply = await fetch('/my/hotseat-ticket', { method: 'POST' });
    if (reply.status === 401) return null; // nobody is logged in here any more
    if (!reply.ok) throw Error('try again later');
    return (await reply.json()).ticket;
  },
});
