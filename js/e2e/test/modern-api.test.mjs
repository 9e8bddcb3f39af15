/** `connect()` and what it gives, against native peers, in both browsers. */
import assert from 'node:assert/strict';
import { linkAll, scene, TabPeer } from '../lib/scene.mjs';
import { until } from '../lib/wait.mjs';

const start = (stage, browser) => TabPeer.start(stage, browser, { identity: 'ephemeral' });

/** The code of the error that something in the page ends with. */
const codeOf = (tab, fn, argument) =>
  tab.page.evaluate(
    async ({ source, given }) => {
      try {
        await (0, eval)(`(${source})`)(given);
        return 'none';
      } catch (error) {
        return `${error.name}: ${error.code}`;
      }
    },
    { source: fn.toString(), given: argument },
  );

for (const browser of ['chromium', 'firefox']) {
  scene(`states come and go as events in ${browser}`, async (stage) => {
    const peer = await start(stage, browser);
    const { tab } = peer;
    assert.equal(await tab.run(() => node.state), 'alone', 'connect() resolves when nobody else is there');
    assert.equal(await tab.run(() => node.server), 'open');
    await tab.run(() => {
      window.states = [];
      node.addEventListener('state', ({ state }) => states.push(state));
      node.addEventListener('server', ({ server }) => states.push(`server ${server}`));
    });
    const native = await stage.peer();
    await linkAll([peer, native]);
    await tab.until('it is online', () => states.includes('online'));
    await native.ask({ cmd: 'quit' });
    await tab.until('it has lost its only peer', () => node.peers.length === 0 && node.state !== 'online');
    await stage.server.kill();
    await tab.until('it is offline', () => node.state === 'offline');
    assert.ok((await tab.run(() => states)).includes('server closed'));
    await tab.run(() => node.close());
    assert.equal(await codeOf(tab, () => node.ping('ab'.repeat(20))), 'BoplishError: closed');
    assert.deepEqual(tab.errors.filter((error) => error.startsWith('uncaught')), []);
  });

  scene(`messages, requests, groups and the monitor work between ${browser} and a native peer`, async (stage) => {
    const native = await stage.peer();
    const peer = await start(stage, browser);
    const { tab } = peer;
    await linkAll([peer, native]);

    await native.send(peer.id, 'json', { deep: [1, 2.5, null, 'ü', { a: true }] });
    assert.deepEqual((await peer.message('json')).payload, { deep: [1, 2.5, null, 'ü', { a: true }] });
    await tab.run((to) => node.protocol('bytes').send(to, Uint8Array.of(0, 255, 7)), native.id);
    assert.equal((await native.message('bytes')).bytes, 'AP8H');
    const long = 'x'.repeat(40_000);
    await peer.send(native.id, 'long', long);
    assert.equal((await native.message('long')).payload, long);

    const asking = tab.run((to) => node.protocol('sum').request(to, [1, 2]), native.id);
    const { request, payload } = await native.message('sum');
    assert.deepEqual(payload, [1, 2]);
    await native.ask({ cmd: 'reply', to: peer.id, request, payload: 3 });
    assert.equal(await asking, 3);
    await tab.run(() => node.protocol('double').addEventListener('request', (event) => event.respond(2 * event.payload)));
    const reply = await native.ask({ cmd: 'request', to: peer.id, protocol: 'double', payload: 21 });
    assert.equal(reply.payload, 42);

    await tab.run(() => {
      window.said = [];
      node.group.addEventListener('message', ({ from, payload }) => said.push({ from, payload }));
    });
    await tab.run((to) => node.group.register(to), native.id);
    await native.event('the group', ({ event, members }) => event === 'group' && members.includes(peer.id));
    await native.ask({ cmd: 'group-send', payload: { text: 'to all' } });
    await tab.until('the word to the group', () => said.length > 0);
    assert.deepEqual(await tab.run(() => said), [{ from: native.id, payload: { text: 'to all' } }]);
    await tab.run(() => node.group.send('from the tab'));
    await native.event('the answer', ({ event, payload }) => event === 'group-message' && payload === 'from the tab');

    await tab.run(() => {
      window.monitored = [];
      node.addEventListener('monitor', ({ direction, message }) => monitored.push({ direction, ...message }));
    });
    await native.ping(peer.id);
    await tab.until('the ping and its pong', () =>
      ['incoming', 'outgoing'].every((way) => monitored.some(({ direction, type }) => direction === way && type === 'ping-protocol')),
    );
    const topology = await tab.run(async (of) => [...(await node.topology(of))], native.id);
    assert.deepEqual(topology, [[native.id, [peer.id]]]);
    assert.deepEqual(tab.errors, []);
  });

  scene(`what can't be done has a code in ${browser}`, async (stage) => {
    const native = await stage.peer();
    const peer = await start(stage, browser);
    const { tab } = peer;
    await linkAll([peer, native]);
    const codes = {
      'BoplishError: bad-peer-id': () => node.ping('abc'),
      'BoplishError: bad-protocol': () => node.protocol(''),
      'BoplishError: bad-payload': () => node.protocol('a').send(node.peers[0], undefined),
      'BoplishError: too-large': () => node.protocol('a').send(node.peers[0], 'x'.repeat(60_000)),
      'BoplishError: to-self': () => node.protocol('a').send(node.id, 1),
      'BoplishError: unreachable': () => node.protocol('a').send('ab'.repeat(20), 1),
      'BoplishError: no-reply': () => node.protocol('a').request(node.peers[0], 1, { timeout: 500 }),
      'BoplishError: aborted': () => node.protocol('a').request(node.peers[0], 1, { signal: AbortSignal.timeout(200) }),
      'BoplishError: bad-option': () => boplish.connect({ identity: new Uint8Array(3) }),
    };
    for (const [code, attempt] of Object.entries(codes)) {
      assert.equal(await codeOf(tab, attempt), code, attempt.toString());
    }
    await stage.server.kill();
    const nobody = stage.server.host;
    const connect = (bootstrap) => boplish.connect({ bootstrap, identity: 'ephemeral', timeout: 3_000 });
    assert.equal(await codeOf(tab, connect, nobody), 'BoplishError: unreachable');
    const abort = (bootstrap) => boplish.connect({ bootstrap, identity: 'ephemeral', signal: AbortSignal.timeout(100) });
    assert.equal(await codeOf(tab, abort, nobody), 'BoplishError: aborted');
  });

  scene(`a reload comes back as the same peer, and a closed tab is gone at once in ${browser}`, async (stage) => {
    const native = await stage.peers(2);
    const peer = new TabPeer();
    peer.tab = await stage.tab(browser, 'node.html');
    peer.name = browser;
    peer.id = await peer.tab.run(() => start());
    await linkAll([...native, peer]);
    for (let reload = 0; reload < 3; reload += 1) {
      await peer.tab.reload();
      assert.equal(await peer.tab.run(() => start()), peer.id);
      await linkAll([...native, peer]);
      for (const each of native) assert.ok((await each.ping(peer.id)) > 0);
    }
    await peer.tab.close();
    for (const each of native) {
      await until(`${each.name} knows`, async () => !(await each.peers()).includes(peer.id), 5_000);
    }
  });
}
