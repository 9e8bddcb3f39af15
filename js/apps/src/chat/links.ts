import { formatName, parseName } from '../publish/name.ts';

/** Links in what people write; pure. */

export type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'web'; readonly text: string; readonly address: string }
  /** Something that a peer has published. */
  | { readonly kind: 'bop'; readonly text: string; readonly name: string };

const CANDIDATE = /\b(?:https?:\/\/|bop:)[^\s<>"'`]+/giu;

/** The text in parts that, joined, are the text again. */
export function linkParts(text: string): Part[] {
  const parts: Part[] = [];
  let end = 0;
  const plain = (until: number): void => {
    if (until > end) parts.push({ kind: 'text', text: text.slice(end, until) });
    end = until;
  };
  for (const match of text.matchAll(CANDIDATE)) {
    const candidate = withoutPunctuation(match[0]);
    const link = linkOf(candidate);
    if (link === undefined) continue;
    plain(match.index);
    parts.push(link);
    end = match.index + candidate.length;
  }
  plain(text.length);
  return parts;
}

function linkOf(text: string): Part | undefined {
  if (/^bop:/i.test(text)) {
    const name = parseName(text);
    return name === undefined ? undefined : { kind: 'bop', text, name: formatName(name) };
  }
  if (!URL.canParse(text)) return undefined;
  const { protocol, username, password, hostname, href } = new URL(text);
  // https://bank.example@elsewhere.example looks like what it is not.
  const isPlain = username === '' && password === '' && hostname !== '';
  const isWeb = protocol === 'https:' || protocol === 'http:';
  return isPlain && isWeb ? { kind: 'web', text, address: href } : undefined;
}

/** Without what ends the sentence rather than the link; a closing bracket stays if it was opened. */
function withoutPunctuation(text: string): string {
  let rest = text;
  for (;;) {
    const last = rest.at(-1) ?? '';
    const opening = last === ')' ? '(' : last === ']' ? '[' : '';
    const isUnopened = opening !== '' && rest.split(last).length > rest.split(opening).length;
    if (!isUnopened && !/[.,;:!?…*_~]/u.test(last)) return rest;
    rest = rest.slice(0, -last.length);
  }
}
