/** The WebAssembly module, which the build puts into this package's JavaScript. */
import { initSync, Peer } from '../wasm/boplish_web.js';
// What this gives is decided by scripts/build.mjs.
import { moduleBytes } from 'boplish:module';

let isLoaded = false;

/** Compiles the module at once: for the report's synchronous constructor. */
export function loadSync(): typeof Peer {
  if (!isLoaded) initSync({ module: new WebAssembly.Module(moduleBytes()) });
  isLoaded = true;
  return Peer;
}

/** Compiles the module without blocking the page. */
export async function load(): Promise<typeof Peer> {
  if (!isLoaded) {
    const module = await WebAssembly.compile(moduleBytes());
    if (!isLoaded) initSync({ module });
    isLoaded = true;
  }
  return Peer;
}
