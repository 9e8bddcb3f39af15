// Files by fewer and larger calls.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buffered, Files, memory } from './built.mjs';

const KIB = 1024;
const PART = 256 * KIB;
const block = (value, length = 32 * KIB) => new Uint8Array(length).fill(value);

/** Files in memory, with what is called of them. */
function counted(place = memory()) {
  const files = new Files(place);
  const calls = [];
  const wrap = (name) => (...values) => {
    const [content, offset, what] = values;
    calls.push(`${name} ${content} ${offset} ${what instanceof Uint8Array ? what.length : what}`);
    return files[name](...values);
  };
  const names = ['load', 'read', 'write', 'mark', 'begin', 'append', 'finish', 'giveUp', 'move', 'remove', 'close'];
  return { calls, files: buffered(Object.fromEntries(names.map((name) => [name, wrap(name)]))) };
}

test('blocks that follow one another are written at once, of several contents in turn, too', async () => {
  const { calls, files } = counted();
  const written = [];
  for (let number = 0; number < 8; number += 1) {
    for (const content of ['a', 'b']) written.push(files.write(content, number * 32 * KIB, block(number)));
  }
  await Promise.all(written);
  assert.deepEqual(calls, [`write a 0 ${PART}`, `write b 0 ${PART}`]);
  assert.deepEqual(await files.read('b', 7 * 32 * KIB - 1, 2), Uint8Array.of(6, 7));
});

test('what waits for more is written after a while, and before anything else is done', async () => {
  const { calls, files } = counted();
  await files.write('a', 5, block(1, 10));
  assert.deepEqual(calls, ['write a 5 10']);

  const last = files.write('a', 15, block(2, 10));
  assert.deepEqual(await files.read('a', 14, 2), Uint8Array.of(1, 2));
  await last;
  files.write('a', 25, block(3, 10));
  await files.mark('a', 25, 0);
  assert.deepEqual(calls.slice(1), ['write a 15 10', `read a 0 ${PART}`, 'write a 25 10', 'mark a 25 0']);
});

test('blocks are read many at a time, and anew when they have changed or gone', async () => {
  const { calls, files } = counted();
  await files.write('a', 0, block(1, PART + 100));
  calls.length = 0;
  await Promise.all([0, 1, 2, 3].map((number) => files.read('a', number * 32 * KIB, 32 * KIB)));
  assert.equal((await files.read('a', PART, 200)).length, 100, 'nothing is behind the end');
  assert.deepEqual(calls, [`read a 0 ${PART}`, `read a ${PART} ${PART}`]);

  const changed = files.write('a', 10, block(9, 1));
  assert.deepEqual(await files.read('a', 9, 3), Uint8Array.of(1, 9, 1));
  await changed;
  await files.mark('a', PART, 1);
  assert.deepEqual(await files.read('a', PART, 1), Uint8Array.of(3));
  await files.remove('a');
  await assert.rejects(files.read('a', 0, 1), /a is not here/);
  await files.write('a', 0, block(7, 1));
  assert.deepEqual(await files.read('a', 0, 1), Uint8Array.of(7), 'a failure is not kept');
});

test('what a reader gets is its own', async () => {
  const { files } = counted();
  await files.write('a', 0, block(1, 100));
  const one = await files.read('a', 0, 10);
  assert.equal(one.buffer.byteLength, 10);
  one.fill(5);
  assert.deepEqual(await files.read('a', 0, 10), block(1, 10));
});

test('everybody whose bytes were not written hears of it', async () => {
  const { files } = counted(memory(0));
  const written = await Promise.allSettled([files.write('a', 0, block(1)), files.write('a', 32 * KIB, block(2))]);
  for (const { reason } of written) assert.match(String(reason), /no more memory/);
});
