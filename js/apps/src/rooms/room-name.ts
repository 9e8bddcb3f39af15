import { cleanLine } from './text.ts';

/** Rooms are groups under names that people type: what such a name is, and links to rooms. */

/** Characters of the longest name. */
export const LONGEST_ROOM = 48;
export const LONGEST_PASSWORD = 128;
/** Where visitors are who have not chosen. */
export const LOBBY = 'lobby';

/** What a link leads to. */
export interface AskedRoom {
  readonly name: string;
  /** Only in links whose sender wanted that. */
  readonly password: string | undefined;
  /** It has a password, which the link may not tell. */
  readonly isLocked: boolean;
}

/** A name that somebody typed; undefined if nothing is left of it. */
export function roomName(text: string): string | undefined {
  const name = cleanLine(text.replace(/^\s*#/, ''), LONGEST_ROOM);
  return name === '' ? undefined : name;
}

/** The room in a page's address, if it has one. */
export function askedRoom(address: string): AskedRoom | undefined {
  const { searchParams, hash } = new URL(address);
  const name = roomName(searchParams.get('room') ?? '');
  if (name === undefined) return undefined;
  const password = new URLSearchParams(hash.slice(1)).get('password')?.slice(0, LONGEST_PASSWORD) || undefined;
  return { name, password, isLocked: password !== undefined || searchParams.has('locked') };
}

/** A link to the room on a page. A password stands behind the #, so that no server is told. */
export function roomLink(page: string, { name, password, isLocked }: AskedRoom): string {
  const link = new URL(page);
  link.searchParams.set('room', name);
  link.searchParams.delete('locked');
  if (isLocked) link.searchParams.set('locked', '');
  link.hash = password === undefined ? '' : `password=${encodeURIComponent(password)}`;
  return link.href.replace(/([?&]locked)=(?=&|#|$)/, '$1');
}
