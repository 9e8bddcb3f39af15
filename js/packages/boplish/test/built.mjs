// The parts that the package does not export, compiled for the tests.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { workerInside } from '../scripts/workers.mjs';

const { outputFiles } = await build({
  stdin: {
    contents: `
      export * from './bootstrap.ts';
      export * from './content/buffered.ts';
      export * from './content/files.ts';
      export * from './content/well-known.ts';
      export * from './error.ts';
      export * from './identity.ts';
      export * from './payload.ts';
    `,
    resolveDir: fileURLToPath(new URL('../src', import.meta.url)),
  },
  bundle: true,
  format: 'esm',
  write: false,
});
const parts = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);

export const { BoplishError, bootstrapUrl, buffered, decode, encode, ephemeral, Files, fromCore, fromSecret, memory, ofThisTab, persistent, wellKnown } = parts;

/** The runner, which knows of no dead module yet, and what uses it. */
export async function freshRunner() {
  const { outputFiles } = await build({
    stdin: {
      contents: `
        export * from './runner.ts';
        export * from './store.ts';
        export { publish, unpublish } from './content/publish.ts';
      `,
      resolveDir: fileURLToPath(new URL('../src', import.meta.url)),
    },
    bundle: true,
    format: 'esm',
    define: { HAS_STORE: 'true' },
    plugins: [workerInside],
    write: false,
  });
  return import(`data:text/javascript,${encodeURIComponent(`${outputFiles[0].text}//${Math.random()}`)}`);
}
