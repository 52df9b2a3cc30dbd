// Workers-style runtimes: no compiling from bytes at run time; the module is imported as one.
import module from './tierce.wasm';
import { Router } from './core.js';

export { Router, TierceError } from './core.js';
/** Opens a model: the bytes of a .tierce file. */
export async function load(model) { return new Router(module, model); }
export function loadSync(model) { return new Router(module, model); }
