import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shorten } from '../scripts/shorten.mjs';

// (module (import "./x_bg.js" "__wbg_log_0123456789abcdef" (func)) (export "__wbg_run" (func 0)))
const text = (string) => [string.length, ...Buffer.from(string)];
const section = (id, content) => [id, content.length, ...content];
const bytes = Uint8Array.from([
  ...[0, 97, 115, 109, 1, 0, 0, 0],
  ...section(1, [1, 0x60, 0, 0]),
  ...section(2, [1, ...text('./x_bg.js'), ...text('__wbg_log_0123456789abcdef'), 0, 0]),
  ...section(7, [1, ...text('__wbg_run'), 0, 0]),
]);
const glue = `
let wasm;
const imports = {
    "./x_bg.js": {
        __wbg_log_0123456789abcdef: function() { called += 1; },
    },
};
wasm = new WebAssembly.Instance(module, imports).exports;
wasm.__wbg_run();
`;

test('module and glue still fit together, and the long names are gone', () => {
  const short = shorten(bytes, glue);
  assert.ok(WebAssembly.validate(short.wasm));
  assert.doesNotMatch(short.wasm.toString('latin1') + short.glue, /__wbg|x_bg/);
  const called = new Function('module', `let called = 0; ${short.glue}; return called`);
  assert.equal(called(new WebAssembly.Module(short.wasm)), 1);
});

test('a name that the glue lacks, or that could not be found in it, is an error', () => {
  assert.throws(() => shorten(bytes, glue.replace('log', 'lag')), /__wbg_log/);
});
