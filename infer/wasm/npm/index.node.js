// Node: the module is read from beside this file, once.
import { readFileSync } from 'node:fs';
import { Router } from './core.js';

const module = new WebAssembly.Module(readFileSync(new URL('./tierce.wasm', import.meta.url)));

export { Router, TierceError } from './core.js';
/** Opens a model: the bytes of a .tierce file. */
export async function load(model) { return new Router(module, model); }
export function loadSync(model) { return new Router(module, model); }
