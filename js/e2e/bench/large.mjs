/**
 * A large content from page to page, as a stream, and what memory that takes:
 *
 *     node bench/large.mjs [chromium|firefox] [chromium|firefox] [MIB]
 *
 * Prints how long it took, and the most that any process of the browsers had resident, beside what it had before.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Scene } from '../lib/scene.mjs';
import { until } from '../lib/wait.mjs';

const MIB = 1 << 20;
const [from = 'chromium', to = from, size = '2048'] = process.argv.slice(2);
const mib = Number(size);

/** MiB of the browsers' processes, the largest first. */
function resident() {
  const pids = execFileSync('ps', ['-e', '-o', 'pid=,args=']).toString().split('\n');
  const sizes = [];
  for (const line of pids.filter((each) => /chromium|firefox/.test(each) && !/node /.test(each))) {
    try {
      const status = readFileSync(`/proc/${line.trim().split(' ')[0]}/status`, 'utf8');
      sizes.push(Number(/RssAnon:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
    } catch {
      // It has just ended.
    }
  }
  return sizes.sort((one, other) => other - one);
}

const stage = await Scene.open();
try {
  const publisher = await stage.tab(from, 'modules.html');
  const reader = await stage.tab(to, 'modules.html');
  await Promise.all([publisher, reader].map((tab) => tab.run(() => start({ identity: 'ephemeral' }))));
  await until('they are linked', () => publisher.run(() => node.peers.length === 1));
  const before = resident();
  let most = 0;
  const watch = setInterval(() => (most = Math.max(most, resident()[0])), 1000);
  const after = async (what, action) => {
    most = 0;
    const begin = performance.now();
    const value = await action();
    const seconds = (performance.now() - begin) / 1000;
    console.log(`${what}: ${seconds.toFixed(0)} s, ${(mib / seconds).toFixed(1)} MiB/s; ${most.toFixed(0)} MiB at most in a process, ${before[0].toFixed(0)} before`);
    return value;
  };
  // Longer than a driver waits for one call.
  const long = async (tab, begin, argument) => {
    await tab.run(begin, argument);
    return tab.until('its end', () => window.ended, undefined, 3_600_000);
  };
  const uri = await after('published', () =>
    long(
      publisher,
      (parts) => {
        window.ended = undefined;
        let left = parts;
        const source = new ReadableStream({
          pull(controller) {
            if (left === 0) return controller.close();
            left -= 1;
            controller.enqueue(random(1 << 20));
          },
        });
        node.publish('large.bin', source).then(
          (uri) => (window.ended = uri),
          (error) => (window.ended = `${error}`),
        );
      },
      mib,
    ),
  );
  console.log(uri);
  const bytes = await after('fetched', () =>
    long(
      reader,
      (uri) => {
        window.ended = undefined;
        node
          .fetch(uri)
          .then(drain)
          .then(
            (bytes) => (window.ended = bytes),
            (error) => (window.ended = `${error}`),
          );
      },
      uri,
    ),
  );
  clearInterval(watch);
  if (bytes !== mib * MIB) throw new Error(`${bytes} came`);
} finally {
  await stage.close();
  process.exit();
}
