// Gives what the WebAssembly module imports and exports short names, in the module and in its
// glue: wasm-bindgen's have hashes in them, which no compression makes smaller.

const IMPORT = 2;
const EXPORT = 7;
/** The kinds of imports and exports, by what describes the type of an import. */
const FUNCTION = 0;

/** The module's bytes and the glue's text, with short names. */
export function shorten(wasm, glue) {
  const names = new Map();
  const short = (name) => {
    // Quotes, dots and spaces do not occur in the names, so that they can be found in the glue.
    if (!/^\w+$/.test(name)) throw new Error(`the module's import or export '${name}' is no identifier`);
    if (!names.has(name)) names.set(name, `$${names.size.toString(36)}`);
    return names.get(name);
  };

  let at = 0;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = wasm[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  const take = (length) => wasm.subarray(at, (at += length));
  const text = () => Buffer.from(take(number())).toString();

  const parts = [take(8)];
  while (at < wasm.length) {
    const id = wasm[at++];
    const end = number() + at;
    if (id !== IMPORT && id !== EXPORT) {
      const content = take(end - at);
      parts.push([id], leb(content.length), content);
      continue;
    }
    const count = number();
    const content = [leb(count)];
    for (let i = 0; i < count; i += 1) {
      if (id === IMPORT) {
        text();
        content.push(string(MODULE));
      }
      content.push(string(short(text())));
      const kind = at;
      if (wasm[at++] !== FUNCTION && id === IMPORT) throw new Error('the module imports more than functions');
      number();
      content.push(wasm.subarray(kind, at));
    }
    if (at !== end) throw new Error('the module has an import or export that is not understood');
    const whole = Buffer.concat(content.map((part) => Buffer.from(part)));
    parts.push([id], leb(whole.length), whole);
  }

  const imports = new Set(WebAssembly.Module.imports(new WebAssembly.Module(wasm)).map(({ name }) => name));
  const rename = (all, before, name) => {
    imports.delete(name);
    return names.has(name) ? before + names.get(name) : all;
  };
  const renamed = glue
    .replace(/"\.\/\w+_bg\.js"/g, `"${MODULE}"`)
    // Exports are used as properties of `wasm`; imports are keys of an object.
    .replace(/(\bwasm\.)(\w+)/g, rename)
    .replace(/^( +)(\w+)(?=: function\()/gm, rename);
  for (const name of imports) throw new Error(`the glue has no ${name} for the module`);
  const small = USELESS.reduce((text, [what, instead]) => text.replace(what, instead), renamed);
  return { wasm: Buffer.concat(parts.map((part) => Buffer.from(part))), glue: small };
}

/** Parts of the glue that this package has no use for: for older browsers and other callers. */
const USELESS = [
  [/\(typeof FinalizationRegistry === 'undefined'\)\s+\? \{.*\}\s+: (?=new )/g, ''],
  [/^if \(!\('encodeInto' in cachedTextEncoder\)\) \{\n[^]*?^\}\n/gm, ''],
  [/^    if \(realloc === undefined\) \{\n[^]*?^    \}\n/gm, ''],
  [/^if \(Symbol\.dispose\).*\n/gm, ''],
  [/^    if \(module !== undefined\) \{\n[^]*?^    \}\n/gm, '    ({ module } = module);\n'],
];

/** What the imports are said to come from. */
const MODULE = '$';

function leb(value) {
  const bytes = [];
  do {
    bytes.push((value & 127) | (value > 127 ? 128 : 0));
    value >>>= 7;
  } while (value > 0);
  return bytes;
}

function string(text) {
  return [...leb(text.length), ...Buffer.from(text)];
}
