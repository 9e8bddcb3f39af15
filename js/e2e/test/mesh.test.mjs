/** Two Chromium tabs, a Firefox tab and three native peers are one network, server or not. */
import assert from 'node:assert/strict';
import { linkAll, pingAll, scene, TabPeer } from '../lib/scene.mjs';
import { median, until } from '../lib/wait.mjs';

scene('six peers of three kinds form a mesh that outlives its server', async (stage, context) => {
  const native = await stage.peers(3);
  const tabs = await Promise.all(
    ['chromium', 'chromium', 'firefox'].map((browser) => TabPeer.start(stage, browser, { identity: 'ephemeral' })),
  );
  const all = [...tabs, ...native];
  await linkAll(all);
  const trips = await pingAll(all);
  assert.equal(trips.size, 30);
  context.diagnostic(`30 pairs ping, median ${median(trips.values()).toFixed(1)} ms`);

  const { port } = stage.server;
  await stage.server.kill();
  for (const peer of all) {
    await until(`${peer.name} notices that the server is gone`, async () => !(await peer.isServerOpen()));
  }
  const without = await pingAll(all);
  assert.equal(without.size, 30);
  context.diagnostic(`30 pairs ping without the server, median ${median(without.values()).toFixed(1)} ms`);

  const [chromium, otherChromium, firefox] = tabs;
  const ways = [
    [chromium, firefox],
    [firefox, native[0]],
    [native[0], otherChromium],
    [otherChromium, chromium],
    [native[1], native[2]],
  ];
  for (const [index, [from, to]] of ways.entries()) {
    const payload = { text: 'no server in sight', index };
    await from.send(to.id, `crossing-${index}`, payload);
    const message = await to.message(`crossing-${index}`);
    assert.equal(message.from, from.id);
    assert.deepEqual(message.payload, payload);
  }

  await stage.startServer({ port });
  const newcomer = await TabPeer.start(stage, 'chromium', { identity: 'ephemeral', timeout: 90_000 });
  await linkAll([...all, newcomer], 120_000);
  const later = await pingAll([...all, newcomer]);
  assert.equal(later.size, 42);
});
