/** Who vanishes is noticed; who is only still for a while is kept. */
import assert from 'node:assert/strict';
import { linkAll, scene, TabPeer } from '../lib/scene.mjs';
import { pause, until } from '../lib/wait.mjs';

/** A peer that vanished is gone from every list after this time, in ms. */
const GONE_AFTER = 30_000;
const STILL_FOR = 10_000;

const join = async (stage) => {
  const native = await stage.peers(2);
  const tabs = [];
  for (const browser of ['chromium', 'firefox']) tabs.push(await TabPeer.start(stage, browser, { identity: 'ephemeral' }));
  await linkAll([...native, ...tabs]);
  for (const { tab } of tabs) {
    await tab.run(() => {
      window.lost = [];
      node.addEventListener('peerdisconnect', ({ peer, reason }) => lost.push({ peer, reason }));
    });
  }
  return { native, tabs };
};

scene('a native peer that is killed is gone from the lists of both browsers within 30 s', async (stage, context) => {
  const { native, tabs } = await join(stage);
  const [victim, witness] = native;
  await victim.kill();
  const killed = performance.now();
  for (const peer of [...tabs, witness]) {
    const isGone = async () => !(await peer.peers()).includes(victim.id);
    await until(`${peer.name} has noticed`, isGone, GONE_AFTER - (performance.now() - killed));
    context.diagnostic(`${peer.name} noticed after ${((performance.now() - killed) / 1000).toFixed(1)} s`);
  }
});

scene('a native peer that stands still for 10 s keeps its links', async (stage) => {
  const { native, tabs } = await join(stage);
  const [still] = native;
  still.signal('SIGSTOP');
  await pause(STILL_FOR);
  still.signal('SIGCONT');
  for (const peer of tabs) {
    assert.ok((await peer.ping(still.id)) >= 0);
    assert.ok((await still.ping(peer.id)) >= 0);
    assert.deepEqual(await peer.tab.run(() => lost), [], `${peer.name} lost a link`);
  }
  const lost = still.events.filter(({ event }) => event === 'disconnected');
  assert.deepEqual(lost, []);
});
