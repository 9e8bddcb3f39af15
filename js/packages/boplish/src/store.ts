import { BoplishError } from './error.js';
import { encode } from './payload.js';
import type { SendOptions } from './protocol.js';
import type { Runner } from './runner.js';

/** What to store, and for how long. */
export interface PutOptions extends SendOptions {
  /** What is stored: a `Uint8Array` as it is, anything else as JSON; about 800 bytes at most. */
  value: unknown;
  /** Tells the records of one publisher apart, in at most 64 bytes; empty by default. */
  salt?: string | Uint8Array | undefined;
  /**
   * Of two records of one publisher and salt, that with the higher number stays. By default the
   * time in ms since 1970, or the number after `expected`.
   */
  sequence?: number | undefined;
  /**
   * Store only in the place of a record with this sequence number, 0 for none: compare-and-swap. If
   * another one is there, `put()` rejects with `conflict`.
   */
  expected?: number | undefined;
  /** For how long whoever has read the record may use it without asking again, in ms; a minute by default. */
  ttl?: number | undefined;
  /** When it is forgotten, in ms since 1970, at most 30 days from now; a day from now by default. */
  expires?: number | undefined;
  /**
   * Store under the hash of the value instead, so that nobody can replace it, this peer neither;
   * `salt`, `sequence`, `expected` and `ttl` say nothing then.
   */
  hashed?: boolean | undefined;
}

/** Whose record, and which; a text is a key that `put()` gave. */
export type RecordName = string | { readonly publisher: string; readonly salt?: string | Uint8Array | undefined };

/** How to read. */
export interface GetOptions extends SendOptions {
  /** The copy of the key's owner will do, or, of a popular record, one as old as its ttl: one way instead of three. */
  quick?: boolean | undefined;
}

/** A record that the network stores. */
export interface StoredRecord {
  readonly value: Uint8Array;
  /** 0 of one that is stored under its hash. */
  readonly sequence: number;
  /** When it is forgotten, in ms since 1970. */
  readonly expires: number;
  /** For how long it may be used without asking again, in ms. */
  readonly ttl: number;
  /** Who has signed it; verified. Nobody, if it is stored under its hash. */
  readonly publisher: string | undefined;
  /** The value, read as JSON. It comes from a stranger: check its shape. */
  json(): unknown;
}

/** What the core tells of a record. */
export type RawRecord = [
  value: Uint8Array | undefined,
  sequence: number,
  expires: number,
  ttl: number,
  publisher: string | undefined,
];

const DAY = 24 * 60 * 60 * 1000;
const MINUTE = 60_000;
/** The longest ttl, in s. */
const MAX_TTL = 2 ** 32 - 1;

/**
 * Stores a record; resolves to its key.
 *
 * @internal
 */
export async function put(runner: Runner, options: PutOptions): Promise<string> {
  const { expected, hashed, signal } = options;
  const sequence = options.sequence ?? (expected === undefined ? Date.now() : expected + 1);
  const now = Date.now();
  const expires = seconds('expires', options.expires ?? now + DAY, Number.MAX_SAFE_INTEGER);
  const ttl = seconds('ttl', options.ttl ?? MINUTE, MAX_TTL);
  for (const [name, number] of Object.entries({ expected: expected ?? 0, sequence })) {
    if (!Number.isSafeInteger(number) || number < 0) {
      throw new BoplishError('bad-option', `${name} is ${number}; give a whole number from 0 on`);
    }
  }
  const value = bytes(encode(options.value));
  const salt = bytes(options.salt ?? '');
  const swapped = hashed ? undefined : expected;
  await runner.settle(
    (peer) => peer.put(hashed ? undefined : salt, sequence, value, expires, ttl, swapped),
    'put()',
    signal,
  );
  return runner.call((peer) => (hashed ? peer.recordKey(undefined, value) : peer.recordKey(runner.id, salt)));
}

/**
 * Reads a record.
 *
 * @internal
 */
export async function get(runner: Runner, name: RecordName, options: GetOptions): Promise<StoredRecord | undefined> {
  const key =
    typeof name === 'string' ? name : runner.call((peer) => peer.recordKey(name.publisher, bytes(name.salt ?? '')));
  const { quick = false, signal } = options;
  const found = (await runner.settle((peer) => peer.get(key, quick), 'get()', signal)) as RawRecord;
  const [value, sequence, expires, ttl, publisher] = found;
  return (
    value && {
      value,
      sequence,
      expires: expires * 1000,
      ttl: ttl * 1000,
      publisher,
      json: () => JSON.parse(new TextDecoder().decode(value)),
    }
  );
}

/**
 * The drop-in script has no room for what pages store.
 *
 * @internal
 */
export function noContent(): never {
  const why = 'boplish.min.js has no store, content or groups: use boplish.full.min.js';
  throw new BoplishError('unsupported', why);
}

function bytes(text: string | Uint8Array): Uint8Array {
  return typeof text === 'string' ? new TextEncoder().encode(text) : text;
}

function seconds(name: string, milliseconds: number, most: number): number {
  if (!(milliseconds >= 0)) throw new BoplishError('bad-option', `${name} is ${milliseconds}; give milliseconds`);
  return Math.min(Math.floor(milliseconds / 1000), most);
}
