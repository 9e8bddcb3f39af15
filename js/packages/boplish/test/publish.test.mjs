// What is kept when publishing ends in one way or another, with a core that is made of functions.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freshRunner } from './built.mjs';

globalThis.RTCPeerConnection ??= class {};
globalThis.WebSocket ??= class {};
globalThis.navigator ??= {};

const ROOT = 'root.9';

/** A promise, and what settles it. */
function open() {
  const all = {};
  all.promise = new Promise((resolve, reject) => Object.assign(all, { resolve, reject }));
  return all;
}

const later = () => new Promise((resolve) => setTimeout(resolve, 5));

/** A node without a network; the content of a file is named by its first byte. */
async function running(t, methods, isKept = false) {
  const { Runner, publish, unpublish } = await freshRunner();
  let host;
  class Peer {
    constructor(given) {
      host = given;
    }
    id() {
      return 'f00d';
    }
    enableContent() {}
    holdCopies() {}
    holdContent() {}
    announceContent() {}
    forgetContent() {}
    close() {}
    uriOf(way) {
      return `bop:f00d:content/${way.join('/')}`;
    }
    newHasher() {
      let all = [];
      return {
        update: (bytes) => (all = [...all, ...bytes]),
        finish: () => ({ content: `${all[0]}.${all.length}`, tail: new Uint8Array(), free() {} }),
        free() {},
      };
    }
    publishName() {
      return Promise.resolve([ROOT]);
    }
    unpublish() {
      return Promise.resolve([ROOT]);
    }
    leaveLists() {
      return Promise.resolve([]);
    }
    nextRefresh() {
      return 3_600_000;
    }
  }
  Object.assign(Peer.prototype, methods);
  const options = { url: 'ws://x', secret: new Uint8Array(32), isKept, content: { room: 4 } };
  const runner = new Runner(Peer, options, {});
  t.after(() => runner.close());
  return {
    runner,
    host,
    own: () => runner.contents.storage.of('own'),
    publish: (path, source, options = {}) => publish(runner, path, source, options),
    unpublish: (path, signal) => unpublish(runner, path, signal),
  };
}

const bytes = (...all) => Uint8Array.from(all);

test('what a name may lead to stays, though publishing was aborted or nobody knows how it ended', async (t) => {
  const naming = open();
  const { publish, own } = await running(t, { publishName: () => naming.promise });
  const controller = new AbortController();
  const onProgress = ({ phase }) => phase === 'naming' && controller.abort();
  await assert.rejects(publish('a', bytes(1), { signal: controller.signal, onProgress }), { code: 'aborted' });
  await later();
  assert.deepEqual(own(), ['1.1']);
  naming.resolve([ROOT]);
  await later();
  assert.deepEqual(own(), ['1.1']);

  const unsure = await running(t, { publishName: () => Promise.reject('timed-out: too few peers have answered') });
  await assert.rejects(unsure.publish('a', bytes(2)), { code: 'timed-out' });
  assert.deepEqual(unsure.own(), ['2.1']);
});

test('what no name leads to goes: a name that was refused, even late, and reading that was aborted', async (t) => {
  const naming = open();
  const { publish, own } = await running(t, { publishName: () => naming.promise });
  const controller = new AbortController();
  const onProgress = ({ phase }) => phase === 'naming' && controller.abort();
  await assert.rejects(publish('a', bytes(1), { signal: controller.signal, onProgress }), { code: 'aborted' });
  naming.reject('full: there is no room for the record');
  await later();
  assert.deepEqual(own(), []);

  // A stream that gives nothing more holds nobody up.
  let isCancelled = false;
  const pull = (controller) => controller.enqueue(bytes(7));
  let pulled = 0;
  const stream = new ReadableStream({
    pull: (controller) => (pulled++ === 0 ? pull(controller) : new Promise(() => {})),
    cancel: () => void (isCancelled = true),
  });
  const second = new AbortController();
  const reading = publish('b', stream, { signal: second.signal });
  await later();
  second.abort();
  await assert.rejects(reading, { code: 'aborted' });
  await later();
  assert.ok(isCancelled);
  assert.deepEqual(own(), []);
});

test('taking something out waits for what is being published, whose files stay', async (t) => {
  const done = [];
  const { publish, unpublish, own } = await running(t, {
    publishName: async () => (done.push('published'), [ROOT]),
    unpublish: async () => (done.push('taken out'), [ROOT]),
    // Of the root folder, both files.
    folder: async () => [[false, '1.1', 1, '', 'a'], [false, '2.2', 2, '', 'b']],
  });
  await publish('a', bytes(1));
  const ready = open();
  const stream = new ReadableStream({
    async start(controller) {
      controller.enqueue(bytes(2));
      await ready.promise;
      controller.enqueue(bytes(2));
      controller.close();
    },
  });
  const publishing = publish('b', stream);
  const unpublishing = unpublish('c');
  await later();
  assert.deepEqual(done, ['published']);
  ready.resolve();
  await publishing;
  await unpublishing;
  assert.deepEqual(done, ['published', 'published', 'taken out']);
  assert.deepEqual(own(), ['1.1', '2.2']);
});

test('a change that was aborted before its turn does not begin, and its successor waits for the one under way', async (t) => {
  const naming = open();
  const done = [];
  const { publish, own } = await running(t, {
    publishName: ([name]) => (done.push(name), name === 'a' ? naming.promise : Promise.resolve([ROOT])),
  });
  const first = new AbortController();
  const second = new AbortController();
  const publishing = [
    publish('a', bytes(1), { signal: first.signal }),
    publish('b', bytes(2), { signal: second.signal }),
    publish('c', bytes(3)),
  ];
  await later();
  first.abort();
  second.abort();
  await assert.rejects(publishing[0], { code: 'aborted' });
  await assert.rejects(publishing[1], { code: 'aborted' });
  assert.deepEqual(done, ['a']);
  naming.resolve([ROOT]);
  await publishing[2];
  assert.deepEqual(done, ['a', 'c']);
  assert.deepEqual(own(), ['1.1', '3.1']);
});

test('what was taken out is taken out, though it is not known what else is needed', async (t) => {
  const { publish, unpublish, own } = await running(t, { folder: () => Promise.reject('unavailable: nobody has it') });
  await publish('a', bytes(1));
  await unpublish('a');
  assert.deepEqual(own(), ['1.1']);
});

test('progress is never told from within the core', async (t) => {
  let isInside = false;
  const { publish } = await running(t, {
    async replicate(folders, target, count, told) {
      isInside = true;
      told('cafe');
      isInside = false;
    },
  });
  const seen = [];
  const onProgress = ({ phase, holders }) => {
    assert.ok(!isInside, 'the node can be closed from here');
    if (phase === 'copying') seen.push(holders);
  };
  await publish('a', bytes(1), { replicate: 1, onProgress });
  assert.deepEqual(seen, [[], ['cafe']]);
});

for (const isKept of [false, true]) {
  test(`an identity that ${isKept ? 'is kept' : 'ends with its tab'} has its name written again`, async (t) => {
    const refreshed = open();
    const { publish } = await running(
      t,
      {
        nextRefresh: () => 10,
        refreshName: async (root) => {
          refreshed.resolve(root);
          return root;
        },
      },
      isKept,
    );
    await publish('a', bytes(1));
    assert.equal(await Promise.race([refreshed.promise, new Promise((resolve) => setTimeout(resolve, 1000))]), ROOT);
  });
}

test('what is held for others makes no room, from the moment on that it is here, and is not held if it is gone', async (t) => {
  const { runner, host } = await running(t, {});
  const { storage } = runner.contents;
  await storage.write('a.3', 0, bytes(1, 2, 3));
  await host.contentHeld('a.3');
  await storage.write('b.3', 0, bytes(1, 2, 3));
  await storage.write('c.3', 0, bytes(1, 2, 3));
  // One is held only when there is no room any more, and begins to be while another goes.
  const tidied = storage.tidy();
  const held = host.contentHeld('c.3');
  assert.deepEqual(await tidied, ['b.3']);
  await held;
  await storage.tidy();
  assert.deepEqual(storage.of('kept'), ['a.3', 'c.3']);
  assert.deepEqual(await storage.read('a.3', 0, 3), bytes(1, 2, 3));
  await assert.rejects(host.contentHeld('b.3'), /not here any more/);
});

test('a refresh that failed is tried again when the core says so', async (t) => {
  const written = open();
  let asked = 0;
  const told = [];
  const { publish } = await running(t, {
    nextRefresh: (hasFailed) => (told.push(hasFailed), 10),
    refreshName: async () => {
      if (asked++ === 0) throw 'timed-out: too few peers have answered';
      written.resolve();
      return ROOT;
    },
  });
  await publish('a', bytes(1));
  await written.promise;
  assert.deepEqual(told, [false, true]);
});

test('what is left is with others when something has been taken out, and when it was published without copies', async (t) => {
  const left = open();
  const lists = [];
  const leaveLists = (folders) => (lists.push(folders), lists.length === 1 ? Promise.reject('closed: it is') : left.promise);
  const { publish, unpublish } = await running(t, { leaveLists });
  // Whoever publishes stays: this is not waited for.
  await publish('a', bytes(1));
  assert.deepEqual(lists, [[ROOT]]);
  let isDone = false;
  const unpublished = unpublish('a').then(() => (isDone = true));
  await later();
  assert.deepEqual(lists, [[ROOT], [ROOT]]);
  assert.equal(isDone, false);
  left.resolve([]);
  await unpublished;
});
