import http from 'node:http';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('./pages/', import.meta.url));
const built = new Map();

/** The files of one page of pages/, by their path. Built once for a file of tests, as the demo is built. */
export function pages(name) {
  if (!built.has(name)) built.set(name, bundle(name));
  return built.get(name);
}

async function bundle(name) {
  const { output } = await build({
    root,
    configFile: fileURLToPath(new URL('../demo/vite.config.ts', import.meta.url)),
    logLevel: 'error',
    build: { write: false, rollupOptions: { input: `${root}${name}.html` } },
  });
  return new Map(output.map((file) => [`/${file.fileName.replace(`${name}.html`, '')}`, file.code ?? file.source]));
}

const kinds = { js: 'text/javascript', css: 'text/css' };

/** Answers with a file of the page, when there is one of that path. */
export function serve(files, path, response) {
  const file = files?.get(path);
  if (file == null) return false;
  response.writeHead(200, { 'content-type': kinds[path.split('.').at(-1)] ?? 'text/html; charset=utf-8' });
  response.end(file);
  return true;
}

/** A web server of its own: what it serves is of another origin than the program. */
export class Site {
  async start(name) {
    const files = await pages(name);
    this.http = http.createServer((request, response) => {
      if (!serve(files, request.url.split('?')[0], response)) response.writeHead(404).end();
    });
    await new Promise((ready) => this.http.listen(0, '127.0.0.1', ready));
    this.origin = `http://127.0.0.1:${this.http.address().port}`;
    return this;
  }

  async end() {
    this.http.closeAllConnections();
    await new Promise((closed) => this.http.close(closed));
  }
}
