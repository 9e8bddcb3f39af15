// What pages are given of groups, on a core that says what the test wants.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freshRunner } from './built.mjs';

globalThis.RTCPeerConnection ??= class {};
globalThis.WebSocket ??= class {};

const OWN = 'f00d';
const TOKEN = 7n;

/** As many as wait for a loop. */
const MOST = 10_000;

/** The groups of a core that is made of these functions; it lets join at once unless told otherwise. */
async function running(methods = {}) {
  const { Runner } = await freshRunner();
  const calls = [];
  let host;
  class Peer {
    constructor(given) {
      host = given;
    }
    id() {
      return OWN;
    }
    joinGroup(name, password) {
      const key = password === undefined ? name : `${name}/${password}`;
      host.groupJoined(key);
      return key;
    }
    publishToGroup(...all) {
      calls.push(['publish', ...all]);
    }
    leaveGroup(key) {
      calls.push(['leave', key]);
    }
    enableContent() {}
    holdCopies() {}
    close() {}
  }
  Object.assign(Peer.prototype, methods);
  const runner = new Runner(Peer, { url: 'ws://x', secret: new Uint8Array(32) }, {});
  const join = (name, options = {}) => runner.groups.join(name, options);
  return { runner, host, calls, join };
}

/** The key of a group that nobody has a place for yet. */
const withoutPlace = { joinGroup: (name) => name };

/** What listeners of a group hear. */
function listen(group, type = 'message') {
  const heard = [];
  group.addEventListener(type, (event) => heard.push(event));
  return heard;
}

/** All that is told is told after this: it comes in a task of its own, as this does. */
const turn = () =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });

const post = (host, payload, key = 'room') => host.groupPost(key, 'beef', JSON.stringify(payload), false);

test('what comes before join() has returned reaches listeners and loops that begin right after it', async () => {
  const { join, host } = await running({
    joinGroup(name) {
      host.groupJoined(name);
      host.groupPost(name, 'cafe', '"old"', true);
      host.groupSize(name, 2, [OWN, 'cafe']);
      host.groupDirect(name, 'cafe', Uint8Array.of(1));
      return name;
    },
  });
  const group = await join('room');
  assert.deepEqual([group.name, group.size, [...group.members]], ['room', 2, ['cafe']], 'known at once, without the own id');
  const heard = [listen(group), listen(group, 'direct'), listen(group, 'members')];
  const loop = group[Symbol.asyncIterator]();
  const first = loop.next();
  post(host, { text: 'new' });
  await turn();
  const [messages, directs, members] = heard;
  assert.deepEqual(
    messages.map(({ from, payload, isHistory }) => [from, payload, isHistory]),
    [['cafe', 'old', true], ['beef', { text: 'new' }, false]],
    'in the order in which they came',
  );
  assert.deepEqual(directs.map(({ from, payload }) => [from, payload]), [['cafe', Uint8Array.of(1)]]);
  assert.deepEqual(members.map(({ members, size }) => [members, size]), [[['cafe'], 2]]);
  assert.deepEqual((await first).value, { from: 'cafe', payload: 'old', isHistory: true });
  assert.equal((await loop.next()).value.payload.text, 'new', 'what is said to this peer alone is not in the loop');
});

test('the same name and password give the same object, until it is left', async () => {
  const { join, calls } = await running();
  const [group, again, secret] = [await join('room'), await join('room'), await join('room', { password: 'p' })];
  assert.equal(group, again);
  assert.notEqual(group, secret);
  group.leave();
  group.leave();
  assert.deepEqual(calls, [['leave', 'room']], 'leaving twice is leaving once');
  const next = await join('room');
  assert.notEqual(next, group);
  assert.throws(() => group.publish(1), { code: 'not-joined' }, 'the old object speaks for nobody, though the peer is in again');
  await assert.rejects(group.send('beef', 1), { code: 'not-joined' });
  group.leave();
  next.publish(1);
  assert.deepEqual(calls.slice(1), [['publish', 'room', '1']]);
});

test('who has left hears no more, not even what had come before', async () => {
  const { join, host } = await running();
  const group = await join('room');
  const heard = listen(group);
  post(host, 'early');
  await Promise.resolve();
  group.leave();
  post(host, 'late');
  await turn();
  assert.deepEqual(heard, []);

  const next = await join('room');
  const once = listen(next);
  next.addEventListener('message', () => next.leave());
  post(host, 1);
  post(host, 2);
  await turn();
  assert.deepEqual(once.map(({ payload }) => payload), [1], 'leaving at the first message');
});

test('each loop sees all messages; it ends with the group, after what has come', async () => {
  const { join, host } = await running();
  const group = await join('room');
  const loop = async (limit = Infinity) => {
    const seen = [];
    for await (const { payload } of group) if (seen.push(payload) === limit) break;
    return seen;
  };
  const [all, two] = [loop(), loop(2)];
  await turn();
  for (const payload of [1, 2, 3]) post(host, payload);
  assert.deepEqual(await two, [1, 2]);
  post(host, 4);
  await Promise.resolve();
  group.leave();
  assert.deepEqual(await all, [1, 2, 3, 4]);
  assert.deepEqual(await loop(), [], 'a loop over a group that was left ends at once');
});

test('a loop that is slow loses the oldest messages, and keeps a bounded number', async () => {
  const { join, host } = await running();
  const group = await join('room');
  await turn();
  const loop = group[Symbol.asyncIterator]();
  const first = loop.next();
  post(host, 'first');
  assert.equal((await first).value.payload, 'first');
  for (let index = 0; index < MOST + 5; index += 1) post(host, index);
  await turn();
  group.leave();
  const seen = [];
  for await (const { payload } of loop) seen.push(payload);
  assert.deepEqual([seen.length, seen[0], seen.at(-1)], [MOST, 5, MOST + 4]);
});

test('what is given up is left, unless somebody else waits for it', async () => {
  const { join, host, calls } = await running(withoutPlace);
  await assert.rejects(join('room', { signal: AbortSignal.abort() }), { code: 'aborted' });
  await assert.rejects(join('room', { history: 1.5 }), { code: 'bad-option' });
  await assert.rejects(join('room', { history: -1 }), { code: 'bad-option' });
  assert.deepEqual(calls, [], 'none of these came as far as the core');

  const [one, other] = [new AbortController(), new AbortController()];
  const joins = [join('room', { signal: one.signal }), join('room', { signal: other.signal })];
  one.abort(new Error('enough'));
  await assert.rejects(joins[0], ({ code, cause }) => code === 'aborted' && cause.message === 'enough');
  assert.deepEqual(calls, [], 'the other one waits still');
  other.abort();
  await assert.rejects(joins[1], { code: 'aborted' });
  assert.deepEqual(calls, [['leave', 'room']]);

  const third = new AbortController();
  const joining = join('room', { signal: third.signal });
  host.groupJoined('room');
  const group = await joining;
  third.abort();
  group.publish(1);
  assert.equal(calls.at(-1)[0], 'publish', 'a signal ends the waiting, not the membership');
});

test('a place that is not found in time is no longer looked for', async (context) => {
  const { join, calls } = await running(withoutPlace);
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const joining = join('room');
  context.mock.timers.tick(29_999);
  assert.deepEqual(calls, []);
  context.mock.timers.tick(1);
  await assert.rejects(joining, { name: 'BoplishError', code: 'timed-out', message: /'room'/ });
  assert.deepEqual(calls, [['leave', 'room']]);
});

test('closing the node ends loops and pending joins, and the groups are closed', async () => {
  const { join, host, runner, calls } = await running({
    joinGroup(name) {
      if (name === 'room') host.groupJoined(name);
      return name;
    },
  });
  const group = await join('room');
  await turn();
  const seen = [];
  const loop = (async () => {
    for await (const { payload } of group) seen.push(payload);
  })();
  const joining = join('elsewhere');
  post(host, 'last');
  runner.close();
  await assert.rejects(joining, { name: 'BoplishError', code: 'closed' });
  await loop;
  assert.deepEqual(seen, ['last']);
  assert.throws(() => group.publish(1), { code: 'closed' });
  await assert.rejects(group.send('beef', 1), { code: 'closed' });
  await assert.rejects(join('room'), { code: 'closed' });
  group.leave();
  assert.deepEqual(calls, [], 'the core of a closed node is asked for nothing');
});

test('a join under which the core dies says so', async () => {
  const { join, runner } = await running({
    ...withoutPlace,
    ping() {
      throw new WebAssembly.RuntimeError('unreachable');
    },
  });
  const joining = join('room');
  const rejected = assert.rejects(joining, { code: 'internal' });
  assert.throws(() => runner.call((peer) => peer.ping()), { code: 'internal' });
  await rejected;
});

test('a word to one member is settled by the core; what is no JSON is refused', async () => {
  const sent = [];
  let end;
  const { join, host } = await running({
    sendToMember(...all) {
      sent.push(all);
      queueMicrotask(() => end());
      return TOKEN;
    },
  });
  const group = await join('room');
  end = () => host.delivered(TOKEN);
  await group.send('beef', { text: 'ä' });
  assert.deepEqual(sent, [['room', 'beef', '{"text":"ä"}']]);
  end = () => host.undelivered(TOKEN, 'unreachable: no way is known');
  await assert.rejects(group.send('beef', 1), { code: 'unreachable' });
  await assert.rejects(group.send('beef', 1, { signal: AbortSignal.abort() }), { code: 'aborted' });
  await assert.rejects(group.send('beef', undefined), { code: 'bad-payload' });
  assert.throws(() => group.publish(() => {}), { code: 'bad-payload' });
});

test('what is said in groups that this peer has not joined is ignored', async () => {
  const { join, host } = await running();
  const group = await join('room');
  const heard = listen(group);
  post(host, 1);
  post(host, 2, 'elsewhere');
  post(host, 3);
  await turn();
  assert.deepEqual(heard.map(({ payload }) => payload), [1, 3]);
});
