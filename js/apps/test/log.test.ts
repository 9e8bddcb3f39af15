import assert from 'node:assert/strict';
import { test } from 'node:test';
import { everything } from '../src/inspector/filter.ts';
import { MessageLog } from '../src/inspector/log.ts';
import type { Direction, Monitored } from '../src/network.ts';

const ROOM = 1_000_000;

function monitored(direction: Direction = 'incoming'): Monitored {
  const message = { type: 'ping-protocol', from: 'a', to: 'b', payload: { type: 'ping' } };
  return { direction, message };
}

function numbers(log: MessageLog): number[] {
  return log.shown().map((entry) => entry.number);
}

test('the newest message comes first', () => {
  const log = new MessageLog({ messages: 10, characters: ROOM });
  for (let count = 0; count < 3; count += 1) log.add(monitored(), count);
  assert.deepEqual(numbers(log), [3, 2, 1]);
});

test('beyond the capacity the oldest are dropped and counted', () => {
  const log = new MessageLog({ messages: 3, characters: ROOM });
  for (let count = 0; count < 5; count += 1) log.add(monitored(), count);
  assert.deepEqual(numbers(log), [5, 4, 3]);
  assert.equal(log.dropped, 2);
});

test('a pause keeps what is shown and goes on collecting', () => {
  const log = new MessageLog({ messages: 3, characters: ROOM });
  log.add(monitored(), 0);
  log.pause();
  for (let count = 0; count < 4; count += 1) log.add(monitored(), count);
  assert.deepEqual(numbers(log), [1]);
  assert.equal(log.waiting, 4);
  log.resume();
  assert.deepEqual(numbers(log), [5, 4, 3]);
  assert.equal(log.waiting, 0);
});

test('clearing forgets messages but neither the pause nor the numbering', () => {
  const log = new MessageLog({ messages: 1, characters: ROOM });
  log.add(monitored(), 0);
  log.add(monitored(), 0);
  log.pause();
  log.clear();
  assert.deepEqual(numbers(log), []);
  assert.equal(log.dropped, 0);
  assert.equal(log.paused, true);
  log.add(monitored(), 0);
  log.resume();
  assert.deepEqual(numbers(log), [3]);
});

test('directions are counted and can be left out', () => {
  const log = new MessageLog({ messages: 10, characters: ROOM });
  log.add(monitored('incoming'), 0);
  log.add(monitored('forwarded'), 0);
  log.add(monitored('incoming'), 0);
  assert.deepEqual(log.counts(), { incoming: 2, outgoing: 0, forwarded: 1 });
  log.filterBy({ ...everything, directions: ['forwarded'] });
  assert.deepEqual(numbers(log), [2]);
});

test('a filter holds for what comes, through pauses, and for what is dropped', () => {
  const log = new MessageLog({ messages: 3, characters: ROOM });
  log.filterBy({ ...everything, directions: ['incoming'] });
  for (const direction of ['incoming', 'outgoing', 'incoming', 'outgoing'] as const) {
    log.add(monitored(direction), 0);
  }
  assert.deepEqual(numbers(log), [3]);
  log.pause();
  log.add(monitored('incoming'), 0);
  assert.deepEqual(numbers(log), [3]);
  log.filterBy(everything);
  assert.deepEqual(numbers(log), [4, 3, 2], 'of what was there when the pause began');
  log.resume();
  assert.deepEqual(numbers(log), [5, 4, 3]);
});

test('few large payloads are kept where many small ones would be', () => {
  const log = new MessageLog({ messages: 100, characters: 1000 });
  const large = (): Monitored => ({
    direction: 'incoming',
    message: { type: 'chat', from: 'a', to: 'b', payload: 'x'.repeat(400) },
  });
  for (let count = 0; count < 5; count += 1) log.add(large(), 0);
  assert.deepEqual(numbers(log), [5, 4]);
  assert.equal(log.dropped, 3);
});

test('thousands of messages are filtered without a walk through all of them for each', () => {
  const log = new MessageLog({ messages: 5000, characters: 100_000_000 });
  log.filterBy({ ...everything, text: 'ping' });
  for (let count = 0; count < 20_000; count += 1) log.add(monitored(), count);
  assert.equal(log.shown().length, 5000);
  assert.equal(log.shown()[0]?.number, 20_000);
});
