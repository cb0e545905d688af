import { createSessionMonitor } from '@hotseat-hub/sdk';
import { login } from '@hotseat-hub/sdk/http';

const form = document.querySelector('form');
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const { employee, password } = form;
  const session = await login({ employee_id: employee.value, password: password.value });
  const seat = createSessionMonitor({ session });
  seat.on('change', ({ state }) => (document.querySelector('[role=status]').textContent = state));
  seat.on('terminated', ({ reason, by }) => {
    alert(reason === 'new_login' ? `You were signed in on ${by.device_name}.` : 'Your session has ended.');
    location.reload();
  });
});
