/** Peers that see each other only over the server's own TURN. */
import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { linkAll, scene, TabPeer } from '../lib/scene.mjs';

/** Firefox uses no loopback address for TURN. */
const host =
  Object.values(networkInterfaces())
    .flat()
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';

const parameters = ['--turn', `${host}:0`];

/** A tab that goes over relays only, and keeps its connections for the test to look at. */
async function relayed(stage, browser) {
  const peer = new TabPeer();
  peer.tab = await stage.tab(browser, 'node.html');
  peer.id = await peer.tab.run(() => {
    window.connections = [];
    window.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(...all) {
        super(...all);
        connections.push(this);
      }
    };
    return start({ identity: 'ephemeral', iceTransportPolicy: 'relay' });
  });
  peer.name = `${browser} ${peer.id.slice(0, 8)}`;
  return peer;
}

/** The types of the candidates that carry, own and other, of each connection that is connected. */
const carrying = ({ tab }) =>
  tab.run(async () => {
    const types = [];
    for (const connection of connections.filter(({ connectionState }) => connectionState === 'connected')) {
      const stats = await connection.getStats();
      for (const pair of stats.values()) {
        if (pair.type !== 'candidate-pair' || pair.state !== 'succeeded' || !pair.nominated) continue;
        types.push(stats.get(pair.localCandidateId).candidateType);
        types.push(stats.get(pair.remoteCandidateId).candidateType);
      }
    }
    return types;
  });

const pairs = [
  ['chromium', 'firefox'],
  ['firefox', 'chromium'],
];

for (const [first, second] of pairs) {
  scene(
    `${second} reaches ${first} over the server's relays, and back`,
    async (stage) => {
      const there = await relayed(stage, first);
      const here = await relayed(stage, second);
      await linkAll([there, here]);
      await here.send(there.id, 'there', 'by relay');
      assert.equal((await there.message('there')).payload, 'by relay');
      await there.send(here.id, 'back', 'as well');
      assert.equal((await here.message('back')).payload, 'as well');
      for (const peer of [there, here]) {
        const types = await carrying(peer);
        assert.ok(types.length > 0, `${peer.name} knows what carries`);
        // The other side's relay may have been seen by a check before it was told.
        assert.ok(types[0] === 'relay' && ['relay', 'prflx'].includes(types[1]), `${peer.name}: ${types}`);
      }
    },
    { parameters },
  );
}

scene(
  'a native peer and a tab reach each other over the relays',
  async (stage) => {
    const native = await stage.peer('native', ['--relay-only']);
    const tab = await relayed(stage, 'chromium');
    await linkAll([native, tab]);
    await native.send(tab.id, 'there', 'by relay');
    assert.equal((await tab.message('there')).payload, 'by relay');
    await tab.send(native.id, 'back', 'as well');
    assert.equal((await native.message('back')).payload, 'as well');
  },
  { parameters },
);
