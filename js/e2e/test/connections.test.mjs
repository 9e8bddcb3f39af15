/** Closed links are really released: Chromium has 500 RTCPeerConnections for a tab's lifetime. */
import assert from 'node:assert/strict';
import { scene, TabPeer } from '../lib/scene.mjs';

const LINKS = 600;
const PEERS = 6;

scene(
  `${LINKS} links open and close in one Chromium tab`,
  async (stage, context) => {
    const native = await stage.peers(PEERS);
    const { tab } = await TabPeer.start(stage, 'chromium', { identity: 'ephemeral' });
    await tab.run(() => node.close());
    const started = performance.now();
    for (let links = 0; links < LINKS; links += PEERS) {
      const opened = await tab.run(async (count) => {
        const peer = await boplish.connect({ identity: 'ephemeral' });
        const giveUp = performance.now() + 60_000;
        while (peer.peers.length < count && performance.now() < giveUp) {
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        const found = peer.peers.length;
        await peer.close();
        return found;
      }, PEERS);
      assert.equal(opened, PEERS, `${opened} of ${PEERS} links after ${links} links before`);
    }
    const seconds = (performance.now() - started) / 1000;
    context.diagnostic(`${LINKS} links in ${seconds.toFixed(1)} s`);

    // The tab is as good as new.
    const id = await tab.run(() => start({ identity: 'ephemeral' }));
    for (const peer of native) assert.ok((await peer.ping(id)) > 0);
    assert.deepEqual(tab.errors, []);
  },
  { timeout: 600_000 },
);
