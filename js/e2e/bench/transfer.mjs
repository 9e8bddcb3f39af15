/**
 * How fast contents go from page to page, in turn with a data channel of the browsers' own between the same two tabs:
 *
 *     node bench/transfer.mjs [chromium|firefox] [chromium|firefox] [MIB] [ROUNDS]
 *
 * Prints MiB/s of both in each round, the median and the range of each, and those of the ratio.
 */
import { Scene } from '../lib/scene.mjs';
import { median, until } from '../lib/wait.mjs';
import { rawTransfer } from './raw.mjs';

const MIB = 1 << 20;
/** Of messages of the raw channel: the fastest of 16, 32 and 64 KiB in most runs. */
const MESSAGE = 65_536;

const [from = 'chromium', to = from, size = '100', rounds = '7'] = process.argv.slice(2);
const length = Number(size) * MIB;

const stage = await Scene.open();
try {
  const publisher = await stage.tab(from, 'modules.html');
  const reader = await stage.tab(to, 'modules.html');
  await Promise.all([publisher, reader].map((tab) => tab.run(() => start({ identity: 'ephemeral' }))));
  await until('they are linked', () => publisher.run(() => node.peers.length === 1));
  const results = { raw: [], content: [], ratio: [] };
  for (let round = 0; round < Number(rounds); round += 1) {
    const measure = {
      raw: async () => (await rawTransfer(publisher, reader, length, MESSAGE)) / MIB,
      content: async () => {
        const uri = await publisher.run(({ length, round }) => node.publish(`${round}.bin`, new Blob([random(length)])), { length, round });
        return reader.run(async ({ uri, mib }) => {
          const begin = performance.now();
          await drain(await node.fetch(uri));
          return mib / ((performance.now() - begin) / 1000);
        }, { uri, mib: length / MIB });
      },
    };
    const order = round % 2 ? ['content', 'raw'] : ['raw', 'content'];
    for (const what of order) results[what].push(await measure[what]());
    results.ratio.push((100 * results.content.at(-1)) / results.raw.at(-1));
    console.log(`${round}: raw ${results.raw.at(-1).toFixed(1)}, content ${results.content.at(-1).toFixed(1)} MiB/s`);
  }
  for (const [what, all] of Object.entries(results)) {
    const [low, high] = [Math.min(...all), Math.max(...all)];
    const unit = what === 'ratio' ? '%' : 'MiB/s';
    console.log(`${what}: ${median(all).toFixed(1)} ${unit} in the median, ${low.toFixed(1)} to ${high.toFixed(1)}`);
  }
} finally {
  await stage.close();
  process.exit();
}
