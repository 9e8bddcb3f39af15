/** Texts of strangers, before they are shown. */

/** Marks that turn the direction of writing, and such as take no room: they make names look like others. */
const MARKS = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;
const CONTROLS = /[\p{Cc}\p{Cs}]/gu;

/** One line: a name of somebody or something, of so many characters at most. */
export function cleanLine(text: string, longest: number): string {
  const line = text.slice(0, longest * 16).normalize('NFC').replace(MARKS, '').replace(/\s+/g, ' ').replace(CONTROLS, '');
  return [...line.trim()].slice(0, longest).join('').trim();
}

/** Several lines, as they are, but for characters that nobody sees. */
export function cleanText(text: string, longest: number): string {
  const lines = text.slice(0, longest + 1).replace(/\r\n?/g, '\n').replace(/[^\P{Cc}\n\t]|\p{Cs}/gu, '');
  return (lines.length > longest ? `${lines.slice(0, longest - 1)}…` : lines).replace(/^\s*\n|\s+$/g, '');
}

/** An object's own property, of whatever kind. */
export function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}

/** Random enough that nobody else has it; `crypto.randomUUID` is for secure contexts only. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
