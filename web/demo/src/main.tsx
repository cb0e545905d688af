import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import '@hotseat-hub/sdk/dialog.css';
import './till.css';
import { App } from './App.js';

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
