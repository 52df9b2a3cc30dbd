// Browsers: the module is fetched from beside this file, when it is first needed.
import { Router } from './core.js';

export { Router, TierceError } from './core.js';
let compiled;

async function compile() {
  const url = new URL('./tierce.wasm', import.meta.url);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}; serve tierce.wasm beside the loader`);
  return WebAssembly.compile(await response.arrayBuffer());
}

/** Opens a model: the bytes of a .tierce file. */
export async function load(model) {
  compiled ||= compile();
  try {
    return new Router(await compiled, model);
  } catch (error) {
    compiled = error.name === 'TierceError' ? compiled : undefined;
    throw error;
  }
}
