import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathProblem, sanitisePath } from '../src/publish/path.ts';

test('a path loses what no name may have', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['album', 'album'],
    [' /a//b/ ', 'a/b'],
    ['a\\b', 'a/b'],
    ['../../etc/./passwd', 'etc/passwd'],
    ['a\u0000b\n c', 'ab c'],
    ['photo\u202egpj.exe', 'photogpj.exe'],
    ['lone \ud800 half', 'lone half'],
    ['a  b\tc', 'a bc'],
    ['cafe\u0301', 'café'],
    ['.hidden', '.hidden'],
    ['...', '...'],
    ['/', ''],
  ];
  for (const [text, path] of cases) assert.equal(sanitisePath(text), path, JSON.stringify(text));
});

test('an empty or very long path is a problem', () => {
  assert.equal(pathProblem('a/b'), undefined);
  assert.equal(pathProblem('x'.repeat(255)), undefined);
  assert.match(pathProblem('') ?? '', /name/);
  assert.match(pathProblem('ä'.repeat(128)) ?? '', /long/);
  assert.match(pathProblem(Array(600).fill('ab').join('/')) ?? '', /long/);
});
