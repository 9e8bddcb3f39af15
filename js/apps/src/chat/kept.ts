import { LOBBY, LONGEST_PASSWORD, roomName } from '../rooms/room-name.ts';
import { field } from '../rooms/text.ts';
import { userName } from '../rooms/user-name.ts';

/** The conversations of this browser, kept over visits. */

export interface KeptRoom {
  /** Under which its messages are kept. */
  readonly key: string;
  readonly name: string;
  /** Undefined where it has none, or where it is not to be kept. */
  readonly password: string | undefined;
  readonly isLocked: boolean;
  /** What is later is unread: ms of Unix time. */
  readonly readUntil: number;
}

export interface KeptDirect {
  readonly key: string;
  readonly peer: string;
  readonly name: string | undefined;
  readonly readUntil: number;
}

export interface Kept {
  readonly rooms: readonly KeptRoom[];
  readonly directs: readonly KeptDirect[];
  /** The key of the one that was shown last. */
  readonly current: string;
}

/** Rooms that one is in at the same time. */
export const MOST_ROOMS = 24;
/** Conversations with single people; the oldest goes first. */
export const MOST_DIRECTS = 50;

const STORAGE = 'boplish-chat';

/** Under which key a room's messages are kept: rooms of one name with several passwords are several. */
export function keyOf(name: string, password: string | undefined): string {
  return password === undefined ? name : `${name}\n${fingerprint(`${name}\n${password}`)}`;
}

export function directKey(peer: string): string {
  return `\n@${peer}`;
}

export function loadKept(): Kept {
  let stored: unknown;
  try {
    stored = JSON.parse(localStorage.getItem(STORAGE) ?? 'null');
  } catch {
    stored = null;
  }
  return parseKept(stored);
}

export function saveKept(kept: Kept): void {
  try {
    localStorage.setItem(STORAGE, JSON.stringify(kept));
  } catch {
    // Blocked storage only costs the memory of it.
  }
}

/** Reads what an earlier visit, or an earlier version of this page, has left. */
export function parseKept(stored: unknown): Kept {
  const rooms = listOf(stored, 'rooms').flatMap((item): KeptRoom[] => {
    const given = field(item, 'name');
    const name = typeof given === 'string' ? roomName(given) : undefined;
    const password = field(item, 'password');
    const isKept = typeof password === 'string' && password !== '' && password.length <= LONGEST_PASSWORD;
    const key = field(item, 'key');
    if (name === undefined) return [];
    const kept = isKept ? password : undefined;
    return [
      {
        key: typeof key === 'string' ? key : keyOf(name, kept),
        name,
        password: kept,
        isLocked: isKept || field(item, 'isLocked') === true,
        readUntil: timeIn(item),
      },
    ];
  });
  const directs = listOf(stored, 'directs').flatMap((item): KeptDirect[] => {
    const peer = field(item, 'peer');
    if (typeof peer !== 'string' || !/^[0-9a-f]{40}$/.test(peer)) return [];
    return [{ key: directKey(peer), peer, name: userName(field(item, 'name')), readUntil: timeIn(item) }];
  });
  const current = field(stored, 'current');
  return {
    // Who comes for the first time finds the lobby; who has left it does not.
    rooms: Array.isArray(field(stored, 'rooms')) ? rooms.slice(0, MOST_ROOMS) : [lobby()],
    directs: directs.slice(-MOST_DIRECTS),
    current: typeof current === 'string' ? current : LOBBY,
  };
}

function lobby(): KeptRoom {
  return { key: LOBBY, name: LOBBY, password: undefined, isLocked: false, readUntil: 0 };
}

function listOf(stored: unknown, name: string): readonly unknown[] {
  const list = field(stored, name);
  return Array.isArray(list) ? list : [];
}

function timeIn(item: unknown): number {
  const time = field(item, 'readUntil');
  return typeof time === 'number' && Number.isFinite(time) ? time : 0;
}

/** Tells passwords apart (FNV-1a, 32 bits): too short to tell anybody which one it is. */
function fingerprint(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}
