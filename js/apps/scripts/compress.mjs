// Puts a brotli and a gzip variant beside each file of dist/ that gets smaller by it. The server
// sends them to whoever can read them; the variants of `boplish serve` are those of this folder.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

/** What is compressed: all others of the site's files are so already. */
const texts = new Set(['.html', '.css', '.js', '.json', '.map', '.svg', '.txt', '.wasm', '.webmanifest']);

const dist = fileURLToPath(new URL('../dist', import.meta.url));

function brotli(bytes) {
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  return brotliCompressSync(bytes, { params });
}

const gzip = (bytes) => gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION });

for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !texts.has(extname(entry.name))) continue;
  // Node 20 has the folder's path in `path`, newer ones in `parentPath`.
  const file = join(entry.parentPath ?? entry.path, entry.name);
  const bytes = await readFile(file);
  for (const [suffix, compress] of [['.br', brotli], ['.gz', gzip]]) {
    const small = compress(bytes);
    if (small.length < bytes.length) await writeFile(`${file}${suffix}`, small);
  }
}
