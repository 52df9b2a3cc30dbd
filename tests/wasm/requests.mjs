// Requests as a client would send them: records in (JSONL, plain or gzip), what JSON.stringify makes of the
// request out. requests.mjs IN OUT [N]; IN "-500" makes 64 prompts of 500 characters instead.
import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const [, , from, to, most = Infinity] = process.argv;
const out = [];
if (from === '-500') {
  const words = ['the', 'router', 'of', 'a', 'request', 'learns', 'from', 'tests', 'which', 'model', 'answers', 'well',
    'if', 'cost', 'and', 'time', 'matter', 'function', 'return', 'value', 'prove', 'that', 'sum'];
  let seed = 1;
  for (let i = 0; i < 64; i++) {
    let text = '';
    while (text.length < 500) {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      const word = words[(seed >>> 16) % words.length];
      text += (seed >>> 8) % 3 ? `${word} ` : `${word}${(seed >>> 20) % 997}, `;
    }
    out.push(JSON.stringify({ messages: [{ role: 'user', content: text.slice(0, 500) }] }));
  }
} else {
  const bytes = readFileSync(from);
  const text = (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString('utf8');
  for (const l of text.split('\n')) {
    if (!l || out.length >= most) continue;
    const { messages, prompt, tools, tool_choice, response_format } = JSON.parse(l);
    out.push(JSON.stringify({ messages, prompt, tools, tool_choice, response_format }));
  }
}
writeFileSync(to, out.join('\n') + '\n');
