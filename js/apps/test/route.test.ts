import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exported } from '../src/inspector/export.ts';
import { everything } from '../src/inspector/filter.ts';
import type { Entry } from '../src/inspector/log.ts';
import { routeOf, whatIsOpen } from '../src/inspector/route.ts';

const OWN = 'own';

function entry(direction: Entry['direction'], facts: Partial<Entry>, to = direction === 'incoming' ? OWN : 'to'): Entry {
  const message = { type: 't', from: direction === 'outgoing' ? OWN : 'from', to, payload: null };
  return { number: 1, time: 0, direction, message, hops: undefined, via: undefined, passed: [], ...facts };
}

function route(one: Entry): string {
  return routeOf(one, OWN)
    .map((stop) => {
      if (stop.kind === 'peer') return stop.id;
      return stop.kind === 'unknown' ? `?${stop.peers ?? ''}` : stop.kind;
    })
    .join(' ');
}

test('what came over one link came straight from its sender', () => {
  assert.equal(route(entry('incoming', { hops: 1, via: 'from' })), 'from own');
});

test('what came over more links came over a neighbour, and the peers before it are counted', () => {
  assert.equal(route(entry('incoming', { hops: 2, via: 'near' })), 'from near own');
  assert.equal(route(entry('incoming', { hops: 4, via: 'near' })), 'from ?2 near own');
});

test('a way that was noted is known peer by peer', () => {
  const passed = ['from', 'one', 'two'];
  assert.equal(route(entry('incoming', { hops: 3, via: 'two', passed })), 'from one two own');
  assert.equal(route(entry('forwarded', { hops: 3, via: 'near', passed })), 'from one two own near ? to');
});

test('a peer that is not known is not said to be the sender’s fault where the way was noted', () => {
  const noted = entry('forwarded', { hops: 3, via: 'near', passed: ['from', 'one', 'two'] });
  const stops = routeOf(noted, OWN);
  assert.deepEqual(
    stops.map((stop) => (stop.kind === 'peer' ? stop.role : stop.kind)),
    ['sender', 'between', 'neighbour', 'own', 'neighbour', 'unknown', 'receiver'],
  );
  assert.match(whatIsOpen(noted, stops) ?? '', /the rest of the way/);
});

test('what came over no link came from the server, unless nothing is known of it', () => {
  assert.equal(route(entry('incoming', { hops: 0 })), 'from server own');
  assert.equal(route(entry('incoming', {})), 'from ? own');
});

test('what goes out goes straight to a neighbour, or on a way that others choose', () => {
  assert.equal(route(entry('outgoing', { hops: 0, via: 'to' })), 'own to');
  assert.equal(route(entry('outgoing', { hops: 0 })), 'own ? to');
  assert.equal(route(entry('outgoing', { hops: 0 }, '')), 'own server anyone');
});

test('what is passed on has a way before and a way behind this peer', () => {
  assert.equal(route(entry('forwarded', { hops: 1, via: 'to' })), 'from own to');
  assert.equal(route(entry('forwarded', { hops: 3, via: 'near' })), 'from ?2 own near ? to');
});

test('only where something is open, it is said', () => {
  for (const one of [entry('incoming', { hops: 1, via: 'from' }), entry('outgoing', { hops: 0, via: 'to' })]) {
    assert.equal(whatIsOpen(one, routeOf(one, OWN)), undefined);
  }
  const open = entry('outgoing', {});
  assert.match(whatIsOpen(open, routeOf(open, OWN)) ?? '', /router/);
});

test('an export is JSON in the order of time, and one unwritable payload does not spoil it', () => {
  const self: { me?: unknown } = {};
  self.me = self;
  const first = entry('incoming', { number: 1, time: 1000 });
  const second = { ...entry('outgoing', { number: 2, time: 2000 }), message: { ...first.message, payload: self } };
  const file = JSON.parse(exported([second, first], OWN, everything, new Date(3000)));
  assert.equal(file.peer, OWN);
  assert.deepEqual(
    file.messages.map(({ time, unwritable = false }: { time: string; unwritable?: boolean }) => [time, unwritable]),
    [
      ['1970-01-01T00:00:01.000Z', false],
      ['1970-01-01T00:00:02.000Z', true],
    ],
  );
});
