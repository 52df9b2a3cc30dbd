// node --test: the npm package as it is packed. TIERCE_PACKAGE: its folder, TIERCE_MODELS: models, TIERCE_REQUESTS
// and TIERCE_BITS: requests and what the native library said about them.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { register } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'node:test';
import zlib from 'node:zlib';
import { decideAll, line, policy } from './lines.js';

const folder = process.env.TIERCE_PACKAGE, golden = process.env.TIERCE_MODELS;
const { load, loadSync, Router, TierceError } = await import(pathToFileURL(join(folder, 'index.node.js')));
const model = (name) => readFileSync(join(golden, name));
const router = loadSync(model('v1-two.tierce'));
const refuses = (what, status, pattern) => assert.throws(what, (e) => {
  assert.ok(e instanceof TierceError);
  assert.equal(e.status, status);
  assert.match(e.message, pattern);
  return true;
});

test('says what native says, to the last bit', () => {
  const said = decideAll(loadSync(readFileSync(process.env.TIERCE_MODEL)), readFileSync(process.env.TIERCE_REQUESTS, 'utf8'));
  const native = readFileSync(process.env.TIERCE_BITS, 'utf8');
  assert.ok(native.split('\n').length > 100);
  assert.equal(said, native);
});

test('says what native says of a tiny file', () => {
  const said = decideAll(loadSync(model('v1-tiny.tierce')), readFileSync(process.env.TIERCE_REQUESTS, 'utf8'));
  assert.equal(said, readFileSync(process.env.TIERCE_BITS + '-tiny', 'utf8'));
});

test('JSON text and objects give the same decision', () => {
  for (const l of readFileSync(process.env.TIERCE_REQUESTS, 'utf8').split('\n').filter(Boolean).slice(0, 200))
    assert.equal(line(router, router.routeJson(l, policy)), line(router, router.route(JSON.parse(l), policy)));
});

test('tool calls, results, parts and media as the native reader reads them', () => {
  const requests = [
    { messages: [{ role: 'system', content: 'be brief' }, { role: 'user', content: [{ type: 'text', text: 'look' }, { type: 'image_url', image_url: { url: 'x' } }] }] },
    { messages: [{ role: 'user', content: 'weather?' }, { role: 'assistant', content: null, tool_calls: [{ id: 'c1', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Oslo"}' } }] }, { role: 'tool', tool_call_id: 'c1', content: 'error: not found' }],
      tools: [{ type: 'function', function: { name: 'get_weather', description: 'weather of a city', parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } } }], tool_choice: 'required' },
    { messages: [{ role: 'assistant', tool_calls: [{ function: { name: 'f', arguments: { a: 1 } } }], content: 'after' }, { content: ['a', 'b'], role: 'user' }], response_format: { type: 'json_schema' } },
    { messages: [{ role: 'user', content: 'x' }], functions: [{ name: 'g', parameters: {} }], tool_choice: { type: 'function' } },
    { messages: [{ role: 'developer', content: 'é 模型 🙂' }, { role: 'function', name: 'g', content: '1' }, { role: 'user', content: '' }] },
    { prompt: 'ünï' }, { prompt: '' },
  ];
  for (const r of requests) assert.equal(line(router, router.routeJson(JSON.stringify(r))), line(router, router.route(r)));
  assert.equal(line(router, router.route('ünï')), line(router, router.route({ prompt: 'ünï' })));
});

test('policies', () => {
  assert.equal(router.route('x', { allow: ['pro'] }).tier, 'pro');
  assert.equal(router.route('x', { allow: ['flash'] }).tier, 'flash');
  assert.equal(router.route('x', { minProbability: 1, defaultTier: 'flash' }).reason, 'DEFAULT_FLOOR');
  assert.equal(router.route('x', { maxCostUsd: 1e-9 }).estimates.flash.dropped, 'price');
  assert.equal(router.route('x').order.length, 2);
  refuses(() => router.route('x', { allow: ['flsh'] }), 'ARGUMENT', /no tier "flsh"; it has "flash", "pro"/);
  refuses(() => router.route('x', { point: 'frugal' }), 'ARGUMENT', /no operating point "frugal"/);
  refuses(() => router.route('x', { valueUSD: 1 }), 'ARGUMENT', /unknown key "valueUSD"/);
  refuses(() => router.route('x', { valueUsd: NaN }), 'ARGUMENT', /valueUsd must be a number/);
  refuses(() => router.route('x', { minProbability: 2 }), 'POLICY', /min_probability/);
});

test('bad requests are refused with the mend, and the router goes on', () => {
  refuses(() => router.route({ messages: [] }), 'ARGUMENT', /"messages" is empty/);
  refuses(() => router.route({ messages: [{ role: 'wizard', content: 'x' }] }), 'ARGUMENT', /unknown role/);
  refuses(() => router.route({ messages: [{ content: 'x' }] }), 'ARGUMENT', /without "role"/);
  refuses(() => router.route({ messages: [{ role: 'user', content: 7 }] }), 'ARGUMENT', /"content" must be/);
  refuses(() => router.route({ messages: [null] }), 'ARGUMENT', /"messages" must be/);
  refuses(() => router.route(null), 'ARGUMENT', /a request is/);
  refuses(() => router.routeJson('{"prompt":'), 'ARGUMENT', /string/);
  assert.equal(router.route('still here').order.length, 2);
});

test('refuses what must be refused, by name', () => {
  for (const name of readdirSync(golden).filter((f) => f.startsWith('refuse-')))
    refuses(() => loadSync(model(name)), name.split('-')[1], /./);
  refuses(() => loadSync(new Uint8Array(0)), 'MAGIC', /not a .tierce/);
  refuses(() => loadSync('text'), 'ARGUMENT', /ArrayBuffer/);
});

test('inflate agrees with zlib on every kind of block', () => {
  const bytes = model('v1-three.tierce'), raw = zlib.inflateSync(bytes.subarray(32));
  for (const options of [{ level: 0 }, { level: 1 }, { level: 9 }, { level: 9, strategy: zlib.constants.Z_FIXED },
    { level: 6, strategy: zlib.constants.Z_HUFFMAN_ONLY }, { level: 6, strategy: zlib.constants.Z_RLE }, { level: 9, windowBits: 9 }]) {
    const packed = zlib.deflateSync(raw, options), head = Buffer.from(bytes.subarray(0, 32));
    head.writeUInt32LE(packed.length, 12);
    head.writeUInt32LE(crc32(packed), 24);
    head.writeUInt32LE(crc32(head.subarray(0, 28)), 28);
    const r = loadSync(Buffer.concat([head, packed]));
    assert.deepEqual(r.tiers, ['small', 'mid', 'large']);
    r.close();
  }
});

test('damage is noticed wherever it is', () => {
  const bytes = model('v1-two.tierce');
  for (let i = 0; i < bytes.length; i += 61) {
    const copy = Buffer.from(bytes);
    copy[i] ^= 1 << (i % 8);
    assert.throws(() => loadSync(copy), TierceError, `byte ${i}`);
  }
});

test('inflate never reads or writes outside, whatever the bytes', () => {
  // checksums made right again, so that the damage reaches the inflate
  const bytes = model('v1-two.tierce');
  for (let i = 34; i < bytes.length; i += 37) {
    const copy = Buffer.from(bytes);
    copy[i] ^= 0x55;
    copy.writeUInt32LE(crc32(copy.subarray(32)), 24);
    copy.writeUInt32LE(crc32(copy.subarray(0, 28)), 28);
    try { // a change may spell the same bytes in another way: then it is the same model
      const r = loadSync(copy);
      assert.equal(line(r, r.route('hello')), line(router, router.route('hello')));
      r.close();
    } catch (e) { assert.ok(e instanceof TierceError, String(e)); }
  }
});

test('a long request grows the memory and the next one still works', async () => {
  const r = await load(model('v1-two.tierce'));
  const before = line(r, r.route('hello'));
  assert.ok(r.route('word '.repeat(1 << 20)).truncated);
  assert.equal(line(r, r.route('hello')), before);
  r.close();
  refuses(() => r.route('x'), 'ARGUMENT', /closed/);
});

test('a Workers-style runtime: the module is an import, nothing is compiled from bytes', async () => {
  // what such runtimes do with import x from './x.wasm', for Node
  register('data:text/javascript,' + encodeURIComponent(`export async function load(url, context, next) {
    if (!url.endsWith('.wasm')) return next(url, context);
    return { format: 'module', shortCircuit: true, source:
      "import { readFileSync } from 'node:fs'; export default new WebAssembly.Module(readFileSync(new URL(" +
      JSON.stringify(url) + ")));" };
  }`));
  const worker = await import(pathToFileURL(join(folder, 'index.worker.js')));
  const r = await worker.load(model('v1-two.tierce'));
  assert.equal(line(r, r.route('hello')), line(router, router.route('hello')));
  const own = new Router(new WebAssembly.Module(readFileSync(join(folder, 'tierce.wasm'))), model('v1-two.tierce'));
  assert.equal(line(own, own.route('hello')), line(router, router.route('hello')));
});

test('imports nothing, asks for nothing', () => {
  assert.deepEqual(WebAssembly.Module.imports(new WebAssembly.Module(readFileSync(join(folder, 'tierce.wasm')))), []);
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  for (const key of ['dependencies', 'peerDependencies', 'optionalDependencies', 'scripts']) assert.equal(manifest[key], undefined);
});

function crc32(data) {
  let c = ~0;
  for (const b of data) {
    c ^= b;
    for (let k = 0; k < 8; k++) c = (c >>> 1) ^ (0xedb88320 & -(c & 1));
  }
  return ~c >>> 0;
}
