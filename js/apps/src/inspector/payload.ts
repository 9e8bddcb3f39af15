/** What strangers' payloads are made of: bytes, texts, and how much of them. */

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * The bytes of a payload that was sent as bytes. The monitor describes those as
 * `{bytes, length}`, in base64.
 */
export function rawBytes(payload: unknown): Uint8Array | undefined {
  if (payload instanceof Uint8Array) return payload;
  if (typeof payload !== 'object' || payload === null) return undefined;
  if (!('bytes' in payload) || !('length' in payload)) return undefined;
  const { bytes, length } = payload;
  if (typeof bytes !== 'string' || Object.keys(payload).length !== 2 || !BASE64.test(bytes)) return undefined;
  try {
    const decoded = Uint8Array.from(atob(bytes), (character) => character.charCodeAt(0));
    return decoded.length === length ? decoded : undefined;
  } catch {
    return undefined;
  }
}

/** Parts of one payload that are looked at; what has more is hardly meant to be read. */
const MOST_PARTS = 10_000;

/** The keys and values in a payload as text. However deep it is nested, no call goes deeper. */
export function* valuesOf(payload: unknown): Generator<string> {
  const bytes = rawBytes(payload);
  if (bytes !== undefined) {
    yield new TextDecoder().decode(bytes);
    return;
  }
  const open: unknown[] = [payload];
  for (let parts = 0; parts < MOST_PARTS && open.length > 0; parts += 1) {
    const value = open.pop();
    if (typeof value !== 'object' || value === null) {
      yield String(value);
    } else if (Array.isArray(value)) {
      for (let index = value.length - 1; index >= 0; index -= 1) open.push(value[index]);
    } else {
      for (const [key, child] of Object.entries(value).reverse()) {
        yield key;
        open.push(child);
      }
    }
  }
}

/** Roughly the characters that a payload takes. */
export function weightOf(payload: unknown): number {
  let weight = 0;
  for (const value of valuesOf(payload)) weight += value.length + 8;
  return weight;
}

/** Whether a text has another in it, whatever the case; undefined for an empty one. */
export function textMatcher(text: string): ((value: string) => boolean) | undefined {
  if (text === '') return undefined;
  const pattern = new RegExp(text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&'), 'i');
  return (value) => pattern.test(value);
}
