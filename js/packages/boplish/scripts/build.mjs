// Builds dist/: the ESM package and the drop-in scripts, each with its WebAssembly module inside. The
// one that is to be small has no room for the store and contents.
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
for (const [name, module, hasStore] of [
  ['boplish.min.js', 'wasm-drop-in', false],
  ['boplish.full.min.js', 'wasm', true],
]) {
  await build({
    ...common,
    entryPoints: ['src/drop-in.ts'],
    format: 'iife',
    minify: true,
    outfile: `dist/${name}`,
    define: { HAS_STORE: String(hasStore) },
    plugins: [await moduleInside(module), workerInside],
  });
}
await writeFile(path('dist/boplish-service-worker.js'), await script('src/service-worker.ts'));
await import('./size.mjs');
