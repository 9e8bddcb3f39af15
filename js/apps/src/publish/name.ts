/** Names of the network as this page writes them: `bop:<uid>:content/<path>`, and links to them. */

export interface Name {
  /** A peer id, or a name at a domain. */
  readonly uid: string;
  /** The path, decoded; none is all that the publisher has. */
  readonly segments: readonly string[];
  /** As it stands, without the question mark. */
  readonly query?: string;
}

const PEER_ID = /^[0-9a-f]{40}$/i;
const NAME_AT_DOMAIN = /^[\w.-]{1,64}@[a-z\d](?:[a-z\d.-]*[a-z\d])?$/i;

/** A name that somebody has written, a link that leads to one, or a peer's id. */
export function nameIn(text: string): Name | undefined {
  const wanted = text.trim().replace(/^[<"'„“]+|[>"'”“]+$/g, '');
  if (PEER_ID.test(wanted)) return { uid: wanted.toLowerCase(), segments: [] };
  // Whoever types a name may write spaces in it; in a link they are encoded.
  if (/^bop:/i.test(wanted)) return parseName(wanted);
  const linked = /(?:^|[^a-z\d])(bop:[^\s<>"]+)/i.exec(wanted)?.[1];
  if (linked !== undefined) return parseName(linked);
  // Some messengers encode what is behind the #.
  const encoded = /(?:^|[^a-z\d])(bop%3A[^\s<>"]+)/i.exec(wanted)?.[1];
  if (encoded !== undefined) return parseName(decode(encoded) ?? '');
  const [, uid, path] = /\/bop\/([^/\s]+)\/content(\/[^\s#<>"]*)?/i.exec(wanted) ?? [];
  return uid === undefined ? undefined : parseName(`bop:${decode(uid) ?? ''}:content${path ?? ''}`);
}

/** A whole name; undefined if it is none, or not one of the content protocol. */
export function parseName(text: string): Name | undefined {
  const [, uid, path = '', query] = /^bop:([^:/?#]+):content(?:\/([^?#]*))?(?:\?([^#]*))?(?:#.*)?$/i.exec(text) ?? [];
  if (uid === undefined || !(PEER_ID.test(uid) || NAME_AT_DOMAIN.test(uid))) return undefined;
  const segments: string[] = [];
  const parts = path.replace(/\/$/, '').split('/');
  for (const part of parts.length === 1 && parts[0] === '' ? [] : parts) {
    const segment = decode(part);
    if (segment === undefined || !isSegment(segment)) return undefined;
    segments.push(segment);
  }
  const name = { uid: uid.toLowerCase(), segments };
  return query === undefined || query === '' ? name : { ...name, query };
}

/** The name in its normal form; a publisher's root ends with a slash. */
export function formatName({ uid, segments, query }: Name): string {
  const path = segments.map(encode).join('/');
  return `bop:${uid}:content/${path}${query === undefined ? '' : `?${query}`}`;
}

/** The name of something in a folder, of the same version. */
export function childOf(folder: Name, child: string): Name {
  return { ...folder, segments: [...folder.segments, child] };
}

/** The folder that something is in; undefined for a root. */
export function parentOf(name: Name): Name | undefined {
  return name.segments.length === 0 ? undefined : { ...name, segments: name.segments.slice(0, -1) };
}

/** A link to a page that shows what is there. */
export function linkTo(name: Name, page: string): string {
  return `${page.split('#')[0] ?? ''}#${formatName(name)}`;
}

/** Where a service worker serves it, relative to its own script. */
export function servedPath({ uid, segments, query }: Name): string {
  const path = segments.map(encode).join('/');
  return `bop/${uid}/content/${path}${query === undefined ? '' : `?${query}`}`;
}

/** What is neither empty nor a step elsewhere, and has no separators in it. */
function isSegment(segment: string): boolean {
  return !['', '.', '..'].includes(segment) && !/[/\\\0]/.test(segment);
}

/** RFC 3986, section 3.3: what a segment may have, without the colon. */
function encode(segment: string): string {
  return encodeURIComponent(segment).replace(/%(?:2[46BC]|3[BD]|40)/g, decodeURIComponent);
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
