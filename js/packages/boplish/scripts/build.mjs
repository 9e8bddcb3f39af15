// Builds dist/: the ESM package and the drop-in script, each with its WebAssembly module inside. The
// drop-in script has no room for the store.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { embed } from './embed.mjs';
import { shorten } from './shorten.mjs';
import { script, scripts, workerInside } from './workers.mjs';

const root = new URL('..', import.meta.url);
const path = (name) => fileURLToPath(new URL(name, root));

/** Gives `boplish:module` the bytes of the module in a folder, and the glue that fits. */
async function moduleInside(folder) {
  const wasm = await readFile(path(`${folder}/boplish_web_bg.wasm`)).catch(() => {
    console.error(`js/packages/boplish/${folder} is empty: run \`cargo xtask wasm\` first`);
    process.exit(1);
  });
  const short = shorten(wasm, await readFile(path(`${folder}/boplish_web.js`), 'utf8'));
  const inside = `
import { decode } from './decode.mjs';
const text = '${embed(short.wasm)}';
export const moduleBytes = () => decode(text, ${short.wasm.length});`;
  return {
    name: 'module-inside',
    setup(build) {
      build.onResolve({ filter: /^boplish:module$/ }, () => ({ path: 'module', namespace: 'boplish' }));
      build.onLoad({ filter: /.*/, namespace: 'boplish' }, () => ({
        contents: inside,
        loader: 'js',
        resolveDir: path('scripts'),
      }));
      build.onLoad({ filter: /[\\/]wasm[\\/]boplish_web\.js$/ }, () => ({ contents: short.glue, loader: 'js' }));
    },
  };
}

/** wasm-bindgen's asynchronous initializer fetches the module; ours is inside. */
const common = { ...scripts, format: 'esm' };

await rm(path('dist'), { recursive: true, force: true });
await mkdir(path('dist'));
await build({
  ...common,
  entryPoints: ['src/index.ts', 'src/compat.ts'],
  outdir: 'dist',
  splitting: true,
  chunkNames: 'core-[hash]',
  minifySyntax: true,
  define: { HAS_STORE: 'true' },
  plugins: [await moduleInside('wasm'), workerInside],
});
const dropIn = await build({
  ...common,
  entryPoints: ['src/drop-in.ts'],
  format: 'iife',
  minify: true,
  write: false,
  define: { HAS_STORE: 'false' },
  plugins: [await moduleInside('wasm-drop-in'), workerInside],
});
const [{ text }] = dropIn.outputFiles;
await writeFile(path('dist/boplish.min.js'), text);
await writeFile(path('dist/boplish-service-worker.js'), await script('src/service-worker.ts'));
await import('./size.mjs');
