// Median microseconds of N decisions in Node, once it has warmed up: time.mjs PACKAGE MODEL REQUESTS N; then bytes of memory.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { policy } from './lines.js';

const [, , folder, model, requests, n] = process.argv;
const { loadSync } = await import(pathToFileURL(join(folder, 'index.node.js')));
const router = loadSync(readFileSync(model));
const list = readFileSync(requests, 'utf8').split('\n').filter(Boolean).map((l) => JSON.parse(l));
// A second first: until then half of the decisions are the engine's own work, compiling the module for speed.
for (const end = Date.now() + 1000, i = { n: 0 }; Date.now() < end; i.n++) router.route(list[i.n % list.length], policy);
const us = new Float64Array(Number(n));
for (let i = 0; i < us.length; i++) {
  const start = process.hrtime.bigint();
  router.route(list[i % list.length], policy);
  us[i] = Number(process.hrtime.bigint() - start) / 1e3;
}
us.sort();
console.log(us[us.length >> 1].toFixed(2), router.memoryBytes);
