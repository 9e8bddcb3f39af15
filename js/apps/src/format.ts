import type { Direction } from './network.ts';

/** The first 8 digits, as the report shows ids. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}

/** Local time of day to the millisecond: 09:05:07.042. */
export function clockTime(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const milliseconds = String(date.getMilliseconds()).padStart(3, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${milliseconds}`;
}

/** A round-trip time, as precise as it is interesting. */
export function roundTrip(milliseconds: number): string {
  if (milliseconds >= 10_000) return `${Math.round(milliseconds / 1000)} s`;
  return `${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`;
}

/** A count with its noun: 1 peer, 1,200 peers. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

const BYTE_UNITS = ['kB', 'MB', 'GB', 'TB'];

/** A length in bytes, as precise as it is interesting: 812 bytes, 4.2 MB. */
export function byteCount(bytes: number): string {
  if (bytes < 1000) return counted(bytes, 'byte');
  let value = bytes;
  let unit = '';
  for (const next of BYTE_UNITS) {
    // What would be rounded to 1,000 has the next unit.
    if (unit !== '' && value < 999.5) break;
    value /= 1000;
    unit = next;
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value).toLocaleString('en')} ${unit}`;
}

/** The protocol's own type of a message, which the report keeps in `payload.type`. */
export function subtypeOf(payload: unknown): string | undefined {
  if (typeof payload !== 'object' || payload === null || !('type' in payload)) return undefined;
  return typeof payload.type === 'string' ? payload.type : undefined;
}

/** What a group message says in one line. */
export function groupText(payload: unknown): string {
  if (typeof payload === 'string') return payload;
  if (typeof payload === 'object' && payload !== null && 'text' in payload) {
    if (typeof payload.text === 'string') return payload.text;
  }
  try {
    return JSON.stringify(payload) ?? '';
  } catch {
    // Deeper than the browser can write.
    return '…';
  }
}

/** What an error says to the visitor, with its code where it has one. */
export function errorText(error: unknown): string {
  const message = error instanceof Error && error.message !== '' ? error.message : String(error);
  if (typeof error !== 'object' || error === null || !('code' in error)) return message;
  return typeof error.code === 'string' ? `${message} (${error.code})` : message;
}

/** The word for a direction, long and short. */
export const directionWords: Readonly<
  Record<Direction, { readonly long: string; readonly short: string }>
> = {
  incoming: { long: 'Incoming', short: 'In' },
  outgoing: { long: 'Outgoing', short: 'Out' },
  forwarded: { long: 'Forwarded', short: 'Fwd' },
};
