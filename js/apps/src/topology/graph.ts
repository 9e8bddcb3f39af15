/** The graph of the network, made of what its peers say of their links; pure. */
import type { Told } from './knowledge.ts';

/** How sure a peer's links are: the own ones, told by itself, told by others only, or asked in vain. */
export type PeerState = 'own' | 'answered' | 'unasked' | 'silent';

/** The next on the ring, another one that is near on it, or a link across. */
export type LinkKind = 'next' | 'near' | 'long';

export interface GraphPeer {
  readonly id: string;
  readonly state: PeerState;
  /** Links to the own peer, by the shortest way known; undefined if none is. */
  readonly distance: number | undefined;
  /** Who is linked with it, as far as is known. */
  readonly linked: readonly string[];
  /** The nearest first; empty where the network is no ring, or nobody has told. */
  readonly successors: readonly string[];
  readonly predecessors: readonly string[];
}

export interface GraphLink {
  readonly a: string;
  readonly b: string;
  readonly kind: LinkKind;
}

export interface Graph {
  readonly own: string | undefined;
  readonly peers: readonly GraphPeer[];
  readonly links: readonly GraphLink[];
  readonly byId: ReadonlyMap<string, GraphPeer>;
  /** Whether anybody has told of successors. */
  readonly isRing: boolean;
  /** Whether there are more peers or links than are kept. */
  readonly isCut: boolean;
}

/** Peers that a graph has at most; the nearest are kept. */
export const MOST_PEERS = 1000;
export const MOST_LINKS = 20_000;

interface Draft {
  readonly id: string;
  distance: number | undefined;
  readonly linked: string[];
  successors: readonly string[];
  predecessors: readonly string[];
}

/**
 * Follows what was said, from the own peer outwards. Of two ends that say different things about
 * a link, the one that spoke last is believed; the own links are always of now.
 */
export function graphOf(
  own: string | undefined,
  ownLinks: readonly string[],
  told: ReadonlyMap<string, Told>,
  silent: ReadonlySet<string>,
): Graph {
  const drafts = new Map<string, Draft>();
  let isCut = false;
  const meet = (id: string): Draft | undefined => {
    let draft = drafts.get(id);
    if (draft === undefined) {
      if (drafts.size >= MOST_PEERS) {
        isCut = true;
        return undefined;
      }
      draft = { id, distance: undefined, linked: [], successors: [], predecessors: [] };
      drafts.set(id, draft);
    }
    return draft;
  };

  const sets = new Map<string, ReadonlySet<string>>();
  for (const [id, { peers }] of told) sets.set(id, new Set(peers));
  if (own !== undefined) sets.set(own, new Set(ownLinks));
  const order = (id: string): number => (id === own ? Infinity : (told.get(id)?.order ?? -1));
  const isLinked = (from: string, to: string): boolean =>
    order(from) >= order(to) || sets.get(to)?.has(from) === true;

  if (own !== undefined) meet(own);
  // A Map gives what is added while it is walked through: breadth first.
  for (const { id } of drafts.values()) {
    for (const other of sets.get(id) ?? []) if (isLinked(id, other)) meet(other);
    const said = told.get(id);
    for (const other of said?.successors ?? []) meet(other);
    for (const other of said?.predecessors ?? []) meet(other);
  }

  const ring = ringOf(drafts, told, own);
  const links: GraphLink[] = [];
  const seen = new Set<string>();
  for (const draft of drafts.values()) {
    for (const id of sets.get(draft.id) ?? []) {
      const other = drafts.get(id);
      if (other === undefined || !isLinked(draft.id, id)) continue;
      const [a, b] = draft.id < id ? [draft.id, id] : [id, draft.id];
      const key = a + b;
      if (seen.has(key)) continue;
      if (links.length >= MOST_LINKS) {
        isCut = true;
        break;
      }
      seen.add(key);
      links.push({ a, b, kind: ring.kind(a, b) });
      draft.linked.push(id);
      other.linked.push(draft.id);
    }
  }
  measure(drafts, own);

  const peers = [...drafts.values()].map((draft): GraphPeer => ({
    ...draft,
    state: draft.id === own ? 'own' : told.has(draft.id) ? 'answered' : silent.has(draft.id) ? 'silent' : 'unasked',
  }));
  return { own, peers, links, byId: new Map(peers.map((peer) => [peer.id, peer])), isRing: ring.isRing, isCut };
}

/** Who comes after whom: as each peer says itself, and of others as those beside them say. */
function ringOf(
  drafts: ReadonlyMap<string, Draft>,
  told: ReadonlyMap<string, Told>,
  own: string | undefined,
): { readonly isRing: boolean; kind(a: string, b: string): LinkKind } {
  const next = new Set<string>();
  const near = new Set<string>();
  const pair = (a: string, b: string): string => (a < b ? a + b : b + a);
  const ownSuccessors: string[] = [];
  const ownPredecessors: string[] = [];
  for (const { from, successors, predecessors } of told.values()) {
    const draft = drafts.get(from);
    if (draft === undefined) continue;
    draft.successors = successors;
    draft.predecessors = predecessors;
    for (const list of [successors, predecessors]) {
      list.forEach((id, index) => (index === 0 ? next : near).add(pair(from, id)));
    }
    // Nobody asks itself: the own neighbours are those who say that they are.
    if (own !== undefined && predecessors.includes(own)) ownSuccessors.push(from);
    if (own !== undefined && successors.includes(own)) ownPredecessors.push(from);
  }
  const self = own === undefined ? undefined : drafts.get(own);
  if (self !== undefined) {
    self.successors = clockwise(ownSuccessors, self.id);
    self.predecessors = clockwise(ownPredecessors, self.id).reverse();
  }
  return {
    isRing: next.size > 0,
    kind: (a, b) => (next.has(a + b) ? 'next' : near.has(a + b) ? 'near' : 'long'),
  };
}

/** In the order in which the ring has them after `start`. */
function clockwise(ids: readonly string[], start: string): string[] {
  const ordered = [...ids].sort();
  const first = ordered.findIndex((id) => id > start);
  return first < 0 ? ordered : [...ordered.slice(first), ...ordered.slice(0, first)];
}

/** How many links each peer is away from the own one. */
function measure(drafts: ReadonlyMap<string, Draft>, own: string | undefined): void {
  const start = own === undefined ? undefined : drafts.get(own);
  if (start === undefined) return;
  start.distance = 0;
  const queue = [start];
  for (const { distance = 0, linked } of queue) {
    for (const id of linked) {
      const other = drafts.get(id);
      if (other === undefined || other.distance !== undefined) continue;
      other.distance = distance + 1;
      queue.push(other);
    }
  }
}
