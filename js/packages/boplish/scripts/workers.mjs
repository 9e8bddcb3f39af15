// Scripts for workers: that of the worker which keeps contents lies inside of the package's modules.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** What all scripts have in common. */
export const scripts = {
  bundle: true,
  target: ['chrome96', 'firefox104', 'safari15.4'],
  legalComments: 'none',
  charset: 'ascii',
  logLevel: 'warning',
  absWorkingDir: fileURLToPath(new URL('..', import.meta.url)),
};

/** A script for a worker. */
export async function script(entry) {
  const built = await build({ ...scripts, entryPoints: [entry], format: 'iife', minify: true, write: false });
  return built.outputFiles[0].text;
}

/** Gives `boplish:worker` the script of the worker that keeps contents. */
export const workerInside = {
  name: 'worker-inside',
  setup(build) {
    build.onResolve({ filter: /^boplish:worker$/ }, () => ({ path: 'worker', namespace: 'boplish-worker' }));
    build.onLoad({ filter: /.*/, namespace: 'boplish-worker' }, async () => ({
      contents: `export const workerSource = ${JSON.stringify(await script('src/content/worker.ts'))};`,
    }));
  },
};
