/** What this page shows in place. Types come from strangers: only what is listed here is believed. */

export type Kind = 'picture' | 'audio' | 'video' | 'text';

export interface Shown {
  readonly kind: Kind;
  /** The media type to show it with, whatever the publisher has written. */
  readonly type: string;
}

const known: Readonly<Record<string, Kind>> = {
  'image/apng': 'picture',
  'image/avif': 'picture',
  'image/bmp': 'picture',
  'image/gif': 'picture',
  'image/jpeg': 'picture',
  'image/png': 'picture',
  'image/svg+xml': 'picture',
  'image/webp': 'picture',
  'audio/aac': 'audio',
  'audio/flac': 'audio',
  'audio/mp4': 'audio',
  'audio/mpeg': 'audio',
  'audio/ogg': 'audio',
  'audio/wav': 'audio',
  'audio/webm': 'audio',
  'video/mp4': 'video',
  'video/ogg': 'video',
  'video/quicktime': 'video',
  'video/webm': 'video',
};

/** Other words for the same. */
const aliases: Readonly<Record<string, string>> = {
  'image/jpg': 'image/jpeg',
  'image/x-ms-bmp': 'image/bmp',
  'audio/m4a': 'audio/mp4',
  'audio/mp3': 'audio/mpeg',
  'audio/vnd.wave': 'audio/wav',
  'audio/wave': 'audio/wav',
  'audio/x-aac': 'audio/aac',
  'audio/x-flac': 'audio/flac',
  'audio/x-m4a': 'audio/mp4',
  'audio/x-wav': 'audio/wav',
  'video/x-m4v': 'video/mp4',
};

/** Besides all of `text/`: what people read as it is. */
const readable = /^application\/(?:(?:[\w.-]+\+)?(?:json|xml)|(?:x-)?(?:javascript|sh|sql|toml|yaml|ndjson|subrip))$/;

const endings: Readonly<Record<string, string>> = {
  apng: 'image/apng',
  avif: 'image/avif',
  bmp: 'image/bmp',
  gif: 'image/gif',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  png: 'image/png',
  svg: 'image/svg+xml',
  webp: 'image/webp',
  aac: 'audio/aac',
  flac: 'audio/flac',
  m4a: 'audio/mp4',
  mp3: 'audio/mpeg',
  oga: 'audio/ogg',
  ogg: 'audio/ogg',
  opus: 'audio/ogg',
  wav: 'audio/wav',
  m4v: 'video/mp4',
  mov: 'video/quicktime',
  mp4: 'video/mp4',
  ogv: 'video/ogg',
  webm: 'video/webm',
};

const textEndings = new Set(
  'c cpp css csv go h htm html ini java js json kt log lua md mjs py rb rs sh sql srt swift toml ts tsv txt vtt xml yaml yml'.split(' '),
);

/** How a file of this type and name is shown in place; undefined if it is not. */
export function shownAs(type: string, name: string): Shown | undefined {
  const bare = (type.split(';')[0] ?? '').trim().toLowerCase();
  if (bare === '' || bare === 'application/octet-stream') return byEnding(name);
  const usual = Object.hasOwn(aliases, bare) ? (aliases[bare] ?? bare) : bare;
  if (Object.hasOwn(known, usual)) return ofType(usual);
  if (/^text\/[\w.+-]+$/.test(usual) || readable.test(usual)) return { kind: 'text', type: 'text/plain' };
  return undefined;
}

function byEnding(name: string): Shown | undefined {
  const ending = /\.([a-z\d]+)$/i.exec(name)?.[1]?.toLowerCase() ?? '';
  if (textEndings.has(ending)) return { kind: 'text', type: 'text/plain' };
  const type = Object.hasOwn(endings, ending) ? endings[ending] : undefined;
  return type === undefined ? undefined : ofType(type);
}

function ofType(type: string): Shown | undefined {
  const kind = known[type];
  return kind === undefined ? undefined : { kind, type };
}
