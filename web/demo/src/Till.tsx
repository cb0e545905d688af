import { useState } from 'react';
import type { Credentials } from '@hotseat-hub/sdk';
import type { UseSessionMonitor } from '@hotseat-hub/sdk/react';
import { Devices } from './Devices.js';
import { Mark } from './Mark.js';
import { Picture } from './Picture.js';
import { items, price, useOrder } from './order.js';

const words: Record<string, string> = {
  connected: 'Connected',
  reconnecting: 'Reconnecting',
  polling: 'Polling',
  offline: 'Offline',
};

export interface TillProps {
  credentials: Credentials;
  seat: UseSessionMonitor;
  devicesOpen: boolean;
  onLogOut: () => void;
}

export function Till({ credentials, seat, devicesOpen, onLogOut }: TillProps) {
  const { session, employee } = credentials;
  const [devices, setDevices] = useState(devicesOpen);
  const { order, add, clear, rescued } = useOrder(session.employee_id, seat.monitor);
  const [paid, setPaid] = useState('');

  const lines = items.filter(({ name }) => order[name]);
  const total = lines.reduce((sum, { name, cents }) => sum + cents * order[name]!, 0);
  const name = [employee?.first_name, employee?.last_name].filter(Boolean).join(' ') || session.employee_id;

  return (
    <div className="till">
      <header>
        <Mark />
        <div className="who">
          <h1>{name}</h1>
          <p title={session.terminal_id}>
            Terminal <code>{session.terminal_id}</code>
          </p>
        </div>
        <span className="status" role="status" data-state={seat.status}>
          {words[seat.status] ?? ''}
        </span>
        <nav>
          <button type="button" aria-expanded={devices} onClick={() => setDevices(!devices)}>
            Devices
          </button>
          <button type="button" onClick={onLogOut}>
            Log out
          </button>
        </nav>
      </header>

      {/* After a sleep nobody sees or touches the till until the server says that the seat is still ours. */}
      <main inert={!seat.verified} data-veiled={!seat.verified}>
        {devices && <Devices />}
        <section className="goods" aria-label="Goods">
          {items.map((item) => (
            <button
              type="button"
              key={item.name}
              data-kind={item.kind}
              onClick={() => {
                setPaid('');
                add(item);
              }}
            >
              <Picture kind={item.kind} />
              <span className="name">{item.name}</span>
              <span className="price">{price(item.cents)}</span>
              {order[item.name] && (
                <span className="chosen" aria-hidden="true">
                  {order[item.name]}
                </span>
              )}
            </button>
          ))}
        </section>
        <section className="receipt" aria-label="Order">
          <h2>Order</h2>
          {rescued && lines.length > 0 && <p className="hint">Kept for you when your last session ended.</p>}
          {lines.length === 0 ? (
            <p className="none">{paid || 'Nothing yet. Choose from the goods.'}</p>
          ) : (
            <ul>
              {lines.map((item) => (
                <li key={item.name}>
                  <span className="count">{order[item.name]}</span>
                  <span>{item.name}</span>
                  <span className="price">{price(item.cents * order[item.name]!)}</span>
                  <button type="button" aria-label={`One ${item.name} less`} onClick={() => add(item, -1)}>
                    −
                  </button>
                </li>
              ))}
            </ul>
          )}
          <p className="total">
            <span>Total</span>
            <strong>{price(total)}</strong>
          </p>
          <button
            type="button"
            className="primary"
            disabled={!total}
            onClick={() => {
              setPaid(`${price(total)} received. Thank you.`);
              clear();
            }}
          >
            Take payment
          </button>
        </section>
      </main>
    </div>
  );
}
