/** Paths under which something is published: what a name may be made of. */

/** Bytes of the longest name of a file or folder. */
const LONGEST_NAME = 255;
/** Bytes of the longest path; with the rest, a name has up to 4,096, encoded. */
const LONGEST_PATH = 1024;

/** What a visitor typed, or a file is called, as a path: without empty steps and wrong characters. */
export function sanitisePath(text: string): string {
  return text
    .normalize('NFC')
    .replace(/\\/g, '/')
    .split('/')
    .map(sanitiseName)
    .filter((name) => name !== '')
    .join('/');
}

function sanitiseName(text: string): string {
  // Control characters, halves of characters, and marks that turn the direction of writing.
  const name = text.replace(/[\p{Cc}\p{Cs}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '').replace(/\s+/g, ' ').trim();
  return name === '.' || name === '..' ? '' : name;
}

/** Why a sanitised path can't be published; undefined if it can. */
export function pathProblem(path: string): string | undefined {
  const bytes = (text: string): number => new TextEncoder().encode(text).length;
  if (path === '') return 'Give it a name.';
  if (path.split('/').some((name) => bytes(name) > LONGEST_NAME) || bytes(path) > LONGEST_PATH) {
    return 'This name is too long.';
  }
  return undefined;
}
