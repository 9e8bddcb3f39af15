import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Every page of the site is one HTML file here and one entry in src/pages.ts. */
const pages = ['index.html'];

const dropInFile = here('../packages/boplish/dist/boplish.min.js');

/** Serves the drop-in script at the site's root, where `<script src="/boplish.min.js">` finds it. */
function dropIn(): Plugin {
  const read = async (): Promise<Buffer> => {
    try {
      return await readFile(dropInFile);
    } catch (cause) {
      throw new Error(`${dropInFile} is missing: build js/packages/boplish first`, { cause });
    }
  };
  return {
    name: 'boplish-drop-in',
    async generateBundle() {
      this.emitFile({ type: 'asset', fileName: 'boplish.min.js', source: await read() });
    },
    configureServer(server) {
      server.middlewares.use('/boplish.min.js', (_request, response, next) => {
        read().then((source) => {
          response.setHeader('content-type', 'text/javascript');
          response.end(source);
        }, next);
      });
    },
  };
}

export default defineConfig({
  base: './',
  plugins: [dropIn()],
  // Pre-bundling would keep an old copy of the package while it is being worked on.
  optimizeDeps: { exclude: ['boplish'] },
  server: { proxy: { '/ws': { target: 'ws://localhost:5000', ws: true } } },
  build: {
    target: 'es2022',
    // light-dark() is kept as written: rewriting it would not follow the theme switch.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    sourcemap: false,
    assetsInlineLimit: 0,
    // The library carries its WebAssembly as text, in a chunk of its own.
    chunkSizeWarningLimit: 1500,
    rollupOptions: { input: pages.map(here) },
  },
});
