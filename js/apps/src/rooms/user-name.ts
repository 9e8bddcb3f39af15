import { cleanLine } from './text.ts';

/** Characters of the longest name. */
export const LONGEST_NAME = 32;

/** What somebody calls themselves; undefined if that is nothing. */
export function userName(text: unknown): string | undefined {
  const name = typeof text === 'string' ? cleanLine(text, LONGEST_NAME) : '';
  return name === '' ? undefined : name;
}
