import http from 'node:http';
import net from 'node:net';
import { serve } from './site.js';

/**
 * The way from the page to the program, with the faults of real ones: requests that get something
 * else than the program's answer, and connections that are cut or fall silent.
 */
export class Line {
  sockets = new Set();
  /** Every request that passed: {method, path, open}. */
  seen = [];
  /** Given {method, path}, what becomes of the request: undefined passes; `block`; `hold`: nobody
   *  answers; `html500`; `cut`: the program answers, and the page never hears it. */
  rule = () => undefined;
  /** A page that stands in front of the program, by path: what an application's own server does. */
  files = undefined;
  /** The address that the program sees. */
  from = '127.0.0.1';

  constructor(server) {
    this.server = server;
    this.http = http.createServer((request, response) => this.pass(request, response));
    this.http.on('upgrade', (request, socket, head) => this.upgrade(request, socket, head));
    this.http.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('error', () => {});
    });
  }

  async start(host = '127.0.0.1') {
    await new Promise((ready) => this.http.listen(0, host, ready));
    this.url = `http://${host}:${this.http.address().port}/`;
    return this;
  }

  async end() {
    this.cut();
    this.http.closeAllConnections();
    await new Promise((closed) => this.http.close(closed));
  }

  /** Every connection is gone, at once and without a word. */
  cut() {
    for (const socket of this.sockets) socket.destroy();
  }

  /** The connections of now fall silent for good, and new ones work. */
  mute() {
    for (const socket of this.sockets) socket.pause();
  }

  count(method, path) {
    return this.seen.filter((r) => r.method === method && r.path === path).length;
  }

  /** How many requests of that path are being answered. */
  open(path) {
    return this.seen.filter((r) => r.path === path && r.open).length;
  }

  note(request) {
    const path = request.url.split('?')[0];
    const noted = { method: request.method, path, open: true };
    this.seen.push(noted);
    return { noted, fate: this.rule({ method: request.method, path }) };
  }

  pass(request, response) {
    if (serve(this.files, request.url, response)) return;
    const { noted, fate } = this.note(request);
    if (fate === 'block') return request.socket.destroy();
    if (fate === 'hold') return;
    if (fate === 'html500') {
      response.writeHead(500, { 'content-type': 'text/html' });
      return response.end('<html><h1>Bad gateway</h1></html>');
    }
    const [host, port] = this.server.listen.split(':');
    const onward = http.request({ host, port, localAddress: this.from, method: request.method, path: request.url, headers: request.headers, agent: false });
    onward.on('error', () => request.socket.destroy());
    onward.on('response', (reply) => {
      if (fate === 'cut') return reply.resume().on('end', () => request.socket.destroy());
      response.writeHead(reply.statusCode, reply.headers);
      response.flushHeaders();
      reply.pipe(response);
      reply.on('error', () => request.socket.destroy());
    });
    response.on('close', () => {
      noted.open = false;
      onward.destroy();
    });
    request.pipe(onward);
  }

  upgrade(request, socket, head) {
    if (this.note(request).fate) return socket.destroy();
    const [host, port] = this.server.listen.split(':');
    const onward = net.connect({ host, port, localAddress: this.from });
    this.sockets.add(onward);
    const both = [socket, onward];
    both.forEach((one, i) => {
      one.on('error', () => {});
      one.on('close', () => {
        this.sockets.delete(one);
        both[1 - i].destroy();
      });
    });
    const lines = [`${request.method} ${request.url} HTTP/1.1`];
    for (let i = 0; i < request.rawHeaders.length; i += 2) lines.push(`${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}`);
    onward.write(`${lines.join('\r\n')}\r\n\r\n`);
    onward.write(head);
    socket.pipe(onward).pipe(socket);
  }
}
