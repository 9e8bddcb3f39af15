import { formatName, parseName } from '../publish/name.ts';
import { cleanLine, cleanText, field } from '../rooms/text.ts';
import { userName } from '../rooms/user-name.ts';

/** What members of a chat room say to each other: docs/protocol.md, "The demo site's groups". */

/** Characters of the longest text. */
export const LONGEST_TEXT = 8000;
const LONGEST_FILE_NAME = 255;
const LONGEST_TYPE = 127;
/** Pixels. */
const LARGEST_SIDE = 30_000;

/** The group of a room. */
export function groupOf(room: string): string {
  return `chat/${room}`;
}

/** A file that somebody has published, and shows. */
export interface SharedFile {
  /** In its normal form. */
  readonly uri: string;
  readonly name: string;
  /** A media type, or nothing; it comes from a stranger. */
  readonly type: string;
  readonly bytes: number;
  /** Of a picture, in pixels. */
  readonly width?: number;
  readonly height?: number;
}

/** What is said: a text, or a file. */
export interface Said {
  /** No other post of its writer has it. */
  readonly id: string;
  /** The writer's name, if they have told one. */
  readonly name: string | undefined;
  /** When it was said by the writer's clock, in ms of Unix time, if they tell. */
  readonly at: number | undefined;
  readonly content: { readonly text: string } | { readonly file: SharedFile };
}

/** Somebody is here, under this name. */
export interface Here {
  readonly name: string | undefined;
  /** By the writer's clock, as in what is said; 0 if they don't tell. */
  readonly at: number;
  /** Wants to be told the same. */
  readonly asks: boolean;
}

/** A post of a member, checked; undefined if it is nothing that this page knows. */
export function parseSaid(payload: unknown): Said | undefined {
  const id = field(payload, 'id');
  const content = parseContent(payload);
  if (typeof id !== 'string' || !/^[\w-]{1,64}$/.test(id) || content === undefined) return undefined;
  return {
    id,
    name: userName(field(payload, 'name')),
    at: timeIn(payload),
    content,
  };
}

function parseContent(payload: unknown): Said['content'] | undefined {
  switch (field(payload, 't')) {
    case 'say': {
      const said = field(payload, 'text');
      const text = typeof said === 'string' ? cleanText(said, LONGEST_TEXT) : '';
      return text === '' ? undefined : { text };
    }
    case 'file': {
      const file = parseFile(payload);
      return file === undefined ? undefined : { file };
    }
    default:
      return undefined;
  }
}

function parseFile(payload: unknown): SharedFile | undefined {
  const uri = field(payload, 'uri');
  const name = typeof uri === 'string' && uri.length <= 4096 ? parseName(uri) : undefined;
  const last = name?.segments.at(-1);
  const bytes = field(payload, 'bytes');
  if (name === undefined || last === undefined || !isCount(bytes)) return undefined;
  const type = field(payload, 'type');
  const given = field(payload, 'file');
  const width = field(payload, 'width');
  const height = field(payload, 'height');
  const isMeasured = isCount(width) && isCount(height) && isSide(width) && isSide(height);
  return {
    uri: formatName(name),
    name: (typeof given === 'string' ? cleanLine(given, LONGEST_FILE_NAME) : '') || cleanLine(last, LONGEST_FILE_NAME) || 'file',
    type: typeof type === 'string' ? cleanLine(type, LONGEST_TYPE) : '',
    bytes,
    ...(isMeasured ? { width, height } : {}),
  };
}

export function parseHere(payload: unknown): Here | undefined {
  if (field(payload, 't') !== 'here') return undefined;
  return { name: userName(field(payload, 'name')), at: timeIn(payload) ?? 0, asks: field(payload, 'asks') === true };
}

export function composeSaid({ id, name, at, content }: Said): unknown {
  if ('text' in content) return { t: 'say', id, at, name, text: content.text };
  const { uri, name: file, ...rest } = content.file;
  return { t: 'file', id, at, name, uri, file, ...rest };
}

export function composeHere({ name, at, asks }: Here): unknown {
  return asks ? { t: 'here', at, name, asks } : { t: 'here', at, name };
}

function timeIn(payload: unknown): number | undefined {
  const at = field(payload, 'at');
  return isCount(at) && at > 0 ? at : undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isSide(pixels: number): boolean {
  return pixels > 0 && pixels <= LARGEST_SIDE;
}
