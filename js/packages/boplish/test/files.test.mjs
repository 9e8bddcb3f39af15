// The files of contents, in memory.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Files, memory } from './built.mjs';

const bytes = (...all) => Uint8Array.from(all);
const MIB = 1 << 20;

test('what is written anywhere is read back, with zeros in between and nothing behind the end', async () => {
  const files = new Files(memory());
  await files.write('a', MIB - 2, bytes(1, 2, 3, 4));
  assert.deepEqual(await files.read('a', MIB - 3, 6), bytes(0, 1, 2, 3, 4));
  assert.deepEqual(await files.read('a', MIB + 2, 6), bytes());
  await files.mark('a', MIB + 2, 9);
  await files.mark('a', MIB + 2, 8);
  assert.deepEqual(await files.read('a', MIB + 2, 2), bytes(0, 3));
  await assert.rejects(files.read('b', 0, 1), /b is not here/);
});

test('what was begun gets its name in the end, in the place of what had it, or is given up', async () => {
  const place = memory();
  const files = new Files(place);
  await files.write('a', 0, bytes(9, 9, 9, 9));
  const one = await files.begin();
  const other = await files.begin();
  await files.append(one, bytes(1));
  await files.append(other, bytes(5));
  await files.append(one, bytes(2));
  await files.finish(one, 'a');
  await files.giveUp(other);
  await assert.rejects(files.append(other, bytes(6)), /given up/);
  assert.deepEqual(await files.read('a', 0, 4), bytes(1, 2));

  // Another page finds what was finished, and nothing else.
  await files.begin();
  const found = await new Files(place).load();
  assert.deepEqual(found.map(({ content, kind, size }) => ({ content, kind, size })), [{ content: 'a', kind: 'own', size: 2 }]);
  assert.deepEqual(await place.list('own').then((all) => all.map(({ name }) => name)), ['a']);
});

test('what was fetched may become what others rely on, and go', async () => {
  const place = memory();
  const files = new Files(place);
  await files.write('a', 0, bytes(1));
  await files.move('a', 'kept');
  assert.deepEqual(await files.read('a', 0, 1), bytes(1));
  assert.equal((await place.list('kept')).length, 1);
  await files.remove('a');
  await files.remove('a');
  assert.equal((await place.list('kept')).length, 0);
});

test('memory has a bound', async () => {
  const files = new Files(memory(2 * MIB));
  await files.write('a', 0, new Uint8Array(2 * MIB));
  await assert.rejects(files.write('b', 0, bytes(1)), /no more memory/);
  await files.remove('a');
  await files.write('b', 0, bytes(1));
});
