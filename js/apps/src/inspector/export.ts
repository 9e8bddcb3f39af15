/** Messages as a file. */
import type { Filter } from './filter.ts';
import type { Entry } from './log.ts';

/** Messages, given newest first, as JSON in the order in which they came. */
export function exported(entries: readonly Entry[], own: string | undefined, filter: Filter, now: Date): string {
  const head = JSON.stringify({ exported: now.toISOString(), peer: own ?? null, filter });
  const messages = entries
    .slice()
    .reverse()
    .map((entry) => `    ${lineOf(entry)}`)
    .join(',\n');
  return `${head.slice(0, -1)},"messages":[\n${messages}\n]}\n`;
}

export function fileName(now: Date): string {
  return `boplish-messages-${now.toISOString().slice(0, 19).replaceAll(':', '-')}.json`;
}

function lineOf({ time, direction, hops, via, passed, message }: Entry): string {
  const { type, from, to, payload } = message;
  const facts = { time: new Date(time).toISOString(), direction, hops, via, passed, type, from, to };
  try {
    return JSON.stringify({ ...facts, payload });
  } catch {
    // Nested deeper than the browser can write: the rest of the file shall not be lost with it.
    return JSON.stringify({ ...facts, unwritable: true });
  }
}
