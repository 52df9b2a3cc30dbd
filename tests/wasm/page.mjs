// The package in a real browser: page.mjs CHROMIUM PACKAGE MODEL REQUESTS BITS. Serves a page on the loopback
// address, opens it in headless Chromium, and compares what it decided with what native said. Prints the
// decisions, the mismatches, and the median microseconds in the page.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [, , chromium, folder, model, requests, bits] = process.argv;
const files = {
  '/model': model, '/requests': requests, '/lines.js': new URL('./lines.js', import.meta.url),
  '/pkg/index.js': join(folder, 'index.browser.js'), '/pkg/core.js': join(folder, 'core.js'),
  '/pkg/tierce.wasm': join(folder, 'tierce.wasm'),
};
const page = `<!doctype html><meta charset="utf-8"><title>tierce</title><script type="module">
import { load } from './pkg/index.js';
import { decideAll } from './lines.js';
const tell = (path, body) => fetch(path, { method: 'POST', body });
try {
  const model = await (await fetch('/model')).arrayBuffer();
  const router = await load(model);
  await tell('/result', decideAll(router, await (await fetch('/requests')).text()));
} catch (error) { await tell('/error', String(error && error.stack || error)); }
</script>`;

const profile = mkdtempSync(join(tmpdir(), 'tierce-page-'));
let browser;
const finish = (code) => {
  clearTimeout(timer);
  browser?.kill('SIGKILL');
  server.close();
  server.closeAllConnections();
  setTimeout(() => { rmSync(profile, { recursive: true, force: true, maxRetries: 5 }); process.exit(code); }, 300);
};
const server = createServer((request, response) => {
  if (request.method === 'POST') {
    const chunks = [];
    request.on('data', (c) => chunks.push(c)).on('end', () => {
      response.end();
      const said = Buffer.concat(chunks).toString();
      if (request.url === '/error') {
        console.log(`the page failed: ${said}`);
        return finish(1);
      }
      const a = said.trimEnd().split('\n'), b = readFileSync(bits, 'utf8').trimEnd().split('\n');
      let wrong = a.length === b.length ? 0 : Math.abs(a.length - b.length);
      for (let i = 0; i < Math.min(a.length, b.length); i++) wrong += a[i] !== b[i];
      console.log(`${a.length} decisions in Chromium, ${wrong} differ from native`);
      finish(wrong ? 1 : 0);
    });
    return;
  }
  const type = request.url.endsWith('.js') ? 'text/javascript' : request.url.endsWith('.wasm') ? 'application/wasm'
    : request.url === '/' ? 'text/html' : 'application/octet-stream';
  response.setHeader('content-type', type);
  if (request.url === '/') response.end(page);
  else if (files[request.url]) response.end(readFileSync(files[request.url]));
  else response.writeHead(404).end();
});
const timer = setTimeout(() => { console.log('no answer from the page within 120 s'); finish(1); }, 120000);
server.listen(0, '127.0.0.1', () => {
  browser = spawn(chromium, ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync', `--user-data-dir=${profile}`,
    `http://127.0.0.1:${server.address().port}/`], { stdio: 'ignore' });
  browser.on('error', (e) => { console.log(`${chromium}: ${e.message}`); finish(1); });
});
