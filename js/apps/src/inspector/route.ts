/** The way of a message, as far as this peer knows it. */
import type { Entry } from './log.ts';

/** What a peer is to the message, or to this peer; `between` has passed it on, further away. */
export type Role = 'sender' | 'receiver' | 'neighbour' | 'between' | 'own';

export type Stop =
  | { readonly kind: 'peer'; readonly id: string; readonly role: Role }
  /** Peers that are not known, and how many, if that is. */
  | { readonly kind: 'unknown'; readonly peers: number | undefined }
  | { readonly kind: 'server' }
  /** The receiver of an offer that the server chooses. */
  | { readonly kind: 'anyone' };

/** The stops from the sender to the receiver; between two of them is one link, or what is unknown. */
export function routeOf(entry: Entry, own: string): Stop[] {
  switch (entry.direction) {
    case 'incoming':
      return [...before(entry, entry.via), { kind: 'peer', id: own, role: 'own' }];
    case 'outgoing':
      return [{ kind: 'peer', id: own, role: 'own' }, ...after(entry)];
    case 'forwarded':
      // Whom it came from is known only where it is the sender.
      return [...before(entry, undefined), { kind: 'peer', id: own, role: 'own' }, ...after(entry)];
  }
}

function before({ message: { from }, hops, direction, passed }: Entry, via: string | undefined): Stop[] {
  if (passed.length > 0) {
    const role = (id: string, place: number): Role => {
      if (id === from) return 'sender';
      return place === passed.length - 1 ? 'neighbour' : 'between';
    };
    return passed.map((id, place) => ({ kind: 'peer', id, role: role(id, place) }));
  }
  const sender: Stop = { kind: 'peer', id: from, role: 'sender' };
  if (direction === 'incoming' && via === undefined) {
    return [sender, hops === undefined ? { kind: 'unknown', peers: undefined } : { kind: 'server' }];
  }
  if (via === from || hops === 1) return [sender];
  if (via === undefined) {
    return [sender, { kind: 'unknown', peers: hops === undefined || hops < 2 ? undefined : hops - 1 }];
  }
  const neighbour: Stop = { kind: 'peer', id: via, role: 'neighbour' };
  if (hops === 2) return [sender, neighbour];
  const peers = hops === undefined || hops < 2 ? undefined : hops - 2;
  return [sender, { kind: 'unknown', peers }, neighbour];
}

function after({ message: { to }, via }: Entry): Stop[] {
  if (to === '') return [{ kind: 'server' }, { kind: 'anyone' }];
  const receiver: Stop = { kind: 'peer', id: to, role: 'receiver' };
  if (via === to) return [receiver];
  const unknown: Stop = { kind: 'unknown', peers: undefined };
  return via === undefined ? [unknown, receiver] : [{ kind: 'peer', id: via, role: 'neighbour' }, unknown, receiver];
}

/** What the route leaves open, in a sentence; undefined where it is known from end to end. */
export function whatIsOpen({ direction, via, hops, passed }: Entry, stops: readonly Stop[]): string | undefined {
  if (!stops.some(({ kind }) => kind === 'unknown')) return undefined;
  if (direction === 'outgoing' && via === undefined) return 'The router chose the way after this was noted.';
  if (direction === 'incoming' && hops === undefined) return 'Which way it came is not known.';
  return direction === 'outgoing' || passed.length > 0
    ? 'The peers behind the next one choose the rest of the way.'
    : 'A peer knows its own links only, and the sender did not have the way noted.';
}
