import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageLog } from '../src/inspector/log.ts';
import type { Direction, Monitored } from '../src/network.ts';

const all = new Set<Direction>(['incoming', 'outgoing', 'forwarded']);

function monitored(direction: Direction = 'incoming'): Monitored {
  const message = { type: 'ping-protocol', from: 'a', to: 'b', payload: { type: 'ping' } };
  return { direction, message };
}

function numbers(log: MessageLog): number[] {
  return log.shown(all).map((entry) => entry.number);
}

test('the newest message comes first', () => {
  const log = new MessageLog(10);
  for (let count = 0; count < 3; count += 1) log.add(monitored(), count);
  assert.deepEqual(numbers(log), [3, 2, 1]);
});

test('beyond the capacity the oldest are dropped and counted', () => {
  const log = new MessageLog(3);
  for (let count = 0; count < 5; count += 1) log.add(monitored(), count);
  assert.deepEqual(numbers(log), [5, 4, 3]);
  assert.equal(log.dropped, 2);
});

test('a pause keeps what is shown and goes on collecting', () => {
  const log = new MessageLog(3);
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
  const log = new MessageLog(1);
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
  const log = new MessageLog(10);
  log.add(monitored('incoming'), 0);
  log.add(monitored('forwarded'), 0);
  log.add(monitored('incoming'), 0);
  assert.deepEqual(log.counts(), { incoming: 2, outgoing: 0, forwarded: 1 });
  assert.equal(log.shown(new Set<Direction>(['forwarded'])).length, 1);
});
