import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shownAs } from '../src/publish/media-types.ts';

test('pictures, audio, video and texts are shown in place', () => {
  assert.deepEqual(shownAs('image/png', 'a'), { kind: 'picture', type: 'image/png' });
  assert.deepEqual(shownAs('IMAGE/JPG; x=y', 'a'), { kind: 'picture', type: 'image/jpeg' });
  assert.deepEqual(shownAs('audio/x-wav', 'a'), { kind: 'audio', type: 'audio/wav' });
  assert.deepEqual(shownAs('video/mp4', 'a'), { kind: 'video', type: 'video/mp4' });
  assert.deepEqual(shownAs('application/json', 'a'), { kind: 'text', type: 'text/plain' });
  assert.deepEqual(shownAs('application/ld+json', 'a'), { kind: 'text', type: 'text/plain' });
});

test('markup and scripts are texts, whatever their type', () => {
  for (const type of ['text/html', 'text/html;charset=utf-8', 'application/xhtml+xml', 'text/javascript', 'application/javascript']) {
    assert.deepEqual(shownAs(type, 'a.html'), { kind: 'text', type: 'text/plain' }, type);
  }
});

test('the ending counts only where nobody has said the type', () => {
  assert.equal(shownAs('', 'A.JPEG')?.kind, 'picture');
  assert.equal(shownAs('application/octet-stream', 'a.mp3')?.kind, 'audio');
  assert.equal(shownAs('', 'a.html')?.type, 'text/plain');
  assert.equal(shownAs('application/zip', 'a.png'), undefined);
  assert.equal(shownAs('', 'png'), undefined);
});

test('what is not listed is not shown', () => {
  for (const type of ['application/pdf', 'image/tiff', 'image/../png', 'constructor', '__proto__', 'text/<b>', 'x-anything', 'audio/constructor']) {
    assert.equal(shownAs(type, 'a.constructor'), undefined, type);
  }
  assert.equal(shownAs('', 'a.constructor'), undefined);
});
