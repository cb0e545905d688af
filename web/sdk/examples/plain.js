import { createSessionMonitor, storedSession } from '@hotseat-hub/sdk';
import { login } from '@hotseat-hub/sdk/http';

function watch(session) {
  const seat = createSessionMonitor({ session });
  seat.on('change', ({ state }) => (document.querySelector('[role=status]').textContent = state));
  seat.on('terminated', ({ by }) => alert(`Your session has ended${by?.device_name ? `: you signed in on ${by.device_name}` : ''}.`));
  seat.on('terminated', () => location.reload());
}
if (storedSession()) watch();
const form = document.querySelector('form');
form.onsubmit = async (event) => {
  event.preventDefault();
  watch(await login({ employee_id: form.employee.value, password: form.password.value }));
};
