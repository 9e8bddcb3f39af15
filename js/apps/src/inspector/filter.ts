/** Which messages are shown: by direction, protocol, peer and text, as an address can carry it. */
import type { Direction } from '../network.ts';
import { textMatcher, valuesOf } from './payload.ts';
import type { Entry } from './log.ts';

export const directions: readonly Direction[] = ['incoming', 'outgoing', 'forwarded'];

/** Kinds are combined by "and", the values of one kind by "or"; an empty kind filters nothing. */
export interface Filter {
  readonly directions: readonly Direction[];
  /** Their names. */
  readonly protocols: readonly string[];
  /** Full ids; a message is a peer's if it is from it, for it, or went over the link to it. */
  readonly peers: readonly string[];
  /** To be found in the type, the ids or the payload, whatever the case. */
  readonly text: string;
}

export const everything: Filter = { directions: [], protocols: [], peers: [], text: '' };

/** Values of one kind that an address may carry, and characters of one. */
const MOST_VALUES = 16;
const LONGEST = 200;

const PEER = /^[0-9a-f]{40}$/;

export function isEverything({ directions, protocols, peers, text }: Filter): boolean {
  return directions.length + protocols.length + peers.length === 0 && text === '';
}

/** Whether both show the same. */
export function isSame(one: Filter, other: Filter): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** A value is added where it is missing, and removed where it is there. */
export function toggled<T>(values: readonly T[], value: T): T[] {
  return values.includes(value) ? values.filter((each) => each !== value) : [...values, value];
}

/** The filter of an address; what makes no sense in it is ignored, for anybody may have made it. */
export function filterOf(search: string): Filter {
  const query = new URLSearchParams(search);
  const values = (name: string): string[] =>
    [...new Set(query.getAll(name))]
      .filter((value) => value !== '' && value.length <= LONGEST)
      .slice(0, MOST_VALUES);
  const wanted = values('direction');
  const shown = directions.filter((direction) => wanted.includes(direction));
  return {
    directions: shown.length === directions.length ? [] : shown,
    protocols: values('protocol'),
    peers: values('peer').map((id) => id.toLowerCase()).filter((id) => PEER.test(id)),
    text: (query.get('search') ?? '').slice(0, LONGEST),
  };
}

/** The query of an address with this filter; other parameters in it stay. */
export function searchOf(filter: Filter, search: string): string {
  const query = new URLSearchParams(search);
  for (const name of ['direction', 'protocol', 'peer', 'search']) query.delete(name);
  for (const direction of filter.directions) query.append('direction', direction);
  for (const protocol of filter.protocols) query.append('protocol', protocol);
  for (const peer of filter.peers) query.append('peer', peer);
  if (filter.text !== '') query.append('search', filter.text);
  // A parameter without a value, like ?fake, stays without.
  const text = query.toString().replace(/=(?=&|$)/g, '');
  return text === '' ? '' : `?${text}`;
}

/** A test of entries; made once for each filter, since it is asked for each message. */
export function matcherOf(filter: Filter): (entry: Entry) => boolean {
  const { directions, protocols, peers, text } = filter;
  const has = textMatcher(text);
  return ({ direction, via, passed, message: { type, from, to, payload } }) => {
    if (directions.length > 0 && !directions.includes(direction)) return false;
    if (protocols.length > 0 && !protocols.includes(type)) return false;
    if (peers.length > 0 && !peers.some((peer) => [from, to, via, ...passed].includes(peer))) return false;
    if (has === undefined || has(type) || has(from) || has(to)) return true;
    for (const value of valuesOf(payload)) if (has(value)) return true;
    return false;
  };
}
