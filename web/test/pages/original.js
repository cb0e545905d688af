// What the original's front end does with the server: one GraphQL request with credentials, one socket
// named by the terminal alone, a dialog at session_terminated, and a new socket three seconds after
// every close but 1000.
const hub = new URLSearchParams(location.search).get('hub');
const status = document.querySelector('[role=status]');
const dialog = document.querySelector('dialog');

async function graphql(query, variables) {
  const response = await fetch(`${hub}/graphql/`, {
    method: 'POST',
    credentials: 'include',
    headers: { 'content-type': 'application/json', ...(localStorage.token && { authorization: `Bearer ${localStorage.token}` }) },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  if (errors) throw Error(errors[0].message);
  return data;
}

function connect(terminalId) {
  const socket = new WebSocket(`${hub.replace('http', 'ws')}/ws/session/${terminalId}/`);
  socket.onopen = () => (status.textContent = 'open');
  socket.onmessage = ({ data }) => {
    const { type, message, reason } = JSON.parse(data);
    if (type !== 'session_terminated') return;
    localStorage.clear();
    dialog.querySelector('p').textContent = `${message} (${reason})`;
    dialog.showModal();
  };
  socket.onclose = ({ code }) => {
    status.textContent = `closed ${code}`;
    if (code !== 1000) setTimeout(connect, 3000, terminalId);
  };
}

const form = document.querySelector('form');
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  try {
    const { login } = await graphql(
      `mutation Login($username: String!, $password: String!) {
        login(username: $username, password: $password) { token employee { id employeeId } terminal { terminalId } }
      }`,
      { username: form.employee.value, password: form.password.value },
    );
    localStorage.token = login.token;
    localStorage.terminalId = login.terminal.terminalId;
    document.querySelector('#logout').hidden = false;
    connect(login.terminal.terminalId);
  } catch (error) {
    status.textContent = error.message;
  }
});
document.querySelector('#logout').addEventListener('click', () =>
  graphql('mutation Logout($terminalId: String!) { logout(terminalId: $terminalId) { success message } }', { terminalId: localStorage.terminalId }),
);
