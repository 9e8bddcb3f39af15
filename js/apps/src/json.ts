/** JSON for reading: pretty-printed, cut into coloured tokens, bounded. */

export type TokenKind = 'key' | 'string' | 'number' | 'literal' | 'plain';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

/** Characters shown of one payload; copying takes all of it. */
export const SHOWN_LIMIT = 40_000;

/** Deeper than this, spaces would be most of the text: a stranger's few bytes could become gigabytes. */
const PRETTY_DEPTH = 100;

/** Two spaces per level; `undefined`, which JSON does not have, reads as null. */
export function prettyJson(value: unknown): string {
  return JSON.stringify(value, undefined, isDeep(value) ? 0 : 2) ?? 'null';
}

function isDeep(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; depth < PRETTY_DEPTH && level.length > 0; depth += 1) {
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
  }
  return level.length > 0;
}

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|\b(true|false|null)\b/g;

/** Cuts JSON text into tokens whose texts, joined, are the text again. */
export function jsonTokens(text: string): Token[] {
  const tokens: Token[] = [];
  let end = 0;
  const add = (kind: TokenKind, part: string): void => {
    if (part !== '') tokens.push({ kind, text: part });
  };
  for (const match of text.matchAll(TOKEN)) {
    add('plain', text.slice(end, match.index));
    const [whole, string, colon, number] = match;
    if (string !== undefined) {
      add(colon === undefined ? 'string' : 'key', string);
      add('plain', colon ?? '');
    } else {
      add(number === undefined ? 'literal' : 'number', whole);
    }
    end = match.index + whole.length;
  }
  add('plain', text.slice(end));
  return tokens;
}
