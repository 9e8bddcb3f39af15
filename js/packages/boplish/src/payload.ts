import { BoplishError } from './error.js';

/** What the core takes and gives: the text of a JSON value, or raw bytes. */
export type RawPayload = string | Uint8Array;

/** From an application's value to what the core takes. */
export function encode(payload: unknown): RawPayload {
  if (payload instanceof Uint8Array) return payload;
  let text: string | undefined;
  try {
    text = JSON.stringify(payload);
  } catch (cause) {
    throw new BoplishError('bad-payload', `the payload can't be written as JSON: ${cause}`, { cause });
  }
  if (text === undefined) {
    throw new BoplishError(
      'bad-payload',
      `the payload is ${typeof payload}, which JSON can't say; give a JSON value or a Uint8Array`,
    );
  }
  return text;
}

/** From what the core gives to the application's value. */
export function decode(payload: RawPayload): unknown {
  return typeof payload === 'string' ? JSON.parse(payload) : payload;
}
