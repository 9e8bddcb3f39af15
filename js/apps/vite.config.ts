import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Every page of the site is one HTML file here and one entry in src/pages.ts. */
const pages = ['index.html', 'inspector.html', 'topology.html', 'game.html', 'chat.html', 'publish.html'];

/** Pages that are not of the site: no navigation leads there, and they join no network. */
const others = ['admin.html'];

/** Scripts of the package that the site has at its root, where pages name them by their address. */
const scripts = ['boplish.min.js', 'boplish-service-worker.js'];

function packageScripts(): Plugin {
  const read = async (name: string): Promise<Buffer> => {
    const file = here(`../packages/boplish/dist/${name}`);
    try {
      return await readFile(file);
    } catch (cause) {
      throw new Error(`${file} is missing: build js/packages/boplish first`, { cause });
    }
  };
  return {
    name: 'boplish-package-scripts',
    async generateBundle() {
      for (const name of scripts) this.emitFile({ type: 'asset', fileName: name, source: await read(name) });
    },
    configureServer(server) {
      for (const name of scripts) {
        server.middlewares.use(`/${name}`, (_request, response, next) => {
          read(name).then((source) => {
            response.setHeader('content-type', 'text/javascript');
            response.end(source);
          }, next);
        });
      }
    },
  };
}

export default defineConfig({
  base: './',
  plugins: [packageScripts()],
  // Pre-bundling would keep an old copy of the package while it is being worked on.
  optimizeDeps: { exclude: ['boplish'] },
  server: {
    proxy: {
      '/ws': { target: 'ws://localhost:5000', ws: true },
      '/admin/stats': 'http://localhost:5000',
    },
  },
  build: {
    target: 'es2022',
    // light-dark() is kept as written: rewriting it would not follow the theme switch.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    sourcemap: false,
    assetsInlineLimit: 0,
    // The library carries its WebAssembly as text, in a chunk of its own.
    chunkSizeWarningLimit: 1500,
    rollupOptions: { input: [...pages, ...others].map(here) },
  },
});
