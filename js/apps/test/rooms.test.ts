import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Room } from '../src/network.ts';
import { Greeter } from '../src/rooms/greeter.ts';
import { askedRoom, LONGEST_ROOM, roomLink, roomName } from '../src/rooms/room-name.ts';
import { Roster } from '../src/rooms/roster.ts';
import { cleanText, field } from '../src/rooms/text.ts';
import { userName } from '../src/rooms/user-name.ts';

test('a room’s name is one line without what nobody sees', () => {
  assert.equal(roomName('  #  My\n room\u200b '), 'My room');
  assert.equal(roomName(' \u202e '), undefined);
  assert.equal(roomName('x'.repeat(100))?.length, LONGEST_ROOM);
  assert.equal(userName(7), undefined);
  assert.equal([...(userName('👋'.repeat(40)) ?? '')].length, 32);
});

test('a link leads back to its room', () => {
  const page = 'https://a.example/site/chat.html?room=old&locked&x=1#password=old';
  const open = { name: 'tea & cake #1', password: undefined, isLocked: false };
  assert.deepEqual(askedRoom(roomLink(page, open)), open);
  const closed = { ...open, isLocked: true };
  assert.ok(!roomLink(page, closed).includes('password'));
  assert.match(roomLink(page, closed), /&locked$/);
  assert.deepEqual(askedRoom(roomLink(page, closed)), closed);
  const told = { ...closed, password: 'a+b &c#%' };
  const link = roomLink(page, told);
  assert.deepEqual(askedRoom(link), told);
  assert.ok(new URL(link).search.includes('password') === false);
  assert.equal(askedRoom('https://a.example/chat.html'), undefined);
  assert.equal(askedRoom('https://a.example/chat.html?room=%20'), undefined);
});

test('where the room’s list is all, it counts, else also who was heard of late', () => {
  const roster = new Roster(1000);
  const told = (name: string | undefined, toldAt: number) => ({ name, toldAt });
  assert.equal(roster.hear('a', told('Ada', 1), 0), true);
  assert.equal(roster.hear('a', told('Ada', 2), 5), false);
  assert.equal(roster.hear('a', told(undefined, 3), 7), false);
  assert.equal(roster.hear('a', told('Eve', 3), 7), true);
  assert.deepEqual(roster.here(['b'], 2, 10), ['b']);
  assert.deepEqual(roster.here(['b'], 100, 10), ['b', 'a']);
  assert.deepEqual(roster.here(['b'], 100, 5000), ['b']);
  assert.equal(roster.recall('c', told('Cleo', 1)), true);
  assert.equal(roster.nameOf('c'), 'Cleo');
  assert.deepEqual(roster.here([], 100, 10), ['a']);
});

test('an old name that comes late does not take the place of the new one', () => {
  const roster = new Roster(1000);
  roster.hear('a', { name: 'Ada', toldAt: 5 }, 0);
  assert.equal(roster.hear('a', { name: 'a1b2c3d4', toldAt: 4 }, 1), false);
  assert.equal(roster.recall('a', { name: 'a1b2c3d4', toldAt: 3 }), false);
  assert.equal(roster.nameOf('a'), 'Ada');
});

test('names are forgotten when there are too many', () => {
  const roster = new Roster(1000);
  for (let index = 0; index < 2000; index += 1) roster.hear(String(index), { name: 'x', toldAt: 0 }, index);
  assert.equal(roster.nameOf('0'), undefined);
  assert.equal(roster.nameOf('1999'), 'x');
});

test('texts keep their lines, and only own properties count', () => {
  assert.equal(cleanText('\n\n  a\r\n\tb\u0007 \n', 100), '  a\n\tb');
  assert.equal(cleanText('abcdef', 4), 'abc…');
  assert.equal(field({}, 'toString'), undefined);
  assert.equal(field('abc', 'length'), undefined);
});

test('a member who could not be reached is greeted again, until the room is left', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const sent: string[] = [];
  const room = Object.assign(new EventTarget(), {
    members: ['a', 'b'],
    send: (id: string) => {
      sent.push(id);
      return id === 'a' ? Promise.resolve() : Promise.reject(new Error('unreachable'));
    },
  });
  const leaving = new AbortController();
  new Greeter(room as unknown as Room, () => 'hello', leaving.signal);
  const settled = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  };
  await settled();
  assert.deepEqual(sent, ['a', 'b']);
  t.mock.timers.tick(5_000);
  await settled();
  assert.deepEqual(sent, ['a', 'b', 'b']);
  leaving.abort();
  t.mock.timers.tick(60_000);
  await settled();
  assert.deepEqual(sent, ['a', 'b', 'b']);
});
