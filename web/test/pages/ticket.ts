import { seat } from '../../sdk/examples/ticket.js';

const status = document.querySelector('[role=status]')!;
seat.on('change', ({ state, event }) => (status.textContent = event ? `${state} ${event.by?.device_name}` : state));
