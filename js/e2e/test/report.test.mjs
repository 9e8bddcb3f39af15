/** The report's protocols and applications (sections 4.1.2 and 5.2) on its API, between browsers and native peers. */
import assert from 'node:assert/strict';
import { scene } from '../lib/scene.mjs';
import { until } from '../lib/wait.mjs';

/** A tab with the applications, connected to all of these peers. */
async function apps(stage, browser, others) {
  const tab = await stage.tab(browser, 'report-apps.html');
  const id = await tab.run(() => bopclient.id);
  assert.match(id, /^[0-9a-f]{40}$/, 'the id is there at once');
  await tab.until('success', () => state === 'connected');
  await tab.until(
    'all others',
    (wanted) => wanted.every((peer) => bopclient.getConnectedPeers().includes(peer)),
    others.map((peer) => peer.id),
  );
  return { tab, id };
}

for (const [browser, other] of [
  ['chromium', 'firefox'],
  ['firefox', 'chromium'],
]) {
  scene(`the report's ping goes from ${browser} to ${other} and a native peer, and back`, async (stage) => {
    const native = await stage.peer();
    const one = await apps(stage, browser, [native]);
    const two = await apps(stage, other, [native, one]);
    for (const { id } of [native, two]) {
      await one.tab.run((to) => ping.ping(to), id);
      const trip = await one.tab.until('the round trip', (from) => ping.roundTrips[from], id);
      assert.ok(trip > 0 && trip < 60_000, `${trip} ms`);
    }
    await two.tab.until('the ping came', () => ping.answered === 1);
    assert.ok((await native.ping(one.id)) >= 0);
    await one.tab.until('the ping of the native peer', () => ping.answered === 1);
    assert.deepEqual([...one.tab.errors, ...two.tab.errors], []);
  });

  scene(`the report's router hands over what is for ${browser}, as it was said`, async (stage) => {
    const native = await stage.peer();
    const { tab, id } = await apps(stage, browser, [native]);
    await tab.run(() => {
      window.got = [];
      bopclient.setOnMessageHandler('said', (payload, from) => got.push({ payload, from }));
    });
    // The routing-layer message of section 4.1.4, and what else JSON can say.
    const payloads = [{ date: 'Mon Nov 11 2013 17:44:05 GMT+0100 (CET)', type: 'pong' }, 'Grüße', 42, [1, [], {}], false, null];
    for (const payload of payloads) await native.send(id, 'said', payload);
    await tab.until('all of them', (count) => got.length === count, payloads.length);
    assert.deepEqual(await tab.run(() => got), payloads.map((payload) => ({ payload, from: native.id })));

    // "The registered callback (if any)": none is no fault.
    await native.send(id, 'nobody takes it', {});
    // What is for this peer itself takes the same way.
    await tab.run(() => bopclient.send(bopclient.id, 'said', { to: 'myself' }));
    await tab.until('the message to itself', (own) => got.some(({ from }) => from === own), id);
    const [newest] = await tab.run(() => inspector.messages.filter(({ message }) => message.type === 'said'));
    assert.deepEqual(newest.message, { type: 'said', from: id, to: id, payload: { to: 'myself' } });

    await tab.run((to) => bopclient.send(to, 'said', { date: 'now', type: 'ping' }), native.id);
    const sent = await native.message('said');
    assert.deepEqual([sent.from, sent.payload], [id, { date: 'now', type: 'ping' }]);
    assert.deepEqual(tab.errors, []);
  });

  scene(`the report's topology viewer in ${browser} sees the links of ${other} and of native peers`, async (stage) => {
    const native = await stage.peers(2);
    const two = await apps(stage, other, native);
    const one = await apps(stage, browser, [...native, two]);
    const ids = [one.id, two.id, ...native.map(({ id }) => id)].sort();
    const linksOf = (id) => ids.filter((each) => each !== id);

    await one.tab.run(() => topology.sendRequest());
    const graph = await one.tab.until(
      'an answer of each',
      (wanted) => wanted.every((id) => topology.links[id]) && topology.links,
      ids,
    );
    for (const id of ids) assert.deepEqual([...graph[id]].sort(), linksOf(id));
    await two.tab.until('it was asked', () => topology.asked > 0);

    // What the page answers is what a native peer hears.
    await native[0].ask({ cmd: 'topology', of: one.id });
    const answer = await native[0].event('its answer', ({ event, from }) => event === 'topology' && from === one.id);
    assert.deepEqual([...answer.peers].sort(), linksOf(one.id));

    // Reset forgets; an interval finds whoever joins; without it, nothing is asked.
    await one.tab.run(() => topology.reset());
    assert.deepEqual(await one.tab.run(() => topology.links), {});
    await one.tab.run(() => topology.startInterval());
    const late = await stage.peer('late');
    await one.tab.until('the latecomer', (id) => topology.links[id]?.length >= 4, late.id);
    await one.tab.run(() => topology.stopInterval());

    // Traversed from one peer only, it reaches all.
    await one.tab.run((from) => {
      topology.reset();
      topology.deep = true;
      topology.request(from);
    }, two.id);
    await one.tab.until('all others', (count) => Object.keys(topology.links).length === count, 4);
    assert.deepEqual([...one.tab.errors, ...two.tab.errors], []);
  });

  scene(`the report's group, game and chat join ${browser}, ${other} and native peers`, async (stage) => {
    const [alice] = await stage.peers(1);
    const bob = await apps(stage, browser, [alice]);
    const carol = await apps(stage, other, [alice, bob]);

    // Figure 4.2: Bob registers with Alice, then Carol with Bob.
    await bob.tab.run((to) => bopcast.register(to), alice.id);
    await bob.tab.until('Alice', (id) => bopcast.receivers.includes(id), alice.id);
    await alice.event('Bob', ({ event, members }) => event === 'group' && members.includes(bob.id));
    await carol.tab.run((to) => bopcast.register(to), bob.id);
    await carol.tab.until('Alice and Bob', (ids) => ids.every((id) => bopcast.receivers.includes(id)), [alice.id, bob.id]);
    await bob.tab.until('Carol', (id) => bopcast.receivers.includes(id), carol.id);
    await alice.event('Carol', ({ event, members }) => event === 'group' && members.includes(carol.id));
    const steps = await bob.tab.run(() =>
      inspector.messages
        .filter(({ message }) => message.type === 'bopcast-protocol')
        .map(({ direction, message }) => [direction, message.payload.type, message.from, message.to])
        .reverse(),
    );
    assert.deepEqual(steps, [
      ['outgoing', 'register-request', bob.id, alice.id],
      ['incoming', 'register-response', alice.id, bob.id],
      ['incoming', 'register-request', carol.id, bob.id],
      ['outgoing', 'register-response', bob.id, carol.id],
      ['outgoing', 'register-propagate', bob.id, alice.id],
    ]);

    // The page itself is whom a native peer registers with, too.
    const dave = await stage.peer('dave');
    await until('Dave knows Carol', async () => (await dave.peers()).includes(carol.id));
    await dave.ask({ cmd: 'group-join', to: carol.id });
    for (const peer of [alice, dave]) {
      await peer.event('all others', ({ event, members }) => event === 'group' && members.length === 3);
    }
    for (const { tab } of [bob, carol]) await tab.until('all others', () => bopcast.receivers.length === 3);

    // The game: whoever moves, everybody sees it.
    await bob.tab.run(() => game.move(2, 1));
    await carol.tab.until('the circle moved', () => game.position.x === 2 && game.position.y === 1);
    for (const peer of [alice, dave]) {
      const moved = await peer.event('the move', ({ event, from }) => event === 'group-message' && from === bob.id);
      assert.deepEqual(moved.payload, { app: 'game', position: { x: 2, y: 1 } });
    }
    await carol.tab.run(() => game.move(-1, 3));
    await bob.tab.until('the circle moved on', () => game.position.x === 1 && game.position.y === 4);
    await alice.ask({ cmd: 'group-send', payload: { app: 'game', position: { x: 9, y: 9 } } });
    for (const { tab } of [bob, carol]) await tab.until("a native peer's move", () => game.position.x === 9);

    // The chat: a name is the id, until another is chosen.
    await bob.tab.run(() => chat.say('hello'));
    await carol.tab.until('the line', (id) => chat.lines.includes(`${id}: hello`), bob.id);
    await bob.tab.run(() => {
      chat.username = 'Bob <b>';
      chat.say('it is me');
    });
    await carol.tab.until('the name', () => chat.lines.includes('Bob <b>: it is me'));
    const said = await dave.event('the line', ({ event, payload }) => event === 'group-message' && payload.text === 'it is me');
    assert.deepEqual(said.payload, { app: 'chat', username: 'Bob <b>', text: 'it is me' });
    await dave.ask({ cmd: 'group-send', payload: { app: 'chat', username: 'dave', text: 'from a terminal' } });
    for (const { tab } of [bob, carol]) await tab.until('his line', () => chat.lines.includes('dave: from a terminal'));
    assert.deepEqual([...bob.tab.errors, ...carol.tab.errors], []);
  });
}
