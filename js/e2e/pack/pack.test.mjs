/** The package, as npm packs it, in an empty Vite + TypeScript project. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const workspace = fileURLToPath(new URL('../..', import.meta.url));
const { devDependencies } = JSON.parse(await readFile(join(workspace, 'package.json'), 'utf8'));

async function run(folder, command, ...parameters) {
  try {
    return await promisify(execFile)(command, parameters, { cwd: folder, maxBuffer: 16 * 1024 * 1024 });
  } catch (error) {
    throw new Error(`${command} ${parameters.join(' ')}: ${error.message}\n${error.stdout}\n${error.stderr}`);
  }
}

const files = {
  'index.html': `<!doctype html>
<html lang="en"><body><script type="module" src="/src/main.ts"></script></body></html>
`,
  // As npm create vite writes it for TypeScript, and strict in all that can be.
  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      target: 'ES2023',
      module: 'ESNext',
      lib: ['ES2023', 'ESNext.Disposable', 'DOM'],
      types: ['vite/client'],
      moduleResolution: 'bundler',
      verbatimModuleSyntax: true,
      noEmit: true,
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      noUnusedLocals: true,
    },
    include: ['src'],
  }),
  'src/main.ts': `import { BoplishError, connect, type BoplishNode } from 'boplish';
import { BOPlishClient } from 'boplish/compat';

interface Line {
  text: string;
}

async function chat(signal: AbortSignal): Promise<void> {
  const node: BoplishNode = await connect({ bootstrap: 'localhost:5000', signal });
  const lines = node.protocol<Line>('chat');
  lines.addEventListener('message', ({ from, payload }) => {
    document.title = from + ': ' + payload.text.toUpperCase();
  });
  node.addEventListener('peerconnect', ({ peer }) => void lines.send(peer, { text: 'hello' }));
  const round: number = await node.ping(node.peers[0] ?? node.id);
  document.title = node.state + round.toFixed(1);
  // @ts-expect-error a line has a text
  await lines.send(node.id, { txt: 'hello' });
  await node.close();
}

chat(AbortSignal.timeout(1000)).catch((error: unknown) => {
  if (error instanceof BoplishError) document.title = error.code;
});

const client = new BOPlishClient(undefined, () => client.send(client.getConnectedPeers()[0] ?? '', 'ping-protocol', { type: 'ping' }));
client.setOnMessageHandler('ping-protocol', (message, from) => {
  if (message.type === 'ping') client.send(from, 'ping-protocol', { type: 'pong' });
});
`,
  'on-server.mjs': `const before = new Set(Reflect.ownKeys(globalThis));
const { connect, BoplishError } = await import('boplish');
const { BOPlishClient } = await import('boplish/compat');
const added = Reflect.ownKeys(globalThis).filter((key) => !before.has(key));
const error = await connect({ bootstrap: 'localhost:1' }).catch((thrown) => thrown);
console.log(JSON.stringify({
  added: added.map(String),
  types: [typeof connect, typeof BOPlishClient],
  code: error instanceof BoplishError && error.code,
}));
`,
};

test('the packed package installs, type-checks and builds in an empty project', { timeout: 600_000 }, async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'boplish-pack-'));
  try {
    const packed = await run(join(workspace, 'packages/boplish'), 'npm', 'pack', '--json', '--pack-destination', folder);
    const [, name] = packed.stdout.match(/"filename":\s*"([^"]+)"/);
    await mkdir(join(folder, 'src'));
    for (const [path, content] of Object.entries(files)) await writeFile(join(folder, path), content);
    const dependencies = { boplish: `file:${name}` };
    const tools = { typescript: devDependencies.typescript, vite: devDependencies.vite };
    const manifest = { name: 'empty', private: true, type: 'module', dependencies, devDependencies: tools };
    await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
    await run(folder, 'npm', 'install', '--no-audit', '--no-fund', '--prefer-offline');

    await context.test('it type-checks, strictly', () => run(folder, 'npx', '--no-install', 'tsc'));
    await context.test('vite builds it', async () => {
      await run(folder, 'npx', '--no-install', 'vite', 'build');
      const assets = await readdir(join(folder, 'dist/assets'));
      assert.ok(assets.some((asset) => asset.endsWith('.js')), assets.join(' '));
    });
    await context.test('on a server it can be imported, and does nothing', async () => {
      // That it ends shows that no timer or socket is left.
      const { stdout, stderr } = await run(folder, 'node', 'on-server.mjs');
      const found = JSON.parse(stdout);
      assert.deepEqual(found, { added: [], types: ['function', 'function'], code: 'unsupported' });
      assert.equal(stderr, '');
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
