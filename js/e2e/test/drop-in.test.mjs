/** The drop-in script, and code written to the report (sections 4.1.1, 4.1.2). */
import assert from 'node:assert/strict';
import { scene } from '../lib/scene.mjs';
import { pause, until } from '../lib/wait.mjs';

const ID = /^[0-9a-f]{40}$/;

scene("the report's ping example works with one script tag, in and between both browsers", async (stage) => {
  const native = await stage.peer();
  const tabs = [await stage.tab('chromium', 'drop-in.html'), await stage.tab('firefox', 'drop-in.html')];
  const ids = await Promise.all(tabs.map((tab) => tab.run(() => document.getElementById('id').textContent)));
  for (const [index, tab] of tabs.entries()) {
    assert.match(ids[index], ID);
    await tab.until('it is connected', () => document.getElementById('state').textContent === 'connected');
    for (const other of [native.id, ids[1 - index]]) {
      await tab.until(
        `a pong from ${other}`,
        (id) => document.getElementById('log').textContent.includes(`pong from ${id} after`),
        other,
      );
    }
    assert.deepEqual(tab.errors, []);
  }
});

for (const browser of ['chromium', 'firefox']) {
  scene(`code of the report runs unchanged in ${browser}`, async (stage) => {
    const native = await stage.peer();
    const { host } = stage.server;
    for (const hostname of [undefined, host, `ws://${host}`, `ws://${host}/`]) {
      const tab = await stage.tab(browser, 'report.html');
      const id = await tab.run((given) => run(given), hostname);
      assert.match(id, ID, 'the id is there right after construction');
      await tab.until(`success with ${hostname}`, () => seen.success > 0);
      const peers = await tab.run(() => seen.peersAtSuccess);
      assert.ok(peers.includes(native.id), 'at least one peer is connected at success');

      await tab.run((to) => bopclient.send(to, 'ping-protocol', { type: 'ping' }), native.id);
      await tab.until('a pong', () => seen.pongs > 0);
      await native.ping(id);
      await tab.until('the ping of the native peer', () => seen.pings > 0);

      const monitored = await tab.run(() => seen.monitored);
      for (const message of monitored) {
        assert.deepEqual(Object.keys(message).sort(), ['from', 'payload', 'to', 'type']);
      }
      const isOurs = ({ type, from, to, payload }) =>
        type === 'ping-protocol' && from === id && to === native.id && payload.type === 'ping';
      assert.ok(monitored.some(isOurs), 'the monitor shows the outgoing ping');
      const isTheirs = ({ type, from, to, payload }) =>
        type === 'ping-protocol' && from === native.id && to === id && payload.type === 'pong';
      assert.ok(monitored.some(isTheirs), 'the monitor shows the incoming pong');

      assert.equal(await tab.run(() => bopclient.id), id);
      assert.deepEqual(await tab.run(() => seen.errors), []);
      assert.equal(await tab.run(() => seen.success), 1);
      assert.deepEqual(tab.errors, []);
      await tab.close();
    }
  });

  scene(`the first peer of a network succeeds when the next one comes, once, in ${browser}`, async (stage) => {
    const tab = await stage.tab(browser, 'report.html');
    await tab.run(() => void run());
    // Nobody is there: whatever time passes, success would be wrong.
    await pause(1_000);
    assert.equal(await tab.run(() => seen.success), 0);
    const first = await stage.peer('first');
    await tab.until('success', () => seen.success === 1);
    assert.deepEqual(await tab.run(() => bopclient.getConnectedPeers()), [first.id]);
    const second = await stage.peer('second');
    await tab.until('both peers', () => bopclient.getConnectedPeers().length === 2);
    assert.ok((await tab.run(() => bopclient.getConnectedPeers())).includes(second.id));
    assert.equal(await tab.run(() => seen.success), 1);
  });

  scene(`a server that is not there is an error, once, in ${browser}`, async (stage) => {
    const tab = await stage.tab(browser, 'report.html');
    const { host } = stage.server;
    await stage.server.kill();
    for (const hostname of [host, `wss://${host}`]) {
      await tab.run((given) => {
        seen.errors = [];
        run(given);
      }, hostname);
      await tab.until(`an error with ${hostname}`, () => seen.errors.length > 0);
      assert.equal((await tab.run(() => seen.errors)).length, 1);
    }
    assert.equal(await tab.run(() => seen.success), 0);
  });
}

scene("the report's API of both browsers and a native peer link all three", async (stage) => {
  const native = await stage.peer();
  const tabs = [await stage.tab('chromium', 'report.html'), await stage.tab('firefox', 'report.html')];
  const ids = [];
  for (const tab of tabs) ids.push(await tab.run(() => run()));
  const all = [native.id, ...ids];
  for (const [index, tab] of tabs.entries()) {
    const others = all.filter((id) => id !== ids[index]).sort();
    await tab.until(
      'both others',
      (wanted) => JSON.stringify(bopclient.getConnectedPeers().sort()) === JSON.stringify(wanted),
      others,
    );
  }
  await until('the native peer has both', async () => (await native.peers()).length === 2);
});
