// Prints what the library weighs, as it is and after brotli 11, in bytes.
import { readFile } from 'node:fs/promises';
import { brotliCompressSync, constants } from 'node:zlib';

/** What a page may have to load that sends and receives. */
const BUDGET = 120_000;

const options = (size) => ({
  params: {
    [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
    [constants.BROTLI_PARAM_SIZE_HINT]: size,
  },
});

for (const name of ['wasm-drop-in/boplish_web_bg.wasm', 'dist/boplish.min.js', 'dist/boplish.full.min.js']) {
  const bytes = await readFile(new URL(`../${name}`, import.meta.url));
  const small = brotliCompressSync(bytes, options(bytes.length)).length;
  console.log(`${name}: ${bytes.length} bytes, ${small} after brotli`);
  // `--check` makes it a failure, not just a warning.
  if (small > BUDGET && !name.includes('full')) {
    console.error(`${name} is over its budget of ${BUDGET} bytes`);
    if (process.argv.includes('--check')) process.exitCode = 1;
  }
}
